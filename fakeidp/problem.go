package fakeidp

import (
	"errors"
	"net/http"
)

// A problem is a refusal that a client is told about. Handlers do not invent
// codes: there is a constructor for each.
type problem struct {
	status      int
	code        string // the error member of the reply
	description string // ASCII without quotes and backslashes (RFC 6749, section 5.2); never holds input
	header      http.Header
	bare        bool // RFC 6750, section 3.1: no code for who showed no token at all
}

func (p *problem) Error() string { return p.code + ": " + p.description }

func newProblem(status int, code, description string) *problem {
	return &problem{status: status, code: code, description: description, header: http.Header{}}
}

// with adds a header to the refusal.
func (p *problem) with(name, value string) *problem {
	p.header.Set(name, value)
	return p
}

// asProblem makes a refusal of any error. What is not one is a fault of the
// provider: its text stays inside.
func asProblem(err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	return serverError()
}

// RFC 6749, sections 4.1.2.1 and 5.2.

func invalidRequest(description string) *problem {
	return newProblem(http.StatusBadRequest, "invalid_request", description)
}

// invalidClient says the same whether the client is unknown, its secret wrong
// or its method not the registered one.
func invalidClient() *problem {
	return newProblem(http.StatusUnauthorized, "invalid_client", "client authentication failed").
		with("WWW-Authenticate", `Basic realm="fakeidp", charset="UTF-8"`)
}

func invalidGrant(description string) *problem {
	return newProblem(http.StatusBadRequest, "invalid_grant", description)
}

func unauthorizedClient() *problem {
	return newProblem(http.StatusBadRequest, "unauthorized_client", "the client is not registered for this grant type")
}

func unsupportedGrantType() *problem {
	return newProblem(http.StatusBadRequest, "unsupported_grant_type", "the grant type is not supported")
}

func unsupportedResponseType() *problem {
	return newProblem(http.StatusBadRequest, "unsupported_response_type", "only response_type code is supported")
}

func invalidScope(description string) *problem {
	return newProblem(http.StatusBadRequest, "invalid_scope", description)
}

func serverError() *problem {
	return newProblem(http.StatusInternalServerError, "server_error", "the provider failed")
}

// refusedBy is a refusal that an account or its script decided on.
func refusedBy(code string) *problem {
	return newProblem(http.StatusBadRequest, code, "the account did not grant the request")
}

// interaction is a refusal to ask anything where prompt=none forbids it
// (OpenID Connect Core, section 3.1.2.6).
func interaction(code string) *problem {
	return newProblem(http.StatusBadRequest, code, "prompt none, and the provider would have to ask")
}

// RFC 6750, section 3.1. [refuseBearer] writes the challenge.

func tokenMissing() *problem {
	p := newProblem(http.StatusUnauthorized, "invalid_token", "no bearer token was shown")
	p.bare = true
	return p
}

func invalidToken() *problem {
	return newProblem(http.StatusUnauthorized, "invalid_token", "the access token is unknown, expired or revoked")
}

func insufficientScope() *problem {
	return newProblem(http.StatusForbidden, "insufficient_scope", "the access token lacks the scope openid")
}

// accessDenied is for a good token of an account that was granted nothing.
func accessDenied() *problem {
	return newProblem(http.StatusForbidden, "access_denied", "the account has no rows")
}
