package web

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"countersign/reference/internal/account"
	"countersign/reference/internal/integration"
)

// maxForm bounds the body of an exchange.
const maxForm = 64 << 10

// exchange implements the credential exchange, the only endpoint that returns access tokens (OAuth document, line
// 52). It accepts the form of RFC 8693 that the clients of Posit send.
func (s *Server) exchange(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Pragma", "no-cache") // RFC 6749 5.1 asks for it beside the Cache-Control that every reply of the API has
	c := callerOf(r)
	if c.Via != viaKey && c.Via != viaContent {
		return errAuthenticationType // browsers are refused, because credentials that they send by themselves do not prove that content made the request
	}
	form, err := exchangeForm(w, r)
	if err != nil {
		return err
	}
	request := integration.Request{
		Caller: c.User.GUID, GrantType: form.Get("grant_type"), SubjectType: form.Get("subject_token_type"),
		SubjectToken: form.Get("subject_token"), RequestedType: form.Get("requested_token_type"), Audience: form.Get("audience"),
	}
	if c.Key.Kind == account.ContentKey {
		request.CallerContent = c.Key.ContentGUID
	}
	reply, err := s.Integrations.Exchange(r.Context(), request)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, reply)
}

// exchangeForm reads the form. It reads the body only, because a token in a query could be logged. A repeated
// parameter is an error, because different programs could use different values of it (RFC 6749 section 3.2).
func exchangeForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return nil, errNoForm.withText("The form body is missing: send application/x-www-form-urlencoded.")
	}
	body, err := io.ReadAll(maxBytes(w, r.Body, maxForm))
	if err != nil {
		return nil, errInvalidForm.withCause(errors.New("body cannot be read or is too long"))
	}
	if len(body) == 0 {
		return nil, errNoForm
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errInvalidForm.withCause(errors.New("body is not a form")) // the error itself quotes the body
	}
	for _, name := range []string{"grant_type", "subject_token_type", "subject_token", "requested_token_type", "audience"} {
		if len(form[name]) > 1 {
			return nil, errInvalidForm.withText("The form body cannot be parsed: %s is there more than once.", name)
		}
	}
	return form, nil
}
