package probe

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	callTimeout = 5 * time.Second
	maxReply    = 1 << 20
	maxHead     = 64 << 10
)

// withheld replaces a body that contains a mark.
const withheld = "[withheld: a mark of the provider was found in it]"

// A visit is the execution of a list of actions.
type visit struct {
	environ   map[string]string
	header    http.Header // of the request of the visit; nil in a render
	token     string      // access_token of the last exchange
	opened    string      // value of the last open
	results   []Result
	sightings []Sighting
	cookies   []string // values of the Set-Cookie headers of the reply to the visit
}

// actionFuncs maps the kind of an action to the function that executes it.
var actionFuncs = map[string]func(*visit, context.Context, int, Action) Result{
	DoCall:      (*visit).call,
	DoSetCookie: (*visit).setCookie,
	DoSeal:      (*visit).seal,
	DoOpen:      (*visit).open,
}

// checkActions returns an error if the list contains an action that is unknown or incomplete.
func checkActions(actions []Action) error {
	for i, a := range actions {
		if actionFuncs[a.Do] == nil {
			return fmt.Errorf("action %d: unknown do %q; use %q, %q, %q or %q", i, a.Do, DoCall, DoSetCookie, DoSeal, DoOpen)
		}
		if a.As != "" && a.As != AsExchange {
			return fmt.Errorf("action %d: unknown as %q; use %q or leave it out", i, a.As, AsExchange)
		}
		if err := checkSealing(a); err != nil {
			return fmt.Errorf("action %d: %w", i, err)
		}
	}
	return nil
}

// run executes the actions in order. It continues after an action that fails.
func (v *visit) run(ctx context.Context, actions []Action) {
	v.results = make([]Result, 0, len(actions))
	for i, a := range actions {
		v.results = append(v.results, actionFuncs[a.Do](v, ctx, i, a))
	}
}

// report returns the report of a completed visit.
func (v *visit) report(mode string, r *Request) Report {
	environment := make(map[string]string, len(v.environ))
	for name, value := range v.environ {
		environment[name] = shown(name, value)
		v.search(AllKinds, []byte(value), "environment "+name)
	}
	slices.SortFunc(v.sightings, func(a, b Sighting) int {
		return strings.Compare(a.Where+"\x00"+a.Kind, b.Where+"\x00"+b.Kind)
	})
	report := Report{
		Probe: Version, Mode: mode, PID: os.Getpid(), Request: r,
		Environment: environment, Results: v.results, Sightings: v.sightings,
	}
	if report.Sightings == nil {
		report.Sightings = []Sighting{} // an empty array reports that the replies were searched
	}
	return report
}

// search adds a sighting for each kind of mark in data.
func (v *visit) search(kinds Kinds, data []byte, where string) (found bool) {
	for _, f := range Search(kinds, data) {
		found = true
		s := Sighting{Kind: f.Kind.String(), Where: where, Encoding: f.Encoding}
		if !slices.Contains(v.sightings, s) {
			v.sightings = append(v.sightings, s)
		}
	}
	return found
}

// setCookie adds a cookie to the reply to the visit. A render has no reply.
func (v *visit) setCookie(_ context.Context, _ int, a Action) Result {
	if v.header == nil {
		return Result{Error: "set-cookie: a render has no reply for a cookie; use it in a visit"}
	}
	v.cookies = append(v.cookies, a.Cookie)
	return Result{Headers: map[string][]string{"Set-Cookie": {shown("Set-Cookie", a.Cookie)}}}
}

func (v *visit) call(ctx context.Context, index int, a Action) Result {
	req, err := v.request(a)
	if err != nil {
		return Result{Error: err.Error()}
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	reply, err := roundTrip(req.WithContext(ctx))
	v.readHead(reply, index)
	var result Result
	if err != nil {
		result.Error = err.Error()
	}
	if reply.status == 0 {
		return result
	}
	result.Status, result.Headers = reply.status, shownHeaders(reply.header)
	v.readBody(&result, reply.body, index, a.As == AsExchange)
	return result
}

// readHead searches the head of a reply for marks. It searches line by line, so that a sighting can
// name the header.
func (v *visit) readHead(reply *reply, index int) {
	for i, line := range bytes.Split(reply.head, []byte("\n")) {
		where := fmt.Sprintf("status line of result %d", index)
		if name, _, ok := bytes.Cut(line, []byte(":")); ok && i > 0 && headerName(name) {
			where = fmt.Sprintf("header %s of result %d", name, index)
		} else if i > 0 {
			where = fmt.Sprintf("head of result %d", index)
		}
		v.search(AllKinds, line, where)
	}
}

func headerName(name []byte) bool {
	return len(name) > 0 && len(name) <= 64 && Search(AllKinds, name) == nil &&
		!bytes.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' })
}

// readBody records the body of a reply and searches it for marks. Only the member access_token of
// the reply to an exchange may contain the mark of an access token.
func (v *visit) readBody(result *Result, body []byte, index int, exchange bool) {
	where := fmt.Sprintf("body of result %d", index)
	object := readObject(body)
	token := object.text("access_token")
	rest := body
	if exchange && token != "" {
		member := object.span("access_token")
		v.search(AllKinds&^AccessToken, body[member.from:member.to], fmt.Sprintf("access_token of result %d", index))
		rest = slices.Concat(body[:member.from], body[member.to:])
	}
	found := v.search(AllKinds, rest, where)
	if exchange || token != "" {
		for _, name := range object.names() {
			result.Members = append(result.Members, shown("member", name))
		}
		result.TokenType = shown("type", object.text("token_type"))
		result.IssuedTokenType = shown("type", object.text("issued_token_type"))
		result.ExpiresIn = object.integer("expires_in")
	}
	if code := object.integer("code"); code != nil && result.Status >= 400 {
		result.Code = int(*code)
	}
	switch {
	case token != "":
		result.Token = Digest(token)
		if exchange {
			v.token = token
		}
	case found:
		result.Body = withheld
	default:
		result.Body = strings.ToValidUTF8(string(body), "\uFFFD")
	}
}

// request returns the request of an action with its placeholders replaced.
func (v *visit) request(a Action) (*http.Request, error) {
	method := a.Method
	if method == "" {
		method = http.MethodGet
	}
	target, err := v.fill(a.URL)
	if err != nil {
		return nil, err
	}
	body, err := v.fill(a.Body)
	if err != nil {
		return nil, err
	}
	if a.Form != nil {
		form := url.Values{}
		for name, value := range a.Form {
			if value, err = v.fill(value); err != nil {
				return nil, err
			}
			form.Set(name, value)
		}
		body = form.Encode()
	}
	req, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("method or URL of the action: %w", scrub(err))
	}
	if a.Form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range a.Headers {
		if value, err = v.fill(value); err != nil {
			return nil, err
		}
		req.Header.Set(name, value)
	}
	return req, nil
}

