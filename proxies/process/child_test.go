package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestExitErrorAndExitCode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		script string
		code   int
		err    string // "" for none
	}{
		{"exit 0", 0, ""},
		{"exit 7", 7, "exit status 7"},
		{"kill -KILL $$", -1, "signal: killed"},
	}
	for _, tt := range tests {
		c := startChild(t, exec.Command("sh", "-c", tt.script), Options{})
		awaitExit(t, c)
		err := c.ExitError()
		if c.ExitCode() != tt.code || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%s: exit code %d, error %v; want %d, %q", tt.script, c.ExitCode(), err, tt.code, tt.err)
		}
	}
}

func TestExplainChangesTheExitError(t *testing.T) {
	t.Parallel()
	explain := Options{Explain: func(err error) error { return fmt.Errorf("explained: %w", err) }}
	c := startChild(t, exec.Command("sh", "-c", "exit 3"), explain)
	awaitExit(t, c)
	var exit *exec.ExitError
	if err := c.ExitError(); !errors.As(err, &exit) || err.Error() != "explained: exit status 3" {
		t.Errorf("ExitError() = %v", err)
	}
	c = startChild(t, exec.Command("true"), explain)
	awaitExit(t, c)
	if err := c.ExitError(); err != nil {
		t.Errorf("ExitError() = %v after exit code 0", err)
	}
}

func TestStartReturnsTheErrorOfExec(t *testing.T) {
	t.Parallel()
	if _, err := Start(exec.Command("/no/such/program"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Start() = %v, want an error that says that the file does not exist", err)
	}
}

func TestAChildThatRunsHasNoResult(t *testing.T) {
	t.Parallel()
	c := startChild(t, exec.Command("sleep", "1000"), Options{})
	if c.ExitError() != nil || c.ExitCode() != -1 || c.CPU() != 0 {
		t.Errorf("exit error %v, exit code %d, CPU %v", c.ExitError(), c.ExitCode(), c.CPU())
	}
	p, found := Find(c.PID())
	if !found || p.Group != c.PID() {
		t.Errorf("process %d is in group %d, want its own", c.PID(), p.Group)
	}
}

// TestStopEndsTheWholeFamily checks that a process which the child has started does not
// outlive it, also if it is in another group.
func TestStopEndsTheWholeFamily(t *testing.T) {
	t.Parallel()
	const childInItsOwnGroup = `set -m; sleep 1000 & echo $! > child; `
	tests := []struct{ name, script string }{
		{"exits on SIGTERM", childInItsOwnGroup + `trap 'exit 0' TERM; wait`},
		{"ignores SIGTERM", childInItsOwnGroup + `trap '' TERM; while :; do wait; sleep 1; done`},
		{"crashed", childInItsOwnGroup + `kill -KILL $$`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command("sh", "-c", tt.script)
			cmd.Dir = t.TempDir()
			c := startChild(t, cmd, Options{})
			child := awaitPID(t, filepath.Join(cmd.Dir, "child"))
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // only the child that exits on SIGTERM gets time to do so
			if tt.name == "exits on SIGTERM" {
				ctx = t.Context()
			}
			if late, err := c.Stop(ctx, 10*time.Second); late || err != nil {
				t.Fatalf("Stop() = %t, %v", late, err)
			}
			awaitExit(t, c)
			awaitGone(t, child)
			if late, err := c.Stop(ctx, 10*time.Second); late || err != nil {
				t.Errorf("second Stop() = %t, %v", late, err)
			}
		})
	}
}

func TestStopKillsAfterTheLimit(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sh", "-c", `trap '' TERM; echo $$ > ready; while :; do sleep 0.05; done`)
	cmd.Dir = t.TempDir()
	c := startChild(t, cmd, Options{})
	awaitPID(t, filepath.Join(cmd.Dir, "ready"))
	if late, err := c.Stop(t.Context(), 100*time.Millisecond); !late || err != nil {
		t.Errorf("Stop() = %t, %v; want true, because the process ignores SIGTERM", late, err)
	}
	if err := c.ExitError(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("ExitError() = %v", err)
	}
}

// TestStopSignal checks which processes receive which signal: the child reports its
// signal by its exit code, and its own child writes a file if it receives one.
func TestStopSignal(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		options Options
		code    int
		group   bool
	}{
		{"SIGTERM to the group", Options{}, 15, true},
		{"SIGTERM to the leader", Options{LeaderOnly: true}, 15, false},
		{"SIGINT to the leader", Options{LeaderOnly: true, Signal: syscall.SIGINT}, 2, false},
	}
	const script = `trap 'sleep 0.3; exit 15' TERM; trap 'sleep 0.3; exit 2' INT
sh -c 'trap "echo > signalled; exit" TERM; echo $$ > child; while :; do sleep 0.02; done' &
while :; do sleep 0.02; done`
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command("sh", "-c", script)
			cmd.Dir = t.TempDir()
			c := startChild(t, cmd, tt.options)
			awaitPID(t, filepath.Join(cmd.Dir, "child"))
			if late, err := c.Stop(t.Context(), 10*time.Second); late || err != nil {
				t.Fatalf("Stop() = %t, %v", late, err)
			}
			if c.ExitCode() != tt.code {
				t.Errorf("exit code %d, want %d", c.ExitCode(), tt.code)
			}
			if _, err := os.Stat(filepath.Join(cmd.Dir, "signalled")); (err == nil) != tt.group {
				t.Errorf("the child of the process received the signal: %t, want %t", err == nil, tt.group)
			}
		})
	}
}

// TestTheMarkFindsADaemon checks that a process which has left the session and the
// parent ends with the child.
func TestTheMarkFindsADaemon(t *testing.T) {
	t.Parallel()
	setsid, err := exec.LookPath("setsid")
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("NOT RUN: this needs setsid and Linux")
	}
	cmd := exec.Command("sh", "-c",
		`(`+setsid+` sh -c 'echo $$ > child; exec sleep 1000' &) ; while ! test -s child; do sleep 0.01; done`)
	cmd.Dir = t.TempDir()
	c := startChild(t, cmd, Options{Mark: "PROCESS_TEST_DAEMON=" + strconv.Itoa(os.Getpid())})
	child := awaitPID(t, filepath.Join(cmd.Dir, "child"))
	awaitExit(t, c)
	awaitGone(t, child)
}

// startChild starts a command that is killed at the end of the test.
func startChild(t *testing.T, cmd *exec.Cmd, o Options) *Child {
	t.Helper()
	c, err := Start(cmd, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Kill(); <-c.Exited() })
	return c
}

// startPlain starts a command without supervision.
func startPlain(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
}

func awaitExit(t *testing.T, c *Child) {
	t.Helper()
	select {
	case <-c.Exited():
	case <-time.After(10 * time.Second):
		t.Fatalf("process %d still runs after 10 s", c.PID())
	}
}

func awaitPID(t *testing.T, file string) (pid int) {
	t.Helper()
	eventually(t, "a process id in "+file, func() bool {
		raw, _ := os.ReadFile(file)
		text, complete := strings.CutSuffix(string(raw), "\n")
		n, err := strconv.Atoi(text)
		pid = n
		return complete && err == nil
	})
	return pid
}

func awaitGone(t *testing.T, pid int) {
	t.Helper()
	eventually(t, fmt.Sprintf("the end of process %d", pid), func() bool {
		p, found := Find(pid)
		return !found || p.Ended()
	})
}

func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if happened() {
			return
		}
	}
	t.Fatalf("waited 10 s for %s", what)
}
