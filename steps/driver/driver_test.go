package driver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"countersign/steps/driver"
	"countersign/steps/plan"
	"countersign/steps/transcript"
)

func subjectAt(t testing.TB, url string) driver.Subject {
	t.Helper()
	s, err := driver.NewSubject(url, "", plan.Direct)
	if err != nil {
		t.Fatal(err)
	}
	s.Limits = driver.Limits{Request: 2 * time.Second, Poll: time.Second}
	t.Cleanup(s.Close)
	return s
}

func serve(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL + "/"
}

var names = plan.HeaderNames{Username: "X-Auth-Username", UniqueID: "X-Auth-ID", Email: "X-Auth-Email", Groups: "X-Auth-Groups"}

func alice(s driver.Subject, r *transcript.Recorder) *driver.Persona {
	return driver.NewPersona(s, "alice", driver.Identity{Username: "alice-bcd", UniqueID: "id-1", Email: "a@example.com", Groups: []string{"g1", "g2"}}, names, r)
}

// acceptAll accepts connections, passes each to a function and then closes it. It returns the
// base URL.
func acceptAll(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return "http://" + l.Addr().String() + "/"
}

// serveConn accepts connections, reads from each once and passes it to respond. It returns the
// base URL.
func serveConn(t *testing.T, respond func(net.Conn)) string {
	t.Helper()
	return acceptAll(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 64<<10))
		respond(conn)
	})
}

