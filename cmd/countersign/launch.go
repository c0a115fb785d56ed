package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"countersign/proxies/process"
	"countersign/steps"
	"countersign/steps/target"
)

// stopTime is how long a server under test may take to exit after SIGTERM.
const stopTime = 5 * time.Second

// A launcher starts processes of one server under test. It is safe for concurrent use.
type launcher struct {
	lateStops atomic.Int32 // number of processes that did not exit in time after SIGTERM
}

// instanceMark is the environment variable whose value is unique to an instance.
const instanceMark = "COUNTERSIGN_INSTANCE"

// An instance is a process of the server under test. It is safe for concurrent use.
type instance struct {
	*process.Child
	launcher *launcher
	output   string // file with its standard output and standard error
	run      string // mark of the run
}

var _ steps.Instance = (*instance)(nil)

// startInstance starts the command line of a target for one instance. mark is an
// assignment NAME=value in the environment of the process and its descendants.
func (l *launcher) startInstance(t *target.Launch, spec steps.InstanceSpec, mark string) (*instance, error) {
	config, err := writeConfig(spec)
	if err != nil {
		return nil, err
	}
	fill := placeholders(spec, config, mark)
	output := spec.LogFile
	if mentions(t, "{log}") {
		// The server writes its log itself. A second copy of the lines in the same
		// file would change their number.
		output += ".output"
	}
	streams, err := openOutput(output)
	if err != nil {
		return nil, err
	}
	defer streams.Close()

	var args []string
	for _, a := range t.Command {
		args = append(args, fill.Replace(a))
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = spec.DataDir
	cmd.Stdout, cmd.Stderr = streams, streams
	cmd.Env = append(environment(t, fill), mark)
	child, err := process.Start(cmd, process.Options{
		Mark:    instanceMark + "=" + instanceID(spec, mark),
		Explain: func(err error) error { return withLastLines(err, output) },
	})
	if err != nil {
		return nil, withHint(fmt.Errorf("start instance %s: %w", spec.ID, err),
			"launch.command of the target is %q; its first word must be a program that this machine can run", strings.Join(t.Command, " "))
	}
	return &instance{Child: child, launcher: l, output: output, run: mark}, nil
}

// placeholders returns a replacer of the placeholders in a target file by the values
// of an instance.
func placeholders(spec steps.InstanceSpec, config, mark string) *strings.Replacer {
	return strings.NewReplacer("{config}", config, "{data}", spec.DataDir, "{id}", instanceID(spec, mark),
		"{listen}", spec.Listen, "{address}", spec.Address, "{log}", spec.LogFile)
}

// instanceID returns a name for data that an instance keeps outside its data folder,
// such as the schema of a database. The name is unique for each run and instance.
func instanceID(spec steps.InstanceSpec, mark string) string {
	_, run, _ := strings.Cut(mark, "=")
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(run+"_"+spec.ID))
}

// environment returns the environment of an instance: serverEnvironment and the
// variables of the target.
func environment(t *target.Launch, fill *strings.Replacer) []string {
	env := serverEnvironment(os.Environ())
	for name, value := range t.Environment {
		env = append(env, name+"="+fill.Replace(value))
	}
	return env
}

// writeConfig writes the configuration file into the folder of the log. The data
// folder belongs to the server under test.
func writeConfig(spec steps.InstanceSpec) (string, error) {
	for _, dir := range []string{spec.DataDir, filepath.Dir(spec.LogFile)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", fmt.Errorf("create the folders of instance %s: %w", spec.ID, err)
		}
	}
	file := strings.TrimSuffix(spec.LogFile, filepath.Ext(spec.LogFile)) + ".gcfg"
	if err := os.WriteFile(file, []byte(spec.Config), 0o600); err != nil {
		return "", fmt.Errorf("write the configuration of instance %s: %w", spec.ID, err)
	}
	return file, nil
}

// openOutput opens a file for appending, so that a restart keeps the earlier output.
func openOutput(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the output file of the server under test: %w", err)
	}
	return f, nil
}

// mentions reports whether the command or the environment of a target contains a
// placeholder.
func mentions(t *target.Launch, placeholder string) bool {
	for _, a := range t.Command {
		if strings.Contains(a, placeholder) {
			return true
		}
	}
	for _, v := range t.Environment {
		if strings.Contains(v, placeholder) {
			return true
		}
	}
	return false
}

// serverEnvironment returns an environment without CONNECT_*: an API key or an address
// in the shell of the user must not reach the server under test or its content.
func serverEnvironment(own []string) []string {
	var env []string
	for _, assignment := range own {
		if !strings.HasPrefix(strings.ToUpper(assignment), "CONNECT_") {
			env = append(env, assignment)
		}
	}
	return env
}

// Output returns the path of the file with the standard output and standard error of
// the instance.
func (i *instance) Output() string { return i.output }

// Stop sends SIGTERM to the process group, so that a server that was started by a
// shell exits too. It kills the instance after five seconds or when ctx is done.
func (i *instance) Stop(ctx context.Context) error {
	late, err := i.Child.Stop(ctx, i.launcher.stopLimit())
	if late {
		i.launcher.lateStops.Add(1)
	}
	return err
}

// maxLateStops is the number of processes that may ignore SIGTERM before stopLimit
// returns a shorter time.
const maxLateStops = 2

// stopLimit returns how long a process may take to exit after SIGTERM. If several
// processes have ignored SIGTERM, the time is shorter, because each of the others would
// take five seconds.
func (l *launcher) stopLimit() time.Duration {
	const shorterStop = 500 * time.Millisecond
	if l.lateStops.Load() >= maxLateStops {
		return shorterStop
	}
	return stopTime
}

// withLastLines adds the last lines of an output file to the exit error of a process.
func withLastLines(err error, output string) error {
	if lines := lastLines(output, 3); lines != "" {
		return fmt.Errorf("%w; its output ends with: %s", err, lines)
	}
	return err
}

// secretPattern matches text that may be a key or a token. The output of a server goes
// into reports, which must not contain secrets.
var secretPattern = regexp.MustCompile(`[A-Za-z0-9_+=-]{28,}`)

// lastLines returns the last n lines of a file without secrets, for messages.
func lastLines(file string, n int) string {
	const maxRead = 4096
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > maxRead {
		_, _ = f.Seek(-maxRead, io.SeekEnd)
	}
	raw, _ := io.ReadAll(io.LimitReader(f, maxRead))
	lines := bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
	last := bytes.Join(lines[max(0, len(lines)-n):], []byte(" | "))
	return string(secretPattern.ReplaceAll(last, []byte("[redacted]")))
}
