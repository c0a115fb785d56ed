package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A builder builds faulty servers in a temporary folder. It is not safe for concurrent
// use.
type builder struct {
	root string // root of the checkout
	dir  string // temporary folder
}

func newBuilder(root string) (*builder, error) {
	dir, err := os.MkdirTemp("", "countersign-mutate-")
	if err != nil {
		return nil, err
	}
	return &builder{root: root, dir: dir}, nil
}

func (b *builder) close() error { return os.RemoveAll(b.dir) }

// An overlay maps files of the checkout, relative to its root, to the source
// that the compiler reads instead. The files need not exist in the checkout.
type overlay map[string][]byte

// A buildError contains the output of a failed build.
type buildError struct {
	dir    string            // base of relative paths in output
	files  map[string]string // path of a written file -> file of the overlay
	output string
}

// path returns the absolute path for a path in the output of the compiler.
func (e *buildError) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(e.dir, name)
}

func (e *buildError) Error() string { return "go build:\n" + strings.TrimSpace(e.output) }

// buildSuite builds the programs that do not change. countersign runs the server in its
// own folder, so buildServer creates a folder with links to these programs for each faulty
// server.
func (b *builder) buildSuite(ctx context.Context) error {
	return b.goBuild(ctx, nil, filepath.Join(b.dir, "suite")+string(filepath.Separator), "./cmd/countersign", "./cmd/countersign-probe")
}

// buildServer builds the server with an overlay, and returns the path of the countersign
// that runs it. The error is a *buildError if the server does not compile.
func (b *builder) buildServer(ctx context.Context, name string, o overlay) (countersign string, err error) {
	dir := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		return "", err
	}
	replace := map[string]string{}
	files := map[string]string{}
	for file, source := range o {
		written := filepath.Join(dir, "source", file)
		if err := os.MkdirAll(filepath.Dir(written), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(written, source, 0o644); err != nil {
			return "", err
		}
		replace[filepath.Join(b.root, file)] = written
		files[written] = file
	}
	if err := b.goBuild(ctx, replace, filepath.Join(dir, "bin", "countersign-server"), "./cmd/countersign-server"); err != nil {
		if refused, ok := err.(*buildError); ok {
			refused.files = files
		}
		return "", err
	}
	for _, program := range []string{"countersign", "countersign-probe"} {
		if err := os.Link(filepath.Join(b.dir, "suite", program), filepath.Join(dir, "bin", program)); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, "bin", "countersign"), nil
}

// goBuild runs go build in the checkout.
func (b *builder) goBuild(ctx context.Context, replace map[string]string, output string, packages ...string) error {
	args := []string{"build", "-o", output}
	if replace != nil {
		raw, err := json.Marshal(map[string]any{"Replace": replace})
		if err != nil {
			return err
		}
		file := output + ".overlay.json"
		if err := os.WriteFile(file, raw, 0o644); err != nil {
			return err
		}
		args = append(args, "-overlay", file)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, packages...)...)
	cmd.Dir = b.root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as in the Makefile
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && out.Len() > 0:
		return &buildError{dir: b.root, output: out.String()}
	case err != nil:
		return fmt.Errorf("go build: %w", err)
	}
	return nil
}
