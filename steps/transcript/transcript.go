// Package transcript records what every door of the suite sends and receives,
// at the connection, so that what is kept is what was on the wire and not what
// a library made of it.
//
// A [Recorder] belongs to one scenario. Over each exchange it makes the
// standing check for leaked secrets ([Recorder.Leaks]), on the raw octets and
// at once; only the start of large bodies is kept as evidence. Redaction
// happens when a transcript is written ([Recorder.Write]), by allow-list.
//
// The package does not judge: it knows where the marks of the provider may be
// seen, not which rule says so.
package transcript

import (
	"bytes"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"countersign/steps/probe"
)

// The doors of the suite.
const (
	DoorClient  = "client"
	DoorRaw     = "raw"
	DoorBrowser = "browser"
)

const (
	// keptBody is how much of a body stays in memory once the leak check has
	// seen all of it.
	keptBody = 64 << 10
	// maxSeen bounds what is recorded of one direction of a connection: a
	// reply of the largest size the suite reads, and its head.
	maxSeen = 2<<20 + 512<<10
	// keptInAll is how much a recorder keeps of all exchanges; of those that come
	// after, it keeps keptLate of each part.
	keptInAll = 8 << 20
	keptLate  = 4 << 10
	// largeReply is the size from which a reply is read by no more goroutines at
	// once than there are processors.
	largeReply = 64 << 10
)

// Exchange is one request and what came back. Its fields do not change once
// the recorder has handed it out; the bytes are shared and must not be
// written to.
type Exchange struct {
	Seq      int
	Door     string
	Persona  string
	Started  time.Time
	Duration time.Duration
	Method   string
	URL      string

	RequestHead []byte // as sent, with the empty line
	RequestBody []byte // as sent
	Status      int    // 0 if no status line was understood

	// ResponseHead holds interim replies too, as received. ResponseBody is
	// without chunks and content codings; each part is cut at 64 KiB.
	ResponseHead    []byte
	ResponseBody    []byte
	ResponseTrailer []byte // trailer section, and anything after the message
	Received        int    // octets received in all

	// Cut reports that more was sent or received than is kept here. The leak check
	// has seen the first 2.5 MiB of each direction.
	Cut bool
	// Unread is a content coding that the leak check cannot look into.
	Unread string
	// Err says why there is no complete reply.
	Err error

	leaks []Sighting
}

// Options describe what surrounds the subject in a scenario.
type Options struct {
	// Provider are URLs of the OAuth provider, whose origins count: what it sends is recorded and not judged.
	Provider []string
	// LoginPath is the path prefix of the proxy's login server ("/auth/"), ""
	// where there is none. What it answers is not the subject's either, and
	// the redirect to it carries the client's own URL.
	LoginPath string
}

// Recorder keeps the exchanges of one scenario. It is safe for concurrent use.
type Recorder struct {
	options Options

	mu        sync.Mutex
	seq       int
	exchanges []*Exchange
	kept      int // octets of the exchanges
	reported  []Leak
	headers   map[string]bool
	names     map[string]bool
}

// New returns an empty recorder.
func New(o Options) *Recorder {
	o.Provider = slices.Clone(o.Provider)
	for i, url := range o.Provider {
		o.Provider[i], _ = originOf(url)
	}
	return &Recorder{options: o, headers: make(map[string]bool), names: make(map[string]bool)}
}

// ShowHeaders adds names of identity headers, whose values a written
// transcript shows. Headers that carry credentials stay hidden whatever is
// said here.
func (r *Recorder) ShowHeaders(names ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range names {
		if lower := strings.ToLower(name); !hiddenHeaders[lower] {
			r.headers[lower] = true
		}
	}
}

// ShowNames adds values that the suite made up itself and that are no secrets,
// such as personas and issuers; a written transcript shows them in URLs.
func (r *Recorder) ShowNames(names ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range names {
		r.names[name] = true
	}
}

// Pending is an exchange under way.
type Pending struct {
	recorder *Recorder
	exchange *Exchange
	capture  *Capture
}

// Begin starts an exchange, numbered in the order of beginning.
func (r *Recorder) Begin(door, persona, method, url string) *Pending {
	r.mu.Lock()
	r.seq++
	seq := r.seq
	r.mu.Unlock()
	return &Pending{
		recorder: r,
		exchange: &Exchange{Seq: seq, Door: door, Persona: persona, Method: method, URL: url, Started: time.Now()},
		capture:  &Capture{},
	}
}

