package driver

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"

	"countersign/steps/plan"
	"countersign/steps/transcript"
)

// Identity is the identity of a user at the proxy. Empty attributes are not sent.
type Identity struct {
	Username, UniqueID, FirstName, LastName, Email, Role string
	Groups                                               []string
}

// A Persona is a browser or a program of one user, with an identity at the proxy, a
// cookie jar and possibly an API key. Its requests may run concurrently.
type Persona struct {
	Name     string
	Identity Identity
	Headers  plan.HeaderNames
	// GroupsSeparator joins the groups in one line; "" sends one line for each group.
	GroupsSeparator string

	subject      Subject
	recorder     *transcript.Recorder
	cookies      *cookies
	key          *keyStore
	keyHeader    func(key string) HeaderLine // authenticates requests by the key; nil for a browser
	signer       *requestSigner              // signs requests; nil for a browser
	extraCookies []*http.Cookie              // cookies that the server under test did not set
	anonymous    bool                        // sends no identity
}

// NewPersona returns a browser without cookies. Exchanges are not recorded if r is nil.
func NewPersona(s Subject, name string, i Identity, h plan.HeaderNames, r *transcript.Recorder) *Persona {
	s.Limits = s.Limits.orDefault()
	p := &Persona{Name: name, Identity: i, Headers: h, subject: s, cookies: newCookies(), key: &keyStore{}}
	p.record(r)
	return p
}

func (p *Persona) record(r *transcript.Recorder) {
	p.recorder = r
	if r != nil {
		h := p.Headers
		r.ShowHeaders(h.Username, h.UniqueID, h.FirstName, h.LastName, h.Email, h.Role, h.Groups)
	}
}

// On returns the persona with another recorder.
func (p *Persona) On(r *transcript.Recorder) *Persona {
	q := *p
	q.record(r)
	return &q
}

// Through returns the persona with another address of the server.
func (p *Persona) Through(s Subject) *Persona {
	q := *p
	s.Limits = s.Limits.orDefault()
	q.subject = s
	return &q
}

// WithoutIdentity returns a browser without an identity and without cookies.
func (p *Persona) WithoutIdentity() *Persona {
	q := *p
	q.anonymous, q.keyHeader, q.signer, q.cookies = true, nil, nil, newCookies()
	return &q
}

// Key returns the persona's API key, or "" if it has none.
func (p *Persona) Key() string { return p.key.get() }

// Secrets returns the values of the cookies in the persona's browser, and its API key.
func (p *Persona) Secrets() []string {
	var secrets []string
	api, _ := p.subject.resolve(userPath) // no error: the public address is valid
	for _, c := range p.cookies.get().Cookies(p.subject.cookieURL(api)) {
		secrets = append(secrets, c.Value)
	}
	if key := p.key.get(); key != "" {
		secrets = append(secrets, key)
	}
	return secrets
}

// Bring adds a cookie that the server under test did not set. Every sign-in that resets the
// cookie jar puts the cookie into it again.
func (p *Persona) Bring(name, value string) {
	p.extraCookies = append(p.extraCookies, &http.Cookie{Name: name, Value: value, Path: "/"})
}

// CookieNames returns the names of the cookies in the jar that the browser sends to the API.
func (p *Persona) CookieNames() []string {
	var names []string
	api, _ := p.subject.resolve(userPath) // no error: the public address is valid
	for _, c := range p.cookies.get().Cookies(p.subject.cookieURL(api)) {
		names = append(names, c.Name)
	}
	return names
}

// HasKey reports whether the persona has an API key.
func (p *Persona) HasKey() bool { return p.key.get() != "" }

// WithKey returns the persona's program. It authenticates with the persona's API key and sends
// neither cookies nor an identity.
func (p *Persona) WithKey() *Persona {
	return p.withKey(func(key string) HeaderLine { return HeaderLine{"Authorization", "Key " + key} })
}

// NewKeyHolder returns a program with an API key that the persona did not create.
func NewKeyHolder(s Subject, name, key string) *Persona {
	p := NewPersona(s, name, Identity{}, plan.HeaderNames{}, nil)
	p.key.set(key)
	return p.WithKey()
}

func (p *Persona) withKey(header func(string) HeaderLine) *Persona {
	q := *p
	q.keyHeader, q.signer, q.cookies = header, nil, newCookies()
	return &q
}

