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

// A workshop is a temporary folder in which wrong servers are built. It is not
// safe for concurrent use.
type workshop struct {
	root string // of the checkout
	dir  string
}

func openWorkshop(root string) (*workshop, error) {
	dir, err := os.MkdirTemp("", "countersign-mutate-")
	if err != nil {
		return nil, err
	}
	return &workshop{root: root, dir: dir}, nil
}

func (w *workshop) close() error { return os.RemoveAll(w.dir) }

// An overlay maps files of the checkout, relative to its root, to the source
// that the compiler reads instead. The files need not exist in the checkout.
type overlay map[string][]byte

// A buildError is the error of a build that the compiler refused.
type buildError struct {
	dir    string            // to which paths in output are relative
	files  map[string]string // path of a written file -> file of the overlay
	output string
}

// path returns a path of the compiler's output as an absolute one.
func (e *buildError) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(e.dir, name)
}

func (e *buildError) Error() string { return "go build:\n" + strings.TrimSpace(e.output) }

// buildSuite builds the programs that do not change, and returns the folder
// that holds them. countersign finds the server that it judges beside itself, so
// each wrong server gets a folder of its own with links to them.
func (w *workshop) buildSuite(ctx context.Context) error {
	return w.goBuild(ctx, nil, filepath.Join(w.dir, "suite")+string(filepath.Separator), "./cmd/countersign", "./cmd/countersign-probe")
}

// buildServer builds the server with an overlay, and returns the path of a
// countersign that judges it. A *buildError says what the compiler refused.
func (w *workshop) buildServer(ctx context.Context, name string, o overlay) (countersign string, err error) {
	dir := filepath.Join(w.dir, name)
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
		replace[filepath.Join(w.root, file)] = written
		files[written] = file
	}
	if err := w.goBuild(ctx, replace, filepath.Join(dir, "bin", "countersign-server"), "./cmd/countersign-server"); err != nil {
		if refused, ok := err.(*buildError); ok {
			refused.files = files
		}
		return "", err
	}
	for _, program := range []string{"countersign", "countersign-probe"} {
		if err := os.Link(filepath.Join(w.dir, "suite", program), filepath.Join(dir, "bin", program)); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, "bin", "countersign"), nil
}

// goBuild runs go build in the checkout.
func (w *workshop) goBuild(ctx context.Context, replace map[string]string, output string, packages ...string) error {
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
	cmd.Dir = w.root
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && out.Len() > 0:
		return &buildError{dir: w.root, output: out.String()}
	case err != nil:
		return fmt.Errorf("go build: %w", err)
	}
	return nil
}
