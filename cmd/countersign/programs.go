package main

import (
	"bytes"
	"cmp"
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

// Names of the other programs that a run needs.
const (
	serverProgram = "countersign-server"
	probeProgram  = "countersign-probe"
)

var moduleLine = regexp.MustCompile(`(?m)^module\s+countersign\s*$`)

// A programFinder finds the other programs of this module: in the folder of this
// program or, if they are not there, by building them from the checkout that contains
// the working folder.
type programFinder struct {
	folder   string // folder of this program
	checkout string // root of the checkout, "" if there is none
	cache    string // folder for programs that are built from the checkout
	race     bool   // build the server with the race detector
}

func newProgramFinder(race bool) (*programFinder, error) {
	s := &programFinder{race: race}
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
	s.checkout = findCheckout(wd)
	if s.checkout == "" {
		return s, nil
	}
	// Each checkout has a folder of its own, so that two checkouts do not overwrite
	// each other's programs.
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = filepath.Join(os.TempDir(), fmt.Sprintf("countersign-cache-%d", os.Getuid()))
	}
	sum := sha256.Sum256([]byte(s.checkout))
	s.cache = filepath.Join(cache, "countersign", hex.EncodeToString(sum[:6]))
	return s, nil
}

// findCheckout returns the nearest folder at or above dir that contains the go.mod of
// this module, or "".
func findCheckout(dir string) string {
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

// program returns the path of a program. If it builds the program, go build keeps it
// up to date and reuses an unchanged build.
func (s *programFinder) program(ctx context.Context, name string) (string, error) {
	race := s.race && name == serverProgram
	if path, ok := s.installed(name); ok && !race {
		return path, nil
	}
	if s.checkout == "" {
		err := fmt.Errorf("find %s: it is not in the folder %s, and the working folder is not in a checkout of Countersign from which it could be built", name, cmp.Or(s.folder, "of this program"))
		if race {
			err = errors.New("--race builds the server, and the working folder is not in a checkout of Countersign")
		}
		return "", withHint(err, "run this program in a checkout, or run `make build` in a checkout and use bin/countersign")
	}
	return s.build(ctx, name, race)
}

// installed returns the path of a program in the folder of this program, and whether
// it exists.
func (s *programFinder) installed(name string) (path string, ok bool) {
	path = filepath.Join(s.folder, name)
	return path, s.folder != "" && isProgram(path)
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

func (s *programFinder) build(ctx context.Context, name string, race bool) (string, error) {
	dir := s.cache
	args, cgo := []string{"build"}, "0" // as in the Makefile
	if race {
		dir += "-race"
		args, cgo = append(args, "-race"), "1"
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("create the folder for programs: %w", err)
	}
	lock, err := process.Lock(filepath.Join(dir, ".lock"))
	if err != nil {
		return "", err
	}
	defer lock.Close()
	path := filepath.Join(dir, name)
	cmd := exec.CommandContext(ctx, "go", append(args, "-o", path, "./cmd/"+name)...)
	cmd.Dir = s.checkout
	cmd.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return "", withHint(fmt.Errorf("build %s: the go command is not in PATH", name),
				"install Go from https://go.dev/dl, or run `make build` on another machine and copy bin/")
		}
		return "", withHint(fmt.Errorf("build %s: %w\n%s", name, err, strings.TrimSpace(output.String())), "%s", raceHint(race))
	}
	return path, nil
}

func raceHint(race bool) string {
	if race {
		return "the race detector needs cgo and a C compiler: run apt-get install gcc libc6-dev"
	}
	return fmt.Sprintf("make `go build ./...` succeed in the checkout (this program was built with %s)", runtime.Version())
}
