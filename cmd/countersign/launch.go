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

// stopTime is how long a subject may take to end after SIGTERM.
const stopTime = 5 * time.Second

// A launcher starts the processes of one subject. It is safe for concurrent use.
type launcher struct {
	stubborn atomic.Int32 // processes that did not end when they were asked to
}

// instanceMark is the environment variable whose value is unique to an instance.
const instanceMark = "COUNTERSIGN_INSTANCE"

// An instance is a process of the subject. It is safe for concurrent use.
type instance struct {
	*process.Child
	launcher *launcher
	output   string // file with what it wrote to its standard streams
	run      string // the mark of the run
}

var _ steps.Instance = (*instance)(nil)

// startInstance starts the command line of a target for one instance. mark is
// an assignment that the subject and what it starts carry in their environment.
func (l *launcher) startInstance(t *target.Launch, spec steps.InstanceSpec, mark string) (*instance, error) {
	config, err := writeConfig(spec)
	if err != nil {
		return nil, err
	}
	fill := placeholders(spec, config, mark)
	output := spec.LogFile
	if mentions(t, "{log}") {
		// The subject writes its log itself, and whoever counts its lines must
		// not find them twice.
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

// placeholders puts what an instance has in the place of what a target says.
func placeholders(spec steps.InstanceSpec, config, mark string) *strings.Replacer {
	return strings.NewReplacer("{config}", config, "{data}", spec.DataDir, "{id}", instanceID(spec, mark),
		"{listen}", spec.Listen, "{address}", spec.Address, "{log}", spec.LogFile)
}

// instanceID is a name for what an instance keeps elsewhere than in its data
// folder, such as a schema of a database: the mark differs from run to run, the
// id from instance to instance.
func instanceID(spec steps.InstanceSpec, mark string) string {
	_, run, _ := strings.Cut(mark, "=")
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(run+"_"+spec.ID))
}

// environment is ours without what is not the subject's, and what the target adds.
func environment(t *target.Launch, fill *strings.Replacer) []string {
	env := subjectEnvironment(os.Environ())
	for name, value := range t.Environment {
		env = append(env, name+"="+fill.Replace(value))
	}
	return env
}

// writeConfig writes the configuration beside the log, never into the data
// folder, which is the subject's own.
func writeConfig(spec steps.InstanceSpec) (string, error) {
	for _, dir := range []string{spec.DataDir, filepath.Dir(spec.LogFile)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", fmt.Errorf("make the folders of instance %s: %w", spec.ID, err)
		}
	}
	file := strings.TrimSuffix(spec.LogFile, filepath.Ext(spec.LogFile)) + ".gcfg"
	if err := os.WriteFile(file, []byte(spec.Config), 0o600); err != nil {
		return "", fmt.Errorf("write the configuration of instance %s: %w", spec.ID, err)
	}
	return file, nil
}

// openOutput opens for appending, so that a restart keeps what was said before it.
func openOutput(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the subject's output: %w", err)
	}
	return f, nil
}

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

// subjectEnvironment is ours without CONNECT_*: a key or an address in the
// shell of whoever runs the suite must not reach the subject or its content.
func subjectEnvironment(ours []string) []string {
	var env []string
	for _, assignment := range ours {
		if !strings.HasPrefix(strings.ToUpper(assignment), "CONNECT_") {
			env = append(env, assignment)
		}
	}
	return env
}

// Output returns the path of the file with what the instance wrote to its standard
// streams.
func (i *instance) Output() string { return i.output }

// Stop asks the process group to end, as a terminal does, so that a subject that was
// started through a shell ends too. It kills the instance after five seconds or when
// ctx is done.
func (i *instance) Stop(ctx context.Context) error {
	late, err := i.Child.Stop(ctx, i.launcher.patience())
	if late {
		i.launcher.stubborn.Add(1)
	}
	return err
}

// maxStubborn is how many processes of a subject may ignore the request to end before
// the time to end is shorter for the others.
const maxStubborn = 2

// patience returns how long a process may take to end. A subject that ignores the
// request has less time after a few processes: each would take five seconds.
func (l *launcher) patience() time.Duration {
	const shorterStop = 500 * time.Millisecond
	if l.stubborn.Load() >= maxStubborn {
		return shorterStop
	}
	return stopTime
}

// withLastLines adds the last lines of an output file to the exit error of a process.
func withLastLines(err error, output string) error {
	if said := lastLines(output, 3); said != "" {
		return fmt.Errorf("%w; it said last: %s", err, said)
	}
	return err
}

// secretRun is a run of characters as keys and tokens have it. What a subject
// wrote goes into reports, and whether it leaks is judged elsewhere.
var secretRun = regexp.MustCompile(`[A-Za-z0-9_+=-]{28,}`)

// lastLines reads the end of a file, for messages.
func lastLines(file string, n int) string {
	const enough = 4096
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > enough {
		_, _ = f.Seek(-enough, io.SeekEnd)
	}
	raw, _ := io.ReadAll(io.LimitReader(f, enough))
	lines := bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
	last := bytes.Join(lines[max(0, len(lines)-n):], []byte(" | "))
	return string(secretRun.ReplaceAll(last, []byte("[redacted]")))
}
