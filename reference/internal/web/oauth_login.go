package web

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"countersign/reference/internal/integration"
	"countersign/reference/internal/secrets"
)

const (
	callbackPath  = "/__oauth__/integrations/callback" // one for all integrations: it is registered at the providers
	dashboardPath = "/connect/"
	// returnParam names on /login and /logout the content to go to afterwards, by its address.
	returnParam = "redirect"
	// loginCookie begins the name of the cookie that ties a login to the browser that started it. Each login has its own,
	// so that several at once do not undo each other.
	loginCookie = "rsconnect-oauth-"
)

func loginCookieName(state string) string { return loginCookie + secrets.Hash(state)[:16] }

// setLoginCookie keeps value for the callback. Lax, because the provider's redirect is a navigation that comes from
// another site.
func (s *Server) setLoginCookie(w http.ResponseWriter, state, value string) {
	http.SetCookie(w, &http.Cookie{
		Name: loginCookieName(state), Value: value, Path: s.Config.PublicPath() + strings.TrimPrefix(callbackPath, "/"),
		MaxAge: int(integration.LoginLifetime.Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.Config.Secure(),
	})
}

// loggingPerson returns the person who logs in to an integration or out of it. It refuses programs, and what a page of another
// site makes a browser load behind its user's back; a link on such a page is a visit.
func (s *Server) loggingPerson(r *http.Request) (caller, error) {
	if !s.sameOrigin(r) && r.Header.Get("Sec-Fetch-Mode") != "navigate" {
		return caller{}, fail(22)
	}
	return person(r)
}

// returnTo returns the path to which /login and /logout lead back: that of the content that the request names or that
// it came from, else the dashboard.
func (s *Server) returnTo(r *http.Request) string {
	return cmp.Or(s.contentAt(r.URL.Query().Get(returnParam)), s.contentAt(r.Header.Get("Referer")), dashboardPath)
}

// oauthLogin makes the session and sends the user to authenticate at the provider (OAuth document, lines 44 to 46).
func (s *Server) oauthLogin(w http.ResponseWriter, r *http.Request) error {
	c, err := s.loggingPerson(r)
	if err != nil {
		return err
	}
	in, err := s.Integrations.Store.Integration(r.Context(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	started, err := s.Integrations.BeginLogin(r.Context(), in, c.User.GUID, s.url(callbackPath), s.returnTo(r))
	if err != nil {
		return loginFailure(err)
	}
	s.setLoginCookie(w, started.State, started.Browser)
	w.Header().Set("Referrer-Policy", "no-referrer")
	redirectAsIs(w, started.URL)
	return nil
}

// oauthCallback is where the provider sends the browser back to.
func (s *Server) oauthCallback(w http.ResponseWriter, r *http.Request) error {
	c, err := s.loggingPerson(r)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	back := integration.Callback{User: c.User.GUID, Query: query}
	if cookie, err := r.Cookie(loginCookieName(query.Get("state"))); err == nil {
		back.Browser = cookie.Value
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	to, err := s.Integrations.FinishLogin(r.Context(), back)
	if err != nil {
		// The person is told and not sent back: content opened by itself would send them to the login again.
		return loginFailure(err)
	}
	s.redirect(w, to)
	return nil
}

// loginFailure gives an error of a login its code.
func loginFailure(err error) error {
	var failed *integration.LoginError
	if !errors.As(err, &failed) {
		return err
	}
	codes := map[integration.LoginReason]int{
		integration.LoginState: 218, integration.LoginRefused: 230, integration.LoginIssuer: 230, integration.LoginType: 230,
		integration.LoginProvider: 241, integration.LoginRefresh: 235,
	}
	return fail(codes[failed.Reason]).saying("%s", failed.Text).because(err)
}

// oauthLogout deletes the caller's session with the integration and all its tokens (OAuth document, line 48).
func (s *Server) oauthLogout(w http.ResponseWriter, r *http.Request) error {
	c, err := s.loggingPerson(r)
	if err != nil {
		return err
	}
	in, err := s.Integrations.Store.Integration(r.Context(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	if err := s.Integrations.Store.DeleteSessionOf(r.Context(), c.User.GUID, in.GUID); err != nil {
		return err
	}
	s.redirect(w, s.returnTo(r))
	return nil
}
