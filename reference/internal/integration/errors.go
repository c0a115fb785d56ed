package integration

import (
	"errors"
	"fmt"
)

// The errors of this package that callers may act on. Most are wrapped in a [Refusal] with a text.
var (
	ErrTemplate      = errors.New("unknown template")
	ErrTemplateFixed = errors.New("the template of an integration cannot be changed")
	ErrName          = errors.New("invalid name of an integration")
	ErrDescription   = errors.New("invalid description of an integration")
	ErrPermissions   = errors.New("integrations have no permissions")
	ErrConfig        = errors.New("invalid configuration")
	ErrNotVerifiable = errors.New("only Service Account integrations can be verified")
	ErrProvider      = errors.New("the provider returned no token")

	ErrNoIntegration = errors.New("unknown integration in a list of associations")
	ErrListedTwice   = errors.New("an integration is listed more than once")
	ErrContentClass  = errors.New("the auth type does not fit the content")

	ErrGrantType           = errors.New("unknown grant type")
	ErrSubjectTokenType    = errors.New("unknown subject token type")
	ErrRequestedTokenType  = errors.New("unknown requested token type")
	ErrSubjectToken        = errors.New("invalid subject token")
	ErrContentSessionToken = errors.New("invalid content session token")
	ErrNotOwner            = errors.New("the caller does not own the content")
	ErrNoAssociation       = errors.New("the content has no associations")
	ErrAudience            = errors.New("the audience is not associated with the content")
	ErrSeveralAssociations = errors.New("the content has several associations")
	ErrAuthFlow            = errors.New("the integration does not support this flow")
	ErrNoPermission        = errors.New("the visitor may not see the content")
	// ErrNotLoggedIn means that the user has no refresh token for the integration.
	ErrNotLoggedIn = errors.New("not logged in to the integration")
	// ErrRefreshFailed means that the provider rejected the refresh token. The user is then no longer logged in.
	ErrRefreshFailed = errors.New("the refresh token is invalid")

	// ErrLoginState means that the state of a login is missing, unknown, used, expired, or of another user or browser.
	ErrLoginState     = errors.New("unknown login")
	ErrLoginRefused   = errors.New("the provider refused the login")
	ErrLoginIssuer    = errors.New("the reply came from another provider")
	ErrNoRefreshToken = errors.New("the provider returned no refresh token")
	ErrNoLogin        = errors.New("the integration does not support logins")
)

// A Refusal is one of the errors above with a text for the user or for the developer of the content.
type Refusal struct {
	Err  error
	Text string
}

func (r *Refusal) Error() string { return r.Err.Error() + ": " + r.Text }

// Unwrap returns the error without the text.
func (r *Refusal) Unwrap() error { return r.Err }

func refuse(err error, format string, args ...any) error {
	return &Refusal{err, fmt.Sprintf(format, args...)}
}
