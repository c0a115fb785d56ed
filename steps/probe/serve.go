package probe

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"
)

const (
	maxScript   = 1 << 20
	stopTimeout = 2 * time.Second
)

// Serve listens on the unix socket at path and replies to every request with a report until ctx is
// done. It then shuts down and returns nil.
func Serve(ctx context.Context, path string, environ []string) error {
	listener, err := listen(path)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           Handler(environ),
		ReadHeaderTimeout: callTimeout,
		MaxHeaderBytes:    maxHead,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if server.Shutdown(stop) != nil {
		_ = server.Close() // ends the calls of unfinished visits
	}
	return nil
}

// listen listens on a unix socket. It replaces a socket without a listener, which remains after a
// probe was killed.
func listen(path string) (net.Listener, error) {
	if path == "" {
		return nil, errors.New("PROBE_SOCKET is not set; set it to the path of a unix socket to listen on")
	}
	listener, err := net.Listen("unix", path)
	if errors.Is(err, syscall.EADDRINUSE) && abandoned(path) {
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("remove a socket without a listener: %w", err)
		}
		listener, err = net.Listen("unix", path)
	}
	if err != nil {
		return nil, fmt.Errorf("listen at PROBE_SOCKET: %w", err)
	}
	return listener, nil
}

func abandoned(path string) bool {
	info, err := os.Stat(path)
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return false
	}
	conn, err := net.Dial("unix", path)
	if err == nil {
		conn.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// Handler returns a handler that executes the actions of each request and replies with a report. It
// echoes the messages of WebSockets.
func Handler(environ []string) http.Handler {
	variables := variablesOf(environ)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if wantsWebSocket(r) {
			echo(w, r)
			return
		}
		actions, err := actionsOf(w, r)
		if err != nil {
			answer(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		v := &visit{environ: variables, header: r.Header}
		request := v.requestOf(r)
		v.run(r.Context(), actions)
		for _, cookie := range v.cookies {
			w.Header().Add("Set-Cookie", cookie)
		}
		answer(w, http.StatusOK, v.report(ModeServe, request))
	})
}

func answer(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil { // not possible: reports contain only strings and integers
		http.Error(w, "encode the report", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}

// actionsOf returns the actions of a request: those of its query, or else those of the JSON body of
// a POST request. A POST request with an empty body has none.
func actionsOf(w http.ResponseWriter, r *http.Request) ([]Action, error) {
	if coded := r.URL.Query().Get("probe"); coded != "" {
		text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(coded, "="))
		if err != nil {
			return nil, fmt.Errorf("query parameter probe: not base64url: %w", err)
		}
		var actions []Action
		if err := decode(text, &actions); err != nil {
			return nil, fmt.Errorf("query parameter probe: %w", err)
		}
		return actions, checkActions(actions)
	}
	if r.Method != http.MethodPost {
		return nil, nil
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxScript))
	if err != nil {
		return nil, fmt.Errorf("read the body: %w", err)
	}
	if len(text) == 0 {
		return nil, nil
	}
	return parseScript(text)
}

func parseScript(text []byte) ([]Action, error) {
	var script Script
	if err := decode(text, &script); err != nil {
		return nil, fmt.Errorf("actions: %w", err)
	}
	return script.Actions, checkActions(script.Actions)
}

// decode decodes exactly one JSON value. It refuses unknown members, because a misspelt member
// would silently change an action.
func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one JSON value")
	}
	return nil
}

// requestOf describes the request of the visit and searches it for marks.
func (v *visit) requestOf(r *http.Request) *Request {
	query := withoutProbe(r.URL.RawQuery)
	v.search(AllKinds, []byte(r.URL.Path+"?"+query), "target of the visit's request")
	for name, values := range r.Header {
		for _, value := range values {
			v.search(AllKinds, []byte(value), "header "+name+" of the visit's request")
		}
	}
	headers := shownHeaders(r.Header)
	headers["Host"] = []string{r.Host}
	return &Request{
		Method:  r.Method,
		Path:    shown("path", r.URL.Path),
		Query:   shown("query", query),
		Headers: headers,
	}
}

// withoutProbe removes the actions from a query and keeps the rest unchanged.
func withoutProbe(query string) string {
	if query == "" {
		return ""
	}
	var rest []string
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err != nil || plain != "probe" {
			rest = append(rest, pair)
		}
	}
	return strings.Join(rest, "&")
}

func variablesOf(environ []string) map[string]string {
	variables := make(map[string]string, len(environ))
	for _, pair := range environ {
		if name, value, ok := strings.Cut(pair, "="); ok {
			variables[name] = value
		}
	}
	return variables
}

// Render executes the actions of script, the probe.json of a bundle, and writes the report to out.
func Render(ctx context.Context, script io.Reader, environ []string, out io.Writer) error {
	text, err := io.ReadAll(io.LimitReader(script, maxScript+1))
	if err != nil {
		return fmt.Errorf("read probe.json: %w", err)
	}
	if len(text) > maxScript {
		return fmt.Errorf("probe.json exceeds %d bytes; shorten the actions", maxScript)
	}
	actions, err := parseScript(text)
	if err != nil {
		return fmt.Errorf("probe.json: %w", err)
	}
	v := &visit{environ: variablesOf(environ)}
	v.run(ctx, actions)
	report, err := marshal(v.report(ModeRender, nil))
	if err != nil {
		return err
	}
	_, err = out.Write(report)
	return err
}
