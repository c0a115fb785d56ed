package web

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"countersign/reference/internal/account/secrets"
	"countersign/reference/internal/content"
)

// The documents mention share links (OAuth document, lines 5 and 14) and describe no API for them. This API is an
// invention of this server, and the description of the target says so. Every visitor with the link knows its token;
// the server stores the hash.

// shareParam is the query parameter of a share link. It is not passed on to content.
const shareParam = "share"

// shareCookie contains the token of a share link, for the requests of the shared page. Its path is that of the item.
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
	views := []map[string]any{} // the token is returned only when the link is created
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

// hasShareLink reports whether the request has the token of a share link of the item, in the parameter or in the
// cookie. If a visitor with a role of their own opens the item without the link, it deletes the cookie.
func (s *Server) hasShareLink(w http.ResponseWriter, r *http.Request, item *content.Item, role content.AppRole) (bool, error) {
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
	if role.CanView() && isNavigation(r) {
		s.setShareCookie(w, item, "")
		return false, nil
	}
	return s.Content.ShareLinkHolds(r.Context(), item.GUID, secrets.Hash(cookie.Value))
}

// setShareCookie stores the token of a link for the path of the item. An empty token deletes the cookie.
func (s *Server) setShareCookie(w http.ResponseWriter, item *content.Item, token string) {
	cookie := &http.Cookie{
		Name: shareCookie, Value: token, Path: s.publicPath + "content/" + item.GUID + "/",
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.Config.Secure(),
	}
	if token == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, cookie)
}

// withoutShare removes the share parameter from a query and does not change the rest.
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
