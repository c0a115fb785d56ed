package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"countersign/steps/target"
)

// TestCheckListenerFindsAnotherProcess checks that the replies of another process are not
// mistaken for those of a server under test that does not listen.
func TestCheckListenerFindsAnotherProcess(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("NOT RUN: the process that listens at an address is known on Linux only")
	}
	l := &launcher{}
	spec := specIn(t.TempDir())
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	spec.Listen = other.Addr().String()
	i := start(t, l, &target.Launch{Command: []string{"/bin/sleep", "1000"}}, spec)
	if err := i.CheckListener(spec.Listen); err == nil || !strings.Contains(err.Error(), " listens at "+spec.Listen+", and not the server under test") {
		t.Errorf("CheckListener() = %v if another process listens, want the address and the process", err)
	}
}

func TestCheckListenerAcceptsAChild(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []string{"", "setsid "} {
		l := &launcher{}
		spec := specIn(t.TempDir())
		spec.Listen = freeAddress(t)
		i := start(t, l, &target.Launch{
			Command:     []string{"sh", "-c", prefix + `"$0" "$@" & wait`, self, "{config}", "{listen}", "{log}"},
			Environment: map[string]string{shamKind: "200 to all"},
		}, spec)
		awaitListener(t, spec.Listen)
		if err := i.CheckListener(spec.Listen); err != nil {
			t.Errorf("CheckListener() = %v for a child of the instance, started by %q", err, prefix)
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func awaitListener(t *testing.T, address string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return
		}
	}
	t.Fatalf("no process listens at %s after 20 s", address)
}

// TestADaemonEndsWithItsInstance checks that a process which has left its session and its
// parent is found by its mark and killed.
func TestADaemonEndsWithItsInstance(t *testing.T) {
	t.Parallel()
	setsid, err := exec.LookPath("setsid")
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("NOT RUN: this needs setsid and Linux")
	}
	l := &launcher{}
	spec := specIn(t.TempDir())
	// The instance waits for the file, so that it exits after the daemon has started.
	i := start(t, l, &target.Launch{Command: []string{"sh", "-c",
		`(` + setsid + ` sh -c 'echo $$ > child; exec sleep 1000' &) ; while ! test -s child; do sleep 0.01; done`}}, spec)
	child := awaitPID(t, filepath.Join(spec.DataDir, "child"))
	awaitExit(t, i)
	awaitGone(t, child)
}
