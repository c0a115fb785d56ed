package web

import (
	"context"
	"net/http"

	"countersign/reference/internal/account"
)

// via says how a caller was recognised.
type via int

const (
	anonymous  via = iota
	viaHeader      // the proxy's identity header
	viaCookie      // a session of the password provider
	viaKey         // an API key of a user's own
	viaContent     // the API key given to a content process
	viaToken       // deployment credentials, by a signed request
)

// caller is who makes a request.
type caller struct {
	Via  via
	User account.User   // zero when anonymous
	Key  account.APIKey // zero unless by key
	Role account.Role   // the user's role, capped by the key's

	xsrf  string // of the session, for Interactive callers
	fresh bool   // the session was made for this very request
}

// SignedIn reports whether the caller is a user at all.
func (c caller) SignedIn() bool { return c.Via != anonymous }

// ByKey reports whether the caller presented an API key of any kind, or a signature: what no browser sends by itself.
func (c caller) ByKey() bool { return c.SignedIn() && !c.Interactive() }

// Interactive reports whether the caller is a person with a browser: header or cookie.
func (c caller) Interactive() bool { return c.Via == viaHeader || c.Via == viaCookie }

// person returns the caller of a request that only a person in a browser may make. A program must not give its owner's
// rights to somebody else, or log its owner in or out, with the key that it was given.
func person(r *http.Request) (caller, error) {
	c := callerOf(r)
	if !c.Interactive() {
		return c, fail(95)
	}
	return c, nil
}

type callerKey struct{}

// callerOf returns who makes the request; the zero caller is anonymous.
func callerOf(r *http.Request) caller {
	c, _ := r.Context().Value(callerKey{}).(caller)
	return c
}

func withCaller(ctx context.Context, c caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}
