package fakeidp

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"countersign/fakeidp/control"
)

// Limits of requests and connections.
const (
	maxBody    = 64 << 10         // of every request body, of the protocol and of the management
	maxHeader  = 64 << 10         // of the header of a request
	headerTime = 5 * time.Second  // for sending the header of a request
	bodyTime   = 5 * time.Second  // for sending a body
	sendTime   = 30 * time.Second // for receiving a reply, or a part of one that a fault slows down
	idleTime   = 60 * time.Second // between the requests of a connection
)

// NewServer returns a server for a listener of the provider. h is a [Provider] or the handler that
// [Provider.Management] returns. The server closes connections of clients that do not send the rest of a request or
// do not read the reply.
func NewServer(h http.Handler) *http.Server {
	// There is no ReadTimeout: it would end requests that a fault delays, or that wait for the journal.
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, WriteTimeout: sendTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
	}
}

// limitBody sets the deadline for reading the body of a request. net/http replaces it before the next request of the
// connection.
func limitBody(w http.ResponseWriter, r *http.Request) {
	if r.Body != nil && r.Body != http.NoBody {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)) // a test's recorder has none
	}
}

// limitSending sets the deadline for sending a reply that begins now.
func limitSending(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(sendTime))
}

// guard refuses requests to the management that a web page may have caused. A page can reach a loopback listener by a
// name of its own that resolves to the loopback address (DNS rebinding); the Host header then has that name. A request
// of a page to another origin has an Origin header.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var message string
		switch origins := r.Header.Values("Origin"); {
		case !trusts(r):
			message = fmt.Sprintf("Host: %q is not localhost, a loopback address or the address of the listener", r.Host)
		case len(origins) > 1 || len(origins) == 1 && origins[0] != "http://"+r.Host && origins[0] != "https://"+r.Host:
			message = fmt.Sprintf("Origin: %q is not that of the management, http://%s", origins, r.Host)
		default:
			next.ServeHTTP(w, r)
			return
		}
		writeJSON(w, http.StatusForbidden, control.Failure{Message: message})
	})
}

// trusts reports whether the Host header of a request names the management listener.
func trusts(r *http.Request) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	if ip == nil {
		return false
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ip.IsLoopback() || local != nil && local.IP.Equal(ip)
}