// A reply is the reply to a call: the raw octets of the head and any trailer, and the body without
// its framing.
type reply struct {
	status int
	header http.Header
	head   []byte
	body   []byte
}

// roundTrip sends a request on a new connection and follows no redirect. It keeps what net/http
// drops or changes: interim replies, folded lines and malformed lines. With an error the reply is
// incomplete. A reply without a status contains only the octets that were received.
func roundTrip(req *http.Request) (*reply, error) {
	var tap tap
	transport := &http.Transport{ // no Proxy: requests go to the given address
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			var d net.Dialer
			conn, err := d.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			tap.Conn = conn
			return &tap, nil
		},
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHead,
	}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return &reply{head: tap.octets()}, scrub(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	if len(body) > maxReply {
		body, err = body[:maxReply], fmt.Errorf("reply body exceeds %d bytes", maxReply)
	}
	var trailer bytes.Buffer
	_ = resp.Trailer.Write(&trailer)
	r := &reply{status: resp.StatusCode, header: resp.Header, body: body}
	r.head = append(tap.head(resp), trailer.Bytes()...)
	return r, scrub(err)
}

// A tap is a connection that keeps the beginning of the octets read, which is enough for any head.
type tap struct {
	net.Conn
	mu   sync.Mutex // net/http reads ahead in another goroutine
	seen []byte
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.mu.Lock()
	defer t.mu.Unlock()
	if free := 2*maxHead - len(t.seen); free > 0 {
		t.seen = append(t.seen, p[:min(n, free)]...)
	}
	return n, err
}

// octets returns the octets kept so far.
func (t *tap) octets() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen[:len(t.seen):len(t.seen)]
}

// head returns the octets before the body, including those of interim replies. For TLS it returns
// the head that net/http parsed.
func (t *tap) head(resp *http.Response) []byte {
	if resp.TLS != nil {
		var text bytes.Buffer
		fmt.Fprintf(&text, "%s %s\r\n", resp.Proto, resp.Status)
		_ = resp.Header.Write(&text)
		return text.Bytes()
	}
	seen := t.octets()
	for from := 0; ; {
		end := headEnd(seen[from:])
		if end < 0 {
			return seen
		}
		interim := bytes.HasPrefix(seen[from:], []byte("HTTP/1.1 1")) && resp.StatusCode >= 200
		if from += end; !interim {
			return seen[:from:from]
		}
	}
}

// headEnd returns the length of a head including its empty line, or -1. A line may end with a bare
// LF (RFC 9112 section 2.2).
func headEnd(data []byte) int {
	for at := 0; ; {
		i := bytes.IndexByte(data[at:], '\n')
		if i < 0 {
			return -1
		}
		if len(bytes.TrimRight(data[at:at+i], "\r")) == 0 && at > 0 {
			return at + i + 1
		}
		at += i + 1
	}
}

// scrub returns an error that may be reported: without the URL, which may contain a secret, and
// without text from the server, which net/http quotes if a reply is malformed.
func scrub(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	if err != nil && Search(AllKinds, []byte(err.Error())) != nil {
		return errors.New("the text of the error contains a mark of the provider")
	}
	return err
}

// Digest returns the digest that stands for a token in a report.
func Digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// secretWords are words in the names of headers and variables whose values are secrets.
var secretWords = []string{"token", "key", "cookie", "authorization", "secret"}

// shown returns a value, or its digest if it may be a secret.
func shown(name, value string) string {
	lower := strings.ToLower(name)
	if slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(lower, w) }) ||
		Search(AllKinds, []byte(value)) != nil {
		return "sha256:" + Digest(value)
	}
	return strings.ToValidUTF8(value, "\uFFFD")
}

func shownHeaders(h http.Header) map[string][]string {
	out := make(map[string][]string, len(h))
	for name, values := range h {
		for _, value := range values {
			out[name] = append(out[name], shown(name, value))
		}
	}
	return out
}

func marshal(report Report) ([]byte, error) {
	text, err := json.Marshal(report)
	if err != nil {
		return nil, fmt.Errorf("encode the report: %w", err)
	}
	return append(text, '\n'), nil
}
