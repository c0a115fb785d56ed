package reference_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/reference"
)

type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) { o.mu.Lock(); defer o.mu.Unlock(); return o.b.Write(p) }

func (o *output) String() string { o.mu.Lock(); defer o.mu.Unlock(); return o.b.String() }

// start runs a server with a data folder until stop is called.
func start(t *testing.T, dir, options string) (url string, log *output, stop func()) {
	t.Helper()
	log = &output{}
	text := fmt.Sprintf("[Server]\nDataDir = %q\n[HTTP]\nListen = 127.0.0.1:0\n[Authentication]\nProvider = proxy\n%s", dir, options)
	s, err := reference.New(t.Context(), reference.Config{File: "test.gcfg", Text: []byte(text), Stderr: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("Run does not end")
		}
	})
	t.Cleanup(stop)
	return s.Base(), log, stop
}

func user(t *testing.T, url string, lines ...string) map[string]any {
	t.Helper()
	req, err := http.NewRequest("GET", url+"__api__/v1/user", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		req.Header.Add(name, value)
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var v map[string]any
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestRestartKeepsAccounts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	url, _, stop := start(t, dir, "")
	first := user(t, url, "X-Auth-Username: ada")
	stop()
	url, _, _ = start(t, dir, "")
	again := user(t, url, "X-Auth-Username: ada")
	if first["guid"] != again["guid"] || again["user_role"] != "administrator" {
		t.Errorf("before %v, after %v", first, again)
	}
	if info, err := os.Stat(filepath.Join(dir, "db")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the database's folder: %v, %v", info, err)
	}
}

// At start-up the server warns of groups whose ownership does not match the configuration.
func TestGroupWarnings(t *testing.T) {
	t.Parallel()
	const auto = "[ProxyAuth]\nGroupsHeader = X-G\nGroupsAutoProvision = on\n"
	const manual = "[ProxyAuth]\nGroupsHeader = X-G\n"
	dir := t.TempDir()
	url, log, stop := start(t, dir, auto)
	user(t, url, "X-Auth-Username: ada", "X-G: Eng")
	stop()
	if strings.Contains(log.String(), "Groups with") {
		t.Errorf("a warning about nothing:\n%s", log)
	}
	for options, warned := range map[string]bool{auto: false, manual: true, "": false} {
		_, log, stop := start(t, dir, options)
		stop()
		if strings.Contains(log.String(), "Groups without an owner exist") != warned {
			t.Errorf("%q: warned is not %v:\n%s", options, warned, log)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	var bad *reference.ConfigError
	_, err = reference.New(t.Context(), reference.Config{File: "f", Text: []byte("[Nope]\n[Nay]\n")})
	if !errors.As(err, &bad) || len(bad.Problems) != 2 {
		t.Errorf("two problems: %v", err)
	}
	dir := t.TempDir()
	config := fmt.Appendf(nil, "[Server]\nDataDir = %q\n", dir)
	_, err = reference.New(t.Context(), reference.Config{File: "f", Text: config, Listen: busy.Addr().String()})
	if err == nil || errors.As(err, &bad) || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("a taken address: %v", err)
	}
	if _, err = reference.New(t.Context(), reference.Config{File: "f", Text: config, LogFile: filepath.Join(dir, "no", "log")}); err == nil {
		t.Error("a log that cannot be written is no error")
	}
	if _, err = reference.New(t.Context(), reference.Config{File: filepath.Join(dir, "absent")}); !errors.As(err, &bad) {
		t.Errorf("an absent file: %v", err)
	}
}

func TestLogFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "server.log")
	url, log, stop := start(t, dir, fmt.Sprintf("[Logging]\nServiceLog = %q\nServiceLogFormat = JSON\n", path))
	user(t, url, "X-Auth-Username: a", "X-Auth-Username: forged")
	stop()
	text, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(text, []byte(`"msg":"Rejected insecure proxied authentication attempt"`)) {
		t.Errorf("log %s, %v", text, err)
	}
	if bytes.Contains(text, []byte("forged")) || log.String() != "" {
		t.Errorf("log %s, standard error %s", text, log)
	}
}

// The server refuses requests that another program could divide differently, in front of it or without a proxy.
func TestAmbiguousRequestsAreRefused(t *testing.T) {
	t.Parallel()
	url, _, _ := start(t, t.TempDir(), "")
	host := strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/")
	for name, lines := range map[string]string{
		"folded line":  "X-Auth-Username: vic\r\n admin\r\n",
		"both lengths": "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.DialTimeout("tcp", host, 5*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(5 * time.Second))
			fmt.Fprintf(conn, "POST /__api__/v1/user HTTP/1.1\r\nHost: x\r\n%s\r\n0\r\n\r\n", lines)
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != http.StatusBadRequest {
				t.Errorf("status %d, want 400", res.StatusCode)
			}
		})
	}
}
