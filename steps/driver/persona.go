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

// Identity is who somebody is at the proxy; an empty attribute is not sent.
type Identity struct {
	Username, UniqueID, FirstName, LastName, Email, Role string
	Groups                                               []string
}

// A Persona is one browser, or program, of somebody: an identity at the proxy,
// a cookie jar, perhaps an API key. Requests of one persona may run at once.
type Persona struct {
	Name     string
	Identity Identity
	Headers  plan.HeaderNames
	// GroupsSeparator joins the groups in one line; "" sends a line for each.
	GroupsSeparator string

	subject   Subject
	recorder  *transcript.Recorder
	cookies   *cookies
	key       *keeper
	acts      func(key string) HeaderLine // by its key; nil as a browser
	signs     *signing                    // with its credentials; nil as a browser
	brought   []*http.Cookie              // not the subject's
	anonymous bool                        // sends no identity
}

// NewPersona makes a browser that has not been used. Without a recorder its
// exchanges are not kept.
func NewPersona(s Subject, name string, i Identity, h plan.HeaderNames, r *transcript.Recorder) *Persona {
	s.Limits = s.Limits.orDefault()
	p := &Persona{Name: name, Identity: i, Headers: h, subject: s, cookies: newCookies(), key: &keeper{}}
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

// On is the same persona on the record of somebody else.
func (p *Persona) On(r *transcript.Recorder) *Persona {
	q := *p
	q.record(r)
	return &q
}

// Through is the same persona at another address of the subject.
func (p *Persona) Through(s Subject) *Persona {
	q := *p
	s.Limits = s.Limits.orDefault()
	q.subject = s
	return &q
}

// WithoutIdentity is a browser of somebody who is not signed in.
func (p *Persona) WithoutIdentity() *Persona {
	q := *p
	q.anonymous, q.acts, q.signs, q.cookies = true, nil, nil, newCookies()
	return &q
}

// Key is the persona's API key, "" without one.
func (p *Persona) Key() string { return p.key.get() }

// Secrets are the values by which the persona is known: those of the cookies in
// its browser, and its key.
func (p *Persona) Secrets() []string {
	var secrets []string
	api, _ := p.subject.at(userPath) // parsed before as part of the public address
	for _, c := range p.cookies.get().Cookies(p.subject.cookieURL(api)) {
		secrets = append(secrets, c.Value)
	}
	if key := p.key.get(); key != "" {
		secrets = append(secrets, key)
	}
	return secrets
}

// Bring gives the browser a cookie that is none of the subject's. It stays when
// the jar is emptied.
func (p *Persona) Bring(name, value string) {
	p.brought = append(p.brought, &http.Cookie{Name: name, Value: value, Path: "/"})
}

// CookieNames are the names of the cookies that the browser sends to the subject, without those that it was given by
// [Persona.Bring].
func (p *Persona) CookieNames() []string {
	var names []string
	api, _ := p.subject.at(userPath) // parsed before as part of the public address
	for _, c := range p.cookies.get().Cookies(p.subject.cookieURL(api)) {
		names = append(names, c.Name)
	}
	return names
}

// HasKey reports whether the persona has an API key.
func (p *Persona) HasKey() bool { return p.key.get() != "" }

// WithKey is the persona's program: it calls with the persona's key and
// nothing else, no cookie and no identity.
func (p *Persona) WithKey() *Persona {
	return p.withKey(func(key string) HeaderLine { return HeaderLine{"Authorization", "Key " + key} })
}

// NewKeyHolder is a program that was given an API key by somebody else.
func NewKeyHolder(s Subject, name, key string) *Persona {
	p := NewPersona(s, name, Identity{}, plan.HeaderNames{}, nil)
	p.key.set(key)
	return p.WithKey()
}

func (p *Persona) withKey(acts func(string) HeaderLine) *Persona {
	q := *p
	q.acts, q.signs, q.cookies = acts, nil, newCookies()
	return &q
}

// keeper holds the key that a persona has made; its program uses it too.
type keeper struct {
	mu  sync.Mutex
	key string
}

func (k *keeper) get() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.key
}

func (k *keeper) set(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.key = key
}

// cookies is a jar that can be emptied.
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

// line is the Cookie line for a URL, which begins with the cookies given.
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

// xsrf returns the cookie that an unsafe request has to echo, one for the request's
// own URL or for the API, which it may be scoped to; nil if there is none.
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

// identityLines are the lines that the proxy adds for the persona.
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

// ask is a request of a persona before the persona's own lines are added.
type ask struct {
	method string
	url    *url.URL
	lines  []HeaderLine // of the request's own
	body   []byte

	identity []HeaderLine // in the place of the persona's identity lines, where the suite is the proxy
	nobody   bool         // no identity, whoever the persona is
	forged   bool         // no XSRF header
	stale    *http.Cookie // an XSRF cookie of another server, sent before those of the jar
	echo     string       // in the XSRF header, in the place of the cookie's value
	raw      bool         // through the Raw door in any case
}

