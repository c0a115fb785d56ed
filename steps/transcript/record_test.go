package transcript_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"countersign/steps/transcript"
)

const random = "q0ZbX-7uT_hn3mPzLkWcVyRd5eGaSf1J"

const (
	refresh = "rt_csn_" + random
	access  = "at_csn_" + random
	code    = "ac_csn_" + random
	secret  = "cs_csn_" + random
)

const subject = "http://127.0.0.1:20017"

// wire is a connection from which all data of the peer can be read at once.
type wire struct {
	net.Conn
	in io.Reader
}

func (w *wire) Read(p []byte) (int, error)  { return w.in.Read(p) }
func (w *wire) Write(p []byte) (int, error) { return len(p), nil }

// record records an exchange whose octets pass through a recording connection.
func record(t testing.TB, r *transcript.Recorder, method, url, sent, received string, err error) *transcript.Exchange {
	t.Helper()
	p := r.Begin(transcript.DoorRaw, "alice", method, url)
	conn := transcript.Wrap(&wire{in: iotestHalf(received)})
	p.Use(conn)
	if _, err := io.WriteString(conn, sent); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Fatal(err)
	}
	return p.End(err)
}

// iotestHalf returns the octets in two reads.
func iotestHalf(s string) io.Reader {
	return io.MultiReader(strings.NewReader(s[:len(s)/2]), strings.NewReader(s[len(s)/2:]))
}

func get(t testing.TB, r *transcript.Recorder, path, received string) *transcript.Exchange {
	t.Helper()
	return record(t, r, "GET", subject+path, "GET "+path+" HTTP/1.1\r\nHost: 127.0.0.1:20017\r\n\r\n", received, nil)
}

func TestExchangeIsTakenApart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, method, received      string
		status                      int
		head, body, trailer, unread string
	}{
		{name: "length", received: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore", status: 200, head: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", body: "ok", trailer: "more"},
		{name: "until closed", received: "HTTP/1.0 404 Not Found\nA: b\n\nbody", status: 404, head: "HTTP/1.0 404 Not Found\nA: b\n\n", body: "body"},
		{name: "chunked", received: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nT: v\r\n\r\n", status: 200, head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", body: "abc", trailer: "T: v\r\n\r\n"},
		{name: "interim", received: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", status: 204, head: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"},
		{name: "head", method: "HEAD", received: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", status: 200, head: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"},
		{name: "unknown coding", received: "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\nxx", status: 200, head: "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n", body: "xx", unread: "br"},
		{name: "junk", received: "junk", head: "junk"},
		{name: "nothing"},
	} {
		r := transcript.New(transcript.Options{})
		method := c.method
		if method == "" {
			method = "GET"
		}
		x := record(t, r, method, subject+"/", "GET / HTTP/1.1\r\n\r\nsent", c.received, nil)
		if string(x.RequestHead) != "GET / HTTP/1.1\r\n\r\n" || string(x.RequestBody) != "sent" {
			t.Errorf("%s: request %q %q", c.name, x.RequestHead, x.RequestBody)
		}
		got := []string{fmt.Sprint(x.Status), string(x.ResponseHead), string(x.ResponseBody), string(x.ResponseTrailer), x.Unread}
		want := []string{fmt.Sprint(c.status), c.head, c.body, c.trailer, c.unread}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if x.Received != len(c.received) {
			t.Errorf("%s: received %d, want %d", c.name, x.Received, len(c.received))
		}
	}
}

func packed(t testing.TB, coding, text string) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zlib":
		w = zlib.NewWriter(&b)
	case "flate":
		w, _ = flate.NewWriter(&b, 6)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return b.String()
}

