package installed

import (
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
