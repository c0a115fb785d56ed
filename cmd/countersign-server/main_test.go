package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// An output collects the output of a program while it runs. It is safe for concurrent use.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) { o.mu.Lock(); defer o.mu.Unlock(); return o.b.Write(p) }

func (o *output) String() string { o.mu.Lock(); defer o.mu.Unlock(); return o.b.String() }

func TestExitCodes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.gcfg")
	text := "[Authentication]\nProvider = saml\n[Nope]\n[HTTP]\nListen = x\n"
	if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	taken := filepath.Join(dir, "file")
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	unusable := filepath.Join(dir, "unusable.gcfg")
	if err := os.WriteFile(unusable, fmt.Appendf(nil, "[Server]\nDataDir = %q\n", filepath.Join(taken, "data")), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"help", []string{"--help"}, 0, []string{"serve"}},
		{"help of serve", []string{"serve", "--help"}, 0, []string{"--config", "Examples:", "not a production server"}},
		{"unknown command", []string{"sreve"}, 2, []string{`unknown command "sreve"`, "--help"}},
		{"unknown flag", []string{"serve", "--conf", "x"}, 2, []string{"unknown flag: --conf"}},
		{"argument", []string{"serve", "x"}, 2, []string{"serve takes no arguments"}},
		{"absent file", []string{"serve", "--config", filepath.Join(dir, "absent")}, 2, []string{"1 problem", "no such file"}},
		{"bad configuration", []string{"serve", "--config", bad}, 2, []string{"3 problems", bad + `:2: Authentication.Provider: "saml"`, bad + ":3: [Nope]", bad + ":5: HTTP.Listen"}},
		{"bad address", []string{"serve", "--config", os.DevNull, "--listen", "nowhere"}, 2, []string{"--listen"}},
		{"error while running", []string{"serve", "--config", unusable, "--listen", "127.0.0.1:0"}, 1, []string{"data directory"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out output
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			if code := run(ctx, tt.args, &out, &out); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			for _, want := range tt.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the output does not contain %q:\n%s", want, out.String())
				}
			}
		})
	}
}

// TestTemporarySetup checks that without a configuration the server uses a temporary one,
// prints what to do next, and removes the data when it stops.
func TestTemporarySetup(t *testing.T) {
	if _, err := os.Stat(installedConfig); err == nil {
		t.Skip("this machine has an installed configuration")
	}
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var stdout, stderr output
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"serve", "--listen", "127.0.0.1:0"}, &stdout, &stderr) }()
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`)
	deadline := time.Now().Add(20 * time.Second)
	for !strings.Contains(stderr.String(), "Listening") {
		if time.Now().After(deadline) {
			t.Fatalf("not listening:\n%s\n%s", stdout.String(), stderr.String())
		}
		time.Sleep(5 * time.Millisecond)
	}
	url := address.FindString(stdout.String())
	req, err := http.NewRequest("GET", url+"__api__/v1/user", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-Username", "ada")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 200 || !strings.Contains(stderr.String(), "not a production server") {
		t.Errorf("status %d, log:\n%s", res.StatusCode, stderr.String())
	}
	stop()
	select {
	case code := <-ended:
		if code != 0 {
			t.Errorf("exit code %d:\n%s", code, stderr.String())
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the server does not stop")
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
