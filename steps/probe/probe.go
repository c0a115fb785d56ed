// Package probe is the content program of the suite. A server under test executes it as published
// content, so that the content itself exchanges tokens during a visit or a render.
//
// The protocol is named probe/1. The program runs in the folder of an unpacked bundle in one of two
// modes:
//
//   - serve: It serves HTTP/1.1 on the unix socket named by PROBE_SOCKET until SIGTERM. A request contains its
//     actions as ?probe=<base64url of a JSON array> or as a POST body {"actions":[...]}. The reply is a [Report].
//   - render: It reads the actions from ./probe.json and writes the report to standard output.
//
// A report contains the request and the environment of the content, and the replies to its calls.
// It contains no token: secrets are reported as SHA-256 digests, which the provider's journal has
// too. Only the content receives the replies to its calls, so the program searches the raw octets
// of each reply for the marks of the provider ([Search]).
//
// The package uses only the standard library, because the program runs on the servers of users and
// must start within a few milliseconds.
package probe

import (
	"net/http"
	"slices"
)

// Version is the name of the protocol and the first member of every report.
const Version = "probe/1"

// The modes of the program.
const (
	ModeServe  = "serve"
	ModeRender = "render"
)

// The kinds of actions.
const (
	DoCall      = "call"       // sends a request
	DoSetCookie = "set-cookie" // adds a Set-Cookie header to the reply to the visit
	DoSeal      = "seal"       // encrypts a value for a later visit
	DoOpen      = "open"       // decrypts a value that an earlier visit has sealed
)

// AsExchange marks a call as a token exchange. The report contains the member names and digests of
// its reply. Later calls can use its access_token by the placeholder {token}.
const AsExchange = "exchange"

// An Action is an instruction for the probe.
//
// URL, the values of Headers and Form, and Body may contain placeholders: {env.NAME}, {header.Name}
// of the request of the visit, {file.NAME} for the first line of the file named by the environment
// variable NAME, {token} for the access token of the last exchange in the visit, and {opened} for the
// value of the last open. A placeholder may list several sources separated by bars, such as
// {env.TOKEN|file.TOKEN_FILE}. The first source with a value is used.
//
// A seal encrypts Value, which may contain placeholders, with Key. An open decrypts Value, the
// member Sealed of a [Result] of seal, with the same Key. The visits of both may be executed by
// different processes.
type Action struct {
	Do      string            `json:"do"`
	Method  string            `json:"method,omitempty"`
	URL     string            `json:"url,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Form    map[string]string `json:"form,omitempty"`
	Body    string            `json:"body,omitempty"`
	As      string            `json:"as,omitempty"`
	Cookie  string            `json:"cookie,omitempty"` // the value of the header of set-cookie
	Value   string            `json:"value,omitempty"`  // of seal and open
	Key     string            `json:"key,omitempty"`    // of seal and open, see [NewSealKey]
}

// A Script is the content of ./probe.json and of a POST body.
type Script struct {
	Actions []Action `json:"actions"`
}

// A Report is the reply of the probe.
type Report struct {
	Probe       string            `json:"probe"`
	Mode        string            `json:"mode"`
	PID         int               `json:"pid"`
	Request     *Request          `json:"request,omitempty"`
	Environment map[string]string `json:"environment"`
	Results     []Result          `json:"results"`
	Sightings   []Sighting        `json:"sightings"`
}

// A Request is the request of the visit as the content received it. Query does not include the actions.
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

// A Result is the outcome of the action with the same index.
type Result struct {
	Status          int                 `json:"status,omitempty"`
	Headers         map[string][]string `json:"headers,omitempty"`
	Members         []string            `json:"members,omitempty"`
	TokenType       string              `json:"token_type,omitempty"`
	IssuedTokenType string              `json:"issued_token_type,omitempty"`
	ExpiresIn       *int64              `json:"expires_in,omitempty"`
	Token           string              `json:"token,omitempty"`  // hex SHA-256 of access_token
	Code            int                 `json:"code,omitempty"`   // member code of a reply with status 400 or above
	Sealed          string              `json:"sealed,omitempty"` // the encrypted value of seal, base64url
	Digest          string              `json:"digest,omitempty"` // hex SHA-256 of the value of seal or open
	Error           string              `json:"error,omitempty"`  // why there is no reply
	Body            string              `json:"body,omitempty"`   // empty if the reply contained a token
}

// Refused reports whether the call was refused: status 4xx or 501.
func (r Result) Refused() bool {
	return r.Status/100 == 4 || r.Status == http.StatusNotImplemented
}

// Has reports whether the JSON object of the reply has the member.
func (r Result) Has(member string) bool { return slices.Contains(r.Members, member) }

// A Sighting describes a mark of the provider in a place where none is allowed, by its kind and
// place, without its value.
type Sighting struct {
	Kind     string `json:"kind"`
	Where    string `json:"where"`
	Encoding string `json:"encoding,omitempty"`
}
