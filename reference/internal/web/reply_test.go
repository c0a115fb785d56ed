package web

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// safeLog is a log that a handler writes while a test reads it.
type safeLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *safeLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *safeLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// serveOne returns the URL and the log of a server with the middleware of Server and one handler.
func serveOne(t *testing.T, handler func(*Server) http.Handler) (string, *safeLog) {
	t.Helper()
	log := &safeLog{}
	s := &Server{Options: Options{Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), BodyTime: DefaultBodyTime}}
	server := httptest.NewUnstartedServer(s.limitBodies(s.wrap(handler(s))))
	server.Config.ErrorLog = slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL + "/__api__/x", log
}

func write(w http.ResponseWriter, text string) { io.WriteString(w, text) } //nolint:errcheck // a test

// An error after the reply has begun ends the connection, so that the client does not take the reply for a complete
// one and finds no second reply in it.
func TestErrorAfterReplyBegan(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(w http.ResponseWriter){
		"written":        func(w http.ResponseWriter) { write(w, "first") },
		"header":         func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK) },
		"flushed header": func(w http.ResponseWriter) { http.NewResponseController(w).Flush() },  //nolint:errcheck // a test
		"copied":         func(w http.ResponseWriter) { io.Copy(w, strings.NewReader("first")) }, //nolint:errcheck // a test
		"flushed": func(w http.ResponseWriter) {
			write(w, "first")
			http.NewResponseController(w).Flush() //nolint:errcheck // a test
		},
	} {
		for kind, handler := range map[string]func(*Server) http.Handler{
			"api": func(s *Server) http.Handler {
				return s.api(anyone, func(w http.ResponseWriter, _ *http.Request) error {
					begin(w)
					return errors.New("cause of the failure")
				})
			},
			"page": func(s *Server) http.Handler {
				return s.page(anyone, func(w http.ResponseWriter, _ *http.Request) error {
					begin(w)
					return errForbidden.withCause(errors.New("cause of the failure"))
				})
			},
			"panic": func(*Server) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					begin(w)
					panic("cause of the failure")
				})
			},
		} {
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				url, log := serveOne(t, handler)
				var body []byte
				res, err := http.Get(url) //nolint:noctx // a test
				if err == nil {
					body, err = io.ReadAll(res.Body)
					res.Body.Close()
				}
				if err == nil {
					t.Errorf("the client received a complete reply: %q", body)
				}
				if strings.Contains(string(body), "code") {
					t.Errorf("there is a second reply in the first one: %q", body)
				}
				if !strings.Contains(log.String(), "cause of the failure") {
					t.Errorf("the error is not in the log: %s", log)
				}
			})
		}
	}
}

// An error before the reply has begun is sent to the client. Informational replies do not begin the reply.
func TestErrorBeforeReplyBegan(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]func(*Server) http.Handler{
		"api": func(s *Server) http.Handler {
			return s.api(anyone, func(w http.ResponseWriter, _ *http.Request) error {
				w.WriteHeader(http.StatusEarlyHints)
				return errors.New("cause of the failure")
			})
		},
		"panic": func(*Server) http.Handler {
			return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("cause of the failure") })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, _ := serveOne(t, handler)
			res, err := http.Get(url) //nolint:noctx // a test
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != http.StatusInternalServerError || !strings.Contains(string(body), `"code":1,`) {
				t.Errorf("status %d, %v: %s", res.StatusCode, err, body)
			}
		})
	}
}

// A handler that took the connection over and fails writes nothing to it.
func TestErrorAfterHijack(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	url, log := serveOne(t, func(s *Server) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var hijack error
			defer func() { ended <- hijack }()
			s.api(anyone, func(w http.ResponseWriter, _ *http.Request) error {
				var conn net.Conn
				if conn, _, hijack = http.NewResponseController(w).Hijack(); hijack != nil {
					return nil
				}
				defer conn.Close()
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ntunnel") //nolint:errcheck // a test
				return errors.New("cause of the failure")
			}).ServeHTTP(w, r)
		})
	})
	res, err := http.Get(url) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "tunnel" {
		t.Errorf("body %q, %v", body, err)
	}
	if err := <-ended; err != nil {
		t.Errorf("hijack: %v", err)
	}
	if strings.Contains(log.String(), "hijacked connection") || !strings.Contains(log.String(), "cause of the failure") {
		t.Errorf("the error was written to the connection, or is not in the log: %s", log)
	}
}

// A body over the limit of an endpoint closes the connection, as http.MaxBytesReader does with the writer of net/http.
func TestTooLargeBodyClosesConnection(t *testing.T) {
	t.Parallel()
	url, _ := serveOne(t, func(s *Server) http.Handler {
		return s.api(anyone, func(w http.ResponseWriter, r *http.Request) error {
			var v any
			return decode(w, r, &v)
		})
	})
	res, err := http.Post(url, "application/json", strings.NewReader(`"`+strings.Repeat("x", maxJSONBody)+`"`)) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusBadRequest || !res.Close {
		t.Errorf("status %d, close %t; want 400 and a closed connection", res.StatusCode, res.Close)
	}
}
