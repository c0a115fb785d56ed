package execution

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Process is a running program that replies to visits. Callers get it from Runtime.Visit and send visits to Target
// with Transport.
type Process struct {
	Target    *url.URL
	Transport http.RoundTripper
	Execution string // the id of the execution to which visits of this process are bound

	work     Work            // as it was when the process started
	ready    chan struct{}   // closed when it accepts connections or has failed
	err      error           // why it failed; valid after ready
	quitting context.Context // done when the process must stop
	quit     context.CancelFunc

	// Guarded by pool.mu:
	visits  int   // in progress
	last    int64 // pool.clock at the last visit
	hasSlot bool
	retired bool
	grace   time.Duration // for visits in progress when the process is retired
}

func socketTransport(path string) *http.Transport {
	var dialer net.Dialer
	return newTransport(func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "unix", path)
	})
}

// newTransport returns a transport with limits, so that a content process cannot block or flood the server. The body
// of a reply has no limit, because it may be an endless stream.
func newTransport(dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Transport {
	return &http.Transport{
		DialContext:            dial,
		DisableCompression:     true, // replies of content are passed on unchanged
		MaxIdleConns:           16,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        30 * time.Second,
		ResponseHeaderTimeout:  60 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
}
