package control

import "encoding/json"

// The endpoints that a fault can select.
const (
	EndpointAuthorize  = "authorize"
	EndpointToken      = "token"
	EndpointUserinfo   = "userinfo"
	EndpointJWKS       = "jwks"
	EndpointDiscovery  = "discovery"
	EndpointRevoke     = "revoke"
	EndpointIntrospect = "introspect"
	EndpointResource   = "resource"
)

// The moments of a transaction at which a fault happens.
const (
	// Before means that the provider does not process the request: no code is spent, no token is rotated.
	Before = "before"
	// After means that the provider has processed the request and stored the result: codes are spent and tokens are
	// rotated, and the client receives something else than the provider's reply, or nothing.
	After = "after"
)

// The ways in which a fault closes a connection.
const (
	DropClose = "close" // the client reads the end of the stream
	DropReset = "reset" // the client reads a connection reset
)

// A Fault makes an issuer misbehave. The first members select requests, Moment is when the fault happens, and the
// other members are what happens. A fault applies to a selected request whether or not the provider grants it. At most
// one fault of an issuer applies to a request: the first in the list that can, where those of moment before come ahead
// of those of moment after. A fault that skips a request, or that is used up, leaves the request to the next. The strict
// behaviour that a fault replaces is that of RFC 6749, section 5 (token replies) and section 4.1.2 (authorization
// replies).
type Fault struct {
	// Name is the name of the fault in the journal. Empty means fault-1, fault-2 and so on, by place in the list.
	Name string `json:"name,omitempty"`

	// Endpoint selects requests to one endpoint; empty means every endpoint of the issuer.
	Endpoint string `json:"endpoint,omitempty"`
	// GrantType selects token requests with this grant_type.
	GrantType string `json:"grant_type,omitempty"`
	// ClientID selects requests of a client: the presented client_id, or the client of the presented access token.
	ClientID string `json:"client_id,omitempty"`
	// Form selects requests with these values of parameters, in the body or in the query.
	Form map[string]string `json:"form,omitempty"`
	// Skip is the number of selected requests that pass before the fault applies.
	Skip int `json:"skip,omitempty"`
	// Times is the number of requests to which the fault applies; 0 means all.
	Times int `json:"times,omitempty"`

	// Moment is before or after. It is required with Body, Redirect, FloodBytes, and Drop without KeepBytes. Otherwise
	// the default is after.
	Moment string `json:"moment,omitempty"`

	// Status replaces the status of the reply: 200 to 599.
	Status int `json:"status,omitempty"`
	// MediaType replaces the Content-Type.
	MediaType string `json:"media_type,omitempty"`
	// Header sets header fields of the reply; null removes one, such as Cache-Control.
	Header map[string]*string `json:"header,omitempty"`
	// Body replaces the body by a text. The default status is then 200 and the default media type application/json.
	Body *string `json:"body,omitempty"`
	// Members changes the members of a JSON reply. The fault does not select a reply that is not a JSON object.
	Members *Edit[json.RawMessage] `json:"members,omitempty"`
	// Parameters changes the parameters of an authorization reply, which is a redirect to the client. The fault does
	// not select a page.
	Parameters *Edit[string] `json:"parameters,omitempty"`
	// Prepend and Append add text to the body, for example to make JSON malformed.
	Prepend string `json:"prepend,omitempty"`
	Append  string `json:"append,omitempty"`
	// KeepBytes truncates the body. Without Drop the reply is complete HTTP with a shorter body. With Drop the reply
	// declares its whole length, and the connection closes after these bytes.
	KeepBytes *int `json:"keep_bytes,omitempty"`
	// Redirect replaces the reply by a redirect to this URL, with the status 302 unless Status is another redirect.
	Redirect string `json:"redirect,omitempty"`
	// Drop is close or reset: it closes the connection without a byte of a reply, or after KeepBytes bytes of the
	// body. With Moment before, it is the nearest to a refused connection that one issuer of a shared listener can
	// have: the connection is accepted and then closed.
	Drop string `json:"drop,omitempty"`
	// FloodBytes sends Body, or the beginning of a JSON object, and then this number of bytes. The maximum is 64 MiB.
	FloodBytes int `json:"flood_bytes,omitempty"`

	// DelayMS is the number of milliseconds to wait, at most 600000: with Moment before until the provider processes
	// the request, with Moment after until the reply is sent. Replacing or deleting the faults ends the delay, as does
	// a client that disconnects.
	DelayMS int `json:"delay_ms,omitempty"`
	// Trickle sends the body slowly.
	Trickle *Trickle `json:"trickle,omitempty"`
}

// An Edit changes named values: first it removes, then sets, repeats and adds.
type Edit[V any] struct {
	Remove []string     `json:"remove,omitempty"`
	Set    map[string]V `json:"set,omitempty"`    // in place, or at the end if there is none
	Repeat []string     `json:"repeat,omitempty"` // a second time with the same value
	Add    map[string]V `json:"add,omitempty"`    // a further time with this value
}

// A Trickle sends Bytes bytes of the body every EveryMS milliseconds.
type Trickle struct {
	Bytes   int `json:"bytes"`
	EveryMS int `json:"every_ms"`
}

// MaxFlood is the maximum of FloodBytes of a [Fault].
const MaxFlood = 64 << 20

// Faults is the body of PUT /issuers/{name}/faults. It replaces all faults and restarts their counts.
type Faults struct {
	Faults []Fault `json:"faults"`
}

// FaultReports is the reply of GET /issuers/{name}/faults.
type FaultReports struct {
	Faults []FaultReport `json:"faults"`
}

// A FaultReport is a fault with its counts.
type FaultReport struct {
	Fault    Fault `json:"fault"`
	Selected int   `json:"selected"` // requests that the fault selected, including skipped ones
	Applied  int   `json:"applied"`  // requests to which it applied
}

// Text returns a pointer to a text, for Body and Header of a [Fault].
func Text(text string) *string { return &text }

// Count returns a pointer to a number, for KeepBytes of a [Fault].
func Count(n int) *int { return &n }
