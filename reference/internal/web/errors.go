package web

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
	"countersign/reference/internal/content/execution"
	"countersign/reference/internal/dberr"
	"countersign/reference/internal/integration"
)

// apiError is an error in the form of Connect. Text is for the client; the wrapped cause is for the log only.
type apiError struct {
	Code   int
	Status int
	Text   string
	// RetryAfter is the number of seconds after which the client may repeat the request; 0 sends none.
	RetryAfter int
	cause      error
}

func (e *apiError) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%d (code %d) %s: %v", e.Status, e.Code, e.Text, e.cause)
	}
	return fmt.Sprintf("%d (code %d) %s", e.Status, e.Code, e.Text)
}

func (e *apiError) Unwrap() error { return e.cause }

// withCause returns e with a cause, which is logged and never sent to the client.
func (e *apiError) withCause(cause error) *apiError {
	c := *e
	c.cause = cause
	return &c
}

// withRetryAfter returns e with the number of seconds after which the client may repeat the request.
func (e *apiError) withRetryAfter(seconds int) *apiError {
	c := *e
	c.RetryAfter = seconds
	return &c
}

// withText returns e with another text for the client.
func (e *apiError) withText(format string, args ...any) *apiError {
	c := *e
	c.Text = fmt.Sprintf(format, args...)
	return &c
}

// domainErrors maps errors of other packages to those of the table. The first entry that an error wraps counts.
var domainErrors = []struct {
	err   error
	reply *apiError
}{
	{account.ErrProhibitedUsername, errProhibitedUsername},
	{account.ErrInvalidUsername, errUsername},
	{account.ErrNoUsername, errNoUsername},
	{account.ErrUsernameTaken, errUsernameTaken},
	{account.ErrUniqueIDTaken, errUniqueIDTaken},
	{account.ErrBlankUniqueID, errBlankUniqueID},
	{account.ErrUniqueIDNotUsed, errInvalidParameter},
	{account.ErrNotProvisioned, errNotProvisioned},
	{account.ErrLocked, errLocked},
	{account.ErrWrongPassword, errBadCredentials},
	{account.ErrPassword, errPassword},
	{account.ErrInvalidRole, errUnknownRole},
	{account.ErrInvalidField, errInvalidParameter},
	{account.ErrNotEditable, errFieldNotEditable},
	{account.ErrUsernameNotEdit, errUsernameNotEditable},
	{account.ErrForbidden, errForbidden},
	{account.ErrSoleAdministrator, errSoleAdministrator},
	{account.ErrNoKey, errNotFound},
	{account.ErrTokenExpired, errTokenExpired},
	{account.ErrTokenClaimed, errTokenClaimed},
	{account.ErrTokenTaken, errTokenTaken},
	{account.ErrTokenAttributes, errTokenAttributes},
	{account.ErrTooManyTokens, errTooManyTokens},
	{account.ErrBlankKeyName, errBlankKeyName},
	{account.ErrKeyRole, errKeyRole},
	{account.ErrGroupsOff, errProviderEndpoint},
	{account.ErrGroupsExternal, errAuthenticationType},
	{account.ErrGroupName, errGroupName},
	{account.ErrGroupNameTaken, errGroupNameTaken},
	{account.ErrGroupUniqueIDTaken, errGroupUniqueIDTaken},
	{account.ErrGroupBlankUniqueID, errBlankGroupUniqueID},
	{account.ErrMember, errMember},
	{account.ErrNotMember, errNotMember},
	{account.ErrNoUser, errNoUser},
	{account.ErrNoGroup, errNoGroup},
	{integration.ErrTemplate, errNoTemplate},
	{integration.ErrTemplateFixed, errTemplateFixed},
	{integration.ErrName, errIntegrationName},
	{integration.ErrDescription, errIntegrationDescription},
	{integration.ErrPermissions, errInvalidParameter},
	{integration.ErrConfig, errIntegrationConfig},
	{integration.ErrNotVerifiable, errNotVerifiable},
	{integration.ErrProvider, errProvider},
	{integration.ErrNoIntegration, errNoIntegration},
	{integration.ErrListedTwice, errDuplicateAssociation},
	{integration.ErrContentClass, errContentClass},
	{integration.ErrGrantType, errGrantType},
	{integration.ErrSubjectTokenType, errSubjectTokenType},
	{integration.ErrRequestedTokenType, errRequestedTokenType},
	{integration.ErrSubjectToken, errSubjectToken},
	{integration.ErrContentSessionToken, errContentSessionToken},
	{integration.ErrNotOwner, errForbidden},
	{integration.ErrNoAssociation, errNoAssociation},
	{integration.ErrAudience, errAudience},
	{integration.ErrSeveralAssociations, errSeveralAssociations},
	{integration.ErrAuthFlow, errAuthFlow},
	{integration.ErrNoPermission, errNoAccess},
	{integration.ErrNotLoggedIn, errNoOAuthLogin},
	{integration.ErrRefreshFailed, errRefreshToken},
	{integration.ErrLoginState, errLoginState},
	{integration.ErrLoginRefused, errLoginRefused},
	{integration.ErrLoginIssuer, errLoginRefused},
	{integration.ErrNoLogin, errLoginRefused},
	{integration.ErrNoRefreshToken, errNoRefreshToken},
	{dberr.NotFound, errNotFound},
	{content.ErrNotViewer, errNoAccess},
	{content.ErrNotEditor, errNotEditor},
	{content.ErrNameTaken, errNameTaken},
	{content.ErrNewOwner, errNotEditor.withText("The owner of new content is whoever creates it.")},
	{content.ErrOwnerChange, errForbidden},
	{content.ErrInvalidOwner, errInvalidOwner},
	{content.ErrPermissionRole, errInvalidParameter.withText("The parameter is invalid: role wants viewer or owner.")},
	{content.ErrPrincipalType, errPrincipalType},
	{content.ErrPrincipalFixed, errImmutableField},
	{content.ErrOwnerPermission, errOwnerPermission},
	{content.ErrCollaboratorRole, errCollaboratorRole},
	{content.ErrActive, errActiveBundle},
	{content.ErrNoBundle, errNoBundle},
	{content.ErrNoTask, errNoTask},
}

