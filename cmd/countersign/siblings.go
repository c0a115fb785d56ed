package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"countersign/proxies/process"
)

// Names of the programs that a run needs beside this one.
const (
	serverProgram = "countersign-server"
	probeProgram  = "countersign-probe"
)

var moduleLine = regexp.MustCompile(`(?m)^module\s+countersign\s*$`)

// A siblings finds the other programs: beside this one where they were
// installed or built together, else built from the checkout one stands in.
type siblings struct {
	folder   string // of this program
	checkout string // root of a checkout, "" where there is none
	cache    string // folder for what is built from a checkout
	race     bool   // build the server with the race detector
}

func findSiblings(race bool) (*siblings, error) {
	s := &siblings{race: race}
	if self, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(self); err == nil {
			self = real
		}
		s.folder = filepath.Dir(self)
	}
	wd, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the working folder: %w", err)
	}
	s.checkout = checkoutAbove(wd)
	if s.checkout == "" {
		return s, nil
	}
	// Two checkouts must not take turns in overwriting one another's programs.
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = filepath.Join(os.TempDir(), fmt.Sprintf("countersign-cache-%d", os.Getuid()))
	}
	sum := sha256.Sum256([]byte(s.checkout))
	s.cache = filepath.Join(cache, "countersign", hex.EncodeToString(sum[:6]))
	return s, nil
}

// checkoutAbove is the folder of our go.mod at or above dir.
func checkoutAbove(dir string) string {
	for {
		raw, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && moduleLine.Match(raw) {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// program is the path of a sibling. A build is Go's own, so it is up to date
// and takes no time where nothing changed.
func (s *siblings) program(ctx context.Context, name string) (string, error) {
	race := s.race && name == serverProgram
	if path, ok := s.beside(name); ok && !race {
		return path, nil
	}
	if s.checkout == "" {
		err := fmt.Errorf("%s is not beside %s, and this is no checkout of Countersign to build it from", name, or(s.folder, "this program"))
		if race {
			err = errors.New("--race builds the server, and this is no checkout of Countersign to build it from")
		}
		return "", withHint(err, "run it in a checkout, or run `make build` there and use bin/countersign")
	}
	return s.build(ctx, name, race)
}

// beside looks for a sibling where this program is.
func (s *siblings) beside(name string) (path string, ok bool) {
	path = filepath.Join(s.folder, name)
	return path, s.folder != "" && isProgram(path)
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

func (s *siblings) build(ctx context.Context, name string, race bool) (string, error) {
	dir := s.cache
	args := []string{"build"}
	if race {
		dir += "-race"
		args = append(args, "-race")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the folder for programs: %w", err)
	}
	lock, err := process.Lock(filepath.Join(dir, ".lock"))
	if err != nil {
		return "", err
	}
	defer lock.Close()
	path := filepath.Join(dir, name)
	cmd := exec.CommandContext(ctx, "go", append(args, "-o", path, "./cmd/"+name)...)
	cmd.Dir = s.checkout
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return "", withHint(fmt.Errorf("build %s: there is no go command on the PATH", name),
				"install Go from https://go.dev/dl, or run `make build` elsewhere and copy bin/")
		}
		return "", withHint(fmt.Errorf("build %s: %w\n%s", name, err, strings.TrimSpace(said.String())), "%s", raceHint(race))
	}
	return path, nil
}

func raceHint(race bool) string {
	if race {
		return "the race detector needs cgo and a C compiler: apt-get install gcc libc6-dev, and CGO_ENABLED=1"
	}
	return fmt.Sprintf("it must build with `go build ./...` in the checkout (this program was built with %s)", runtime.Version())
}