func TestLeaks(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	exchangeURL := subject + "/rsconnect/__api__/v1/oauth/integrations/credentials"
	reply := func(body string) string { return ok + "\r\n" + body }
	for _, c := range []struct {
		name, method, url, received string
		want                        []string
	}{
		{"none", "GET", subject + "/", reply(`{}`), nil},
		{"refresh in body", "GET", subject + "/", reply(refresh), []string{"refresh_token in body"}},
		{"refresh in cookie", "GET", subject + "/", ok + "Set-Cookie: a=" + refresh + "\r\n\r\n", []string{"refresh_token in header Set-Cookie"}},
		{"base64 in cookie", "GET", subject + "/", ok + "Set-Cookie: a=" + base64.URLEncoding.EncodeToString([]byte(`{"t":"`+refresh+`"}`)) + "\r\n\r\n", []string{"refresh_token in header Set-Cookie (base64)"}},
		{"reason", "GET", subject + "/", "HTTP/1.1 200 " + secret + "\r\n\r\n", []string{"client_secret in status line"}},
		{"header name", "GET", subject + "/", ok + refresh + ": 1\r\n\r\n", []string{"refresh_token in head"}},
		{"folded", "GET", subject + "/", ok + "A: b\r\n " + refresh + "\r\n\r\n", []string{"refresh_token in head"}},
		{"interim", "GET", subject + "/", "HTTP/1.1 103 Early Hints\r\nLink: " + refresh + "\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", []string{"refresh_token in header Link"}},
		{"trailer", "GET", subject + "/", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: " + secret + "\r\n\r\n", []string{"client_secret in trailer"}},
		{"chunk extension", "GET", subject + "/", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=" + refresh + "\r\nx\r\n0\r\n\r\n", []string{"refresh_token in chunk framing"}},
		{"split by chunks", "GET", subject + "/", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + refresh[:5] + "\r\n22\r\n" + refresh[5:] + "\r\n0\r\n\r\n", []string{"refresh_token in body"}},
		{"after the body", "GET", subject + "/", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + refresh, []string{"refresh_token in trailer"}},
		{"gzip", "GET", subject + "/", ok + "Content-Encoding: gzip\r\n\r\n" + packed(t, "gzip", refresh), []string{"refresh_token in body (gzip)"}},
		{"deflate", "GET", subject + "/", ok + "Content-Encoding: deflate\r\n\r\n" + packed(t, "zlib", refresh), []string{"refresh_token in body (deflate)"}},
		{"bare deflate", "GET", subject + "/", ok + "Content-Encoding: deflate\r\n\r\n" + packed(t, "flate", refresh), []string{"refresh_token in body (deflate)"}},
		{"gzip that is none", "GET", subject + "/", ok + "Content-Encoding: gzip\r\n\r\n" + refresh, []string{"refresh_token in body"}},
		{"gzip undeclared", "GET", subject + "/", reply(packed(t, "gzip", refresh)), []string{"refresh_token in body (gzip)"}},
		{"not HTTP", "GET", subject + "/", refresh, []string{"refresh_token in status line"}},
		{"access in exchange", "POST", exchangeURL, reply(`{"access_token":"` + access + `"}`), nil},
		{"access in exchange's head", "POST", exchangeURL, ok + "X: " + access + "\r\n\r\n", []string{"access_token in header X"}},
		{"access in failed exchange", "POST", exchangeURL, "HTTP/1.1 400 Bad Request\r\n\r\n" + access, []string{"access_token in body"}},
		{"refresh in exchange", "POST", exchangeURL, reply(`{"r":"` + refresh + `"}`), []string{"refresh_token in body"}},
		{"access elsewhere", "GET", exchangeURL, reply(access), []string{"access_token in body"}},
		{"code to the subject", "GET", subject + "/cb?code=" + code, reply(`{}`), nil},
		{"code from the subject", "GET", subject + "/cb", ok + "Location: /x?code=" + code + "\r\n\r\n", []string{"authorization_code in header Location"}},
		{"provider", "GET", "http://127.0.0.2:9/authorize", "HTTP/1.1 302 Found\r\nLocation: /cb?code=" + code + "\r\n\r\n" + refresh, nil},
		{"login server", "GET", subject + "/auth/login?url=/x", reply(code), nil},
		{"gate", "GET", subject + "/cb?code=" + code, "HTTP/1.1 307 Temporary Redirect\r\nLocation: " + subject + "/auth/login?url=%2Fcb%3Fcode%3D" + code + "\r\n\r\n", nil},
		{"gate with more", "GET", subject + "/cb", "HTTP/1.1 307 Temporary Redirect\r\nLocation: /auth/login?url=" + refresh + "\r\n\r\n", []string{"refresh_token in header Location"}},
	} {
		r := transcript.New(transcript.Options{Provider: []string{"http://127.0.0.2:9"}, LoginPath: "/auth/"})
		record(t, r, c.method, c.url, "", c.received, nil)
		var got []string
		for _, l := range r.Leaks() {
			text, _, _ := strings.Cut(l.String(), " of exchange")
			got = append(got, text)
			if strings.Contains(l.String(), random) {
				t.Errorf("%s: the text of the leak contains the secret: %s", c.name, l)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestLeaksOfReportsAndOtherDoors(t *testing.T) {
	t.Parallel()
	r := transcript.New(transcript.Options{})
	x := get(t, r, "/content/", "HTTP/1.1 200 OK\r\n\r\n{}")
	r.Report(x, []transcript.Sighting{
		{Kind: "refresh_token", Where: "header X of result 0"},
		{Kind: "refresh_token", Where: refresh},
	})
	r.Add(transcript.Exchange{Door: transcript.DoorClient, Method: "GET", URL: subject + "/page", Status: 200, ResponseBody: []byte("<p>" + refresh)})
	leaks := r.Leaks()
	if len(leaks) != 3 || r.Len() != 2 {
		t.Fatalf("got %v", leaks)
	}
	if got, want := leaks[0].String(), "refresh_token in the content's report: header X of result 0 of exchange 1, GET http://127.0.0.1:20017/content/"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if strings.Contains(fmt.Sprint(leaks), random) {
		t.Errorf("the texts of the leaks contain the secret: %v", leaks)
	}
}

func TestLogSeek(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1<<20-20)
	for _, c := range []struct {
		name, log string
		want      []transcript.Sighting
	}{
		{"empty", "", nil},
		{"clean", "one\ntwo\n", nil},
		{"second", "one\ntwo " + refresh + "\nthree", []transcript.Sighting{{Kind: "refresh_token", Where: "line 2", Encoding: "raw"}}},
		{"no end of line", "one\n" + secret, []transcript.Sighting{{Kind: "client_secret", Where: "line 2", Encoding: "raw"}}},
		{"far down", strings.Repeat("some words of a log\n", 100000) + "x " + refresh + "\n", []transcript.Sighting{{Kind: "refresh_token", Where: "line 100001", Encoding: "raw"}}},
		{"across pieces", "\n" + long + refresh + long + "\n", []transcript.Sighting{{Kind: "refresh_token", Where: "line 2", Encoding: "raw"}}},
	} {
		got, err := transcript.SearchLines(strings.NewReader(c.log), transcript.AllKinds)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	if _, err := transcript.SearchLines(failing{}, transcript.AllKinds); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v, want the reader's error", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestLargeBodies(t *testing.T) {
	t.Parallel()
	r := transcript.New(transcript.Options{})
	x := get(t, r, "/big", "HTTP/1.1 200 OK\r\nX: y\r\n\r\n"+strings.Repeat("x", 1<<20)+refresh)
	if len(r.Leaks()) != 1 {
		t.Error("the mark at the end of a large body was not found")
	}
	if len(x.ResponseBody) != 64<<10 || cap(x.ResponseHead) > 1<<10 || string(x.ResponseHead) != "HTTP/1.1 200 OK\r\nX: y\r\n\r\n" {
		t.Errorf("kept %d octets of body and %d of head %q", len(x.ResponseBody), cap(x.ResponseHead), x.ResponseHead)
	}
}

// A recorder keeps 64 KiB of a body, and less of it when it holds many exchanges.
func TestRecorderKeepsABoundedAmountInAll(t *testing.T) {
	t.Parallel()
	r := transcript.New(transcript.Options{})
	reply := "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", 100<<10) + refresh
	const exchanges = 400
	for range exchanges {
		get(t, r, "/big", reply)
	}
	kept := 0
	for _, x := range r.Exchanges() {
		kept += cap(x.RequestHead) + cap(x.ResponseHead) + cap(x.ResponseBody)
		if !x.Cut || x.Received != len(reply) || !strings.HasPrefix(reply, string(x.ResponseHead)+string(x.ResponseBody)) {
			t.Fatalf("exchange %d: cut %v, received %d, want true and %d, and the start of the reply", x.Seq, x.Cut, x.Received, len(reply))
		}
	}
	first, last := r.Exchanges()[0], r.Exchanges()[exchanges-1]
	if len(first.ResponseBody) != 64<<10 || len(last.ResponseBody) != 4<<10 || kept > 12<<20 {
		t.Errorf("kept %d octets of the first body, %d of the last, %d in all", len(first.ResponseBody), len(last.ResponseBody), kept)
	}
	if got := len(r.Leaks()); got != exchanges {
		t.Errorf("%d leaks in the octets that are not kept, want %d", got, exchanges)
	}
}

func BenchmarkLogSeek(b *testing.B) {
	log := strings.Repeat(`time=2026-11-22T01:45:48Z level=INFO msg=request method=GET path=/__api__/v1/user status=200 id=7b0c`+"\n", 50000)
	b.SetBytes(int64(len(log)))
	for b.Loop() {
		if found, err := transcript.SearchLines(strings.NewReader(log), transcript.AllKinds); found != nil || err != nil {
			b.Fatal(found, err)
		}
	}
}

func TestRecorderIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	r := transcript.New(transcript.Options{})
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			get(t, r, fmt.Sprintf("/content/%d", i), "HTTP/1.1 200 OK\r\n\r\n"+refresh)
			r.ShowNames("x")
			_ = r.Leaks()
			_ = r.Write(io.Discard)
		})
	}
	group.Wait()
	if got := len(r.Leaks()); got != 50 {
		t.Errorf("got %d leaks, want 50", got)
	}
	for i, x := range r.Exchanges() {
		if x.Seq != i+1 {
			t.Fatalf("exchange %d has number %d", i, x.Seq)
		}
	}
}

func TestLateOctetsBelongToTheNextExchange(t *testing.T) {
	t.Parallel()
	r := transcript.New(transcript.Options{})
	conn := transcript.Wrap(&wire{in: strings.NewReader("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n")})
	first := r.Begin(transcript.DoorClient, "", "GET", subject)
	first.Use(conn)
	_, _ = io.ReadFull(conn, make([]byte, 27))
	second := r.Begin(transcript.DoorClient, "", "GET", subject)
	second.Use(conn)
	_, _ = io.ReadAll(conn)
	if a, b := first.End(nil).Status, second.End(nil).Status; a != 204 || b != 404 {
		t.Errorf("got %d and %d, want 204 and 404", a, b)
	}
}

// A hook is a connection whose Write calls a function and sends a number of octets less.
type hook struct {
	net.Conn
	do   func()
	less int
}

func (h hook) Write(p []byte) (int, error) {
	h.do()
	if h.less > 0 {
		return len(p) - h.less, io.ErrShortWrite
	}
	return len(p), nil
}

// TestARequestIsRecordedBeforeItIsSent checks that an exchange that ends while its request is being
// written has recorded the request, and that octets that were not sent are not recorded.
func TestARequestIsRecordedBeforeItIsSent(t *testing.T) {
	t.Parallel()
	const head = "GET / HTTP/1.1\r\n\r\n"
	r := transcript.New(transcript.Options{})
	early := r.Begin(transcript.DoorClient, "", "GET", subject)
	var ended *transcript.Exchange
	conn := transcript.Wrap(hook{do: func() { ended = early.End(nil) }})
	early.Use(conn)
	_, _ = conn.Write([]byte(head))
	if got := string(ended.RequestHead); got != head {
		t.Errorf("the request of an exchange that ended while it was sent is %q, want %q", got, head)
	}
	short := r.Begin(transcript.DoorClient, "", "GET", subject)
	conn = transcript.Wrap(hook{do: func() {}, less: 4})
	short.Use(conn)
	_, _ = conn.Write([]byte(head))
	if got := string(short.End(nil).RequestHead); got != head[:len(head)-4] {
		t.Errorf("the request of a short write is %q, want %q", got, head[:len(head)-4])
	}
}

func BenchmarkExchange(b *testing.B) {
	reply := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 311\r\nSet-Cookie: rsconnect=MTcz; Path=/; HttpOnly\r\n\r\n" +
		strings.Repeat(`{"guid":"0b7d"}`, 21)[:311]
	r := transcript.New(transcript.Options{})
	b.ReportAllocs()
	b.SetBytes(int64(len(reply)))
	for i := 0; b.Loop(); i++ {
		if i%1000 == 0 {
			r = transcript.New(transcript.Options{})
		}
		get(b, r, "/__api__/v1/user", reply)
	}
}
