package installed

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A route is a place to which the proxy sends requests.
type route struct {
	key    string       // the host as the file names it
	passes []*directive // the proxy_pass directives
	set    *directive   // the directive that sets the variable with the host, nil if there is none
	block  *directive   // the upstream block, nil if there is none
	helper *directive   // the server block of the same configuration, nil if there is none
	score  int          // how much it resembles the server behind the proxy
}

// hosts returns the addresses of a route.
func (t *route) hosts() []string {
	if t.block == nil {
		return []string{t.key}
	}
	var all []string
	for _, d := range t.block.block {
		if d.name() == "server" {
			all = append(all, d.arg(0))
		}
	}
	return all
}

// findRoutes finds where the server under test, and the servers to which it passes requests, send them.
func (r *nginxReader) findRoutes() error {
	pending := []*directive{r.server}
	for n := 0; n < len(pending); n++ {
		var problem error
		walk(pending[n].block, func(d *directive) {
			if d.name() != "proxy_pass" || problem != nil {
				return
			}
			var t *route
			if t, problem = r.routeOf(d); problem == nil && t.helper != nil && !slices.Contains(pending, t.helper) {
				pending = append(pending, t.helper)
			}
		})
		if problem != nil {
			return problem
		}
	}
	return nil
}

// routeOf adds a proxy_pass to the routes.
func (r *nginxReader) routeOf(d *directive) (*route, error) {
	key, set := hostOf(d.arg(0)), (*directive)(nil)
	if key == "" || key == "http" || key == "https" {
		var err error
		if key, set, err = r.variableHost(d); err != nil {
			return nil, err
		}
	}
	for _, t := range r.routes {
		if t.key == key {
			t.passes = append(t.passes, d)
			return t, nil
		}
	}
	t := &route{key: key, passes: []*directive{d}, set: set}
	for _, u := range r.level() {
		if u.name() == "upstream" && u.arg(0) == key {
			t.block = u
		}
	}
	for _, s := range r.servers {
		for _, host := range t.hosts() {
			if s != r.server && listensAt(s, host) {
				t.helper = s
			}
		}
	}
	r.routes = append(r.routes, t)
	return t, nil
}

// level returns the directives of the http context.
func (r *nginxReader) level() []*directive {
	if r.http != nil {
		return r.http.block
	}
	return r.top
}

var firstVariable = regexp.MustCompile(`^(?:https?://)?\$\{?([A-Za-z0-9_]+)\}?`)

// variableHost returns the host of a proxy_pass that begins with a variable, which a set directive must
// define.
func (r *nginxReader) variableHost(d *directive) (string, *directive, error) {
	unclear := func(why string) error {
		return fmt.Errorf("%s: %s: %s; write the address there, or describe the proxy in a file for --target with proxy.command, proxy.config and proxy.replace", d.place(), d.text(), why)
	}
	found := firstVariable.FindStringSubmatch(d.arg(0))
	if found == nil {
		return "", nil, unclear("the suite does not find the host in it")
	}
	var sets []*directive
	walk(r.level(), func(s *directive) {
		if s.name() == "set" && s.arg(0) == "$"+found[1] && (s.within(r.server) || s.parent == d.parent) {
			sets = append(sets, s)
		}
	})
	if len(sets) != 1 || hostOf(sets[0].arg(1)) == "" {
		return "", nil, unclear(fmt.Sprintf("%d set directives define $%s, and exactly one with a literal host is needed", len(sets), found[1]))
	}
	return hostOf(sets[0].arg(1)), sets[0], nil
}

// headersAt returns the proxy_set_header directives that apply to a proxy_pass: those of the innermost
// block that has any, as in nginx.
func headersAt(pass *directive, top []*directive) []*directive {
	for at := pass.parent; ; at = at.parent {
		block := top
		if at != nil {
			block = at.block
		}
		var own []*directive
		for _, d := range block {
			if d.name() == "proxy_set_header" {
				own = append(own, d)
			}
		}
		if len(own) > 0 || at == nil {
			return own
		}
	}
}