// Use makes conn record into this exchange from now on. When a request is sent
// again on another connection, the earlier one keeps what it has got.
func (p *Pending) Use(conn *Conn) { conn.attach(p.capture) }

// End closes the exchange: what the connection does later belongs to another
// one. It reads the octets, seeks the marks in them and keeps the exchange.
func (p *Pending) End(err error) *Exchange {
	x := p.exchange
	x.Duration = time.Since(x.Started)
	x.Err = err
	sent, received := p.capture.close()
	x.RequestHead, x.RequestBody = splitHead(sent)
	x.Received = len(received)
	if len(received) > largeReply || len(field(received[:min(len(received), largeReply)], "Content-Encoding")) > 0 {
		large <- struct{}{}
		defer func() { <-large }()
	}
	m := readMessage(received, x.Method)
	x.Status, x.ResponseHead, x.ResponseTrailer = m.status, m.head, m.trailer
	x.ResponseBody, x.Unread = m.plain, m.unread
	p.recorder.keep(x, m)
	return x
}

// Add keeps an exchange that another door has made, a browser's for instance,
// with the body already decoded.
func (r *Recorder) Add(x Exchange) *Exchange {
	r.mu.Lock()
	r.seq++
	x.Seq = r.seq
	r.mu.Unlock()
	if x.Received == 0 {
		x.Received = len(x.ResponseHead) + len(x.ResponseBody) + len(x.ResponseTrailer)
	}
	r.keep(&x, message{status: x.Status, head: x.ResponseHead, plain: x.ResponseBody, trailer: x.ResponseTrailer})
	return &x
}

func (r *Recorder) keep(x *Exchange, m message) {
	if r.judged(x) {
		x.leaks = r.leaksOf(x, m)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	most := keptBody
	if r.kept > keptInAll {
		most = keptLate
	}
	r.kept += x.shorten(most)
	r.exchanges = append(r.exchanges, x)
}

// large has a place for each processor. It bounds how many large replies are taken
// apart at once, and so the memory that this needs.
var large = make(chan struct{}, runtime.GOMAXPROCS(0))

// shorten keeps the start of each part, up to most octets, so that the rest can be
// freed: the heads are slices of all that was on the wire. It returns what is kept.
func (x *Exchange) shorten(most int) (kept int) {
	all := []*[]byte{&x.RequestHead, &x.RequestBody, &x.ResponseHead, &x.ResponseBody, &x.ResponseTrailer}
	long := false
	for _, part := range all {
		long = long || len(*part) > most
		kept += min(len(*part), most)
	}
	if x.Cut = long; long || x.Received > most {
		for _, part := range all {
			*part = bytes.Clone((*part)[:min(len(*part), most)])
		}
	}
	return kept
}

// Exchanges returns what was recorded so far, in the order of beginning.
func (r *Recorder) Exchanges() []*Exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := slices.Clone(r.exchanges)
	slices.SortFunc(out, func(a, b *Exchange) int { return a.Seq - b.Seq })
	return out
}

// Len returns the number of finished exchanges.
func (r *Recorder) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.exchanges)
}

// judged reports whether the subject sent the reply of x.
func (r *Recorder) judged(x *Exchange) bool {
	origin, path := originOf(x.URL)
	if slices.Contains(r.options.Provider, origin) {
		return false
	}
	return r.options.LoginPath == "" || !strings.HasPrefix(path, r.options.LoginPath)
}

// originOf splits an absolute URL into its origin and the rest. It reads text
// and not a parsed URL: a Raw exchange may have any target.
func originOf(url string) (origin, rest string) {
	scheme, after, ok := strings.Cut(url, "://")
	if !ok {
		return "", url
	}
	end := strings.IndexAny(after, "/?#")
	if end < 0 {
		end = len(after)
	}
	return scheme + "://" + after[:end], after[end:]
}

// Kinds is a set of kinds of secrets, as in package probe.
type Kinds = probe.Kinds

// The kinds of secrets that the provider marks.
const (
	RefreshToken      = probe.RefreshToken
	AccessToken       = probe.AccessToken
	AuthorizationCode = probe.AuthorizationCode
	ClientSecret      = probe.ClientSecret
	AllKinds          = probe.AllKinds
)

// Sighting is a mark found: kind, place and encoding, never the value.
type Sighting = probe.Sighting
