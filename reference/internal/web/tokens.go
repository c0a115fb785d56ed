package web

import (
	"html/template"
	"net/http"
	"net/url"

	"countersign/reference/internal/account"
)

// tokenRoutes registers the endpoints for deployment credentials: a client registers a token and a public key, and a
// signed-in user claims the token in the browser.
func (s *Server) tokenRoutes(api, page func(pattern string, need account.Role, h handler)) {
	api("POST /__api__/tokens", anyone, s.registerToken)
	// The path is a choice of this server, because clients open the address that the server returns.
	page("GET /__claim__/{token}", signedIn, s.claimPage)
	page("POST /__claim__/{token}", signedIn, s.claimToken)
}

func (s *Server) registerToken(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Token     string `json:"token"`
		PublicKey string `json:"public_key"`
		UserID    any    `json:"user_id"` // clients send 0
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if err := s.Accounts.RegisterToken(r.Context(), in.Token, in.PublicKey); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{"token_claim_url": s.claimURL(in.Token)})
}

func (s *Server) claimURL(token string) string { return s.url("__claim__/" + url.PathEscape(token)) }

var claimForm = template.Must(template.New("claim").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Connect a deployment client</title>
<h1>Connect a deployment client</h1>
<p>A program asks to publish content as <b>{{.Username}}</b>. Go on only if you have just told it to.</p>
<form method="post" action="{{.Action}}"><input type="hidden" name="xsrf" value="{{.XSRF}}"><button>Connect</button></form>
</html>
`))

var claimDone = template.Must(template.New("claimed").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Connected</title>
<h1>Connected</h1><p>The program may publish content as <b>{{.Username}}</b> now. You can close this page.</p></html>
`))

// claimPage asks for confirmation, so that a user who follows a malicious link does not give their rights to a
// program of another user.
func (s *Server) claimPage(w http.ResponseWriter, r *http.Request) error {
	c, err := interactiveCaller(r)
	if err != nil {
		return err
	}
	t, err := s.Accounts.ClaimableToken(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	writePage(w, http.StatusOK, claimForm, struct{ Username, Action, XSRF string }{c.User.Username, s.claimURL(t.Token), c.xsrf()})
	return nil
}

func (s *Server) claimToken(w http.ResponseWriter, r *http.Request) error {
	c, err := interactiveCaller(r)
	if err != nil {
		return err
	}
	r.Body = maxBytes(w, r.Body, 16<<10)
	if !equal(r.PostFormValue("xsrf"), c.xsrf()) {
		return errXSRF
	}
	if err := s.Accounts.ClaimToken(r.Context(), r.PathValue("token"), c.User); err != nil {
		return err
	}
	s.Log.Info("Deployment token claimed", "username", c.User.Username)
	writePage(w, http.StatusOK, claimDone, c.User)
	return nil
}