// chooseBackend chooses the route to the server behind the proxy.
func (r *nginxReader) chooseBackend() error {
	var best, named []*route
	for _, t := range r.routes {
		if t.helper != nil || r.isLogin(t) || r.onlyChecks(t) {
			continue
		}
		for _, d := range t.passes {
			for _, h := range headersAt(d, r.level()) {
				switch strings.ToLower(h.arg(0)) {
				case "x-rsc-request":
					t.score += 8
				case "upgrade":
					t.score += 2
				}
			}
		}
		for _, host := range t.hosts() {
			if portOf(host) == "3939" {
				t.score += 4
			}
			if o := r.options.Backend; o != "" && (o == t.key || o == host) {
				named = append(named, t)
			}
		}
		if len(best) > 0 && t.score > best[0].score {
			best = nil
		}
		if len(best) == 0 || t.score == best[0].score {
			best = append(best, t)
		}
	}
	switch {
	case len(named) > 0:
		best = named[:1]
	case r.options.Backend != "":
		return fmt.Errorf("%s: no proxy_pass sends requests to %q; --proxy-upstream must be a host of the file: %s", r.Server.Place, r.options.Backend, r.routeNames())
	case len(best) == 0:
		return fmt.Errorf("%s: no proxy_pass of %s sends requests to a server behind the proxy", r.Server.Place, r.Server.Text)
	case len(best) > 1:
		return fmt.Errorf("%s: requests go to several servers, and the suite cannot tell which of them is the one behind the proxy; name it with --proxy-upstream: %s", r.Server.Place, r.routeNames())
	}
	r.backend = best[0]
	r.Backend = r.backend.key
	at := r.backend.passes[0].place()
	r.found(at, "the server behind the proxy is %s", r.Backend)
	if len(r.routes) > 1 && r.backend.score < 4 && r.options.Backend == "" {
		r.assumed(at, "%s is the server behind the proxy, because no other host is left; use --proxy-upstream if it is another one", r.Backend)
	}
	return nil
}

// onlyChecks reports whether only auth_request sends requests to a route.
func (r *nginxReader) onlyChecks(t *route) bool {
	return !slices.ContainsFunc(t.passes, func(d *directive) bool { return !slices.Contains(r.checks, d) })
}

func (r *nginxReader) routeNames() string {
	var names []string
	for _, t := range r.routes {
		names = append(names, fmt.Sprintf("%s (line %d)", t.key, t.passes[0].place().Line))
	}
	return strings.Join(names, ", ")
}

// findPrefix finds the public path: the shortest path of a location that leads to the server.
func (r *nginxReader) findPrefix() {
	var shortest *directive
	path := ""
	for _, d := range r.backend.passes {
		at := d.location()
		if at == nil {
			continue
		}
		own := at.path()
		if strings.HasPrefix(own, "@") {
			own = r.refersTo(own)
		}
		if shortest == nil || len(own) < len(path) {
			shortest, path = at, own
		}
	}
	if shortest == nil {
		r.assumed(r.Server.Place, "the public path is /, because no location contains the proxy_pass; use --prefix if it is another one")
		return
	}
	r.Prefix = strings.TrimSuffix(path, "/")
	r.found(shortest.place(), "the public path is %s", r.Prefix+"/")
	if first := shortest.arg(0); strings.HasPrefix(first, "~") && !headIsWhole(shortest.arg(1)) || strings.HasPrefix(first, "@") {
		r.assumed(shortest.place(), "the public path is %s, as far as %s shows it; use --prefix if it is another one", r.Prefix+"/", shortest.text())
	}
}

// refersTo returns the path of the location that refers to a named location.
func (r *nginxReader) refersTo(name string) string {
	path := "/"
	walk(r.server.block, func(d *directive) {
		if at := d.location(); at != nil && d != at && slices.Contains(d.args(), name) {
			path = at.path()
		}
	})
	return path
}
