package installed

import (
	"regexp"
	"slices"
	"strings"
)

var apacheOwnHost = regexp.MustCompile(`^%\{(HTTP_HOST|SERVER_NAME|SERVER_ADDR|HTTP:Host)\}`)

// findLogin finds the login page.
func (r *apacheReader) findLogin() {
	if r.options.Login != "" {
		r.LoginPath, r.LoginParameter = r.options.Login, "url"
		return
	}
	var all []redirect
	each(r.scope(), func(l *line) {
		switch {
		case strings.HasPrefix(l.name, "redirect") && len(l.args) > 0:
			all = append(all, redirect{l.place(), l.text(), l.last()})
		case l.name == "rewriterule" && l.hasFlag("R", "REDIRECT"):
			all = append(all, redirect{l.place(), l.text(), l.arg(1)})
		case l.name == "errordocument" && l.arg(0) == "401":
			all = append(all, redirect{l.place(), l.text(), l.arg(1)})
		}
	})
	r.chooseLogin(all, r.names, apacheOwnHost)
}

// Values of RequestHeader.
var (
	headerVariable = regexp.MustCompile(`%\{([A-Za-z_][A-Za-z0-9_]*)\}e|%\{(?:reqenv|env|ENV):([A-Za-z_][A-Za-z0-9_]*)\}|reqenv\('([A-Za-z_][A-Za-z0-9_]*)'\)`)
	headerOther    = regexp.MustCompile(`%\{(REMOTE_USER|SSL_[A-Z_]+|OIDC_[A-Za-z_]+|MELLON_[A-Za-z_]+|HTTP:[^}]+|req:[^}]+)\}`)
)

// findIdentity finds the identity headers with the cookies that they come from.
func (r *apacheReader) findIdentity() {
	each(r.scope(), func(l *line) {
		if l.name != "requestheader" || !slices.Contains([]string{"set", "add", "append", "merge", "setifempty"}, strings.ToLower(l.arg(0))) {
			return
		}
		if at := l.within("location", "locationmatch"); at != nil && len(r.routes) > 0 && !slices.ContainsFunc(r.routes, func(t *apacheRoute) bool {
			return strings.HasPrefix(t.path, literalPath(at.last()))
		}) {
			return
		}
		var cookies []string
		for _, found := range headerVariable.FindAllStringSubmatch(l.arg(2), -1) {
			for _, c := range r.trace(found[1] + found[2] + found[3]) {
				if !slices.Contains(cookies, c) {
					cookies = append(cookies, c)
				}
			}
		}
		if len(cookies) > 0 {
			r.addIdentity(Identity{Header: l.arg(1), Cookies: cookies, Place: l.place()})
			return
		}
		if other := headerOther.FindString(l.arg(2)); other != "" {
			r.addUntraced(l.place(), l.arg(1), other)
		}
	})
}

// trace returns the cookies from which a variable comes.
func (r *apacheReader) trace(name string) []string {
	var cookies []string
	add := func(pattern string) {
		if c := cookieIn(pattern); c != "" && !slices.Contains(cookies, c) {
			cookies = append(cookies, c)
		}
	}
	var conditions []string
	each(r.top, func(l *line) {
		switch l.name {
		case "setenvif", "setenvifnocase":
			if !strings.EqualFold(l.arg(0), "Cookie") {
				return
			}
			for _, a := range l.args[min(2, len(l.args)):] {
				if strings.HasPrefix(a, name+"=$") {
					add(l.arg(1))
				}
			}
		case "rewritecond":
			if c := l.arg(0); strings.Contains(c, "%{HTTP_COOKIE}") || strings.EqualFold(c, "%{HTTP:Cookie}") {
				conditions = append(conditions, l.arg(1))
			}
		case "rewriterule":
			if strings.Contains(l.arg(2), "E="+name+":%") {
				for _, c := range conditions {
					add(c)
				}
			}
			conditions = nil
		}
	})
	return cookies
}
