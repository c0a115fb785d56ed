package web

import (
	"bytes"
	"errors"
	"html/template"
	"net/http"
	"strings"

	"countersign/reference/internal/account"
)

// writePageError answers a browser's visit that was refused: who is not signed in is sent
// to log in where LoginURL says how (document lines 116 and 124), everybody else gets the
// error as a page, or in the API's shape when the client asks for no page.
func (s *Server) writePageError(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errClientGone) {
		return
	}
	e := toAPIError(err)
	s.logError(r, e)
	login := s.Config.ProxyAuth.LoginURL
	if e.Code == 24 && s.proxied && login != "" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		redirectAsIs(w, login)
		return
	}
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		writeError(w, e)
		return
	}
	if err := writePage(w, e.Status, errorPage, e); err != nil && !errors.Is(err, errClientGone) {
		s.Log.Error("Error page", "err", err)
	}
}

// redirectAsIs sends the browser to a configured URL, byte for byte. http.Redirect would
// clean it.
func redirectAsIs(w http.ResponseWriter, location string) {
	w.Header()["Location"] = []string{location}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusFound)
}

// redirect sends the browser to a path of this server.
func (s *Server) redirect(w http.ResponseWriter, path string) { redirectAsIs(w, s.url(path)) }

// writePage answers with a page of ours, which loads and runs nothing.
func writePage(w http.ResponseWriter, status int, t *template.Template, data any) error {
	var body bytes.Buffer
	if err := t.Execute(&body, data); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if _, err := w.Write(body.Bytes()); err != nil {
		return errClientGone
	}
	return nil
}

var errorPage = template.Must(template.New("error").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{.Status}}</title>
<h1>{{.Status}}</h1><p>{{.Text}}</p></html>
`))

var homePage = template.Must(template.New("home").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Countersign reference server</title>
<h1>Countersign reference server</h1>
<p>A reference for what the documents say, not a production server.</p>
{{if .User}}<p>Signed in as <b>{{.User.Username}}</b> ({{.Role}}).</p>
{{if .Logout}}<p><a href="{{.Logout}}">Log Out</a></p>{{end}}
{{else}}<p>Not signed in.</p>{{if .Login}}<p><a href="{{.Login}}">Log In</a></p>{{end}}{{end}}
</html>
`))

func (s *Server) home(w http.ResponseWriter, _ *http.Request) error {
	s.redirect(w, "/connect/")
	return nil
}

// dashboard is a page that says who is signed in; the real one has a room of its own.
func (s *Server) dashboard(w http.ResponseWriter, r *http.Request) error {
	c, p := callerOf(r), s.Config.ProxyAuth
	data := struct {
		User          *account.User
		Role          account.Role
		Login, Logout string
	}{Role: c.Role}
	if c.SignedIn() {
		data.User = &c.User
	}
	switch {
	case s.proxied && p.LoginURL != "":
		data.Login = s.url("/__login__")
	}
	switch { // P7: the LogoutURL as it is, else ours, which leads to the LoginURL
	case s.proxied && p.LogoutURL != "":
		data.Logout = p.LogoutURL
	case s.proxied && p.LoginURL != "", c.Via == viaCookie:
		data.Logout = s.url("/__logout__")
	}
	return writePage(w, http.StatusOK, homePage, data)
}

// loginPage is where "Log In" leads: a redirect to the LoginURL as it is.
func (s *Server) loginPage(w http.ResponseWriter, _ *http.Request) error {
	if s.proxied && s.Config.ProxyAuth.LoginURL != "" {
		redirectAsIs(w, s.Config.ProxyAuth.LoginURL)
		return nil
	}
	return fail(2)
}

// logout ends our session. The proxy's own it cannot end (document line 134).
func (s *Server) logout(w http.ResponseWriter, r *http.Request) error {
	for _, c := range cookiesNamed(r, sessionCookie) {
		if err := s.Accounts.EndSession(r.Context(), c.Value); err != nil {
			return err
		}
	}
	// A login attempt of this very request may have set cookies already.
	w.Header().Del("Set-Cookie")
	s.clearSession(w)
	if s.proxied && s.Config.ProxyAuth.LoginURL != "" {
		redirectAsIs(w, s.Config.ProxyAuth.LoginURL)
		return nil
	}
	s.redirect(w, "/connect/")
	return nil
}

// passwordLogin signs in at the password provider.
func (s *Server) passwordLogin(w http.ResponseWriter, r *http.Request) error {
	if s.proxied {
		return fail(95)
	}
	var in struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	login, err := s.Accounts.PasswordSignIn(r.Context(), in.Username, in.Password)
	if err != nil {
		return err
	}
	s.setSession(w, login)
	return writeJSON(w, http.StatusOK, s.userView(login.User, true))
}
