package web_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// bareUser is encoded by the bare handler. It has the members of the reply of the server.
type bareUser struct {
	GUID       string  `json:"guid"`
	Username   string  `json:"username"`
	FirstName  string  `json:"first_name"`
	LastName   string  `json:"last_name"`
	Email      string  `json:"email"`
	Role       string  `json:"user_role"`
	Created    string  `json:"created_time"`
	Updated    string  `json:"updated_time"`
	Active     *string `json:"active_time"`
	Confirmed  bool    `json:"confirmed"`
	Locked     bool    `json:"locked"`
	ExternalID string  `json:"external_id,omitempty"`
}

// BenchmarkHeaderAuthenticated compares a request that is authenticated by header within a session with a bare
// net/http handler that encodes the same reply. The metric of-bare is the ratio of their throughputs; its budgets are
// 0.4 with one client and 0.25 with sixteen. The two alternate, so that the load of the machine affects both. The
// clients write and read raw bytes, because the cost of a client counts for both and would hide the cost of the
// server. ns/op is that of the server.
func BenchmarkHeaderAuthenticated(b *testing.B) {
	s := newSite(b, proxied)
	ada := s.signIn("ada")
	answer := ada.get("__api__/v1/user").want(200, 0).Body
	var user bareUser
	strict := json.NewDecoder(strings.NewReader(answer))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&user); err != nil {
		b.Fatalf("the answer has other members: %v in %s", err, answer)
	}
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		body, err := json.Marshal(user)
		if err != nil {
			b.Error(err)
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Write(body) //nolint:errcheck // a benchmark
	}))
	b.Cleanup(bare.Close)
	request := func(path string) []byte {
		return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: localhost\r\nX-Auth-Username: ada\r\nCookie: rsconnect=%s; RSC-XSRF=%s\r\nAccept: application/json\r\n\r\n",
			path, ada.cookie("rsconnect"), ada.cookie("RSC-XSRF"))
	}
	targets := [2]benchTarget{
		{bare.URL, request("/"), len(answer)},
		{strings.TrimSuffix(s.url, "/"), request("/__api__/v1/user"), len(answer)},
	}
	for _, clients := range []int{1, 16} {
		b.Run("clients="+strconv.Itoa(clients), func(b *testing.B) { compare(b, targets, clients) })
	}
}

// A benchTarget is a server, a request and the length of its reply.
type benchTarget struct {
	url     string
	request []byte
	answer  int
}

// compare sends b.N requests to each of two targets, alternately.
func compare(b *testing.B, targets [2]benchTarget, clients int) {
	var conns [2][]*benchClient
	for i, t := range targets {
		for range clients {
			conns[i] = append(conns[i], dialBench(b, t))
		}
	}
	var spent [2]time.Duration
	turn := func(i, n int) {
		var left atomic.Int64
		left.Store(int64(n))
		var all sync.WaitGroup
		begun := time.Now()
		for _, c := range conns[i] {
			all.Go(func() {
				for left.Add(-1) >= 0 {
					if err := c.visit(); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		spent[i] += time.Since(begun)
	}
	const most = 400 // requests to a turn
	b.ResetTimer()
	for done := 0; done < b.N; done += most {
		n := min(most, b.N-done)
		b.StopTimer()
		turn(0, n)
		b.StartTimer()
		turn(1, n)
	}
	b.ReportMetric(spent[0].Seconds()/spent[1].Seconds(), "of-bare")
	b.ReportMetric(float64(b.N)/spent[0].Seconds(), "bare/s")
	b.ReportMetric(float64(b.N)/spent[1].Seconds(), "server/s")
}

// A benchClient is a client with one open connection.
type benchClient struct {
	benchTarget
	conn net.Conn
	in   *bufio.Reader
	body []byte
}

func dialBench(b *testing.B, t benchTarget) *benchClient {
	u, err := url.Parse(t.url)
	if err != nil {
		b.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	return &benchClient{t, conn, bufio.NewReader(conn), make([]byte, t.answer)}
}

// visit sends one request and reads the whole reply. The reply must be the expected one and must not set a cookie,
// because a login for each request would be another benchmark.
func (c *benchClient) visit() error {
	if _, err := c.conn.Write(c.request); err != nil {
		return err
	}
	length := -1
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		switch {
		case err != nil:
			return err
		case first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")), bytes.HasPrefix(line, []byte("Set-Cookie:")):
			return fmt.Errorf("answered %q", line)
		case bytes.HasPrefix(line, []byte("Content-Length: ")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len("Content-Length: "):]))); err != nil {
				return err
			}
		case len(line) == 2:
			if length != c.answer {
				return fmt.Errorf("%d bytes, want %d", length, c.answer)
			}
			_, err := io.ReadFull(c.in, c.body)
			return err
		}
	}
}
