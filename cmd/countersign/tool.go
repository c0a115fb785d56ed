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

// toolTime limits how long a command-line tool of the server under test may run.
const toolTime = 30 * time.Second

// maxToolOutput limits the output of a tool that is kept, in bytes.
const maxToolOutput = 1 << 20

// Tool runs a command line of the server under test on the data of a stopped instance.
func (e *equipment) Tool(ctx context.Context, spec steps.InstanceSpec, args []string) (exit int, output string, err error) {
	if e.target.Launch == nil || len(args) == 0 {
		return 0, "", fmt.Errorf("run a tool for instance %s: the target %s defines no launch command", spec.ID, e.target.Name)
	}
	return runTool(ctx, e.target.Launch, spec, args, e.run.Mark)
}

// runTool starts a tool with the environment of an instance and waits until it exits. It
// kills a tool that runs longer than toolTime, and the processes that a tool leaves behind.
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
	// The output goes to a file: a process that the tool leaves behind could keep a
	// pipe open.
	outputFile, err := os.CreateTemp(filepath.Dir(spec.LogFile), "tool-*.output")
	if err != nil {
		return 0, "", fmt.Errorf("create a file for the output of %s: %w", line[0], err)
	}
	defer os.Remove(outputFile.Name())
	defer outputFile.Close()
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Dir = spec.DataDir
	cmd.Stdout, cmd.Stderr = outputFile, outputFile
	cmd.Env = append(environment(t, placeholders(spec, config, mark)), mark)
	child, err := process.Start(cmd, process.Options{
		Explain: func(err error) error { return withLastLines(err, outputFile.Name()) },
	})
	if err != nil {
		return 0, "", withHint(fmt.Errorf("run %s for instance %s: %w", line[0], spec.ID, err), "usermanager.command in the target file must begin with a program that exists on this machine")
	}
	ctx, cancel := context.WithTimeoutCause(ctx, toolTime, fmt.Errorf("it ran longer than %s", toolTime))
	defer cancel()
	select {
	case <-child.Exited():
	case <-ctx.Done():
		child.Kill()
		<-child.Exited()
		return 0, "", fmt.Errorf("run %s for instance %s: the process was killed: %w", line[0], spec.ID, context.Cause(ctx))
	}
	text, err := os.ReadFile(outputFile.Name())
	if err != nil {
		return 0, "", fmt.Errorf("read the output of %s: %w", line[0], err)
	}
	code := child.ExitCode()
	if code < 0 {
		return 0, "", fmt.Errorf("run %s for instance %s: %w", line[0], spec.ID, child.ExitError())
	}
	return code, string(bytes.TrimSpace(text[:min(len(text), maxToolOutput)])), nil
}
