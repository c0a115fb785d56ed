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

// A subject that does not listen must not be judged by the replies of a server
// that does.
func TestAListenerOfAnotherProcessIsNotTheSubject(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("NOT RUN: who listens at an address is found out on Linux only")
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
	if err := i.CheckListener(spec.Listen); err == nil || !strings.Contains(err.Error(), spec.Listen+" is answered by process") {
		t.Errorf("CheckListener() = %v beside a foreign listener, want the address and the process", err)
	}
}

func TestAChildOfTheSubjectMayListen(t *testing.T) {
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
			t.Errorf("CheckListener() = %v for a child of the subject, started by %q", err, prefix)
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
	t.Fatalf("nobody listens at %s after 20 s", address)
}

// A subject that leaves its session and its parent is ended by its mark.
func TestADaemonEndsWithItsInstance(t *testing.T) {
	t.Parallel()
	setsid, err := exec.LookPath("setsid")
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("NOT RUN: this needs setsid and Linux")
	}
	l := &launcher{}
	spec := specIn(t.TempDir())
	// The instance waits for the file, so that its end comes after the daemon's start.
	i := start(t, l, &target.Launch{Command: []string{"sh", "-c",
		`(` + setsid + ` sh -c 'echo $$ > child; exec sleep 1000' &) ; while ! test -s child; do sleep 0.01; done`}}, spec)
	child := awaitPID(t, filepath.Join(spec.DataDir, "child"))
	awaitExit(t, i)
	awaitGone(t, child)
}
