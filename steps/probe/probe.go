// Package probe is the content program of the suite: what a subject executes
// as published content, so that an exchange is made by the content during the
// visit or the render and not by the suite beside it.
//
// The protocol is named probe/1. The program runs in the folder of an unpacked
// bundle in one of two modes:
//
//   - serve: HTTP/1.1 on the unix socket named by PROBE_SOCKET until SIGTERM.
//     A request carries its actions as ?probe=<base64url of a JSON array> or as
//     a POST body {"actions":[...]}; the reply is a [Report].
//   - render: the actions come from ./probe.json, the report goes to standard
//     output.
//
// A report tells what the content saw (request, environment) and what its
// calls answered. It never holds a token: values of secrets are given as
// SHA-256 digests, which the provider's journal knows too. Nobody but the
// content sees the replies to its calls, therefore the marks of the provider
// are sought here, in the raw octets of each reply ([Seek]).
//
// The package uses the standard library only: it is linked into a program that
// other people run on their servers, and it has to start in a few
// milliseconds.
package probe

import "slices"

// Version names the protocol; the first member of every report.
const Version = "probe/1"

// The two modes of the program.
const (
	ModeServe  = "serve"
	ModeRender = "render"
)

// What an action does. Streaming and holding a WebSocket are to become actions of
// their own.
const (
	DoCall      = "call"       // calls a URL
	DoSetCookie = "set-cookie" // answers the visit with a Set-Cookie header
)

// AsExchange marks a call as a token exchange: its reply is reported by member
// names and digests, and its access_token is {token} for the calls after it.
const AsExchange = "exchange"

// Action is one thing that a visit or a bundle tells the probe to do.
//
// URL, the values of Headers and Form, and Body may hold placeholders:
// {env.NAME}, {header.Name} of the visit's request, {file.NAME} for the first
// line of the file named by the environment variable NAME, and {token} for the
// access token of the last exchange in this visit. A placeholder may name several
// of them with bars in between, as {env.TOKEN|file.TOKEN_FILE}: the first that has
// a value counts.
type Action struct {
	Do      string            `json:"do"`
	Method  string            `json:"method,omitempty"`
	URL     string            `json:"url,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Form    map[string]string `json:"form,omitempty"`
	Body    string            `json:"body,omitempty"`
	As      string            `json:"as,omitempty"`
	Cookie  string            `json:"cookie,omitempty"` // of set-cookie: the value of the header
}

// Script is the form of ./probe.json and of a POST body.
type Script struct {
	Actions []Action `json:"actions"`
}

// Report is what the probe answers.
type Report struct {
	Probe       string            `json:"probe"`
	Mode        string            `json:"mode"`
	PID         int               `json:"pid"`
	Request     *Request          `json:"request,omitempty"`
	Environment map[string]string `json:"environment"`
	Results     []Result          `json:"results"`
	Sightings   []Sighting        `json:"sightings"`
}

// Request is the visit's request as it reached the content. Query is without
// the actions.
type Request struct {
	Method  string              `json:"method"`
	Path    string              `json:"path"`
	Query   string              `json:"query"`
	Headers map[string][]string `json:"headers"`
}

// Header returns the first value of the named header in the spelling of
// [net/http.CanonicalHeaderKey], and whether there is one.
func (r *Request) Header(name string) (string, bool) {
	if r == nil || len(r.Headers[name]) == 0 {
		return "", false
	}
	return r.Headers[name][0], true
}

// Result is the outcome of one action, at the action's index in the list.
type Result struct {
	Status          int                 `json:"status,omitempty"`
	Headers         map[string][]string `json:"headers,omitempty"`
	Members         []string            `json:"members,omitempty"`
	TokenType       string              `json:"token_type,omitempty"`
	IssuedTokenType string              `json:"issued_token_type,omitempty"`
	ExpiresIn       *int64              `json:"expires_in,omitempty"`
	Token           string              `json:"token,omitempty"` // hex SHA-256 of access_token
	Code            int                 `json:"code,omitempty"`  // member code of an error reply
	Error           string              `json:"error,omitempty"` // why there is no reply
	Body            string              `json:"body,omitempty"`  // not of a reply that carried a token
}

// Has reports whether a reply's JSON object had the named member.
func (r Result) Has(member string) bool { return slices.Contains(r.Members, member) }

// Sighting is a mark of the provider found where none may be. It holds the
// kind and the place, never the value.
type Sighting struct {
	Kind     string `json:"kind"`
	Where    string `json:"where"`
	Encoding string `json:"encoding,omitempty"`
}
