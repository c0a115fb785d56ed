package transcript

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"countersign/steps/probe"
)

// credentialsPath ends the path of the token exchange, the one reply whose
// body may hold an access token.
const credentialsPath = "/oauth/integrations/credentials"

// Leak is a secret of the provider that the subject let out.
type Leak struct {
	Sighting
	Seq     int // of the exchange; 0 for what was not an exchange
	Persona string
	Method  string
	URL     string // as a transcript shows it
}

// String says what was found where, without the value.
func (l Leak) String() string {
	text := l.Kind + " in " + l.Where
	if l.Encoding != "" && l.Encoding != "raw" {
		text += " (" + l.Encoding + ")"
	}
	if l.Seq > 0 {
		text += fmt.Sprintf(" of exchange %d, %s %s", l.Seq, l.Method, l.URL)
	}
	return text
}

func seekAt(found []Sighting, kinds Kinds, data []byte, where string) []Sighting {
	for _, f := range probe.Seek(kinds, data) {
		s := Sighting{Kind: f.Kind.String(), Where: where, Encoding: f.Encoding}
		if !slices.Contains(found, s) {
			found = append(found, s)
		}
	}
	return found
}

// leaksOf makes the standing check of one reply: refresh tokens, client
// secrets and authorization codes may be nowhere in it, access tokens in the
// body of a token exchange only.
func (r *Recorder) leaksOf(x *Exchange, m message) []Sighting {
	found := r.seekHead(nil, m)
	bodyKinds := AllKinds
	if isExchange(x) {
		bodyKinds &^= AccessToken
	}
	plain := seekAt(nil, bodyKinds, m.plain, "body")
	if m.coded != nil {
		for i := range plain {
			plain[i].Encoding = strings.TrimSuffix(m.coding+"+"+plain[i].Encoding, "+raw")
		}
	}
	found = append(found, plain...)
	found = seekAt(found, AllKinds, m.trailer, "trailer")
	// What is around the body proper: a coding with plain text after its end,
	// a chunk's extensions (RFC 9112 section 7.1.1).
	found = seekMore(found, seekAt(nil, bodyKinds, m.coded, "body"))
	return seekMore(found, seekAt(nil, bodyKinds, m.framed, "chunk framing"))
}

// seekMore adds sightings in octets that hold the body and the trailer in
// another form, unless they are of a kind that was found there.
func seekMore(found, more []Sighting) []Sighting {
	for _, s := range more {
		if !slices.ContainsFunc(found, func(f Sighting) bool {
			return f.Kind == s.Kind && (f.Where == "body" || f.Where == "trailer")
		}) {
			found = append(found, s)
		}
	}
	return found
}

func isExchange(x *Exchange) bool {
	_, path := originOf(x.URL)
	path, _, _ = strings.Cut(path, "?")
	return x.Method == "POST" && strings.HasSuffix(path, credentialsPath) && x.Status >= 200 && x.Status < 300
}

// seekHead names the header in which a mark is, after a look at the whole head
// that costs one pass when there is none.
func (r *Recorder) seekHead(found []Sighting, m message) []Sighting {
	if probe.Seek(AllKinds, m.head) == nil {
		return found
	}
	before := len(found)
	excused := false
	for i, line := range bytes.Split(m.head, []byte("\n")) {
		name, value, colon := bytes.Cut(line, []byte(":"))
		where := "head"
		if i == 0 {
			where = "status line"
		} else if colon && isToken(name) {
			where = "header " + string(name)
		}
		kinds := AllKinds
		if r.toLogin(m.status, string(name), string(bytes.TrimSpace(value))) {
			// The gate's redirect quotes the client's own URL, which at the
			// callback has the code in it: the proxy did that.
			kinds, excused = kinds&^AuthorizationCode, true
		}
		found = seekAt(found, kinds, line, where)
	}
	if len(found) == before && !excused { // across lines
		found = seekAt(found, AllKinds, m.head, "head")
	}
	return found
}

