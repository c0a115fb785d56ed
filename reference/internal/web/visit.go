package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path"
	"strings"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
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
	item   *content.Item
	caller caller
	byLink bool // a visit by a share link, which does not identify its user (OI-018)
}

// identified reports whether content is told who the visitor is.
func (v visitCall) identified() bool { return v.caller.SignedIn() && !v.byLink }

// visit serves an item to visitors who may see it.
func (s *Server) visit(w http.ResponseWriter, r *http.Request) error {
	item, err := s.Content.Item(r.Context(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	v := visitCall{item: item, caller: callerOf(r)}
	_, role, err := s.roleOn(r.Context(), item, v.caller)
	if err != nil {
		return err
	}
	if v.byLink, err = s.hasShareLink(w, r, item, role); err != nil {
		return err
	}
	if !v.byLink && !role.CanView() {
		return refuseVisit(v.caller)
	}
	login, err := s.loginFor(r, v)
	if err != nil {
		return err
	}
	if login != "" {
		s.redirect(w, login)
		return nil
	}
	switch item.Mode.Class() {
	case content.ClassInteractive:
		return s.visitProcess(w, r, v)
	case content.ClassRendered:
		return s.visitRender(w, r, item)
	case content.ClassStatic:
		return s.visitFiles(w, r, item)
	}
	return errNotFound.withText("This content has not been deployed yet.")
}

// refuseVisit returns the error for a refused visitor. writePageError redirects visitors who are not signed in to
// LoginURL, if it is configured.
func refuseVisit(c caller) error {
	if c.SignedIn() {
		return errNoAccess
	}
	return errNotSignedIn
}

// loginFor returns the login to which a visitor is redirected, or "". It applies to visitors who open an item
// directly and are not logged in to its Viewer integration (OAuth document, line 42; OI-049). It does not apply to
// visits that cannot get a token: share links, anonymous visitors, API keys.
func (s *Server) loginFor(r *http.Request, v visitCall) (string, error) {
	if v.byLink || !v.caller.Interactive() || !isNavigation(r) {
		return "", nil
	}
	guid, err := s.Integrations.LoginFor(r.Context(), v.item, v.caller.User.GUID)
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

// visitFiles serves the files of a static item. The manifest names the first page and is not served.
func (s *Server) visitFiles(w http.ResponseWriter, r *http.Request, item *content.Item) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return errNoEndpoint
	}
	folder, err := s.Runtime.Folder(item)(r.Context())
	if err != nil {
		return err
	}
	name := r.PathValue("path")
	if name == "" {
		manifest, err := content.ReadManifest(folder)
		if err != nil {
			return err
		}
		name = manifest.Entry
	}
	root, err := os.OpenRoot(folder) // no file outside the folder is opened, whatever the name
	if err != nil {
		return err
	}
	defer root.Close()
	if name == content.ManifestName || strings.HasSuffix(name, "/") {
		return errNotFound
	}
	file, err := root.Open(name)
	if err != nil {
		return errNotFound.withCause(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return errNotFound
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache, private")
	http.ServeContent(w, r, path.Base(name), info.ModTime(), file)
	return nil
}

// visitProcess passes a visit to the process of the item.
func (s *Server) visitProcess(w http.ResponseWriter, r *http.Request, v visitCall) error {
	process, leave, err := s.Runtime.Visit(r.Context(), v.item, s.Runtime.Folder(v.item))
	if err != nil {
		return startError(err)
	}
	defer leave()
	headers, err := s.visitHeaders(r.Context(), v, process.Execution())
	if err != nil {
		return err
	}
	limitBody(r, noLimit) // it may be a stream
	var failed error
	proxy := &httputil.ReverseProxy{
		Transport:     process.Transport,
		FlushInterval: -1, // immediately, because content may stream
		Rewrite:       func(pr *httputil.ProxyRequest) { s.rewrite(pr, v.item, process.Target, headers) },
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
	return (&apiError{Code: 1, Status: http.StatusBadGateway, Text: "The content did not answer."}).withCause(failed)
}

// startError returns the reply for content that did not start. The output of the process is for its publisher only:
// it is neither sent to the visitor nor logged.
func startError(err error) error {
	var start *content.StartError
	switch {
	case errors.Is(err, content.ErrNoRuntime):
		return unavailable("This server has no program to execute content with.").withCause(err)
	case errors.As(err, &start):
		return (&apiError{Code: 1, Status: http.StatusBadGateway, Text: "The content did not start."}).withCause(err)
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
	if v.item.Access == content.AccessAll || v.caller.Via == viaContent {
		return h, nil
	}
	token, err := s.Integrations.IssueUserToken(integration.Visit{User: v.caller.User.GUID, Content: v.item.GUID, Execution: execution})
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
