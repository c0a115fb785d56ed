package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"countersign/proxies/process"
	"countersign/steps"
	"countersign/steps/target"
)

func TestStartInstanceFillsPlaceholders(t *testing.T) {
	t.Setenv("CONNECT_API_KEY", "of the user")
	t.Setenv("connect_server", "likewise")
	l := &launcher{}
	spec := specIn(t.TempDir())
	i := start(t, l, &target.Launch{
		Command:     []string{"sh", "-c", `echo "$0 $1 $2 $3 $4"; env; echo said >&2`, "{config}", "{data}", "{listen}", "{address}", "{log}"},
		Environment: map[string]string{"WHERE": "{data}/x", "DATABASE": "x?schema={id}"},
	}, spec)
	awaitExit(t, i)
	if err := i.ExitError(); err != nil {
		t.Errorf("ExitError() = %v, want none after exit code 0", err)
	}
	config := strings.TrimSuffix(spec.LogFile, ".log") + ".gcfg"
	if raw, err := os.ReadFile(config); err != nil || string(raw) != spec.Config {
		t.Errorf("configuration file holds %q, %v; want %q", raw, err, spec.Config)
	}
	output := read(t, spec.LogFile+".output") // a server with {log} writes its log itself
	for _, want := range []string{
		strings.Join([]string{config, spec.DataDir, spec.Listen, spec.Address, spec.LogFile}, " "),
		"WHERE=" + spec.DataDir + "/x", "DATABASE=x?schema=test_" + spec.ID, "COUNTERSIGN_RUN=test", "said",
	} {
		if !strings.Contains(output, want) {
			t.Errorf("the output of the process does not contain %q:\n%s", want, output)
		}
	}
	for line := range strings.Lines(output) {
		if strings.HasPrefix(strings.ToUpper(line), "CONNECT_") {
			t.Errorf("the process has %q of the environment of this program", line)
		}
	}
}

func TestTheOutputIsTheLogWithoutThePlaceholder(t *testing.T) {
	t.Parallel()
	l := &launcher{}
	spec := specIn(t.TempDir())
	for range 2 { // a restart keeps the earlier output
		awaitExit(t, start(t, l, &target.Launch{Command: []string{"echo", "hello"}}, spec))
	}
	if got := read(t, spec.LogFile); got != "hello\nhello\n" {
		t.Errorf("log = %q, want both starts", got)
	}
}

func TestExitErrorContainsTheLastLines(t *testing.T) {
	t.Parallel()
	l := &launcher{}
	i := start(t, l, &target.Launch{Command: []string{"sh", "-c", "echo no configuration rt_csn_0123456789abcdefghijklmnopqrstuvwxyz >&2; exit 7"}}, specIn(t.TempDir()))
	awaitExit(t, i)
	if err := i.ExitError(); err == nil || !strings.Contains(err.Error(), "7") || !strings.Contains(err.Error(), "no configuration") {
		t.Errorf("ExitError() = %v, want the exit code and the last line", err)
	} else if strings.Contains(err.Error(), "rt_csn_") {
		t.Errorf("ExitError() = %v, want no secrets in it", err)
	}
}

func TestAProgramThatDoesNotExist(t *testing.T) {
	t.Parallel()
	l := &launcher{}
	_, err := l.startInstance(&target.Launch{Command: []string{"/no/such/server"}}, specIn(t.TempDir()), testMark)
	if err == nil || !strings.Contains(err.Error(), "launch.command") {
		t.Errorf("error = %v, want one that names launch.command", err)
	}
}

const testMark = "COUNTERSIGN_RUN=test"

// specs counts the instances of all tests. An instance kills the processes with its mark,
// so two instances that run at the same time must have different ids.
var specs atomic.Int32

func specIn(dir string) steps.InstanceSpec {
	return steps.InstanceSpec{
		ID: fmt.Sprintf("i%02d", specs.Add(1)), Config: "[Server]\n", Listen: "127.0.0.1:20001", Address: "http://127.0.0.1:20001/",
		DataDir: filepath.Join(dir, "data"), LogFile: filepath.Join(dir, "server.log"),
	}
}

func start(t *testing.T, l *launcher, launch *target.Launch, spec steps.InstanceSpec) *instance {
	t.Helper()
	i, err := l.startInstance(launch, spec, testMark)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.Kill(); <-i.Exited() })
	return i
}

func awaitExit(t *testing.T, i *instance) {
	t.Helper()
	select {
	case <-i.Exited():
	case <-time.After(10 * time.Second):
		t.Fatalf("process %d still runs after 10 s", i.PID())
	}
}

func awaitPID(t *testing.T, file string) int {
	t.Helper()
	var raw []byte
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		raw, _ = os.ReadFile(file)
		if pid, err := strconv.Atoi(strings.TrimSpace(string(raw))); err == nil && slices.Contains(raw, '\n') {
			return pid
		}
	}
	t.Fatalf("%s contains no process id after 10 s: %q", file, raw)
	return 0
}

func awaitGone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if p, ok := process.Find(pid); !ok || p.Ended() {
			return
		}
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	t.Fatalf("process %d still runs after 10 s", pid)
}

func read(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