// A keyStore holds the API key that a persona and its program share.
type keyStore struct {
	mu  sync.Mutex
	key string
}

func (k *keyStore) get() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.key
}

func (k *keyStore) set(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.key = key
}

// cookies is a cookie jar that can be reset.
type cookies struct {
	mu  sync.Mutex
	jar http.CookieJar
}

func newCookies() *cookies {
	c := &cookies{}
	c.reset()
	return c
}

func (c *cookies) reset() {
	jar, _ := cookiejar.New(nil) // never an error
	c.mu.Lock()
	defer c.mu.Unlock()
	c.jar = jar
}

func (c *cookies) get() http.CookieJar {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.jar
}

// line returns the Cookie line for a URL. It begins with the cookies in first.
func (c *cookies) line(u *url.URL, first ...*http.Cookie) (HeaderLine, bool) {
	var pairs []string
	for _, cookie := range append(first, c.get().Cookies(u)...) {
		value := cookie.Value
		if cookie.Quoted {
			value = `"` + value + `"`
		}
		pairs = append(pairs, cookie.Name+"="+value)
	}
	return HeaderLine{"Cookie", strings.Join(pairs, "; ")}, len(pairs) > 0
}

// xsrf returns the XSRF cookie for the first URL that has one, or nil. The cookie may be scoped
// to the URL of the request or to that of the API.
func (c *cookies) xsrf(urls ...*url.URL) *http.Cookie {
	for _, u := range urls {
		for _, cookie := range c.get().Cookies(u) {
			if cookie.Name == "RSC-XSRF" || cookie.Name == "RSC-XSRF-legacy" {
				return cookie
			}
		}
	}
	return nil
}

// identityLines returns the header lines that the proxy adds for the persona.
func (p *Persona) identityLines() []HeaderLine {
	i, h := p.Identity, p.Headers
	var lines []HeaderLine
	add := func(name, value string) {
		if name != "" && value != "" {
			lines = append(lines, HeaderLine{name, value})
		}
	}
	add(h.Username, i.Username)
	add(h.UniqueID, i.UniqueID)
	add(h.FirstName, i.FirstName)
	add(h.LastName, i.LastName)
	add(h.Email, i.Email)
	add(h.Role, i.Role)
	if p.GroupsSeparator != "" {
		add(h.Groups, strings.Join(i.Groups, p.GroupsSeparator))
		return lines
	}
	for _, group := range i.Groups {
		add(h.Groups, group)
	}
	return lines
}

// A requestSpec is a request of a persona without the header lines that the persona adds.
type requestSpec struct {
	method string
	url    *url.URL
	lines  []HeaderLine
	body   []byte

	identity        []HeaderLine // replaces the persona's identity lines if there is no proxy
	withoutIdentity bool         // send no identity
	withoutXSRF     bool         // send no XSRF header
	otherXSRF       *http.Cookie // an XSRF cookie of another server, sent before those of the jar
	xsrfValue       string       // value of the XSRF header; "" means the value of the cookie
	raw             bool         // use the Raw door in any case
}

// lines returns the header lines of a request: those of spec and those that the persona adds.
func (p *Persona) lines(spec requestSpec) []HeaderLine {
	lines := []HeaderLine{{"User-Agent", "countersign"}, {"Accept-Encoding", "identity"}}
	lines = append(lines, spec.lines...)
	s := p.subject
	toSubject := origin(spec.url) == origin(s.Public)
	switch {
	case p.signer != nil && toSubject:
		return append(lines, p.signer.lines(s, spec)...)
	case p.keyHeader != nil && toSubject:
		return append(lines, p.keyHeader(p.key.get()))
	case toSubject && s.Front == plan.Direct && spec.identity != nil:
		lines = append(lines, spec.identity...)
	case toSubject && s.Front == plan.Direct && !p.anonymous && !spec.withoutIdentity:
		lines = append(lines, p.identityLines()...)
	}
	seen := s.cookieURL(spec.url)
	var first []*http.Cookie
	if spec.otherXSRF != nil {
		first = append(first, spec.otherXSRF)
	}
	if cookie, ok := p.cookies.line(seen, first...); ok {
		lines = append(lines, cookie)
	}
	if toSubject && !spec.withoutXSRF && spec.method != http.MethodGet && spec.method != http.MethodHead {
		api, _ := s.resolve(userPath) // no error: the public address is valid
		if cookie := p.cookies.xsrf(seen, s.cookieURL(api)); cookie != nil && cookie.Value != "" {
			lines = append(lines, HeaderLine{"X-Rsc-Xsrf", cmp.Or(spec.xsrfValue, cookie.Value)})
		}
	}
	return lines
}

