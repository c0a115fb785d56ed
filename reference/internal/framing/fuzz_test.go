package framing

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

// FuzzFollow compares the follower with net/http. Requests that net/http accepts pass, except for those with a folded
// line or with both headers, which do not.
func FuzzFollow(f *testing.F) {
	const head = "POST / HTTP/1.1\r\nHost: x\r\n"
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n", head + "Content-Length: 3\r\n\r\nabc" + head + "\r\n",
		head + "Transfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nA: b\r\n\r\n" + head + "A: b\r\n c\r\n\r\n",
		head + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", head + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
		"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\nGET / HTTP/1.1\r\n\r\n", head + "A: b\r\n \r\n\r\n", head + "A:\tb\n\n\r\n\nGET / HTTP/1.9\n\n",
		head + "Content-Length: 03\r\nContent-Length: 03 \r\n\r\nabcGET / HTTP/1.1\r\n\r\n", "\r\nGET / HTTP/1.1\r\n\r\n",
		head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\nGET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "GET / HTTP/1.1\r\nA: b\r\n\r\r\n\r\n",
		head + "Transfer-Encoding: chunked\r\n\r\nA \r\n0123456789\r\n000\r\n\r\nPUT / HTTP/1.1\r\nContent-Length: 1\r\n\r\n\r\n",
		head + "Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n c\r\n\r\nGET / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		head + "Content-Length : 3\r\n\r\nabc", head + "A: " + strings.Repeat("b", 5000) + "\r\n\r\nGET / HTTP/1.1\r\n\r\n",
		head + "Content-Length: 3\r\n\r\nabc\r\nPOST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\nGET / HTTP/1.1\r\n\r\n",
		head + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
	} {
		for _, step := range []uint8{0, 1, 7} {
			f.Add([]byte(seed), step)
		}
	}
	f.Fuzz(func(t *testing.T, input []byte, step uint8) {
		passed, refused := followAll(t, input, int(step))
		accepted, refusal := acceptedByHTTP(input)
		switch {
		case refused == nil && passed != len(input):
			t.Errorf("%d bytes passed of %d, without an error", passed, len(input))
		case refusal >= 0 && (refused == nil || passed >= refusal):
			t.Errorf("%d bytes passed (%v), but the request that ends at %d is to be refused", passed, refused, refusal)
		case passed < accepted:
			t.Errorf("%d bytes passed (%v), but net/http accepts the requests up to %d", passed, refused, accepted)
		}
	})
}

// followAll follows the input in parts of step bytes; 0 means at once. The follower must not change it.
func followAll(t *testing.T, input []byte, step int) (int, error) {
	t.Helper()
	followed, f, done := bytes.Clone(input), newFollower(), 0
	if step == 0 {
		step = max(1, len(input))
	}
	var err error
	for n := 0; done < len(followed) && err == nil; done += n {
		n, err = f.follow(followed[done:min(done+step, len(followed))])
	}
	if !bytes.Equal(followed, input) {
		t.Error("the input was changed")
	}
	return done, err
}

// acceptedByHTTP returns the length of the requests at the start of the input that net/http accepts and that have
// neither a folded line nor both headers. If the next request has and net/http accepts its head, refusal is the end of
// this head, and otherwise -1.
func acceptedByHTTP(input []byte) (accepted, refusal int) {
	source := bytes.NewReader(input)
	in := bufio.NewReader(source)
	position := func() int { return len(input) - source.Len() - in.Buffered() }
	for method := ""; ; {
		if method == http.MethodPost { // see conn.readRequest in net/http
			start, _ := in.Peek(4)
			in.Discard(len(start) - len(bytes.TrimLeft(start, "\r\n"))) //nolint:errcheck // they were peeked
		}
		start := position()
		req, err := http.ReadRequest(in)
		if err != nil || req.ProtoMajor != 1 {
			return accepted, -1
		}
		for name := range req.Header {
			if strings.Contains(name, " ") { // the server refuses it after ReadRequest
				return accepted, -1
			}
		}
		if ambiguous(input[start:position()]) {
			return accepted, position()
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil || foldedTrailer(input[start:position()], req) {
			return accepted, -1
		}
		accepted, method = position(), req.Method
	}
}

// foldedTrailer reports whether a request has a trailer with a folded line. The follower ends the connection there, as
// net/http does at other errors in a body.
func foldedTrailer(request []byte, req *http.Request) bool {
	return len(req.Trailer) > 0 && (bytes.Contains(request, []byte("\n ")) || bytes.Contains(request, []byte("\n\t")))
}

// ambiguous reports whether a head has a folded line or both headers.
func ambiguous(head []byte) bool {
	names := map[string]bool{}
	for _, line := range bytes.Split(head, []byte("\n"))[1:] {
		if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
			return true
		}
		name, _, _ := bytes.Cut(line, []byte(":"))
		names[strings.ToLower(string(name))] = true
	}
	return names["content-length"] && names["transfer-encoding"]
}

// BenchmarkFollow follows a request of usual size.
func BenchmarkFollow(b *testing.B) {
	request := []byte("GET /__api__/v1/user HTTP/1.1\r\nHost: localhost\r\nX-Auth-Username: ada\r\nCookie: rsconnect=" + strings.Repeat("a", 43) +
		"; RSC-XSRF=" + strings.Repeat("b", 43) + "\r\nAccept: application/json\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n\r\n")
	f := newFollower()
	b.SetBytes(int64(len(request)))
	for b.Loop() {
		if n, err := f.follow(request); err != nil || n != len(request) {
			b.Fatal(n, err)
		}
	}
}
