package fakeidp

import (
	"errors"
	"net/http"
)

// A problem is an error that is reported to the client. Each code has a constructor.
type problem struct {
	status      int
	code        string // the error member of the reply
	description string // ASCII without quotes and backslashes (RFC 6749, section 5.2); never contains input
	reason      string // for the journal only, if the client must not learn it; never contains input
	header      http.Header
	bare        bool // RFC 6750, section 3.1: no code for a request without a token
}

func (p *problem) Error() string { return p.code + ": " + p.description }

func newProblem(status int, code, description string) *problem {
	return &problem{status: status, code: code, description: description, header: http.Header{}}
}

// with adds a header to the reply.
func (p *problem) with(name, value string) *problem {
	p.header.Set(name, value)
	return p
}

// because sets the reason for the journal.
func (p *problem) because(reason string) *problem {
	p.reason = reason
	return p
}

// asProblem converts an error to a problem. An error that is not a problem is an error of the provider, and its text
// is not sent.
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

// invalidClient returns the same error for an unknown client, a wrong secret and a method for which the client is not
// registered. Only the journal has the reason.
func invalidClient(reason string) *problem {
	return newProblem(http.StatusUnauthorized, "invalid_client", "client authentication failed").
		with("WWW-Authenticate", `Basic realm="fakeidp", charset="UTF-8"`).because(reason)
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

// refusedBy returns the error with which an account or its script refuses.
func refusedBy(code string) *problem {
	return newProblem(http.StatusBadRequest, code, "the account did not grant the request")
}

// interaction returns the error for a request that needs a choice of the user, while prompt=none forbids it (OpenID
// Connect Core, section 3.1.2.6).
func interaction(code string) *problem {
	return newProblem(http.StatusBadRequest, code, "prompt none, and the provider would have to ask")
}

// RFC 6750, section 3.1. [refuseBearer] writes the challenge.

func tokenMissing() *problem {
	p := newProblem(http.StatusUnauthorized, "invalid_token", "no bearer token was shown")
	p.bare = true
	return p
}

func invalidToken(reason string) *problem {
	return newProblem(http.StatusUnauthorized, "invalid_token", "the access token is unknown, expired or revoked").because(reason)
}

func insufficientScope() *problem {
	return newProblem(http.StatusForbidden, "insufficient_scope", "the access token lacks the scope openid")
}

// accessDenied returns the error for a valid token of an account without data.
func accessDenied() *problem {
	return newProblem(http.StatusForbidden, "access_denied", "the account has no rows")
}