func (r *Recorder) toLogin(status int, name, value string) bool {
	if r.options.LoginPath == "" || status != 307 || !strings.EqualFold(name, "Location") {
		return false
	}
	_, path := originOf(value)
	return strings.HasPrefix(path, r.options.LoginPath)
}

// isToken tells a header name that may be shown: a short token without a mark.
func isToken(name []byte) bool {
	if len(name) == 0 || len(name) > 64 || probe.Seek(AllKinds, name) != nil {
		return false
	}
	return !bytes.ContainsFunc(name, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_')
	})
}

// Report adds what content saw in exchanges of its own, which no door of the
// suite sees. The exchange is the visit that brought the report.
func (r *Recorder) Report(x *Exchange, sightings []Sighting) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range sightings {
		r.reported = append(r.reported, r.leak(x, reported(s)))
	}
}

// reported makes a sighting of a report fit to be printed: the report came
// through the subject, which may have changed it.
func reported(s Sighting) Sighting {
	clean := func(text string) string {
		if len(text) > 200 || probe.Seek(AllKinds, []byte(text)) != nil {
			return hidden(text)
		}
		return plain(text)
	}
	return Sighting{
		Kind:     clean(s.Kind),
		Where:    "the content's report: " + clean(s.Where),
		Encoding: clean(s.Encoding),
	}
}

// Leaks returns what the standing check found, in the order of the exchanges.
func (r *Recorder) Leaks() []Leak {
	exchanges := r.Exchanges()
	r.mu.Lock()
	defer r.mu.Unlock()
	var leaks []Leak
	for _, x := range exchanges {
		for _, s := range x.leaks {
			leaks = append(leaks, r.leak(x, s))
		}
	}
	leaks = append(leaks, r.reported...)
	slices.SortStableFunc(leaks, func(a, b Leak) int { return a.Seq - b.Seq })
	return leaks
}

// leak needs the lock.
func (r *Recorder) leak(x *Exchange, s Sighting) Leak {
	l := Leak{Sighting: s}
	if x != nil {
		red := r.redactor(r.exchanges)
		l.Seq, l.Persona, l.Method, l.URL = x.Seq, x.Persona, x.Method, red.url(x.URL)
	}
	return l
}

const (
	logBlock     = 1 << 20 // read at once; a longer line is sought in pieces
	overlap      = 4 << 10 // of such pieces
	maxSeenLines = 256     // sightings after which the rest of a log tells nothing new
)

// LogSeek seeks marks in lines of text, such as the subject's log, and says in
// which line. It looks at a line by itself only where its block has a mark.
func LogSeek(r io.Reader, kinds Kinds) ([]Sighting, error) {
	var found []Sighting
	buf := make([]byte, logBlock)
	kept := 0 // octets of an unfinished line, at the start of buf
	for number := 1; len(found) <= maxSeenLines; {
		n, err := io.ReadFull(r, buf[kept:])
		block := buf[:kept+n]
		whole := len(block)
		if err == nil {
			whole = bytes.LastIndexByte(block, '\n') + 1
		}
		if whole == 0 && err == nil { // a line longer than the block
			found = seekAt(found, kinds, block, fmt.Sprintf("line %d", number))
			kept = copy(buf, block[len(block)-overlap:])
			continue
		}
		found, number = seekLines(found, kinds, block[:whole], number)
		kept = copy(buf, block[whole:])
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return found, nil
		case err != nil:
			return found, fmt.Errorf("read log: %w", err)
		}
	}
	return found, nil
}

// seekLines seeks in whole lines, the first of which has the number given, and
// returns the number of the next.
func seekLines(found []Sighting, kinds Kinds, block []byte, number int) ([]Sighting, int) {
	if probe.Seek(kinds, block) == nil {
		return found, number + bytes.Count(block, []byte("\n"))
	}
	for line := range bytes.Lines(block) {
		found = seekAt(found, kinds, line, fmt.Sprintf("line %d", number))
		number++
	}
	return found, number
}
