// Package arrival describes what reaches the server behind a proxy under test, and how that
// server answers. The suite judges the requests that arrived, not those that it sent.
package arrival

import (
	"context"
	"strings"
)

// HeaderID is the name of the header with the id of a request. The proxy must pass it on like any
// other header of a client.
const HeaderID = "Countersign-Request"

// A Request is a request as the server behind the proxy received it.
type Request struct {
	Line    string   // the request line
	Fields  []string // the header lines in order
	Framing string   // "length", "chunked", or "" without a body
	Length  int      // of the body
	Digest  string   // SHA-256 of the body in hexadecimal, "" without a body
	Trailer []string // the lines of the trailer
	Tunnel  []byte   // received after a change of the protocol
}

// Values returns the values of the header lines with this name in order, ignoring case. It does
// not join lines.
func (r Request) Values(name string) []string {
	return r.values(func(n string) bool { return strings.EqualFold(n, name) })
}

// Alike returns the values of the header lines whose names some servers do not distinguish from
// name: they differ in case and in the characters between letters and digits only.
func (r Request) Alike(name string) []string {
	return r.values(func(n string) bool { return plain(n) == plain(name) })
}

func (r Request) values(is func(name string) bool) []string {
	var values []string
	for _, field := range r.Fields {
		name, value, _ := strings.Cut(field, ":")
		if is(name) {
			values = append(values, strings.Trim(value, " \t"))
		}
	}
	return values
}

// plain replaces each character of a name that is neither a letter nor a digit by a dash.
func plain(name string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return '-'
	}, strings.ToLower(name))
}

// Target returns the target of the request line.
func (r Request) Target() string {
	_, rest, _ := strings.Cut(r.Line, " ")
	target, _, _ := strings.Cut(rest, " ")
	return target
}

// Method returns the method of the request line.
func (r Request) Method() string {
	method, _, _ := strings.Cut(r.Line, " ")
	return method
}

// A Reply is the reply of the server to a request, octet by octet.
type Reply struct {
	// Head is the status line and the header lines, separated by CRLF, without the empty line.
	Head string
	// Parts are the parts of the body. The server sends each further part after a call of
	// Release.
	Parts []string
	// Close closes the connection after the reply.
	Close bool
}

// A Server is the recording server behind the proxy. Its methods are safe for concurrent use.
type Server interface {
	// Address returns the host and the port at which the server listens.
	Address() string
	// Script defines the reply to the requests with this id. Without a script the server answers
	// 200, or 101 if the request asks for another protocol.
	Script(id string, reply Reply)
	// Release makes the server send the next part of the reply to the request with this id.
	Release(id string)
	// Received returns the requests with this id in the order of arrival.
	Received(id string) []Request
	// Settle waits until the connections that end after their last reply have ended.
	Settle(ctx context.Context) error
	// AcceptNothing closes the server and makes it listen at the same address without accepting
	// connections. Attempts to connect get no answer.
	AcceptNothing(ctx context.Context) error
	// Restart closes all connections and starts the server again at the same address.
	Restart(ctx context.Context) error
}
