// Package contenttest provides a content program for tests: the test binary runs itself as one. The program follows
// instructions in the query of a visit or in files of its bundle. It prints all its data, including secrets, so it is
// for tests only.
package contenttest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
)

// marker is the first argument that makes a test binary a content program. An environment variable would not reach
// it, because content has a clean environment.
const marker = "-content-stand-in"

// Command returns the command that executes content in a test whose TestMain calls Main.
func Command() []string { return []string{os.Args[0], marker} }

// Main runs the content program and does not return, if the test binary was started as one.
func Main() {
	if len(os.Args) != 3 || os.Args[1] != marker {
		return
	}
	switch os.Args[2] {
	case "serve":
		serve()
	case "render":
		render()
	}
	os.Exit(2)
}

// Echo is the data that the program reports for a visit or render.
type Echo struct {
	PID     int
	Method  string
	Path    string
	Query   string
	Host    string
	Headers http.Header
	Env     map[string]string
	Body    string
}

func echo() Echo {
	e := Echo{PID: os.Getpid(), Env: map[string]string{}}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		e.Env[name] = value
	}
	return e
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func serve() {
	if exists("nostart") {
		fmt.Fprintln(os.Stderr, "boom")
		os.Exit(3)
	}
	if exists("deaf") {
		select {}
	}
	listener, err := net.Listen("unix", os.Getenv("PROBE_SOCKET"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(4)
	}
	http.Serve(listener, http.HandlerFunc(answer)) //nolint:errcheck // ends with the process
}

func answer(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Query().Get("do") {
	case "exit":
		os.Exit(5)
	case "hold": // until the visitor leaves
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return
	case "cookies":
		w.Header().Add("Set-Cookie", "rsconnect=evil; Path=/")
		w.Header().Add("Set-Cookie", "RSC-XSRF=evil; Path=/")
		w.Header().Add("Set-Cookie", "app=1")
	}
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		io.Copy(conn, buffered) //nolint:errcheck // until the visitor leaves
		return
	}
	body, _ := io.ReadAll(r.Body)
	e := echo()
	e.Method, e.Path, e.Query, e.Host, e.Headers, e.Body = r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Host, r.Header, string(body)
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(e) //nolint:errcheck // the visitor left
}

func render() {
	switch {
	case exists("fail"):
		fmt.Fprintln(os.Stderr, "cannot render this")
		os.Exit(3)
	case exists("hang"):
		select {}
	case exists("flood"):
		block := bytes.Repeat([]byte("x"), 1<<20)
		for range 9 {
			os.Stdout.Write(block) //nolint:errcheck // the reader has gone
		}
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, "rendering")
	json.NewEncoder(os.Stdout).Encode(echo()) //nolint:errcheck // the reader has gone
	os.Exit(0)
}

// Bundle creates an archive of files with a manifest of that mode.
func Bundle(t *testing.T, mode string, files map[string]string) []byte {
	t.Helper()
	all := map[string]string{"manifest.json": fmt.Sprintf(`{"version":1,"metadata":{"appmode":%q},"files":{}}`, mode)}
	for name, text := range files {
		all[name] = text
	}
	var entries []*tar.Header
	var bodies []string
	for name, text := range all {
		entries = append(entries, &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(text))})
		bodies = append(bodies, text)
	}
	return Archive(t, entries, bodies)
}

// Archive creates a gzip-compressed tar archive of any entries.
func Archive(t *testing.T, entries []*tar.Header, bodies []string) []byte {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	out := tar.NewWriter(zip)
	for i, entry := range entries {
		if err := out.WriteHeader(entry); err != nil {
			t.Fatalf("tar: %v", err)
		}
		if i < len(bodies) {
			if _, err := io.WriteString(out, bodies[i]); err != nil {
				t.Fatalf("tar: %v", err)
			}
		}
	}
	if err := out.Close(); err != nil {
		t.Fatalf("tar: %v", err)
	}
	if err := zip.Close(); err != nil {
		t.Fatalf("gzip: %v", err)
	}
	return b.Bytes()
}
