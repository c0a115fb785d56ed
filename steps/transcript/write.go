package transcript

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"time"

	"countersign/steps/probe"
)

// maxWritten bounds the size of a written body.
const maxWritten = 16 << 10

// withheld is written instead of exchanges in which a mark of the provider remains after redaction,
// in an encoding that hidden marks do not have. The outcome of the scenario does not depend on it.
const withheld = "The exchanges are not written, because a secret of the provider remains in them after redaction.\n"

// rawMark matches secrets of the provider, wherever the allow-lists permit text.
var rawMark = regexp.MustCompile(`(?:rt|at|ac|cs)_csn_[A-Za-z0-9_-]+`)

// Write writes the exchanges as text, redacted by the allow-lists.
func (r *Recorder) Write(w io.Writer) error {
	return r.WriteExchanges(w, r.Exchanges())
}

// WriteExchanges writes some of the recorder's exchanges. It hides the secrets of all exchanges.
func (r *Recorder) WriteExchanges(w io.Writer, exchanges []*Exchange) error {
	all := r.Exchanges()
	r.mu.Lock()
	red := r.redactor(all)
	r.mu.Unlock()
	for _, x := range all {
		red.collect(x)
	}
	var page bytes.Buffer
	for _, x := range exchanges {
		red.exchange(&page, x)
	}
	text := rawMark.ReplaceAllString(red.scrub(page.String()), "[redacted]")
	if probe.Search(AllKinds, []byte(text)) != nil {
		text = withheld
	}
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("write transcript: %w", err)
	}
	return nil
}

func (r *redactor) exchange(w *bytes.Buffer, x *Exchange) {
	method := x.Method
	if !methods[method] {
		method = hidden(method)
	}
	fmt.Fprintf(w, "#%d %s as %s: %s %s\n", x.Seq, x.Door, plain(x.Persona), method, r.url(x.URL))
	fmt.Fprintf(w, "   at %s, took %s, %d octets received\n",
		x.Started.UTC().Format("15:04:05.000"), x.Duration.Round(10*time.Microsecond), x.Received)
	r.head(w, "> ", x.RequestHead)
	r.writeBody(w, "> ", x.RequestHead, x.RequestBody)
	r.head(w, "< ", x.ResponseHead)
	r.writeBody(w, "< ", x.ResponseHead, x.ResponseBody)
	if len(x.ResponseTrailer) > 0 {
		fmt.Fprintf(w, "< after the body: %s\n", hidden(string(x.ResponseTrailer)))
	}
	if x.Cut {
		w.WriteString("   only the beginning of the octets sent and received is kept\n")
	}
	if x.Unread != "" {
		w.WriteString("   the body has a content coding that the leak check cannot decode\n")
	}
	if x.Err != nil {
		fmt.Fprintf(w, "   no complete reply: %s\n", Reason(x.Err))
	}
	for _, s := range x.leaks {
		fmt.Fprintf(w, "   LEAK: %s\n", Leak{Sighting: s})
	}
	w.WriteByte('\n')
}

func (r *redactor) head(w *bytes.Buffer, prefix string, head []byte) {
	text := strings.TrimRight(string(head), "\r\n")
	if text == "" {
		return
	}
	name := ""
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		w.WriteString(prefix)
		switch n, value, colon := strings.Cut(line, ":"); {
		case i == 0 || strings.HasPrefix(line, "HTTP/"):
			w.WriteString(r.startLine(line))
		case strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t"): // obs-fold
			w.WriteString("    " + r.header(name, strings.TrimSpace(line)))
		case !colon || !isToken([]byte(n)):
			w.WriteString(hidden(line))
			name = ""
		default:
			name = n
			w.WriteString(n + ": " + r.header(n, strings.TrimSpace(value)))
		}
		w.WriteByte('\n')
	}
}

// startLine returns a request line or a status line, redacted.
func (r *redactor) startLine(line string) string {
	if strings.HasPrefix(line, "HTTP/") {
		status := statusOf([]byte(line))
		version, rest, _ := strings.Cut(line, " ")
		_, phrase, _ := strings.Cut(rest, " ")
		if status == 0 || len(version) != len("HTTP/1.1") {
			return hidden(line)
		}
		return strings.TrimSpace(fmt.Sprintf("%s %03d %s", version, status, reason(status, phrase)))
	}
	parts := strings.Split(line, " ")
	if len(parts) != 3 || !methods[parts[0]] || (parts[2] != "HTTP/1.1" && parts[2] != "HTTP/1.0") {
		return hidden(line)
	}
	return parts[0] + " " + r.url(parts[1]) + " " + parts[2]
}

func (r *redactor) writeBody(w *bytes.Buffer, prefix string, head, body []byte) {
	if len(body) == 0 {
		return
	}
	form := strings.HasPrefix(strings.ToLower(field(head, "Content-Type")), "application/x-www-form-urlencoded")
	text := r.body(body, form)
	if len(text) > maxWritten {
		text = text[:maxWritten] + fmt.Sprintf("\n[%d more bytes]", len(text)-maxWritten)
	}
	w.WriteString(strings.TrimSpace(prefix) + "\n")
	for line := range strings.SplitSeq(text, "\n") {
		w.WriteString(prefix + line + "\n")
	}
}

// Reason describes an error of a door without text from the server. Errors of net/http quote
// malformed replies and URLs.
func Reason(err error) string {
	var public interface{ Public() string }
	var op *net.OpError
	var ue *url.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &public):
		return public.Public()
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		return "timed out"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET):
		return "connection reset by peer"
	case errors.Is(err, syscall.EPIPE):
		return "broken pipe"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the connection was closed before the reply was complete"
	case errors.As(err, &op):
		return op.Op + " on the connection failed"
	case errors.As(err, &ue):
		return "the reply is not HTTP: " + hidden(ue.Err.Error())
	}
	return "the reply is not HTTP: " + hidden(err.Error())
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