// fieldErrors maps the fields of an item that have an error of their own to this error.
var fieldErrors = map[string]*apiError{
	"name": errContentName, "title": errContentTitle, "description": errContentDescription, "access_type": errAccessType,
}

// detailedError returns the reply for errors of other packages that contain details for the client, and nil for all
// others.
func detailedError(err error) *apiError {
	var field *content.FieldError
	switch {
	case errors.As(err, &field):
		if known := fieldErrors[field.Field]; known != nil {
			return known
		}
		return errInvalidParameter.withText("The parameter is invalid: %s %s.", field.Field, field.Problem)
	case errors.Is(err, dberr.Busy):
		return unavailable("The database of the server is busy or not available. Try again later.").withRetryAfter(5)
	case errors.Is(err, dberr.Full):
		return unavailable("The database of the server has no space. Please contact your administrator.")
	case errors.Is(err, account.ErrTooManyPasswords):
		return unavailable("Too many users are signing in. Try again later.").withRetryAfter(5)
	case errors.Is(err, execution.ErrStopped):
		return unavailable("The content is being stopped.")
	}
	return nil
}

// toAPIError converts an error to a reply: an apiError unchanged, a known error of another package by the table, and
// all others as an internal error without details.
func toAPIError(err error) *apiError {
	var e *apiError
	if errors.As(err, &e) {
		return e
	}
	if told := detailedError(err); told != nil {
		return told.withCause(err)
	}
	for _, d := range domainErrors {
		if errors.Is(err, d.err) {
			return withTextOf(err, d.reply).withCause(err)
		}
	}
	return errInternal.withCause(err)
}

// withTextOf returns reply with the text of a refusal, if err has one.
func withTextOf(err error, reply *apiError) *apiError {
	var refusal *integration.Refusal
	if errors.As(err, &refusal) {
		return reply.withText("%s", refusal.Text)
	}
	return reply
}

// setRetryAfter sets the header that tells the client when to repeat the request.
func (e *apiError) setRetryAfter(h http.Header) {
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(e.RetryAfter))
	}
}

// writeError writes an error in the form of Connect.
func writeError(w http.ResponseWriter, e *apiError) {
	e.setRetryAfter(w.Header())
	writeJSON(w, e.Status, struct { //nolint:errcheck // it can be encoded
		Code    int    `json:"code"`
		Error   string `json:"error"`
		Payload any    `json:"payload"`
	}{e.Code, e.Text, nil})
}
