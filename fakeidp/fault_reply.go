package fakeidp

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/fakeidp/control"
)

// change returns the reply that the client is to receive. The beginning of a flood and the bytes that are kept of a
// body are the matter of send.
func (f *fault) change(rep reply) reply {
	rep.header = maps.Clone(rep.header)
	switch {
	case f.Redirect != "":
		rep = reply{status: http.StatusFound, header: http.Header{"Location": {f.Redirect}}}
	case f.Body != nil:
		rep = reply{status: http.StatusOK, header: http.Header{"Content-Type": {jsonType}}, body: []byte(*f.Body)}
	case f.FloodBytes > 0:
		rep = reply{status: http.StatusOK, header: http.Header{"Content-Type": {jsonType}}, body: []byte(`{"padding":"`)}
	}
	if f.Members != nil {
		rep.body = editMembers(rep.body, *f.Members)
	}
	if f.Parameters != nil {
		rep.header.Set("Location", editParameters(rep.header.Get("Location"), *f.Parameters))
	}
	if f.Prepend+f.Append != "" {
		rep.body = slices.Concat([]byte(f.Prepend), rep.body, []byte(f.Append))
	}
	if f.Status != 0 {
		rep.status = f.Status
	}
	if f.MediaType != "" {
		if rep.header == nil {
			rep.header = http.Header{}
		}
		rep.header.Set("Content-Type", f.MediaType)
	}
	return rep
}

// A field is a name with its value, in the order of a reply.
type field[V any] struct {
	name  string
	value V
}

// edit changes a list of fields.
func edit[V any](fields []field[V], e control.Edit[V]) []field[V] {
	var out []field[V]
	set := maps.Clone(e.Set)
	for _, f := range fields {
		if slices.Contains(e.Remove, f.name) {
			continue
		}
		if v, ok := set[f.name]; ok {
			f.value = v
			delete(set, f.name)
		}
		out = append(out, f)
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		out = append(out, field[V]{name, set[name]})
	}
	for _, f := range slices.Clone(out) {
		if slices.Contains(e.Repeat, f.name) {
			out = append(out, f)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Add)) {
		out = append(out, field[V]{name, e.Add[name]})
	}
	return out
}

// editMembers changes the members of a JSON object. It keeps the text of values, such as 3.6e3.
func editMembers(body []byte, e control.Edit[json.RawMessage]) []byte {
	var fields []field[json.RawMessage]
	dec := json.NewDecoder(bytes.NewReader(body))
	_, _ = dec.Token() // the brace; the provider encoded the body itself, so that there are no errors
	for dec.More() {
		name, _ := dec.Token()
		var value json.RawMessage
		_ = dec.Decode(&value)
		fields = append(fields, field[json.RawMessage]{name.(string), value})
	}
	out := []byte{'{'}
	for i, f := range edit(fields, e) {
		if i > 0 {
			out = append(out, ',')
		}
		name, _ := json.Marshal(f.name)
		out = append(append(append(out, name...), ':'), f.value...)
	}
	return append(out, "}\n"...)
}

// editParameters changes the query of the URL to which the browser is redirected.
func editParameters(location string, e control.Edit[string]) string {
	base, query, _ := strings.Cut(location, "?")
	var fields []field[string]
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, _ = url.QueryUnescape(name)
		value, _ = url.QueryUnescape(value)
		fields = append(fields, field[string]{name, value})
	}
	var out []string
	for _, f := range edit(fields, e) {
		out = append(out, url.QueryEscape(f.name)+"="+url.QueryEscape(f.value))
	}
	return base + "?" + strings.Join(out, "&")
}

// sentStatus returns the status that the client receives; 0 means that the connection is closed without a reply.
func (f *fault) sentStatus(rep reply) int {
	if f.Drop != "" && f.KeepBytes == nil {
		return 0
	}
	return rep.status
}

// send sends the reply in the way of the fault.
func (f *fault) send(w http.ResponseWriter, r *http.Request, rep reply, released <-chan struct{}) {
	if f.sentStatus(rep) == 0 {
		f.drop(w)
		return
	}
	limitSending(w)
	h := w.Header()
	rep.setHeader(h)
	for name, value := range f.Header {
		if value == nil {
			h[http.CanonicalHeaderKey(name)] = nil // also prevents net/http from adding its own
		} else {
			h.Set(name, *value)
		}
	}
	if f.FloodBytes == 0 && rep.status != http.StatusNoContent && rep.status != http.StatusNotModified {
		h.Set("Content-Length", strconv.Itoa(f.declaredLength(rep.body)))
	}
	w.WriteHeader(rep.status)
	out := f.slowly(w, r, released)
	_, _ = out.Write(f.kept(rep.body)) // the client may have disconnected
	if f.FloodBytes > 0 {
		_, _ = io.CopyN(out, filler{}, int64(f.FloodBytes))
	}
	if f.Drop != "" {
		_ = http.NewResponseController(w).Flush()
		f.drop(w)
	}
}

// kept returns the part of the body that is sent.
func (f *fault) kept(body []byte) []byte {
	if f.KeepBytes == nil {
		return body
	}
	return body[:min(*f.KeepBytes, len(body))]
}

// declaredLength returns the Content-Length: that of the whole body if the connection is to close within it.
func (f *fault) declaredLength(body []byte) int {
	if f.Drop != "" {
		return len(body)
	}
	return len(f.kept(body))
}

// drop closes the connection. A handler that was given no connection, as in a test, is aborted.
func (f *fault) drop(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // net/http closes the connection and logs nothing
	}
	if tcp, ok := conn.(*net.TCPConn); ok && f.Drop == control.DropReset {
		_ = tcp.SetLinger(0) // the next close sends a reset
	}
	_ = conn.Close()
}

// A filler is an endless text.
type filler struct{}

func (filler) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// wait waits for the delay of the fault. It returns earlier if the client disconnects or the faults are replaced.
func (f *fault) wait(w http.ResponseWriter, r *http.Request, released <-chan struct{}) {
	if f.DelayMS > 0 {
		// Without this, net/http would report the expiry of the deadline as a client that disconnects.
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		pause(r, time.Duration(f.DelayMS)*time.Millisecond, released)
	}
}

// pause waits and reports whether the whole time has passed.
func pause(r *http.Request, d time.Duration, released <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-released:
	}
	return false
}

// slowly returns the writer of the body. Each write has a deadline, and with a trickle there is one for each part.
func (f *fault) slowly(w http.ResponseWriter, r *http.Request, released <-chan struct{}) io.Writer {
	s := &slowWriter{w: w, control: http.NewResponseController(w), part: 32 << 10}
	if f.Trickle != nil {
		_ = s.control.SetReadDeadline(time.Time{})
		s.part, s.wait = f.Trickle.Bytes, func() {
			_ = s.control.Flush()
			pause(r, time.Duration(f.Trickle.EveryMS)*time.Millisecond, released)
		}
	}
	return s
}

// A slowWriter writes parts and waits before each of them.
type slowWriter struct {
	w       io.Writer
	control *http.ResponseController
	part    int
	wait    func() // nil: no waiting
}

func (s *slowWriter) Write(text []byte) (int, error) {
	for part := range slices.Chunk(text, s.part) {
		if s.wait != nil {
			s.wait()
		}
		_ = s.control.SetWriteDeadline(time.Now().Add(sendTime))
		if _, err := s.w.Write(part); err != nil {
			return 0, err
		}
	}
	return len(text), nil
}
