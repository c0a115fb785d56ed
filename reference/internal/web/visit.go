package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"strings"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
	"countersign/reference/internal/content/execution"
	"countersign/reference/internal/integration"
)

// visitPages returns the routes of content.
func (s *Server) visitPages() []route {
	return []route{
		{"/content/{guid}", anyone, s.visitFolder},
		{"/content/{guid}/{path...}", anyone, s.visit},
	}
}

// visitFolder redirects to the path with a trailing slash, which relative links of content need.
func (s *Server) visitFolder(w http.ResponseWriter, r *http.Request) error {
	target := "content/" + url.PathEscape(r.PathValue("guid")) + "/"
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	s.redirectKeeping(w, target)
	return nil
}

// visitCall is a permitted visit.
type visitCall struct {
	content.Visit
	caller caller
}

// identified reports whether content is told who the visitor is.
func (v visitCall) identified() bool { return v.caller.SignedIn() && !v.ByLink }

// visit serves an item to visitors who may see it.
func (s *Server) visit(w http.ResponseWriter, r *http.Request) error {
	c, link := callerOf(r), linkOf(r)
	permitted, err := s.Content.Visit(r.Context(), c.actor(), r.PathValue("guid"), link)
	if err != nil {
		return visitError(err, c)
	}
	s.keepLink(w, permitted, link)
	v := visitCall{permitted, c}
	login, err := s.loginFor(r, v)
	if err != nil {
		return err
	}
	if login != "" {
		s.redirect(w, login)
		return nil
	}
	switch v.Item.Mode.Class() {
	case content.ClassInteractive:
		return s.visitProcess(w, r, v)
	case content.ClassRendered:
		return s.visitRender(w, r, v.Item)
	case content.ClassStatic:
		return s.visitFiles(w, r, v.Item)
	}
	return errNotFound.withText("This content has not been deployed yet.")
}

// visitError returns the error for a refused visit. writePageError redirects visitors who are not signed in to
// LoginURL, if it is configured.
func visitError(err error, c caller) error {
	if errors.Is(err, content.ErrNotViewer) && !c.SignedIn() {
		return errNotSignedIn.withCause(err)
	}
	return err
}

// loginFor returns the login to which a visitor is redirected, or "". It applies to visitors who open an item
// directly and are not logged in to its Viewer integration (OAuth document, line 42; OI-049). It does not apply to
// visits that cannot get a token: share links, anonymous visitors, API keys.
func (s *Server) loginFor(r *http.Request, v visitCall) (string, error) {
	if v.ByLink || !v.caller.Interactive() || !isNavigation(r) {
		return "", nil
	}
	guid, err := s.Integrations.LoginFor(r.Context(), v.Item, v.caller.User.GUID)
	if err != nil || guid == "" {
		return "", err
	}
	return "__oauth__/integrations/" + guid + "/login?" + returnParam + "=" + url.QueryEscape(s.urlOf(r)), nil
}

// urlOf returns the public URL of a request without the token of a share link.
func (s *Server) urlOf(r *http.Request) string {
	u := *r.URL
	u.RawQuery = withoutShare(u.RawQuery)
	return s.origin + strings.TrimSuffix(s.publicPath, "/") + u.RequestURI()
}

// visitRender serves the last render without an execution, which is part of the deployment.
func (s *Server) visitRender(w http.ResponseWriter, r *http.Request, item *content.Item) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || r.PathValue("path") != "" {
		return errNoEndpoint
	}
	render, err := s.Content.Render(r.Context(), item.GUID)
	if err != nil {
		return err
	}
	kind := "text/html; charset=utf-8"
	if json.Valid(render.Body) {
		kind = "application/json"
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache, private")
	http.ServeContent(w, r, "", render.CreatedTime, bytes.NewReader(render.Body))
	return nil
}

// visitFiles serves the files of a static item.
func (s *Server) visitFiles(w http.ResponseWriter, r *http.Request, item *content.Item) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return errNoEndpoint
	}
	file, err := s.Content.Open(r.Context(), item, r.PathValue("path"))
	if err != nil {
		return err
	}
	defer file.Close()
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache, private")
	http.ServeContent(w, r, path.Base(file.Name()), file.Info.ModTime(), file)
	return nil
}

