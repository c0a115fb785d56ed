package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"countersign/proxies/process"
	"countersign/steps"
	"countersign/steps/target"
)

// toolTime is how long a command-line tool of a subject may take.
const toolTime = 30 * time.Second

// maxToolOutput bounds what is kept of what a tool says.
const maxToolOutput = 1 << 20

// Tool runs a command line of the subject's beside an instance that is stopped.
func (e *equipment) Tool(ctx context.Context, spec steps.InstanceSpec, args []string) (exit int, output string, err error) {
	if e.target.Launch == nil || len(args) == 0 {
		return 0, "", fmt.Errorf("run a tool beside %s: the target %s names no command for it", spec.ID, e.target.Name)
	}
	return runTool(ctx, e.target.Launch, spec, args, e.run.Mark)
}

// runTool starts a tool as an instance is started and awaits its end. What it leaves behind, or
// what lasts too long, is ended by force.
func runTool(ctx context.Context, t *target.Launch, spec steps.InstanceSpec, args []string, mark string) (exit int, output string, err error) {
	config, err := writeConfig(spec)
	if err != nil {
		return 0, "", err
	}
	fill := strings.NewReplacer("{config}", config, "{data}", spec.DataDir)
	line := make([]string, len(args))
	for i, a := range args {
		line[i] = fill.Replace(a)
	}
	// A file, not a pipe: what the tool leaves behind could hold a pipe open.
	said, err := os.CreateTemp(filepath.Dir(spec.LogFile), "tool-*.output")
	if err != nil {
		return 0, "", fmt.Errorf("keep what %s says: %w", line[0], err)
	}
	defer os.Remove(said.Name())
	defer said.Close()
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Dir = spec.DataDir
	cmd.Stdout, cmd.Stderr = said, said
	cmd.Env = append(environment(t, placeholders(spec, config, mark)), mark)
	child, err := process.Start(cmd, process.Options{
		Explain: func(err error) error { return withLastLines(err, said.Name()) },
	})
	if err != nil {
		return 0, "", withHint(fmt.Errorf("run %s beside %s: %w", line[0], spec.ID, err), "usermanager.command of the target must begin with a program that this machine can run")
	}
	ctx, cancel := context.WithTimeoutCause(ctx, toolTime, fmt.Errorf("it took longer than %s", toolTime))
	defer cancel()
	select {
	case <-child.Exited():
	case <-ctx.Done():
		child.Kill()
		<-child.Exited()
		return 0, "", fmt.Errorf("%s beside %s was ended: %w", line[0], spec.ID, context.Cause(ctx))
	}
	text, err := os.ReadFile(said.Name())
	if err != nil {
		return 0, "", fmt.Errorf("read what %s said: %w", line[0], err)
	}
	code := child.ExitCode()
	if code < 0 {
		return 0, "", fmt.Errorf("%s beside %s: %w", line[0], spec.ID, child.ExitError())
	}
	return code, string(bytes.TrimSpace(text[:min(len(text), maxToolOutput)])), nil
}
