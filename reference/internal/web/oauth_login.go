package web

import (
	"cmp"
	"net/http"
	"strings"

	"countersign/reference/internal/account/secrets"
	"countersign/reference/internal/integration"
)

const (
	callbackPath  = "/__oauth__/integrations/callback" // the same for all integrations, because it is registered at the providers
	dashboardPath = "/connect/"
	// returnParam is the parameter of /login and /logout with the address of the content to return to.
	returnParam = "redirect"
	// loginCookie is the prefix of the cookie that binds a login to the browser that started it. Each login has its
	// own cookie, so that concurrent logins do not replace each other's.
	loginCookie = "rsconnect-oauth-"
)

func loginCookieName(state string) string { return loginCookie + secrets.Hash(state)[:16] }

// setLoginCookie stores value in a cookie for the callback. It is Lax, because the redirect of the provider is a
// navigation from another site.
func (s *Server) setLoginCookie(w http.ResponseWriter, state, value string) {
	http.SetCookie(w, &http.Cookie{
		Name: loginCookieName(state), Value: value, Path: s.publicPath + strings.TrimPrefix(callbackPath, "/"),
		MaxAge: int(integration.LoginLifetime.Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.Config.Secure(),
	})
}

// loginCaller returns the user who logs in to an integration or out of it. It refuses programs, and requests that a
// page of another site makes without a navigation.
func (s *Server) loginCaller(r *http.Request) (caller, error) {
	if !s.sameOrigin(r) && r.Header.Get("Sec-Fetch-Mode") != "navigate" {
		return caller{}, errForbidden
	}
	return interactiveCaller(r)
}

// returnTo returns the path to which /login and /logout return: that of the content in the parameter or in the
// Referer, or else the dashboard.
func (s *Server) returnTo(r *http.Request) string {
	return cmp.Or(s.contentAt(r.URL.Query().Get(returnParam)), s.contentAt(r.Header.Get("Referer")), dashboardPath)
}

// oauthLogin creates the session and redirects the user to the provider (OAuth document, lines 44 to 46).
func (s *Server) oauthLogin(w http.ResponseWriter, r *http.Request) error {
	c, err := s.loginCaller(r)
	if err != nil {
		return err
	}
	started, err := s.Integrations.BeginLogin(r.Context(), r.PathValue("guid"), c.User.GUID, s.url(callbackPath), s.returnTo(r))
	if err != nil {
		return err
	}
	s.setLoginCookie(w, started.State, started.Browser)
	w.Header().Set("Referrer-Policy", "no-referrer")
	redirectAsIs(w, started.URL)
	return nil
}

// oauthCallback is the endpoint to which the provider redirects the browser.
func (s *Server) oauthCallback(w http.ResponseWriter, r *http.Request) error {
	c, err := s.loginCaller(r)
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
		// The error is shown without a redirect: content that a user opens directly would redirect to the login
		// again.
		return err
	}
	s.redirect(w, to)
	return nil
}

// oauthLogout deletes the session of the caller with the integration, with its tokens (OAuth document, line 48).
func (s *Server) oauthLogout(w http.ResponseWriter, r *http.Request) error {
	c, err := s.loginCaller(r)
	if err != nil {
		return err
	}
	if err := s.Integrations.Logout(r.Context(), c.User.GUID, r.PathValue("guid")); err != nil {
		return err
	}
	s.redirect(w, s.returnTo(r))
	return nil
}
