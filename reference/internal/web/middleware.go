package web

import (
	"crypto/subtle"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/google/uuid"

	"countersign/reference/internal/account"
)

// wrap applies to every request before routing. It sets the correlation id, recovers from panics and authenticates
// the caller.
func (s *Server) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(inner http.ResponseWriter, r *http.Request) {
		w := &replyWriter{ResponseWriter: inner}
		w.Header()["X-Correlation-Id"] = []string{correlationID(r)}
		defer s.recoverPanic(w, r)
		if r.URL.Path == "/__ping__" { // only reports to all clients that the server is running
			next.ServeHTTP(w, r)
			return
		}
		if r.Method == http.MethodTrace { // it would return headers that a proxy added
			s.refuse(w, r, errNoEndpoint)
			return
		}
		c, err := s.authenticate(w, r)
		s.logAuthentication(r, c, err)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		defer r.Body.Close() //nolint:errcheck // a signed body may be kept in a file
		if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") && c.Interactive() && !s.sameOrigin(r) {
			s.refuse(w, r, errForbidden) // browsers send cookies with a WebSocket of a page of another site
			return
		}
		next.ServeHTTP(w, r.WithContext(withCaller(r.Context(), c)))
	})
}

// recoverPanic converts a panic to an internal error, or ends the connection if the reply has begun. It passes
// http.ErrAbortHandler on to net/http.
func (s *Server) recoverPanic(w http.ResponseWriter, r *http.Request) {
	v := recover()
	switch {
	case v == nil:
	case v == http.ErrAbortHandler:
		panic(v)
	default:
		s.Log.Error("Panic in a handler", "method", r.Method, "path", r.URL.Path, "panic", v, "stack", string(debug.Stack()))
		if replyBegun(w) {
			panic(http.ErrAbortHandler)
		}
		writeError(w, errInternal)
	}
}

// correlationID returns the id that the client sent, if it is harmless, or a new one.
func correlationID(r *http.Request) string {
	id := r.Header.Get("X-Correlation-Id")
	if id == "" || len(id) > 128 || strings.ContainsFunc(id, func(c rune) bool { return c < '!' || c > '~' }) {
		return uuid.NewString()
	}
	return id
}

// api returns the handler of an endpoint of the API.
func (s *Server) api(need account.Role, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := callerOf(r)
		err := checkRole(c, need)
		if err == nil {
			err = s.checkXSRF(r, c)
		}
		if err == nil {
			err = h(w, r)
		}
		if err != nil {
			s.writeJSONError(w, r, err)
		}
	})
}

// page returns the handler of an endpoint that browsers visit. Pages of content have no XSRF token, so credentials
// that a browser sends by itself count only for requests from the origin of this server. Anonymous requests for
// public content may come from all origins.
func (s *Server) page(need account.Role, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := callerOf(r)
		err := checkRole(c, need)
		switch {
		case err != nil:
		case unsafeMethod(r) && c.Interactive() && !s.sameOrigin(r):
			err = errXSRF
		default:
			err = h(w, r)
		}
		if err != nil {
			s.writePageError(w, r, err)
		}
	})
}

func checkRole(c caller, need account.Role) error {
	switch {
	case need == anyone:
		return nil
	case !c.SignedIn():
		return errNotSignedIn
	case !c.Role.AtLeast(need):
		return errForbidden
	}
	return nil
}

// refuse writes an error for a request that has no route.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if strings.HasPrefix(r.URL.Path, "/__api__/") {
		s.writeJSONError(w, r, err)
		return
	}
	s.writePageError(w, r, err)
}

// clientError returns the reply for an error. It logs errors of the server. If the reply has begun, it logs the error
// and ends the connection, because the client would take an error for a part of the reply, and a part for the whole.
func (s *Server) clientError(w http.ResponseWriter, r *http.Request, err error) *apiError {
	e := toAPIError(err)
	if replyBegun(w) {
		s.Log.Error("Request failed after its reply had begun", "method", r.Method, "path", r.URL.Path, "err", err)
		panic(http.ErrAbortHandler)
	}
	if e.Status >= http.StatusInternalServerError && r.Context().Err() == nil {
		s.Log.Error("Request failed", "method", r.Method, "path", r.URL.Path, "err", e.cause)
	}
	return e
}

func (s *Server) writeJSONError(w http.ResponseWriter, r *http.Request, err error) {
	writeError(w, s.clientError(w, r, err))
}

func unsafeMethod(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	return true
}

// checkXSRF protects requests that change something and are authenticated by credentials that a browser sends by
// itself. Within a session, the header X-Rsc-Xsrf must contain the token of the session, which pages of other sites
// cannot read. A request without a session, such as the first request of a script with the identity header, needs no
// token, unless a browser sent it for a page of another site. Requests with keys need no token, because browsers
// never send keys by themselves.
func (s *Server) checkXSRF(r *http.Request, c caller) error {
	switch {
	case !unsafeMethod(r), c.ByKey():
		return nil
	case c.SignedIn() && !c.newSession:
		if !equal(r.Header.Get("X-Rsc-Xsrf"), c.xsrf()) {
			return errXSRF
		}
	case !s.sameOrigin(r):
		return errXSRF
	}
	return nil
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// sameOrigin reports whether a request may come from a page of this server or from a client other than a browser.
// Fetch metadata, if sent, decides, because a proxy does not change it. The Host header is ignored.
func (s *Server) sameOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
	default:
		return false
	}
	origin := r.Header.Get("Origin")
	return origin == "" || strings.EqualFold(origin, s.origin)
}

// originOf returns the origin of a URL in the form of browsers.
func originOf(address string) string {
	scheme, rest, _ := strings.Cut(strings.ToLower(address), "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + strings.TrimSuffix(host, map[string]string{"http": ":80", "https": ":443"}[scheme])
}
