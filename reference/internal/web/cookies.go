package web

import "net/http"

// maxCookies bounds the cookies of one name that are looked at in a request: each may cost a read of the store.
const maxCookies = 16

// cookiesNamed returns the first cookies of a name. A browser sends those of every path that matches, so a server below
// /dev/ of a shared host also receives the cookies of one at /, and one that matches is enough.
func cookiesNamed(r *http.Request, name string) []*http.Cookie {
	cookies := r.CookiesNamed(name)
	return cookies[:min(len(cookies), maxCookies)]
}
