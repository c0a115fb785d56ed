package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"countersign/steps/probe"
)

// program builds the program and returns its path.
func program(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "countersign-probe")
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as in the Makefile, whose builds are reused
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

func TestProgram(t *testing.T) {
	t.Parallel()
	path := program(t)
	t.Run("usage", func(t *testing.T) { testUsage(t, path) })
	t.Run("render", func(t *testing.T) { testRender(t, path) })
	t.Run("serve", func(t *testing.T) { testServe(t, path) })
}

func testUsage(t *testing.T, path string) {
	for _, c := range []struct {
		args []string
		code int
		out  string
	}{
		{nil, 2, "want one argument"},
		{[]string{"fly"}, 2, `unknown command "fly"`},
		{[]string{"serve", "x"}, 2, "want one argument"},
		{[]string{"--help"}, 0, "protocol probe/1"},
		{[]string{"serve"}, 1, "PROBE_SOCKET is not set"},
		{[]string{"render"}, 1, "probe.json"},
	} {
		cmd := exec.Command(path, c.args...)
		cmd.Dir, cmd.Env = t.TempDir(), []string{}
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != c.code || !strings.Contains(string(out), c.out) {
			t.Errorf("%q: got exit %d %q, want %d and %q", c.args, got, out, c.code, c.out)
		}
	}
}

func testRender(t *testing.T, path string) {
	cmd := exec.Command(path, "render")
	cmd.Dir, cmd.Env = t.TempDir(), []string{"CONNECT_CONTENT_GUID=guid"}
	if err := os.WriteFile(filepath.Join(cmd.Dir, "probe.json"), []byte(`{"actions":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var report probe.Report
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatal(err)
	}
	if report.Mode != probe.ModeRender || report.Environment["CONNECT_CONTENT_GUID"] != "guid" || report.PID != cmd.Process.Pid {
		t.Errorf("got %+v", report)
	}
}

// start runs "countersign-probe serve" and returns a client when the server answers.
func start(t testing.TB, path, socket string) (*exec.Cmd, *http.Client) {
	t.Helper()
	cmd := exec.Command(path, "serve")
	cmd.Env = []string{"PROBE_SOCKET=" + socket}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	deadline := time.Now().Add(10 * time.Second)
	for {
		resp, err := client.Get("http://probe/")
		if err == nil {
			resp.Body.Close()
			return cmd, client
		}
		if time.Now().After(deadline) {
			t.Fatalf("no answer: %v %s", err, &stderr)
		}
		time.Sleep(200 * time.Microsecond)
	}
}

func testServe(t *testing.T, path string) {
	socket := filepath.Join(t.TempDir(), "s")
	killed, _ := start(t, path, socket)
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait()

	// The new server replaces the socket that the killed server left behind.
	cmd, client := start(t, path, socket)
	defer client.CloseIdleConnections()
	resp, err := client.Get("http://probe/some/path?q=1")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var report probe.Report
	if err := json.NewDecoder(resp.Body).Decode(&report); err != nil {
		t.Fatal(err)
	}
	if report.Mode != probe.ModeServe || report.Request.Path != "/some/path" || report.PID != cmd.Process.Pid {
		t.Errorf("got %+v", report)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v, want exit 0", err)
	}
	if _, err := os.Stat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket still exists: %v", err)
	}
}

// BenchmarkStart measures the time from exec to the first answer, because content starts at
// a visit.
func BenchmarkStart(b *testing.B) {
	path, dir := program(b), b.TempDir()
	for b.Loop() {
		cmd, client := start(b, path, filepath.Join(dir, "s"))
		client.CloseIdleConnections()
		b.StopTimer()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		b.StartTimer()
	}
}
