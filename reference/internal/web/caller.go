package web

import (
	"context"
	"net/http"

	"countersign/reference/internal/account"
)

// via is the way in which a caller was authenticated.
type via int

const (
	anonymous  via = iota
	viaHeader      // the identity header of the proxy
	viaCookie      // a session of the password provider
	viaKey         // an API key of a user
	viaContent     // the API key given to a content process
	viaToken       // a signed request with deployment credentials
)

// caller is the user or program that makes a request.
type caller struct {
	Via  via
	User account.User   // zero when anonymous
	Key  account.APIKey // zero unless the request has a key
	Role account.Role   // the user's role, capped by the key's

	cookie     string // of the session, for Interactive callers
	newSession bool   // the session was created by this request
}

// xsrf returns the XSRF token of the session of an Interactive caller.
func (c caller) xsrf() string { return account.XSRFToken(c.cookie) }

// actor returns the caller in the form of package account.
func (c caller) actor() account.Actor {
	return account.Actor{User: c.User, Role: c.Role, Key: c.Key.Kind}
}

// SignedIn reports whether the caller is not anonymous.
func (c caller) SignedIn() bool { return c.Via != anonymous }

// ByKey reports whether the caller used an API key of any kind, or a signature, which browsers never send by
// themselves.
func (c caller) ByKey() bool { return c.SignedIn() && !c.Interactive() }

// Interactive reports whether the caller is a user with a browser, identified by header or cookie.
func (c caller) Interactive() bool { return c.Via == viaHeader || c.Via == viaCookie }

// interactiveCaller returns the caller of a request that only a user in a browser may make. A program must not use
// its key to give the rights of the key's owner to another user, or to log its owner in or out.
func interactiveCaller(r *http.Request) (caller, error) {
	c := callerOf(r)
	if !c.Interactive() {
		return c, errAuthenticationType
	}
	return c, nil
}

type callerKey struct{}

// callerOf returns the caller of the request. The zero caller is anonymous.
func callerOf(r *http.Request) caller {
	c, _ := r.Context().Value(callerKey{}).(caller)
	return c
}

func withCaller(ctx context.Context, c caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}
