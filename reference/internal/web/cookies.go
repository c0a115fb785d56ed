package web

import "net/http"

// maxCookies bounds the number of cookies with one name that the server checks in a request, because each may cost a
// read of the store.
const maxCookies = 16

// cookiesNamed returns the first cookies with a name. A browser sends the cookies of every matching path, so that a
// server below /dev/ of a shared host also receives the cookies of a server at /. One valid cookie suffices.
func cookiesNamed(r *http.Request, name string) []*http.Cookie {
	cookies := r.CookiesNamed(name)
	return cookies[:min(len(cookies), maxCookies)]
}