// send sends a request and reads the reply. It uses the Client door if that sends the lines
// unchanged and reads the reply in any case.
func (p *Persona) send(ctx context.Context, spec requestSpec) (*Reply, error) {
	r := request{method: spec.method, url: spec.url, lines: p.lines(spec), body: spec.body}
	raw := spec.raw || !clientCanSend(r.lines) || r.isLarge()
	if raw {
		return p.exchange(ctx, transcript.DoorRaw, spec.method, spec.url, func(ctx context.Context, pending *transcript.Pending) (*http.Response, []byte, error) {
			return p.subject.doors.raw(ctx, spec.url, spec.method, r.octets(), pending, p.subject.Limits.Body)
		})
	}
	return p.exchange(ctx, transcript.DoorClient, spec.method, spec.url, func(ctx context.Context, pending *transcript.Pending) (*http.Response, []byte, error) {
		return p.subject.doors.client(ctx, r, pending, p.subject.Limits.Body)
	})
}

// exchange runs one request within the time limit, records it and stores its cookies.
func (p *Persona) exchange(ctx context.Context, door, method string, u *url.URL,
	do func(context.Context, *transcript.Pending) (*http.Response, []byte, error),
) (*Reply, error) {
	recorder := p.recorder
	if recorder == nil {
		recorder = transcript.New(transcript.Options{})
	}
	ctx, cancel := context.WithTimeout(ctx, p.subject.Limits.Request)
	defer cancel()
	pending := recorder.Begin(door, p.Name, method, u.String())
	resp, body, err := do(ctx, pending)
	x := pending.End(err)
	if err != nil {
		return nil, p.subject.noAnswer(method, u, x, err)
	}
	if p.keyHeader == nil && p.signer == nil {
		p.cookies.get().SetCookies(p.subject.cookieURL(u), resp.Cookies())
	}
	return &Reply{Status: resp.StatusCode, Header: resp.Header, Body: body, Exchange: x, method: method, url: u}, nil
}

// Octets sends the given octets to the public address through the Raw door. It adds neither
// cookies nor an identity. It reads one reply to a request with the given method.
func (p *Persona) Octets(ctx context.Context, method string, octets []byte) (*Reply, error) {
	u := p.subject.Public
	return p.exchange(ctx, transcript.DoorRaw, method, u, func(ctx context.Context, pending *transcript.Pending) (*http.Response, []byte, error) {
		return p.subject.doors.raw(ctx, u, method, octets, pending, p.subject.Limits.Body)
	})
}

// Call sends a request to a path below the public address with the given header lines.
func (p *Persona) Call(ctx context.Context, method, path string, body []byte, lines ...HeaderLine) (*Reply, error) {
	u, err := p.subject.resolve(path)
	if err != nil {
		return nil, err
	}
	return p.send(ctx, requestSpec{method: method, url: u, lines: lines, body: body})
}

// Get sends a GET request to a path below the public address.
func (p *Persona) Get(ctx context.Context, path string) (*Reply, error) {
	return p.Call(ctx, http.MethodGet, path, nil, HeaderLine{"Accept", "application/json"})
}

// json sends value in JSON.
func (p *Persona) json(ctx context.Context, method, path string, value any) (*Reply, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encode the body: %w", err)
	}
	return p.Call(ctx, method, path, body,
		HeaderLine{"Content-Type", "application/json"}, HeaderLine{"Accept", "application/json"})
}

// APIPath returns a path of the API below the public URL. It escapes each part, because some parts come from replies of
// the server under test.
func APIPath(parts ...string) string {
	var b strings.Builder
	b.WriteString("__api__/v1")
	for _, part := range parts {
		b.WriteString("/" + url.PathEscape(part))
	}
	return b.String()
}

// unusable returns the error of a method that cannot continue with a reply.
func unusable(r *Reply, what string) *NoAnswer {
	return &NoAnswer{Op: what, BySubject: true, Err: publicError(r.Summary()), Exchange: r.Exchange}
}