// lines composes the head: who asks, what for, and what a browser adds.
func (p *Persona) lines(a ask) []HeaderLine {
	lines := []HeaderLine{{"User-Agent", "countersign"}, {"Accept-Encoding", "identity"}}
	lines = append(lines, a.lines...)
	s := p.subject
	home := origin(a.url) == origin(s.Public)
	switch {
	case p.signs != nil && home:
		return append(lines, p.signs.lines(s, a)...)
	case p.acts != nil && home:
		return append(lines, p.acts(p.key.get()))
	case home && s.Front == plan.Direct && a.identity != nil:
		lines = append(lines, a.identity...)
	case home && s.Front == plan.Direct && !p.anonymous && !a.nobody:
		lines = append(lines, p.identityLines()...)
	}
	seen := s.cookieURL(a.url)
	var first []*http.Cookie
	if a.stale != nil {
		first = append(first, a.stale)
	}
	if cookie, ok := p.cookies.line(seen, first...); ok {
		lines = append(lines, cookie)
	}
	if home && !a.forged && a.method != http.MethodGet && a.method != http.MethodHead {
		api, _ := s.at("__api__/v1/user") // parsed before as part of the public address
		if cookie := p.cookies.xsrf(seen, s.cookieURL(api)); cookie != nil && cookie.Value != "" {
			lines = append(lines, HeaderLine{"X-Rsc-Xsrf", cmp.Or(a.echo, cookie.Value)})
		}
	}
	return lines
}

// send makes one request, through the Client door if it can carry the lines and reads
// the answer in any case.
func (p *Persona) send(ctx context.Context, a ask) (*Reply, error) {
	r := request{method: a.method, url: a.url, lines: p.lines(a), body: a.body}
	raw := a.raw || !clientCan(r.lines) || r.isLarge()
	if raw {
		return p.exchange(ctx, transcript.DoorRaw, a.method, a.url, func(ctx context.Context, pending *transcript.Pending) (*http.Response, []byte, error) {
			return p.subject.doors.raw(ctx, a.url, a.method, r.octets(), pending, p.subject.Limits.Body)
		})
	}
	return p.exchange(ctx, transcript.DoorClient, a.method, a.url, func(ctx context.Context, pending *transcript.Pending) (*http.Response, []byte, error) {
		return p.subject.doors.client(ctx, r, pending, p.subject.Limits.Body)
	})
}

// exchange runs one request within its time, records it, keeps its cookies.
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
	if p.acts == nil && p.signs == nil {
		p.cookies.get().SetCookies(p.subject.cookieURL(u), resp.Cookies())
	}
	return &Reply{Status: resp.StatusCode, Header: resp.Header, Body: body, Exchange: x, method: method, url: u}, nil
}

// Octets sends exactly these octets to the public address through the Raw
// door, with no cookie and no identity added, and reads one reply to the
// method.
func (p *Persona) Octets(ctx context.Context, method string, octets []byte) (*Reply, error) {
	u := p.subject.Public
	return p.exchange(ctx, transcript.DoorRaw, method, u, func(ctx context.Context, pending *transcript.Pending) (*http.Response, []byte, error) {
		return p.subject.doors.raw(ctx, u, method, octets, pending, p.subject.Limits.Body)
	})
}

// Call makes a request below the public address with lines of its own.
func (p *Persona) Call(ctx context.Context, method, path string, body []byte, lines ...HeaderLine) (*Reply, error) {
	u, err := p.subject.at(path)
	if err != nil {
		return nil, err
	}
	return p.send(ctx, ask{method: method, url: u, lines: lines, body: body})
}

// Get reads what is at a path below the public address.
func (p *Persona) Get(ctx context.Context, path string) (*Reply, error) {
	return p.Call(ctx, http.MethodGet, path, nil, HeaderLine{"Accept", "application/json"})
}

// json sends a value as JSON.
func (p *Persona) json(ctx context.Context, method, path string, value any) (*Reply, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("write body: %w", err)
	}
	return p.Call(ctx, method, path, body,
		HeaderLine{"Content-Type", "application/json"}, HeaderLine{"Accept", "application/json"})
}

// api joins a path of the API from parts, escaping each: some of them come
// from replies of the subject.
func api(parts ...string) string {
	var b strings.Builder
	b.WriteString("__api__/v1")
	for _, part := range parts {
		b.WriteString("/" + url.PathEscape(part))
	}
	return b.String()
}

// unusable is the error of a verb that got an answer and cannot go on with it.
func unusable(r *Reply, what string) *NoAnswer {
	return &NoAnswer{Op: what, BySubject: true, Err: described(r.Summary()), Exchange: r.Exchange}
}
