package web

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// Bounds for the time that a client may take to send a body. They are deadlines of the connection that are set for a
// body only, because a deadline for every request would end streams of content.
const (
	DefaultBodyTime = 15 * time.Second // of Options.BodyTime
	uploadTime      = 2 * time.Minute  // for a bundle, and for a signed body, which may be one
	unreadBodyTime  = 5 * time.Second  // after the reply, for a body that no handler has read completely
)

// noLimit is the limit of bodies of visits, which may be endless streams.
const noLimit = 0

// timedBody is a request body with a limit for the time of reading it. The limit begins with the request, and again
// with the first read, because authentication may take a while. After the body the connection has no deadline,
// because a deadline that expires then would cancel the context of the request.
type timedBody struct {
	io.ReadCloser
	control *http.ResponseController
	unread  time.Duration // for the rest of the body after the handler

	mu      sync.Mutex // a transport may read after the handler has returned
	limit   time.Duration
	started bool
	ended   bool // the body was read completely, or the request has ended
}

// limitBodies bounds the time for sending the body of each request.
func (s *Server) limitBodies(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		body := &timedBody{
			ReadCloser: r.Body, control: http.NewResponseController(w), limit: s.BodyTime, unread: min(s.BodyTime, unreadBodyTime),
		}
		body.setDeadline(s.BodyTime)
		defer body.finish()
		timed := new(http.Request) // net/http inspects the body of the original
		*timed = *r
		timed.Body = body
		next.ServeHTTP(w, timed)
	})
}

// limitBody changes the limit of the body of a request, which no handler has read yet.
func limitBody(r *http.Request, limit time.Duration) {
	b, ok := r.Body.(*timedBody)
	if !ok {
		return // there is no body, or it was already read
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limit = limit
	b.setDeadline(limit)
}

// Read implements io.Reader.
func (b *timedBody) Read(p []byte) (int, error) {
	b.start()
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.end()
	}
	return n, err
}

func (b *timedBody) start() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.started && !b.ended {
		b.started = true
		b.setDeadline(b.limit)
	}
}

func (b *timedBody) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ended {
		b.ended = true
		b.setDeadline(noLimit)
	}
}

// Close implements io.Closer. net/http reads the rest of the body when it is closed.
func (b *timedBody) Close() error {
	b.finish()
	return b.ReadCloser.Close()
}

// finish bounds the time in which net/http reads the rest of the body after the handler.
func (b *timedBody) finish() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ended {
		b.ended = true
		b.setDeadline(b.unread)
	}
}

// setDeadline sets the deadline of the connection.
func (b *timedBody) setDeadline(limit time.Duration) {
	deadline := time.Time{}
	if limit != noLimit {
		deadline = time.Now().Add(limit)
	}
	b.control.SetReadDeadline(deadline) //nolint:errcheck // a test's recorder has none
}
