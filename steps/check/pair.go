package check

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// A Pair is two requests of a scenario: one that was granted, and one that is tried. A refusal
// proves something only if the other request was granted and the two differ in one thing.
type Pair struct {
	Granted *driver.Reply
	Tried   *driver.Reply
	// Excused are parts in which the requests differ for a reason that the step knows: each needs a
	// value of its own, such as the id of a session that the first request deletes, or the part
	// follows from the other difference.
	Excused []Part
}

// A Part is a part of a request.
type Part string

// The parts in which requests are compared.
const (
	Caller   Part = "the caller"   // identity headers, cookies, API key, signature, XSRF token
	Headers  Part = "its headers"  // any other header
	Resource Part = "its resource" // method, path and query
	Body     Part = "its body"
)

// require returns an error unless a request was granted and another one, which differs from it in
// one part at most, was tried. The requests do not differ if the state of the server has changed
// between them.
func (p Pair) require() error {
	if !WasGranted(p.Granted) {
		return nothingGranted("no request was granted")
	}
	if p.Tried == nil {
		return &verdict.Trouble{Op: "nothing was tried"}
	}
	if parts := p.Differences(); len(parts) > 1 {
		return nothingGranted(fmt.Sprintf("no request was granted that differs from %s in one thing; the last that was granted, %s, differs in %s",
			p.Tried.Summary(), p.Granted.Summary(), join(parts)))
	}
	return nil
}

// refusal returns what is wanted of the tried request, with the difference between the two.
func (p Pair) refusal() string {
	difference := "though the request is the same"
	if parts := p.Differences(); len(parts) > 0 {
		difference = "and differs in " + join(parts)
	}
	return "a refusal (4xx or 501); " + p.Granted.Summary() + " was granted, " + difference
}

func join(parts []Part) string {
	var words []string
	for _, part := range parts {
		words = append(words, string(part))
	}
	return strings.Join(words, " and ")
}

// Differences returns the parts in which the recorded requests differ, apart from excused ones.
func (p Pair) Differences() []Part {
	if p.Granted == nil || p.Tried == nil || p.Granted.Exchange == nil || p.Tried.Exchange == nil {
		return nil
	}
	a, b := recordedRequest(p.Granted), recordedRequest(p.Tried)
	var parts []Part
	add := func(part Part, differs bool) {
		if differs && part != "" && !slices.Contains(parts, part) && !slices.Contains(p.Excused, part) {
			parts = append(parts, part)
		}
	}
	add(Resource, a.resource != b.resource)
	for name := range merged(a.headers, b.headers) {
		add(partOf(name), !slices.Equal(a.headers[name], b.headers[name]))
	}
	add(Body, !bytes.Equal(a.body, b.body))
	slices.Sort(parts)
	return parts
}

// A recorded is a request as it was sent.
type recorded struct {
	resource string              // method and target
	headers  map[string][]string // values by lower-case name
	body     []byte
}

func recordedRequest(r *driver.Reply) recorded {
	lines := strings.Split(string(r.Exchange.RequestHead), "\n")
	q := recorded{resource: resourceOf(lines[0]), headers: map[string][]string{}, body: r.Exchange.RequestBody}
	for _, line := range lines[1:] {
		if name, value, ok := strings.Cut(line, ":"); ok {
			name = strings.ToLower(name)
			q.headers[name] = append(q.headers[name], strings.TrimSpace(value))
		}
	}
	if _, upgrades := q.headers["sec-websocket-key"]; upgrades {
		q.body = nil // frames are masked with a random key
	}
	return q
}

// resourceOf returns the method and the path of a request line with its query. The actions of a
// visit are not part of the resource.
func resourceOf(line string) string {
	words := strings.Fields(line)
	if len(words) < 2 {
		return line
	}
	u, err := url.Parse(words[1])
	if err != nil {
		return words[0] + " " + words[1]
	}
	query := u.Query()
	query.Del("probe")
	return words[0] + " " + u.Path + "?" + query.Encode()
}

func merged(a, b map[string][]string) map[string]bool {
	names := map[string]bool{}
	for _, headers := range []map[string][]string{a, b} {
		for name := range headers {
			names[name] = true
		}
	}
	return names
}

// callerHeaders identify who makes a request, beside the headers that begin with X-Auth.
var callerHeaders = []string{"cookie", "authorization", "x-rsc-authorization", "x-rsc-xsrf", "x-rsc-request", "x-content-checksum", "date"}

// partOf returns the part of a request that a header belongs to. Some headers follow from others,
// or from how the suite sends the request.
func partOf(name string) Part {
	switch {
	case strings.HasPrefix(strings.ReplaceAll(name, "_", "-"), "x-auth"), slices.Contains(callerHeaders, name):
		return Caller
	case slices.Contains([]string{"content-length", "content-type", "transfer-encoding", "trailer"}, name):
		return Body
	case name == "host", name == "connection", name == "sec-websocket-key", name == "user-agent", name == "accept-encoding":
		return ""
	}
	return Headers
}
