package fakeidp

import "net/http"

// sessionCookie identifies the browser. It is sent only to its own issuer.
const sessionCookie = "fakeidp_session"

// signin assigns an account to the browser, without a password. Scripts use it before an authorization.
func (ex *exchange) signin() (reply, error) {
	ps, err := parseParams(ex.r.URL.RawQuery)
	if err != nil {
		return reply{}, err
	}
	is := ex.is
	id, err := is.mint("")
	if err != nil {
		return reply{}, err
	}
	name, now := ps["account"], is.now()
	err = is.change(name, func(*account) {
		is.sessions.put(digestOf(id), &session{account: name, authTime: now}, func(*session) bool { return false })
	})
	if err != nil {
		return reply{}, newProblem(http.StatusNotFound, "not_found", "no such account")
	}
	ex.entry.Account = name
	return ex.cookie(id, 0), nil
}

// signout ends the session of the browser.
func (ex *exchange) signout() (reply, error) {
	for _, c := range ex.r.CookiesNamed(sessionCookie) {
		ex.is.mu.Lock()
		ex.is.sessions.take(digestOf(c.Value))
		ex.is.mu.Unlock()
	}
	return ex.cookie("", -1), nil
}

func (ex *exchange) cookie(value string, maxAge int) reply {
	c := http.Cookie{
		Name: sessionCookie, Value: value, MaxAge: maxAge, Path: "/" + ex.is.name,
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	return reply{status: http.StatusNoContent, header: http.Header{"Set-Cookie": {c.String()}}}
}

// session returns the session of the browser, or nil.
func (ex *exchange) session() *session {
	c, err := ex.r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	ex.is.mu.Lock()
	defer ex.is.mu.Unlock()
	s, _ := ex.is.sessions.get(digestOf(c.Value))
	return s
}
