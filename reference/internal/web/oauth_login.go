package web

import (
	"errors"
	"html/template"
	"net/http"
	"strings"

	"countersign/reference/internal/integration"
)

const (
	callbackPath  = "/__oauth__/integrations/callback" // one for all integrations: it is registered at the providers
	dashboardPath = "/connect/"
	// returnParam says on /login and /logout where to go afterwards, on this server.
	returnParam = "redirect"
	// loginCookie begins the name of the cookie that ties a login to the browser that started it. Each login has its own,
	// so that several at once do not undo each other.
	loginCookie = "rsconnect-oauth-"
)

func loginCookieName(state string) string { return loginCookie + integration.Hash(state)[:16] }

// setLoginCookie keeps value for the callback; "" forgets it. Lax, because the provider's redirect is a navigation that
// comes from another site.
func (s *Server) setLoginCookie(w http.ResponseWriter, state, value string) {
	cookie := &http.Cookie{
		Name: loginCookieName(state), Value: value, Path: s.Config.PublicPath() + strings.TrimPrefix(callbackPath, "/"),
		MaxAge: int(integration.LoginLifetime.Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.Config.Secure(),
	}
	if value == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, cookie)
}

// checkPerson refuses programs that stand in for a user: content must not log its owner in, or out, with the key it was
// given. It also refuses what a foreign page makes a browser do behind its user's back.
func checkPerson(r *http.Request) error {
	if via := callerOf(r).Via; via == viaContent || via == viaVisitor {
		return fail(95)
	}
	site := r.Header.Get("Sec-Fetch-Site")
	if (site == "cross-site" || site == "same-site") && r.Header.Get("Sec-Fetch-Mode") != "navigate" {
		return fail(22)
	}
	return nil
}

// returnTo is where /login and /logout lead back to: what the request names, or the page of content or dashboard it
// came from, if that is on this server; else the dashboard.
func (s *Server) returnTo(r *http.Request) string {
	if local, ok := s.local(r.URL.Query().Get(returnParam)); ok {
		return local
	}
	if local, ok := s.local(r.Header.Get("Referer")); ok && (strings.HasPrefix(local, "/content/") || strings.HasPrefix(local, dashboardPath)) {
		return local
	}
	return dashboardPath
}

// oauthLogin makes the session and sends the user to authenticate at the provider (OAuth document, lines 44 to 46).
func (s *Server) oauthLogin(w http.ResponseWriter, r *http.Request) error {
	if err := checkPerson(r); err != nil {
		return err
	}
	in, err := s.Integrations.Store.Integration(r.Context(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	started, err := s.Integrations.BeginLogin(r.Context(), in, callerOf(r).User.GUID, s.url(callbackPath), s.returnTo(r))
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
	if r.Method != http.MethodGet { // a HEAD would use the code up
		return fail(2)
	}
	if err := checkPerson(r); err != nil {
		return err
	}
	query := r.URL.Query()
	back := integration.Callback{User: callerOf(r).User.GUID, Query: query}
	state := query.Get("state")
	if cookies := r.CookiesNamed(loginCookieName(state)); state != "" && len(cookies) == 1 {
		back.Browser = cookies[0].Value
		s.setLoginCookie(w, state, "")
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	to, err := s.Integrations.FinishLogin(r.Context(), back)
	if err != nil {
		return s.loginFailed(w, r, to, err)
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

// loginFailed tells the person what went wrong and lets them choose. It sends nobody back by itself: content opened by
// itself would send them to the login again, and a provider that refuses at once would make that a loop.
func (s *Server) loginFailed(w http.ResponseWriter, r *http.Request, to string, err error) error {
	err = loginFailure(err)
	var told *apiError
	if !errors.As(err, &told) || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return err
	}
	page := struct {
		Text, Back, Dashboard string
	}{Text: told.Text, Dashboard: s.url(dashboardPath)}
	if to != "" && to != dashboardPath {
		page.Back = s.url(to)
	}
	return writePage(w, told.Status, loginFailedPage, page)
}

var loginFailedPage = template.Must(template.New("login failed").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>OAuth login</title>
<h1>The login to the OAuth integration did not succeed</h1><p>{{.Text}}</p>
{{if .Back}}<p><a rel="noreferrer" href="{{.Back}}">Back to the content</a></p>{{end}}
<p><a rel="noreferrer" href="{{.Dashboard}}">Dashboard</a></p></html>
`))

// oauthLogout deletes the caller's session with the integration and all its tokens (OAuth document, line 48).
func (s *Server) oauthLogout(w http.ResponseWriter, r *http.Request) error {
	if err := checkPerson(r); err != nil {
		return err
	}
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" || r.Method != http.MethodGet {
		return fail(22) // a link on a foreign page, or a program that only looks
	}
	in, err := s.Integrations.Store.Integration(r.Context(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	if err := s.Integrations.Store.DeleteSessionOf(r.Context(), callerOf(r).User.GUID, in.GUID); err != nil {
		return err
	}
	s.redirect(w, s.returnTo(r))
	return nil
}
