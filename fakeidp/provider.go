package fakeidp

import (
	"cmp"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"sort"
	"strings"
	"sync"
	"time"

	"countersign/fakeidp/control"
)

// defaultJournal is how many entries an issuer's journal keeps.
const defaultJournal = 8192

// Options configure a provider. The zero value is valid.
type Options struct {
	// BaseURL is the URL of the protocol listener, without a path. It is part of the issuer identifiers, so clients
	// must use it exactly. Empty means the address of the socket of the request.
	BaseURL string
	// JournalBound is the maximum number of entries in the journal of each issuer; 0 means 8192.
	JournalBound int
	// Now is the clock, time.Now if nil. It must be safe for concurrent use.
	Now func() time.Time
	// Rand is the source of secrets; nil means crypto/rand. It must be safe for concurrent use.
	Rand io.Reader
}

// A Provider serves any number of issuers. Its ServeHTTP is the protocol; [Provider.Management] is for the other
// listener. It is safe for concurrent use and stores all data in memory.
type Provider struct {
	baseURL      string
	journalBound int
	now          func() time.Time
	rand         io.Reader

	mu      sync.RWMutex
	issuers map[string]*issuer
}

// New returns a provider without issuers.
func New(o Options) *Provider {
	p := &Provider{
		baseURL:      strings.TrimSuffix(o.BaseURL, "/"),
		journalBound: o.JournalBound,
		now:          o.Now,
		rand:         o.Rand,
		issuers:      map[string]*issuer{},
	}
	if p.journalBound <= 0 {
		p.journalBound = defaultJournal
	}
	if p.now == nil {
		p.now = time.Now
	}
	if p.rand == nil {
		p.rand = rand.Reader
	}
	return p
}

// An endpoint is one path of an issuer. Its handler finishes all its changes before it returns the reply, which
// [Provider.serve] then journals and sends.
type endpoint struct {
	name    string // in the journal
	methods string // in the header Allow
	handle  func(*exchange) (reply, error)
	refuse  func(*exchange, *problem) reply
}

// endpoints lists all paths of an issuer.
var endpoints = map[string]endpoint{
	"/.well-known/openid-configuration":       {"discovery", "GET", (*exchange).discovery, refuseJSON},
	"/.well-known/oauth-authorization-server": {"discovery", "GET", (*exchange).discovery, refuseJSON},
	"/jwks":       {"jwks", "GET", (*exchange).jwks, refuseJSON},
	"/authorize":  {"authorize", "GET, POST", (*exchange).authorize, refuseBrowser},
	"/choose":     {"authorize", "POST", (*exchange).choose, refuseBrowser},
	"/signin":     {"signin", "GET, POST", (*exchange).signin, refuseJSON},
	"/signout":    {"signout", "GET, POST", (*exchange).signout, refuseJSON},
	"/token":      {"token", "POST", (*exchange).token, refuseJSON},
	"/revoke":     {"revoke", "POST", (*exchange).revoke, refuseJSON},
	"/introspect": {"introspect", "POST", (*exchange).introspect, refuseJSON},
	"/userinfo":   {"userinfo", "GET, POST", (*exchange).userinfo, refuseBearer},
	"/resource":   {"resource", "GET", (*exchange).resource, refuseBearer},
}

// unknown handles all other paths of an issuer.
var unknown = endpoint{
	name: "unknown",
	handle: func(*exchange) (reply, error) {
		return reply{}, newProblem(http.StatusNotFound, "not_found", "no such endpoint")
	},
	refuse: refuseJSON,
}

// ServeHTTP implements the protocol.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	limitBody(w, r)
	name, path := split(r.URL.Path)
	is := p.issuer(name)
	if is == nil {
		problemReply(newProblem(http.StatusNotFound, "not_found", "no such issuer")).write(w)
		return
	}
	ep, ok := endpoints[path]
	if !ok {
		ep = unknown
	}
	p.serve(w, r, is, ep)
}

// split splits a path into the name of the issuer and the path of the endpoint. RFC 8414, section 3.1, puts the
// well-known part before the path of the issuer.
func split(path string) (name, rest string) {
	const wellKnown = "/.well-known/oauth-authorization-server"
	if name, ok := strings.CutPrefix(path, wellKnown+"/"); ok {
		return name, wellKnown
	}
	name, rest, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return name, "/" + rest
}

// An exchange is a request to an issuer, with the data for its reply and its journal entry.
type exchange struct {
	r     *http.Request
	is    *issuer
	iss   string // the identifier of the issuer
	entry control.Entry
	// back is the authorization request to which errors are redirected. It is set when client and redirect URI have
	// been checked.
	back *authRequest
}

// serve calls the endpoint, journals the exchange and sends the reply. All exchanges pass here. Between the return of
// the handler and the sending of the reply, all changes are made and the client knows none of them.
func (p *Provider) serve(w http.ResponseWriter, r *http.Request, is *issuer, ep endpoint) {
	ex := &exchange{r: r, is: is, iss: p.base(r) + "/" + is.name}
	ex.entry = control.Entry{Time: is.now(), Endpoint: ep.name, Outcome: "ok", RemoteAddr: r.RemoteAddr}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if is.clockSetting.Load() != nil {
		w.Header().Set("Date", is.now().UTC().Format(http.TimeFormat)) // RFC 9110, section 6.6.1
	}
	if set := is.faults.Load(); set != nil {
		ex.answerFaulty(w, ep, set)
		return
	}
	rep := ex.answer(ep)
	ex.finish(rep.status)
	rep.write(w)
}

// answer calls the endpoint and returns its reply.
func (ex *exchange) answer(ep endpoint) reply {
	var rep reply
	var err error
	if ep.methods != "" && !allows(ep.methods, ex.r.Method) {
		err = newProblem(http.StatusMethodNotAllowed, "invalid_request", "this endpoint takes "+ep.methods+" only").
			with("Allow", ep.methods)
	} else {
		rep, err = ep.handle(ex)
	}
	if err != nil {
		prob := asProblem(err)
		ex.entry.Outcome, ex.entry.Detail = prob.code, cmp.Or(prob.reason, prob.description)
		rep = ep.refuse(ex, prob)
	}
	return rep
}

// finish journals the exchange with the status of the reply that follows.
func (ex *exchange) finish(status int) {
	ex.entry.Status = status
	ex.is.journal.add(ex.entry)
}

func allows(methods, method string) bool {
	for m := range strings.SplitSeq(methods, ", ") {
		if m == method {
			return true
		}
	}
	return false
}

// base returns the base URL of issuers. Without a configured one it is the address of the socket, which a client
// cannot choose, unlike the Host header.
func (p *Provider) base(r *http.Request) string {
	if p.baseURL != "" {
		return p.baseURL
	}
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		return "http://" + addr.String()
	}
	return "http://" + r.Host
}

func (p *Provider) issuer(name string) *issuer {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.issuers[name]
}

// add adds an issuer. It returns false if the name is taken.
func (p *Provider) add(is *issuer) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.issuers[is.name] != nil {
		return false
	}
	p.issuers[is.name] = is
	return true
}

// remove removes an issuer with its data. It returns false if there is none.
func (p *Provider) remove(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.issuers[name]
	delete(p.issuers, name)
	return ok
}

func (p *Provider) names() []string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	names := make([]string, 0, len(p.issuers))
	for name := range p.issuers {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
