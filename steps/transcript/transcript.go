// Package transcript records what the doors of the suite send and receive. It records at the
// connection, so that the octets are those on the wire and not those that a library parsed.
//
// A [Recorder] belongs to one scenario. It checks each exchange for leaked secrets when the
// exchange ends, on the raw octets ([Recorder.Leaks]), and keeps only the beginning of large
// bodies. [Recorder.Write] redacts the exchanges by allow-lists.
//
// The package knows in which places the secrets of the provider may occur. It does not know the
// rules that say so.
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

// The names of the doors.
const (
	DoorClient = "client"
	DoorRaw    = "raw"
)

const (
	// keptBody is the size up to which a part of an exchange is kept after the leak check.
	keptBody = 64 << 10
	// maxSeen bounds the recorded octets of one direction of a connection. A reply of the maximum
	// size that the suite reads fits, with its head.
	maxSeen = 2<<20 + 512<<10
	// keptInAll is the total size of the exchanges that a recorder keeps in full. It keeps keptLate
	// octets of each part of later exchanges.
	keptInAll = 8 << 20
	keptLate  = 4 << 10
	// largeReply is the size from which replies are parsed by at most as many goroutines at once as
	// there are processors.
	largeReply = 64 << 10
)

// An Exchange is a request and its reply. The fields do not change after the recorder has returned
// the exchange. The bytes are shared and must not be modified.
type Exchange struct {
	Seq      int
	Door     string
	Persona  string
	Started  time.Time
	Duration time.Duration
	Method   string
	URL      string

	RequestHead []byte // as sent, including the empty line
	RequestBody []byte // as sent
	Status      int    // 0 if no status line was understood

	// ResponseHead includes interim replies, as received. ResponseBody is without chunks and
	// content codings. Each part is cut at 64 KiB.
	ResponseHead    []byte
	ResponseBody    []byte
	ResponseTrailer []byte // trailer section, and any data after the message
	Received        int    // number of octets received

	// Cut reports that more was sent or received than is kept here. The leak check covers the first
	// 2.5 MiB of each direction.
	Cut bool
	// Unread is a content coding that the leak check cannot decode.
	Unread string
	// Err is the reason why there is no complete reply.
	Err error

	leaks []Sighting
}

// Options describe the parts of a scenario that are not the server under test.
type Options struct {
	// Provider lists URLs of the OAuth provider. Replies from their origins are recorded but not
	// checked.
	Provider []string
	// LoginPath is the path prefix of the proxy's login server, such as "/auth/", or "" if there is
	// none. Replies below it are not checked, and the redirect to it may contain the client's own
	// URL.
	LoginPath string
}

// A Recorder records the exchanges of one scenario. It is safe for concurrent use.
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

// ShowHeaders adds names of identity headers, whose values transcripts show. Headers with
// credentials remain hidden.
func (r *Recorder) ShowHeaders(names ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range names {
		if lower := strings.ToLower(name); !hiddenHeaders[lower] {
			r.headers[lower] = true
		}
	}
}

// ShowNames adds values that are not secret, such as the names of personas and issuers. Transcripts
// show them in URLs.
func (r *Recorder) ShowNames(names ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range names {
		r.names[name] = true
	}
}

// A Pending is an exchange that has not ended.
type Pending struct {
	recorder *Recorder
	exchange *Exchange
	capture  *Capture
}

// Begin starts an exchange. Exchanges are numbered in the order of Begin.
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

// Use makes conn record into this exchange. If the request is sent again on another connection,
// octets from the earlier connection are kept.
func (p *Pending) Use(conn *Conn) { conn.attach(p.capture) }

// End ends the exchange, so that it records nothing more. It parses the octets, checks them for
// marks and keeps the exchange.
func (p *Pending) End(err error) *Exchange {
	x := p.exchange
	x.Duration = time.Since(x.Started)
	x.Err = err
	sent, received := p.capture.close()
	x.RequestHead, x.RequestBody = splitHead(sent)
	x.Received = len(received)
	if len(received) > largeReply || len(field(received[:min(len(received), largeReply)], "Content-Encoding")) > 0 {
		largeReplies <- struct{}{}
		defer func() { <-largeReplies }()
	}
	m := readMessage(received, x.Method)
	x.Status, x.ResponseHead, x.ResponseTrailer = m.status, m.head, m.trailer
	x.ResponseBody, x.Unread = m.plain, m.unread
	p.recorder.keep(x, m)
	return x
}

// Add adds an exchange that was recorded elsewhere, for example by a browser, with a decoded body.
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
	if r.fromServer(x) {
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

// largeReplies bounds the number of large replies that are parsed at once, and thereby the memory
// for it.
var largeReplies = make(chan struct{}, runtime.GOMAXPROCS(0))

// shorten keeps at most most octets of each part and copies them, so that the other octets can be
// freed. It returns the number of kept octets.
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

// Exchanges returns the recorded exchanges in the order of Begin.
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

// fromServer reports whether the reply of x is from the server under test.
func (r *Recorder) fromServer(x *Exchange) bool {
	origin, path := originOf(x.URL)
	if slices.Contains(r.options.Provider, origin) {
		return false
	}
	return r.options.LoginPath == "" || !strings.HasPrefix(path, r.options.LoginPath)
}

// originOf splits an absolute URL into its origin and the rest. It does not parse the URL, because
// a request through the Raw door may have any target.
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

// Kinds is a set of kinds of secrets. See package probe.
type Kinds = probe.Kinds

// The kinds of secrets that the provider marks.
const (
	RefreshToken      = probe.RefreshToken
	AccessToken       = probe.AccessToken
	AuthorizationCode = probe.AuthorizationCode
	ClientSecret      = probe.ClientSecret
	AllKinds          = probe.AllKinds
)

// A Sighting describes a mark by its kind, place and encoding, without its value.
type Sighting = probe.Sighting
