package web

import (
	"net/http"
	"net/url"
	"strings"

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
	link, token, err := s.Content.CreateShareLink(r.Context(), callerOf(r).actor(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]string{
		"guid": link.GUID,
		"url":  s.Base + "content/" + link.ContentGUID + "/?" + shareParam + "=" + url.QueryEscape(token),
	})
}

func (s *Server) listShareLinks(w http.ResponseWriter, r *http.Request) error {
	links, err := s.Content.ShareLinks(r.Context(), callerOf(r).actor(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewsOf(links, viewShareLink))
}

// viewShareLink has no token: it is returned only when the link is created.
func viewShareLink(l content.ShareLink) map[string]any {
	return map[string]any{"guid": l.GUID, "content_guid": l.ContentGUID, "created_by": l.CreatedBy, "created_time": apiTime(l.CreatedTime)}
}

func (s *Server) deleteShareLink(w http.ResponseWriter, r *http.Request) error {
	return noContent(w, s.Content.DeleteShareLink(r.Context(), callerOf(r).actor(), r.PathValue("guid"), r.PathValue("link")))
}

// linkOf returns the tokens of share links in a request.
func linkOf(r *http.Request) content.Link {
	link := content.Link{Token: r.URL.Query().Get(shareParam), Opens: isNavigation(r)}
	if cookie, err := r.Cookie(shareCookie); err == nil {
		link.Kept = cookie.Value
	}
	return link
}

// keepLink stores or deletes the cookie of a share link, as the visit requires.
func (s *Server) keepLink(w http.ResponseWriter, v content.Visit, link content.Link) {
	switch {
	case v.NewToken:
		s.setShareCookie(w, v.Item, link.Token)
	case v.DropToken:
		s.setShareCookie(w, v.Item, "")
	}
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
