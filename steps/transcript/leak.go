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

// credentialsPath is the end of the path of the token exchange. Only the body of its reply may hold
// an access token.
const credentialsPath = "/oauth/integrations/credentials"

// A Leak is a secret of the provider in a reply of the server under test.
type Leak struct {
	Sighting
	Seq     int // of the exchange; 0 if there is none
	Persona string
	Method  string
	URL     string // redacted as in a transcript
}

// String describes the secret and its place without its value.
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

func searchAt(found []Sighting, kinds Kinds, data []byte, where string) []Sighting {
	for _, f := range probe.Search(kinds, data) {
		s := Sighting{Kind: f.Kind.String(), Where: where, Encoding: f.Encoding}
		if !slices.Contains(found, s) {
			found = append(found, s)
		}
	}
	return found
}

// leaksOf runs the standing check on a reply: refresh tokens, client secrets and authorization codes
// must not occur in it, and access tokens only in the body of a token exchange.
func (r *Recorder) leaksOf(x *Exchange, m message) []Sighting {
	found := r.searchHead(nil, m)
	bodyKinds := AllKinds
	if isExchange(x) {
		bodyKinds &^= AccessToken
	}
	plain := searchAt(nil, bodyKinds, m.plain, "body")
	if m.coded != nil {
		for i := range plain {
			plain[i].Encoding = strings.TrimSuffix(m.coding+"+"+plain[i].Encoding, "+raw")
		}
	}
	found = append(found, plain...)
	found = searchAt(found, AllKinds, m.trailer, "trailer")
	// Search the octets around the decoded body too: data after the end of a content coding, and chunk
	// extensions (RFC 9112 section 7.1.1).
	found = addSightings(found, searchAt(nil, bodyKinds, m.coded, "body"))
	return addSightings(found, searchAt(nil, bodyKinds, m.framed, "chunk framing"))
}

// addSightings adds the sightings in more whose kind was not found in the body or in the trailer. more
// comes from octets that hold the body and the trailer in another encoding.
func addSightings(found, more []Sighting) []Sighting {
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

// searchHead searches the head of a reply and names the header of each sighting. A head without a mark
// takes a single pass.
func (r *Recorder) searchHead(found []Sighting, m message) []Sighting {
	if probe.Search(AllKinds, m.head) == nil {
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
			// The redirect to the login page contains the client's own URL, which at the callback
			// includes the code. The proxy created that redirect.
			kinds, excused = kinds&^AuthorizationCode, true
		}
		found = searchAt(found, kinds, line, where)
	}
	if len(found) == before && !excused { // a mark may extend over several lines
		found = searchAt(found, AllKinds, m.head, "head")
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

// isToken reports whether name is a short header name without a mark, so that it may be shown.
func isToken(name []byte) bool {
	if len(name) == 0 || len(name) > 64 || probe.Search(AllKinds, name) != nil {
		return false
	}
	return !bytes.ContainsFunc(name, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_')
	})
}

// Report adds the sightings of content in its own exchanges, which the suite does not record. x is the
// exchange whose reply holds the report.
func (r *Recorder) Report(x *Exchange, sightings []Sighting) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range sightings {
		r.reported = append(r.reported, r.leak(x, reported(s)))
	}
}

// reported returns a sighting of a report in a form that may be printed. The server under test may have
// changed the report.
func reported(s Sighting) Sighting {
	clean := func(text string) string {
		if len(text) > 200 || probe.Search(AllKinds, []byte(text)) != nil {
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

// Leaks returns the results of the standing check, in the order of the exchanges.
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

// leak returns the leak of a sighting in x. The caller holds r.mu.
func (r *Recorder) leak(x *Exchange, s Sighting) Leak {
	l := Leak{Sighting: s}
	if x != nil {
		red := r.redactor(r.exchanges)
		l.Seq, l.Persona, l.Method, l.URL = x.Seq, x.Persona, x.Method, red.url(x.URL)
	}
	return l
}

const (
	logBlock     = 1 << 20 // octets per read; longer lines are searched in pieces
	overlap      = 4 << 10 // octets by which such pieces overlap
	maxSeenLines = 256     // sightings after which the search of a log ends
)

// SearchLines searches lines of text, such as a log, for marks and names the line of each sighting. It
// searches single lines only in blocks that contain a mark.
func SearchLines(r io.Reader, kinds Kinds) ([]Sighting, error) {
	var found []Sighting
	buf := make([]byte, logBlock)
	kept := 0 // octets of an incomplete line at the start of buf
	for number := 1; len(found) <= maxSeenLines; {
		n, err := io.ReadFull(r, buf[kept:])
		block := buf[:kept+n]
		whole := len(block)
		if err == nil {
			whole = bytes.LastIndexByte(block, '\n') + 1
		}
		if whole == 0 && err == nil { // a line longer than the block
			found = searchAt(found, kinds, block, fmt.Sprintf("line %d", number))
			kept = copy(buf, block[len(block)-overlap:])
			continue
		}
		found, number = searchBlock(found, kinds, block[:whole], number)
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

// searchBlock searches complete lines. number is the number of the first line. It returns the
// number of the line after the block.
func searchBlock(found []Sighting, kinds Kinds, block []byte, number int) ([]Sighting, int) {
	if probe.Search(kinds, block) == nil {
		return found, number + bytes.Count(block, []byte("\n"))
	}
	for line := range bytes.Lines(block) {
		found = searchAt(found, kinds, line, fmt.Sprintf("line %d", number))
		number++
	}
	return found, number
}
