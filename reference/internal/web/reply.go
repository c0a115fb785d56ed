package web

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// replyWriter is an http.ResponseWriter that records whether the reply has begun: its status was sent, or the handler
// took the connection over. An error can only be sent to the client before that.
type replyWriter struct {
	http.ResponseWriter
	begun bool
}

// replyBegun reports whether the reply that is written to w has begun.
func replyBegun(w http.ResponseWriter) bool {
	reply, ok := w.(*replyWriter)
	return ok && reply.begun
}

// Unwrap returns the writer of net/http, for http.ResponseController.
func (w *replyWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter. Informational replies precede the reply and do not begin it.
func (w *replyWriter) WriteHeader(status int) {
	w.begun = w.begun || status >= http.StatusOK || status == http.StatusSwitchingProtocols
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *replyWriter) Write(p []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(p)
}

// ReadFrom implements io.ReaderFrom, by which net/http sends files without copying them.
func (w *replyWriter) ReadFrom(src io.Reader) (int64, error) {
	w.begun = true
	return io.Copy(w.ResponseWriter, src)
}

// FlushError sends the reply so far, for http.ResponseController.
func (w *replyWriter) FlushError() error {
	w.begun = true
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Hijack takes the connection over, for http.ResponseController.
func (w *replyWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffer, err := http.NewResponseController(w.ResponseWriter).Hijack()
	w.begun = w.begun || err == nil
	return conn, buffer, err
}

// maxBytes returns the body with a limit of its size. After a larger body the connection is closed, for which
// http.MaxBytesReader needs the writer of net/http.
func maxBytes(w http.ResponseWriter, body io.ReadCloser, limit int64) io.ReadCloser {
	if reply, ok := w.(*replyWriter); ok {
		w = reply.ResponseWriter
	}
	return http.MaxBytesReader(w, body, limit)
}
