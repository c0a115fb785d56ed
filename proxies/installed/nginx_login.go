package installed

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// loginWords recognizes the path of a login page.
var loginWords = regexp.MustCompile(`(?i)(log|sign)[-_]?(in|on)|auth|sso|saml`)

// A redirect is a redirect of the proxy that may lead to the login page.
type redirect struct {
	at   Place
	text string
	url  string
}

// target splits the URL of a redirect. own reports whether it leads to the proxy itself.
func (d redirect) target(names []string, ownHost *regexp.Regexp) (path, parameter string, own bool) {
	rest, own := d.url, strings.HasPrefix(d.url, "/")
	if found := absolute.FindStringSubmatch(d.url); found != nil {
		host := strings.Split(found[1], ":")[0]
		rest, own = found[2], ownHost.MatchString(found[1]) || slices.Contains(names, host)
	}
	path, query, _ := strings.Cut(rest, "?")
	if found := parameterWithVariable.FindStringSubmatch(query); found != nil {
		parameter = found[1]
	}
	return path, parameter, own
}

var (
	absolute              = regexp.MustCompile(`^(?:https?|\$scheme|\$\{scheme\}|%\{REQUEST_SCHEME\}|%\{ENV:[A-Za-z_]+\}|\$\{[A-Za-z_]+\})://([^/?]+)(/[^\s]*)?$`)
	parameterWithVariable = regexp.MustCompile(`(?:^|&)([A-Za-z0-9_.-]+)=[^&]*[$%]`)
	nginxOwnHost          = regexp.MustCompile(`^\$\{?(host|http_host|server_name|server_addr)\b`)
)

// chooseLogin chooses the login page among redirects, and records it.
func (c *Configuration) chooseLogin(all []redirect, names []string, ownHost *regexp.Regexp) {
	for _, d := range all {
		path, parameter, own := d.target(names, ownHost)
		if !loginWords.MatchString(path) && parameter == "" {
			continue
		}
		if !own {
			c.assumed(d.at, "%s leads to the login page of another site, which the suite does not contact: users get the identity cookie without a login", d.text)
			return
		}
		if path == "" || strings.ContainsAny(path, "$%") {
			continue
		}
		c.LoginPath, c.LoginParameter = path, parameter
		c.found(d.at, "the login page is %s, and returns to the URL in the parameter %s", path, orName(parameter, "url"))
		if parameter == "" {
			c.LoginParameter = "url"
			c.assumed(d.at, "the login page returns to the URL in the parameter url: the file does not show its name")
		}
		return
	}
	c.assumed(c.Server.Place, "no line redirects anonymous requests to a login page: users get the identity cookie without a login. If the server has ProxyAuth.LoginURL, add --no-gate; use --proxy-login PATH to name a login page")
}

func orName(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}

// findLogin finds the login page.
func (r *nginxReader) findLogin() error {
	var all []redirect
	collect := func(d *directive) {
		args := d.args()
		switch {
		case d.name() == "return" && len(args) == 2 && strings.HasPrefix(args[0], "30"):
			all = append(all, redirect{d.place(), d.text(), args[1]})
		case d.name() == "return" && len(args) == 1 && strings.Contains(args[0], "://"):
			all = append(all, redirect{d.place(), d.text(), args[0]})
		case d.name() == "rewrite" && len(args) == 3 && (args[2] == "redirect" || args[2] == "permanent"):
			all = append(all, redirect{d.place(), d.text(), args[1]})
		case d.name() == "error_page" && len(args) > 1 && args[0] == "401" && !strings.HasPrefix(args[len(args)-1], "@"):
			all = append(all, redirect{d.place(), d.text(), args[len(args)-1]})
		}
	}
	walk(r.server.block, collect)
	for _, t := range r.routes {
		if t.helper != nil {
			walk(t.helper.block, collect)
		}
	}
	if r.options.Login != "" {
		r.LoginPath, r.LoginParameter = r.options.Login, "url"
		return nil
	}
	r.chooseLogin(all, r.names, nginxOwnHost)
	return nil
}

// loginLocation returns the location of the server under test that serves the login page, or nil.
func (r *nginxReader) loginLocation() *directive {
	var best *directive
	if r.LoginPath == "" {
		return nil
	}
	walk(r.server.block, func(d *directive) {
		if d.name() != "location" || !d.isBlock {
			return
		}
		path := d.path()
		if path == "/" || path == "" || !strings.HasPrefix(r.LoginPath, path) {
			return
		}
		if best == nil || len(path) > len(best.path()) {
			best = d
		}
	})
	return best
}

