package driver

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"countersign/steps/plan"
	"countersign/steps/transcript"
)

func startHTTP2(t *testing.T, unencrypted bool, h http.HandlerFunc) *Persona {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(unencrypted)
	s.Start()
	t.Cleanup(s.Close)
	subject, err := NewSubject(s.URL+"/", "", plan.Nginx)
	if err != nil {
		t.Fatal(err)
	}
	return NewPersona(subject, "client", Identity{}, plan.HeaderNames{}, transcript.New(transcript.Options{}))
}

func fieldsOf(method string) []HeaderLine {
	return []HeaderLine{{":method", method}, {":scheme", "http"}, {":authority", "connect.example"}, {":path", "/a%2Fb?c"}, {"cookie", "a=1"}, {"cookie", "b=2"}}
}

func TestHTTP2SendsFieldsBodyAndTrailer(t *testing.T) {
	t.Parallel()
	p := startHTTP2(t, true, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", r.Proto+" "+r.RequestURI+" "+r.Host+" "+r.Header.Get("Cookie")+" "+string(body)+" "+r.Trailer.Get("X-Late"))
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "short and stout")
	})
	q := HTTP2Request{Fields: append(fieldsOf("POST"), HeaderLine{"trailer", "X-Late"}), Body: []byte("body"), Trailer: []HeaderLine{{"x-late", "1"}}}
	reply, err := p.HTTP2(t.Context(), p.subject.Public, q)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := reply.Header.Get("X-Seen"), "HTTP/2.0 /a%2Fb?c connect.example a=1; b=2 body 1"; got != want {
		t.Errorf("the server has seen %q, want %q", got, want)
	}
	if reply.Status != http.StatusTeapot || string(reply.Body) != "short and stout" || reply.Exchange.Status != reply.Status {
		t.Errorf("got %d %q, recorded %d", reply.Status, reply.Body, reply.Exchange.Status)
	}
}

func TestHTTP2ReportsARefusalAndAnotherProtocol(t *testing.T) {
	t.Parallel()
	answer := func(w http.ResponseWriter, _ *http.Request) {}
	p := startHTTP2(t, true, answer)
	if reply, err := p.HTTP2(t.Context(), p.subject.Public, HTTP2Request{Fields: append(fieldsOf("GET"), HeaderLine{"Upper-Case", "1"})}); err != nil || reply.Is(2) {
		t.Errorf("a malformed request: %v, %v, want a refusal", reply.Summary(), err)
	}
	p = startHTTP2(t, false, answer)
	if reply, err := p.HTTP2(t.Context(), p.subject.Public, HTTP2Request{Fields: fieldsOf("GET")}); !errors.Is(err, ErrNoHTTP2) {
		t.Errorf("a server without HTTP/2: %v, %v, want ErrNoHTTP2", reply.Summary(), err)
	}
}
