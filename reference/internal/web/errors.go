package web

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
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

// fail returns the error with that code of Connect, with status and text from the table. For a code that is not in
// the table it returns code 1.
func fail(code int) *apiError {
	known, ok := apiCodes[code]
	if !ok {
		return &apiError{Code: 1, Status: http.StatusInternalServerError, Text: apiCodes[1].text, cause: fmt.Errorf("error code %d is not in the table", code)}
	}
	return &apiError{Code: code, Status: known.status, Text: known.text}
}

// domainCodes maps errors of other packages to codes. The first entry that an error wraps counts.
var domainCodes = []struct {
	err  error
	code int
}{
	{account.ErrProhibitedUsername, 107},
	{account.ErrInvalidUsername, 7},
	{account.ErrNoUsername, 91},
	{account.ErrUsernameTaken, 8},
	{account.ErrUniqueIDTaken, 76},
	{account.ErrBlankUniqueID, 129},
	{account.ErrUniqueIDNotUsed, 25},
	{account.ErrNotProvisioned, 47},
	{account.ErrLocked, 50},
	{account.ErrWrongPassword, 30},
	{account.ErrPassword, 6},
	{account.ErrInvalidRole, 112},
	{account.ErrInvalidField, 25},
	{account.ErrNotEditable, 46},
	{account.ErrUsernameNotEdit, 36},
	{account.ErrForbidden, 22},
	{account.ErrSoleAdministrator, 61},
	{account.ErrNoKey, 4},
	{account.ErrTokenExpired, 29},
	{account.ErrTokenClaimed, 84},
	{account.ErrTokenTaken, 85},
	{account.ErrTokenAttributes, 86},
	{account.ErrTooManyTokens, 277},
	{account.ErrBlankKeyName, 62},
	{account.ErrKeyRole, 234},
	{account.ErrGroupsOff, 132},
	{account.ErrGroupsExternal, 95},
	{account.ErrGroupName, 14},
	{account.ErrGroupNameTaken, 15},
	{account.ErrGroupUniqueIDTaken, 131},
	{account.ErrGroupBlankUniqueID, 130},
	{account.ErrMember, 16},
	{account.ErrNotMember, 17},
	{account.ErrNoUser, 9},
	{account.ErrNoGroup, 153},
	{account.ErrNotFound, 4},
	{content.ErrNotFound, 4},
	{content.ErrNameTaken, 26},
	{integration.ErrNotFound, 4},
}

// toAPIError converts an error to a reply: an apiError unchanged, a known error of another package by its code, and
// all others as an internal error without details.
func toAPIError(err error) *apiError {
	var e *apiError
	if errors.As(err, &e) {
		return e
	}
	if told := detailedError(err); told != nil {
		return told.withCause(err)
	}
	for _, d := range domainCodes {
		if errors.Is(err, d.err) {
			return fail(d.code).withCause(err)
		}
	}
	return fail(1).withCause(err)
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
