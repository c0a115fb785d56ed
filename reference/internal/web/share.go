package web

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"countersign/reference/internal/content"
	"countersign/reference/internal/secrets"
)

// Share links. The documents speak of them (OAuth document, lines 5 and 14) and give no API: this one is ours, and marked
// so in the description of the target. Their token is known to whoever got the link; the server keeps its hash.

// shareParam is the query parameter of a share link. It belongs to the server: content never sees it.
const shareParam = "share"

// shareCookie carries a share link's token to the requests that the shared page makes, within the item's own path.
const shareCookie = "rsconnect-share"

func (s *Server) createShareLink(w http.ResponseWriter, r *http.Request) error {
	item, _, err := s.editable(r)
	if err != nil {
		return err
	}
	token := rand.Text()
	link := &content.ShareLink{GUID: uuid.NewString(), ContentGUID: item.GUID, CreatedBy: callerOf(r).User.GUID, CreatedTime: s.Now()}
	if err := s.Content.CreateShareLink(r.Context(), link, secrets.Hash(token)); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]string{
		"guid": link.GUID,
		"url":  s.Base + "content/" + item.GUID + "/?" + shareParam + "=" + url.QueryEscape(token),
	})
}

func (s *Server) listShareLinks(w http.ResponseWriter, r *http.Request) error {
	item, _, err := s.editable(r)
	if err != nil {
		return err
	}
	links, err := s.Content.ShareLinks(r.Context(), item.GUID)
	if err != nil {
		return err
	}
	views := []map[string]any{} // the token is told once, when the link is made
	for _, l := range links {
		views = append(views, map[string]any{"guid": l.GUID, "content_guid": l.ContentGUID, "created_by": l.CreatedBy, "created_time": apiTime(l.CreatedTime)})
	}
	return writeJSON(w, http.StatusOK, views)
}

func (s *Server) deleteShareLink(w http.ResponseWriter, r *http.Request) error {
	item, _, err := s.editable(r)
	if err != nil {
		return err
	}
	return noContent(w, s.Content.DeleteShareLink(r.Context(), item.GUID, r.PathValue("link")))
}

// shared says whether the request comes by a share link of the item, by its parameter or the cookie it left. A visitor
// with a role of their own who opens the item without the link is no longer the link's: the cookie goes.
func (s *Server) shared(w http.ResponseWriter, r *http.Request, item *content.Item, role content.AppRole) (bool, error) {
	if token := r.URL.Query().Get(shareParam); token != "" {
		holds, err := s.Content.ShareLinkHolds(r.Context(), item.GUID, secrets.Hash(token))
		if holds {
			s.setShareCookie(w, item, token)
		}
		return holds, err
	}
	cookie, err := r.Cookie(shareCookie)
	if err != nil {
		return false, nil
	}
	if role.CanView() && navigates(r) {
		s.setShareCookie(w, item, "")
		return false, nil
	}
	return s.Content.ShareLinkHolds(r.Context(), item.GUID, secrets.Hash(cookie.Value))
}

// setShareCookie keeps a link's token for the item's own path; "" forgets it.
func (s *Server) setShareCookie(w http.ResponseWriter, item *content.Item, token string) {
	cookie := &http.Cookie{
		Name: shareCookie, Value: token, Path: s.Config.PublicPath() + "content/" + item.GUID + "/",
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.Config.Secure(),
	}
	if token == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, cookie)
}

// withoutShare takes the share parameter out of a query and leaves the rest as it was written.
func withoutShare(rawQuery string) string {
	var kept []string
	for pair := range strings.SplitSeq(rawQuery, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); err == nil && decoded == shareParam {
			continue
		}
		kept = append(kept, pair)
	}
	return strings.Join(kept, "&")
}
