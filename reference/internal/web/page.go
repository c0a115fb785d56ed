package web

import (
	"cmp"
	"html"
	"html/template"
	"net/http"
	"strings"

	"countersign/reference/internal/account"
)

// writePageError writes the reply to a refused visit of a browser. It redirects visitors who are not signed in to
// LoginURL, if it is configured (document lines 116 and 124). Other visitors get an error page, and clients that do
// not accept a page get the error in the form of the API.
func (s *Server) writePageError(w http.ResponseWriter, r *http.Request, err error) {
	e := s.clientError(w, r, err)
	switch {
	case e.Code == errNotSignedIn.Code && s.loginURL != "" && !unsafeMethod(r):
		redirectAsIs(w, s.loginURL)
	case strings.Contains(r.Header.Get("Accept"), "text/html"):
		e.setRetryAfter(w.Header())
		writePage(w, e.Status, errorPage, e)
	default:
		writeError(w, e)
	}
}

// redirectAsIs redirects to a configured URL without changing it. http.Redirect would clean it.
func redirectAsIs(w http.ResponseWriter, location string) {
	w.Header()["Location"] = []string{location}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusFound)
}

// redirect redirects to a path of this server.
func (s *Server) redirect(w http.ResponseWriter, path string) { redirectAsIs(w, s.url(path)) }

// writePage writes a page of the server, which loads and executes nothing.
func writePage(w http.ResponseWriter, status int, t *template.Template, data any) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	t.Execute(w, data) //nolint:errcheck // the client is gone
}

var errorPage = template.Must(template.New("error").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{.Status}}</title>
<h1>{{.Status}}</h1><p>{{.Text}}</p></html>
`))

var homePage = template.Must(template.New("home").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Countersign reference server</title>
<h1>Countersign reference server</h1>
<p>A reference for what the documents say, not a production server.</p>
{{if .SignedIn}}<p>Signed in as <b>{{.Username}}</b> ({{.Role}}).</p>
{{if .Logout}}<p><a {{.Logout}}>Log Out</a></p>{{end}}
{{else}}<p>Not signed in.</p>{{if .Login}}<p><a href="{{.Login}}">Log In</a></p>{{end}}{{end}}
</html>
`))

func (s *Server) home(w http.ResponseWriter, _ *http.Request) error {
	s.redirect(w, dashboardPath)
	return nil
}

// dashboard writes a page that names the signed-in user. "Log Out" leads to LogoutURL if it is configured, and
// otherwise to this page, which redirects to LoginURL.
func (s *Server) dashboard(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r)
	data := struct {
		SignedIn bool
		Username string
		Role     account.Role
		Login    string
		Logout   template.HTMLAttr // contains the URL unchanged; the template would escape a quote in it
	}{SignedIn: c.SignedIn(), Username: c.User.Username, Role: c.Role}
	logout := s.logoutURL
	if s.loginURL != "" {
		data.Login = s.url("/__login__")
		logout = cmp.Or(logout, s.url("/__logout__"))
	}
	if c.Via == viaCookie {
		logout = s.url("/__logout__")
	}
	if logout != "" {
		data.Logout = template.HTMLAttr(`href="` + html.EscapeString(logout) + `"`)
	}
	writePage(w, http.StatusOK, homePage, data)
	return nil
}

// loginPage redirects to LoginURL without changing it.
func (s *Server) loginPage(w http.ResponseWriter, _ *http.Request) error {
	if s.loginURL == "" {
		return errNoEndpoint
	}
	redirectAsIs(w, s.loginURL)
	return nil
}

// logout ends the session with this server. It cannot end the session with the proxy (document line 134).
func (s *Server) logout(w http.ResponseWriter, r *http.Request) error {
	var cookies []string
	for _, c := range cookiesNamed(r, sessionCookie) {
		cookies = append(cookies, c.Value)
	}
	if err := s.Accounts.EndSessions(r.Context(), cookies); err != nil {
		return err
	}
	s.clearSession(w)
	redirectAsIs(w, cmp.Or(s.loginURL, s.url(dashboardPath)))
	return nil
}

// passwordLogin signs a user in with the password provider.
func (s *Server) passwordLogin(w http.ResponseWriter, r *http.Request) error {
	if s.proxied {
		return errAuthenticationType
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
