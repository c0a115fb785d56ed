package framing_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"countersign/reference/internal/framing"
)

// serve serves h and returns the address.
func serve(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	l, err := framing.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, l, h)
}

func serveOn(t testing.TB, l net.Listener, h http.HandlerFunc) string {
	t.Helper()
	server := &http.Server{Handler: h, ConnState: framing.ConnState, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Close()
		<-ended
	})
	return l.Addr().String()
}

// echo replies with the method, a header and the body of a request.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	fmt.Fprintf(w, "%s %q %s", r.Method, r.Header.Get("X"), body)
}

func dial(t *testing.T, address, request string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	return conn, bufio.NewReader(conn)
}

const (
	head   = "POST / HTTP/1.1\r\nHost: x\r\n"
	length = "Content-Length: 3\r\n"
	chunks = "Transfer-Encoding: chunked\r\n"
)

// replies reads n replies and returns their statuses and bodies.
func replies(t *testing.T, in *bufio.Reader, n int) string {
	t.Helper()
	var all []string
	for range n {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("after %q: %v", all, err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		all = append(all, fmt.Sprintf("%d %s", res.StatusCode, body))
	}
	return strings.Join(all, "|")
}

func TestRefused(t *testing.T) {
	t.Parallel()
	address := serve(t, echo)
	for name, request := range map[string]string{
		"length first":        head + length + chunks + "\r\n3\r\nabc\r\n0\r\n\r\n",
		"length last":         head + chunks + "X: a\r\n" + length + "\r\n3\r\nabc\r\n0\r\n\r\n",
		"length zero":         head + chunks + "Content-Length: 0\r\n\r\n0\r\n\r\n",
		"other case":          head + "cONTENT-lENGTH: 3\r\n" + "TRANSFER-ENCODING: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"HTTP/1.0":            "POST / HTTP/1.0\r\n" + length + chunks + "\r\nabc",
		"folded":              head + "X: vic\r\n admin\r\n\r\n",
		"folded with tab":     head + "X: vic\r\n\tadmin\r\n\r\n",
		"folded, bare LF":     head + "X: vic\n admin\r\n\r\n",
		"folded to nothing":   head + "X: vic\r\n \r\n\r\n",
		"folded after 100000": head + "X: " + strings.Repeat("a", 100000) + "\r\n b\r\n\r\n",
		"folded length":       head + "Content-Length:\r\n 3\r\n\r\nabc",
		"folded first line":   "GET / HTTP/1.1\r\n Host: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, in := dial(t, address, request)
			if got := replies(t, in, 1); !strings.HasPrefix(got, "400 ") {
				t.Errorf("got %s, want 400", got)
			}
			if rest, _ := io.ReadAll(in); len(rest) > 0 { // the connection may be reset
				t.Errorf("the connection goes on: %q", rest)
			}
		})
	}
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	address := serve(t, echo)
	for _, tt := range []struct{ name, request, want string }{
		{"length", head + length + "\r\nabc", `200 POST "" abc`},
		{"chunks", head + chunks + "\r\n3;a=b\r\nabc\r\nA \r\n0123456789\r\n0\r\n\r\n", `200 POST "" abc0123456789`},
		{"bare LF", "POST / HTTP/1.1\nHost: x\nContent-Length: 3\n\nabc", `200 POST "" abc`},
		{"names alike", head + length + "Transfer-Encodings: x\r\nXTransfer-Encoding: x\r\nContent-Length-X: 1\r\n\r\nabc", `200 POST "" abc`},
		{"names in a value", head + length + "X: Transfer-Encoding: chunked\r\n\r\nabc", `200 POST "Transfer-Encoding: chunked" abc`},
		{"body like a head", head + "Content-Length: 29\r\n\r\nGET / HTTP/1.1\r\nA: b\r\n folded", "200 POST \"\" GET / HTTP/1.1\r\nA: b\r\n folded"},
		{"chunk like a head", head + chunks + "\r\n1d\r\nGET / HTTP/1.1\r\nA: b\r\n folded\r\n0\r\n\r\n", "200 POST \"\" GET / HTTP/1.1\r\nA: b\r\n folded"},
		{"trailer", head + chunks + "\r\n3\r\nabc\r\n0\r\nContent-Length: 3\r\n\r\n", `200 POST "" abc`},
		{"equal lengths", head + length + length + "\r\nabc", `200 POST "" abc`},
		{"HTTP/1.0 with an encoding that has no effect", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n" + chunks + "\r\n", `200 GET "" `},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			// The request, one more after an empty line, and one that is refused: the follower is at the right place.
			again := "\r\nGET / HTTP/1.1\r\nHost: x\r\nX: a\r\n\r\n"
			want := tt.want + `|200 GET "a" |400 400 Bad Request`
			if !strings.HasPrefix(tt.request, "POST") {
				again = strings.TrimPrefix(again, "\r\n") // net/http skips empty lines after POST only
			}
			_, in := dial(t, address, tt.request+again+"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n")
			if got := replies(t, in, 3); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// Malformed chunks end the connection, and nothing after them is a request.
func TestMalformedChunks(t *testing.T) {
	t.Parallel()
	address := serve(t, echo)
	for _, body := range []string{
		"3\nabc\r\n0\r\n\r\n", "3 ;a\r\nabc\r\n0\r\n\r\n", ";a\r\n\r\n", "3;a\nabc\r\n0\r\n\r\n", "3\rx\nabc\r\n", "3\r\nabcd\r\n0\r\n\r\n",
		"3\r\nabc\rx0\r\n\r\n", "00000000000000003\r\nabc\r\n0\r\n\r\n", "g\r\n", "\r\n", "3\r\nabc\r\n0\r\nX: a\r\n b\r\n\r\n",
	} {
		t.Run(fmt.Sprintf("%q", body), func(t *testing.T) {
			t.Parallel()
			_, in := dial(t, address, head+chunks+"\r\n"+body+"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			if rest, err := io.ReadAll(in); err == nil && strings.Contains(string(rest), "200 OK") {
				t.Errorf("answered: %q", rest)
			}
		})
	}
}

// After an upgrade the server receives all bytes.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, buffer, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n") //nolint:errcheck // a test
		io.Copy(conn, buffer)                                                                                    //nolint:errcheck // a test
	})
	conn, in := dial(t, address, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	if res, err := http.ReadResponse(in, nil); err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v, %v", res, err)
	}
	text := strings.Repeat("GET / HTTP/1.1\r\nA: b\r\n folded\r\nContent-Length: 1\r\nTransfer-Encoding: x\r\n\r\n", 100)
	go func() {
		io.WriteString(conn, text)       //nolint:errcheck // a test
		conn.(*net.TCPConn).CloseWrite() //nolint:errcheck // a test
	}()
	if got, err := io.ReadAll(in); err != nil || string(got) != text {
		t.Errorf("%d bytes came back, want %d; %v", len(got), len(text), err)
	}
}

// BenchmarkUpload compares an upload of 64 MiB with one to a listener of package net.
func BenchmarkUpload(b *testing.B) {
	const size = 64 << 20
	discard := func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) } //nolint:errcheck // a benchmark
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	for name, address := range map[string]string{"followed": serve(b, discard), "plain": serveOn(b, plain, discard)} {
		for kind, length := range map[string]int64{"length": size, "chunks": -1} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				b.SetBytes(size)
				for b.Loop() {
					req, err := http.NewRequest("POST", "http://"+address, io.LimitReader(zeros{}, size)) //nolint:noctx // a benchmark
					if err != nil {
						b.Fatal(err)
					}
					req.ContentLength = length
					res, err := http.DefaultClient.Do(req)
					if err != nil {
						b.Fatal(err)
					}
					res.Body.Close()
				}
			})
		}
	}
}

// zeros is an endless reader.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