// isLogin reports whether a route leads to the login server.
func (r *nginxReader) isLogin(t *route) bool {
	at := r.loginLocation()
	return at != nil && slices.ContainsFunc(t.passes, func(d *directive) bool { return d.within(at) })
}

// findIdentity finds the identity headers with the cookies that they come from.
func (r *nginxReader) findIdentity() error {
	seen := map[*directive]bool{}
	for _, t := range r.routes {
		for _, pass := range t.passes {
			for _, h := range headersAt(pass, r.level()) {
				if seen[h] {
					continue
				}
				seen[h] = true
				cookies, source := r.trace(h.arg(1), 0)
				if len(cookies) > 0 && !strings.EqualFold(h.arg(0), "Cookie") {
					t.score += 4
					r.addIdentity(h.place(), h.arg(0), cookies)
				} else if field, _ := fieldOf(h.arg(0)); source != "" && field != "" && !strings.HasPrefix(strings.ToLower(h.arg(0)), "x-forwarded-for") {
					r.assumed(h.place(), "the header %s may be the %s, but its value is %s, and not a cookie", h.arg(0), field, source)
				}
			}
		}
	}
	return nil
}

var variables = regexp.MustCompile(`\$\{?([A-Za-z0-9_]+)\}?`)

// otherSources are variables with identities that the suite cannot provide.
var otherSources = regexp.MustCompile(`^(remote_user|ssl_client_|upstream_|jwt_|auth_|http_)`)

// trace returns the cookies from which a value comes, or else a description of its source.
func (r *nginxReader) trace(value string, depth int) (cookies []string, source string) {
	if depth > 10 {
		return nil, ""
	}
	for _, found := range variables.FindAllStringSubmatch(value, -1) {
		name := found[1]
		if cookie, ok := strings.CutPrefix(name, "cookie_"); ok {
			cookies = append(cookies, cookie)
			continue
		}
		if otherSources.MatchString(name) && name != "http_cookie" && name != "http_upgrade" {
			source = "$" + name
		}
		own, from := r.traceVariable(name, depth+1)
		if len(own) == 0 && from != "" {
			source = from
		}
		for _, c := range own {
			if !slices.Contains(cookies, c) {
				cookies = append(cookies, c)
			}
		}
	}
	return cookies, source
}

func (r *nginxReader) traceVariable(name string, depth int) (cookies []string, source string) {
	walk(r.level(), func(d *directive) {
		if len(cookies) > 0 {
			return
		}
		switch {
		case d.name() == "map" && d.isBlock && d.arg(1) == "$"+name:
			cookies, source = r.traceMap(d, depth)
		case d.name() == "set" && d.arg(0) == "$"+name && d.parent != nil && d.parent.name() == "if" && strings.Contains(d.parent.text(), "$http_cookie"):
			if cookie := cookieIn(strings.Join(d.parent.args(), " ")); cookie != "" {
				cookies = []string{cookie}
			}
		case d.name() == "set" && d.arg(0) == "$"+name:
			cookies, source = r.trace(d.arg(1), depth)
		case d.name() == "auth_request_set" && d.arg(0) == "$"+name:
			source = fmt.Sprintf("the reply to auth_request (%s)", d.place())
		}
	})
	return cookies, source
}

// traceMap returns the cookies from which the values of a map come.
func (r *nginxReader) traceMap(m *directive, depth int) (cookies []string, source string) {
	fromCookies := strings.Contains(m.arg(0), "$http_cookie")
	for _, d := range m.block {
		if fromCookies {
			if cookie := cookieIn(d.name()); cookie != "" && strings.Contains(d.arg(0), "$") && !slices.Contains(cookies, cookie) {
				cookies = append(cookies, cookie)
			}
			continue
		}
		own, from := r.trace(d.arg(0), depth)
		cookies = append(cookies, own...)
		source = orName(source, from)
		if strings.HasPrefix(m.arg(0), "$cookie_") && len(own) == 0 && strings.Contains(d.arg(0), "$") {
			cookies = append(cookies, strings.TrimPrefix(m.arg(0), "$cookie_"))
		}
	}
	return cookies, source
}