// TestBadSubjects checks requests to servers that do not reply, reply without end, close the
// connection early, or do not send HTTP. Through either door the method returns in time. Its
// error names the reason and the server under test as the cause, and quotes no text of the server.
func TestBadSubjects(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	say := func(text string) func(net.Conn) {
		return func(c net.Conn) { _, _ = io.WriteString(c, text) }
	}
	const secret = "rt_csn_q0ZbX-7uT_hn3mPzLkWcVyRd5eGaSf1J"
	for _, c := range []struct {
		name, want string
		respond    func(net.Conn)
	}{
		{"hangs", "timed out", func(net.Conn) { <-hang }},
		{"hangs in the head", "timed out", func(c net.Conn) { say("HTTP/1.1 200")(c); <-hang }},
		{"hangs in the body", "timed out", func(c net.Conn) { say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}")(c); <-hang }},
		{"closes", "closed before", func(net.Conn) {}},
		{"closes in the body", "closed before", say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}")},
		{"resets", "", func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }},
		{"junk", "not HTTP", say(secret + "\r\n\r\n")},
		{"flood", "exceeds", func(c net.Conn) {
			say("HTTP/1.1 200 OK\r\n\r\n")(c)
			block := bytes.Repeat([]byte("x"), 64<<10)
			for i := 0; i < 100; i++ {
				if _, err := c.Write(block); err != nil {
					return
				}
			}
		}},
		{"endless head", "", func(c net.Conn) {
			say("HTTP/1.1 200 OK\r\n")(c)
			line := bytes.Repeat([]byte("X: y\r\n"), 1000)
			for i := 0; i < 200; i++ {
				if _, err := c.Write(line); err != nil {
					return
				}
			}
		}},
		{"endless interim", "", func(c net.Conn) {
			for i := 0; i < 100; i++ {
				say("HTTP/1.1 103 Early Hints\r\n\r\n")(c)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := subjectAt(t, serveConn(t, c.respond))
			s.Limits = driver.Limits{Request: 2 * time.Second, Body: 1 << 20}
			rec := transcript.New(transcript.Options{})
			p := alice(s, rec)
			calls := map[string]func() (*driver.Reply, error){
				"client": func() (*driver.Reply, error) { return p.Whoami(t.Context()) },
				"raw":    func() (*driver.Reply, error) { return p.SendRaw(t.Context()) },
			}
			for door, call := range calls {
				started := time.Now()
				reply, err := call()
				var noAnswer *driver.NoAnswer
				if reply != nil || !errors.As(err, &noAnswer) {
					t.Fatalf("%s: got %v, %v; want NoAnswer", door, reply, err)
				}
				if !noAnswer.BySubject || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret) {
					t.Errorf("%s: got %v (by subject %v), want %q", door, err, noAnswer.BySubject, c.want)
				}
				if took := time.Since(started); took > 5*time.Second {
					t.Errorf("%s: took %s", door, took)
				}
			}
			if got := rec.Len(); got != 2 {
				t.Errorf("recorded %d exchanges, want 2", got)
			}
			if leaked := len(rec.Leaks()) > 0; leaked != (c.name == "junk") {
				t.Errorf("leaks: %v", rec.Leaks())
			}
			if err := rec.Write(io.Discard); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestJunkReplies checks that every method handles invalid replies.
func TestJunkReplies(t *testing.T) {
	t.Parallel()
	for _, junk := range []string{
		"", "{}", "[]", "null", "true", "1e999999", "[1,2]", `"x"`, `{"guid":5,"key":[],"id":{}}`, `[{"guid":1}]`, `{"results":5}`, `{"results":null,"total":1e400}`,
		`{"results":[{"username":{}}],"total":"x"}`, "<html>", "{", strings.Repeat("[", 200000), strings.Repeat(`{"a":`, 200000), `{"task_id":"../../x","guid":"a/../b?c#d"}`,
		`{"probe":"probe/1","results":5}`, `{"finished":"yes"}`, `{"url":"http://127.0.0.1:1/x"}`, `{"url":":::"}`, "\xff\xfe\x00",
	} {
		for _, status := range []int{200, 302, 404, 999} {
			s := subjectAt(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Location"] = []string{"http://127.0.0.1:1/\x7f"}
				w.WriteHeader(status)
				_, _ = io.WriteString(w, junk)
			}))
			callEverything(t, s)
		}
	}
}

func callEverything(t *testing.T, s driver.Subject) {
	t.Helper()
	ctx, p := t.Context(), alice(s, transcript.New(transcript.Options{}))
	replies := []func() (*driver.Reply, error){
		func() (*driver.Reply, error) { return p.SignIn(ctx) },
		func() (*driver.Reply, error) { return p.CreateKey(ctx, "x", "k") },
		func() (*driver.Reply, error) {
			_, r, err := p.PublishContent(ctx, "n", "python-api", nil)
			return r, err
		},
		func() (*driver.Reply, error) { _, r, err := p.AwaitTask(ctx, "x"); return r, err },
		func() (*driver.Reply, error) {
			_, r, err := p.CreateShareLink(ctx, "v1/content/{content}/s", "x")
			return r, err
		},
		func() (*driver.Reply, error) { _, r, err := p.Sessions(ctx); return r, err },
		func() (*driver.Reply, error) { _, r, err := p.Associations(ctx, "x"); return r, err },
		func() (*driver.Reply, error) { _, r, err := p.Integrations(ctx); return r, err },
		func() (*driver.Reply, error) { return p.CompleteLogin(ctx, "x", s.Public.String()+"i", "alice") },
		func() (*driver.Reply, error) {
			v, err := p.Visit(ctx, "x", nil)
			if v == nil {
				return nil, err
			}
			return v.Reply, err
		},
	}
	for i, call := range replies {
		r, err := call()
		var noAnswer *driver.NoAnswer
		if err != nil && !errors.As(err, &noAnswer) {
			t.Errorf("method %d: error %v, want a NoAnswer", i, err)
		}
		if r == nil && err == nil {
			t.Errorf("method %d: neither reply nor error", i)
		}
		_, _, _, _, _ = r.Summary(), r.Everything(), r.SetCookies(), r.Location(), r.Text("guid")
	}
	_, _, _ = p.FindUser(ctx, "alice")
	_, _ = p.Navigate(ctx, "../x")
}

// TestTooManyValuesAreNotDecoded checks the bound on the JSON values of a body.
func TestTooManyValuesAreNotDecoded(t *testing.T) {
	t.Parallel()
	for values, want := range map[int]bool{50_001: true, 50_002: false} {
		reply := &driver.Reply{Status: 200, Body: []byte("[" + strings.Repeat("0,", values-1) + "0]")}
		if n, ok := reply.Entries(); ok != want || ok && n != values {
			t.Errorf("a list of %d values: %d, %v, want %v", values, n, ok, want)
		}
	}
	object := &driver.Reply{Status: 200, Body: []byte(`{"guid":"x","more":[` + strings.Repeat("0,", 60_000) + `0]}`)}
	if got := object.Text("guid"); got != "" {
		t.Errorf("guid of an object with too many values: %q, want none", got)
	}
}

func TestNilReply(t *testing.T) {
	t.Parallel()
	var r *driver.Reply
	if r.Is(2) || r.Text("x") != "" || r.Location() != "" || r.URL() != "" || r.Everything() != "" || r.Summary() != "no reply" || len(r.SetCookies()) != 0 {
		t.Error("a method of a nil reply returns a value")
	}
}

func TestSummaryHidesWhatMayBeSecret(t *testing.T) {
	t.Parallel()
	const key = "0123456789abcdefghijklmnopqrstuv"
	s := subjectAt(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/next?state="+key)
		w.WriteHeader(302)
		_, _ = io.WriteString(w, `{"code":30,"error":"bad key `+key+`","payload":null}`)
	}))
	r, err := alice(s, nil).Whoami(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := `GET /__api__/v1/user: 302 Found, code 30, "bad key [redacted]", to ` + strings.TrimSuffix(s.Public.String(), "/") + `/next (exchange 1)`
	if got := r.Summary(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestAwaitReady(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	s := subjectAt(t, "http://"+address)
	ended := make(chan struct{})
	close(ended)
	if err := driver.AwaitReady(t.Context(), s, ended); err == nil || !strings.Contains(err.Error(), "ended") {
		t.Errorf("ended: got %v", err)
	}
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := driver.AwaitReady(short, s, nil); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("no listener: got %v", err)
	}
	time.AfterFunc(10*time.Millisecond, func() {
		if l, err := net.Listen("tcp", address); err == nil {
			server := &http.Server{Handler: http.NotFoundHandler()}
			t.Cleanup(func() { server.Close() })
			_ = server.Serve(l)
		}
	})
	if err := driver.AwaitReady(t.Context(), s, nil); err != nil {
		t.Errorf("late: got %v", err)
	}
}

func TestUnreachableProxyIsNotBySubject(t *testing.T) {
	t.Parallel()
	s, err := driver.NewSubject("http://127.0.0.1:1/rsconnect/", "http://127.0.0.1:2/", "nginx")
	if err != nil {
		t.Fatal(err)
	}
	_, err = alice(s, nil).Whoami(t.Context())
	var noAnswer *driver.NoAnswer
	if !errors.As(err, &noAnswer) || noAnswer.BySubject {
		t.Errorf("got %v", err)
	}
}

func TestBadAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "127.0.0.1:1", "ftp://x/", "http:///x", "http://u:p@x/", "http://x/?a", "::"} {
		if _, err := driver.NewSubject(address, "", plan.Direct); err == nil {
			t.Errorf("%q: accepted", address)
		}
	}
}

func answerJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

func BenchmarkWhoami(b *testing.B) {
	s := subjectAt(b, serve(b, func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, 200, map[string]string{"guid": "x"})
	}))
	p := alice(s, transcript.New(transcript.Options{}))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%100 == 0 {
			p = alice(s, transcript.New(transcript.Options{}))
		}
		if _, err := p.Whoami(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
