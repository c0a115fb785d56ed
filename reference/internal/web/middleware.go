package web

import (
	"net/http"

	"countersign/reference/internal/account"
)

func (s *Server) wrap(next http.Handler) http.Handler { return next }

func (s *Server) api(need account.Role, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := callerOf(r)
		switch {
		case need != "" && !c.SignedIn():
			writeError(w, fail(24))
		case need != "" && !c.Role.AtLeast(need):
			writeError(w, fail(22))
		default:
			if err := h(w, r); err != nil {
				writeError(w, toAPIError(err))
			}
		}
	})
}