// visitProcess passes a visit to the process of the item.
func (s *Server) visitProcess(w http.ResponseWriter, r *http.Request, v visitCall) error {
	process, leave, err := s.Content.Process(r.Context(), v.Item)
	if err != nil {
		return startError(err)
	}
	defer leave()
	headers, err := s.visitHeaders(r.Context(), v, process.Execution)
	if err != nil {
		return err
	}
	limitBody(r, noLimit) // it may be a stream
	var failed error
	proxy := &httputil.ReverseProxy{
		Transport:     process.Transport,
		FlushInterval: -1, // immediately, because content may stream
		Rewrite:       func(pr *httputil.ProxyRequest) { s.rewrite(pr, v.Item, process.Target, headers) },
		ModifyResponse: func(reply *http.Response) error {
			dropOwnCookies(reply.Header)
			return nil
		},
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, err error) { failed = err },
		ErrorLog:     nil,
	}
	proxy.ServeHTTP(w, r)
	if failed == nil || r.Context().Err() != nil {
		return nil
	}
	return connectError(1, http.StatusBadGateway, "The content did not answer.").withCause(failed)
}

// startError returns the reply for content that did not start. The output of the process is for its publisher only:
// it is neither sent to the visitor nor logged.
func startError(err error) error {
	var start *execution.StartError
	switch {
	case errors.Is(err, execution.ErrNoProgram):
		return unavailable("This server has no program to execute content with.").withCause(err)
	case errors.As(err, &start):
		return connectError(1, http.StatusBadGateway, "The content did not start.").withCause(err)
	}
	return err
}

// Headers by which the server tells content about its visitor.
const (
	userTokenHeader   = "Posit-Connect-User-Session-Token"
	credentialsHeader = "Rstudio-Connect-Credentials"
)

// visitHeaders returns the headers by which the server tells content about a visit.
func (s *Server) visitHeaders(ctx context.Context, v visitCall, execution string) (http.Header, error) {
	h := http.Header{}
	if !v.identified() {
		return h, nil
	}
	groups, err := s.Accounts.GroupsOf(ctx, v.caller.User.GUID)
	if err != nil {
		return nil, err
	}
	credentials, err := s.credentials(v.caller.User, groups)
	if err != nil {
		return nil, err
	}
	h.Set(credentialsHeader, credentials)
	// There is no token for items that are open to all visitors (OAuth document, line 13). There is also none for
	// content that visits an item with its own key, because this is not a visit of its owner (lines 55 and 56).
	if v.Item.Access == content.AccessAll || v.caller.Via == viaContent {
		return h, nil
	}
	token, err := s.Integrations.IssueUserToken(integration.Visit{User: v.caller.User.GUID, Content: v.Item.GUID, Execution: execution})
	if err != nil {
		return nil, err
	}
	h.Set(userTokenHeader, token)
	return h, nil
}

// credentials returns the value of RStudio-Connect-Credentials. It contains names, or guids if
// Authorization.ContentCredentialsUseGUID is on.
func (s *Server) credentials(user account.User, groups []account.Group) (string, error) {
	byGUID := s.Config.Authorization.ContentCredentialsUseGUID
	told := struct {
		User   string   `json:"user"`
		Groups []string `json:"groups"`
	}{user.Username, []string{}}
	if byGUID {
		told.User = user.GUID
	}
	for _, g := range groups {
		name := g.Name
		if byGUID {
			name = g.GUID
		}
		told.Groups = append(told.Groups, name)
	}
	text, err := json.Marshal(told)
	if err != nil {
		return "", err
	}
	return asciiJSON(string(text)), nil
}

// asciiJSON escapes characters outside ASCII in a JSON text, because programs decode the octets of a header
// differently.
func asciiJSON(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case c < 0x80:
			b.WriteRune(c)
		case c > 0xffff:
			c -= 0x10000
			writeEscape(&b, 0xd800+(c>>10))
			writeEscape(&b, 0xdc00+(c&0x3ff))
		default:
			writeEscape(&b, c)
		}
	}
	return b.String()
}

func writeEscape(b *strings.Builder, c rune) {
	const hex = "0123456789abcdef"
	b.WriteString(`\u`)
	for shift := 12; shift >= 0; shift -= 4 {
		b.WriteByte(hex[c>>shift&0xf])
	}
}
