package installed

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// An apacheReader reads an Apache configuration.
type apacheReader struct {
	*Configuration
	options Options
	defines map[string]string
	top     []*line // of all files
	hosts   []*line // the virtual hosts
	host    *line   // under test; nil for a file without virtual hosts
	names   []string
	routes  []*apacheRoute
	backend string // host:port
	login   string // host:port of the login server, "" if the file has none
}

// An apacheRoute is a line that sends requests to another server.
type apacheRoute struct {
	line  *line
	path  string // the public path, as far as it is literal
	host  string // host:port, or the name of a balancer
	url   string
	ws    bool
	whole bool // a rule without conditions
}

func readApache(c *Configuration, first *file, o Options) error {
	r := &apacheReader{Configuration: c, options: o, defines: map[string]string{}}
	var err error
	if r.top, err = r.parse(first, nil); err != nil {
		return err
	}
	each(r.top, func(l *line) {
		if l.name == "virtualhost" {
			r.hosts = append(r.hosts, l)
		}
		if l.name == "loadmodule" && strings.HasPrefix(l.arg(0), "mpm_") {
			c.shape.mpm = true
		}
	})
	if err := r.chooseHost(); err != nil {
		return err
	}
	r.findRoutes()
	r.findIdentity()
	r.findLogin()
	if err := r.chooseBackend(); err != nil {
		return err
	}
	r.findPrefix()
	r.changeListeners()
	r.changeAddresses()
	r.addLogin()
	r.removeServices()
	r.findModules()
	return nil
}

// scope returns the lines that apply to the host under test.
func (r *apacheReader) scope() []*line {
	if r.host != nil {
		return r.host.lines
	}
	return r.top
}

func (r *apacheReader) parse(f *file, parent *line) ([]*line, error) {
	list, err := parseApache(f, parent, r.defines)
	if err != nil {
		return nil, err
	}
	return r.includeAll(list)
}

// includeAll follows the includes in a list of lines and in their sections.
func (r *apacheReader) includeAll(list []*line) ([]*line, error) {
	var all []*line
	for _, l := range list {
		all = append(all, l)
		if l.section {
			var err error
			if l.lines, err = r.includeAll(l.lines); err != nil {
				return nil, err
			}
		}
		if l.name == "serverroot" {
			r.files.root = l.arg(0)
		}
		if l.name != "include" && l.name != "includeoptional" {
			continue
		}
		included, err := r.include(l)
		if err != nil {
			return nil, err
		}
		all = append(all, included...)
	}
	return all, nil
}

func (r *apacheReader) include(l *line) ([]*line, error) {
	pattern := l.arg(0)
	paths, err := r.files.find(pattern)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %s: %w", l.place(), l.text(), err)
	case len(paths) == 0 && (l.name == "includeoptional" || optional.MatchString(filepath.Base(pattern))):
		r.replaced(l.place(), "%s is left out: no such file is on this machine", l.text())
		l.remove()
		return nil, nil
	case len(paths) == 0:
		return nil, fmt.Errorf("%s: %s: the file is not on this machine; copy it there, or beside %s, or remove the line", l.place(), l.text(), r.files.all[0].name)
	}
	// One line can include several files only by a pattern, so the copies get a common name.
	group := len(r.files.all)
	var all []*line
	for _, path := range paths {
		raw, err := readFile(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", l.place(), l.text(), err)
		}
		f, err := r.files.add(path, raw)
		if err != nil {
			return nil, err
		}
		f.copy = fmt.Sprintf("group%d-%s", group, f.copy)
		list, err := r.parse(f, l.parent)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	l.file.replace(l.start, l.end, fmt.Sprintf(`Include "%s/group%d-*"`, atDir, group))
	return all, nil
}

// hostNames returns the names of a virtual host.
func hostNames(list []*line) []string {
	var names []string
	for _, l := range list {
		if l.name == "servername" || l.name == "serveralias" {
			for _, n := range l.args {
				n = strings.TrimPrefix(strings.TrimPrefix(n, "https://"), "http://")
				if n, _, _ = strings.Cut(n, ":"); !strings.ContainsAny(n, "*?$") && n != "" {
					names = append(names, n)
				}
			}
		}
	}
	return names
}

func describeHost(l *line) string {
	text := l.text()
	if names := hostNames(l.lines); len(names) > 0 {
		text += " " + strings.Join(names, " ")
	}
	return text
}

func listHosts(list []*line) string {
	var lines []string
	for _, l := range list {
		lines = append(lines, "  "+l.place().String()+": "+describeHost(l))
	}
	return strings.Join(lines, "\n")
}

// proxying reports whether lines send requests to another server.
func proxying(list []*line) bool {
	found := false
	each(list, func(l *line) { found = found || isPass(l) })
	return found
}

// flags returns the flags of a RewriteRule in upper case.
func (l *line) flags() []string {
	var all []string
	for f := range strings.SplitSeq(strings.Trim(l.arg(2), "[]"), ",") {
		all = append(all, strings.ToUpper(strings.TrimSpace(f)))
	}
	return all
}

func (l *line) hasFlag(names ...string) bool {
	return slices.ContainsFunc(l.flags(), func(f string) bool {
		f, _, _ = strings.Cut(f, "=")
		return slices.Contains(names, f)
	})
}

// last returns the last argument, or "".
func (l *line) last() string { return l.arg(len(l.args) - 1) }

// isPass reports whether a line sends requests to another server.
func isPass(l *line) bool {
	switch l.name {
	case "proxypass", "proxypassmatch":
		return !slices.Contains(l.args, "!")
	case "rewriterule":
		return l.hasFlag("P", "PROXY")
	case "sethandler":
		return strings.HasPrefix(l.arg(0), "proxy:")
	}
	return false
}

// chooseHost chooses the virtual host under test.
func (r *apacheReader) chooseHost() error {
	name := r.files.all[0].name
	if len(r.hosts) == 0 {
		r.names = hostNames(r.top)
		r.Server = Note{Place{name, 1}, "the main server"}
		if r.shape.main = true; !proxying(r.top) {
			return fmt.Errorf("%s: no line passes requests on (ProxyPass, RewriteRule with P); give the configuration of a proxy", name)
		}
		return nil
	}
	var list []*line
	for _, h := range r.hosts {
		if r.options.Server != "" && matchesServer(r.options.Server, h.place(), hostNames(h.lines)) {
			r.host = h
		}
		if proxying(h.lines) {
			list = append(list, h)
		}
	}
	switch {
	case r.options.Server != "" && r.host == nil:
		return fmt.Errorf("%s: no virtual host has the name or the line %q; the virtual hosts are:\n%s", name, r.options.Server, listHosts(r.hosts))
	case r.host != nil:
	case len(list) == 0:
		return fmt.Errorf("%s: no virtual host passes requests on (ProxyPass, RewriteRule with P); give the configuration of a proxy", r.hosts[0].place())
	case len(list) > 1:
		return fmt.Errorf("%s: several virtual hosts pass requests on; name the one in front of the server with --proxy-server, by its name or its line:\n%s", name, listHosts(list))
	default:
		r.host = list[0]
	}
	r.names = hostNames(r.host.lines)
	r.Server = Note{r.host.place(), describeHost(r.host)}
	return nil
}

// apacheURL finds a URL of a server in an argument. In a regular expression, dots have backslashes.
var apacheURL = regexp.MustCompile(`\b(https?|wss?|ajp|fcgi|scgi|uwsgi|h2c?|balancer)://([A-Za-z0-9_.\\-]+|\[[0-9A-Fa-f:]+\])(:\d+)?`)

// hostIn returns the host and port of the URL in a text, or "".
func hostIn(text string) string {
	found := apacheURL.FindStringSubmatch(text)
	if found == nil {
		return ""
	}
	return addressOf(found)
}

// addressOf returns the host and port of a match of apacheURL.
func addressOf(found []string) string {
	host := strings.ReplaceAll(found[2], `\`, "")
	if found[1] == "balancer" {
		return "balancer://" + host
	}
	if found[3] != "" {
		return host + found[3]
	}
	if found[1] == "https" || found[1] == "wss" {
		return host + ":443"
	}
	return host + ":80"
}

// literalPath returns the literal beginning of the path of a pattern.
func literalPath(pattern string) string {
	pattern = strings.NewReplacer(`\-`, "-", `\.`, ".", `\/`, "/").Replace(strings.TrimPrefix(pattern, "^"))
	return cmp.Or(literalHead.FindString(pattern), "/")
}

// headIsWhole reports whether a pattern matches everything below its literal beginning.
func headIsWhole(pattern string) bool {
	pattern = strings.TrimPrefix(pattern, "^")
	rest := strings.TrimSuffix(strings.TrimPrefix(pattern, literalHead.FindString(pattern)), "$")
	return slices.Contains([]string{"", "(.*)", ".*", "((?s).*)"}, rest)
}

// findRoutes finds where the host under test sends requests.
func (r *apacheReader) findRoutes() {
	var conditions int
	each(r.scope(), func(l *line) {
		if l.name == "rewritecond" {
			conditions++
			return
		}
		pending := conditions
		if l.name == "rewriterule" {
			conditions = 0
		}
		if !isPass(l) || r.host == nil && l.within("virtualhost") != nil {
			return
		}
		t := &apacheRoute{line: l, path: "/"}
		if at := l.within("location", "locationmatch"); at != nil {
			t.path = literalPath(at.last())
		}
		switch l.name {
		case "rewriterule":
			t.url, t.whole = l.arg(1), pending == 0
			if own := literalPath(l.arg(0)); t.path == "/" {
				t.path = own
			}
		case "sethandler":
			t.url = strings.TrimPrefix(l.arg(0), "proxy:")
		default:
			t.url = l.arg(0)
			if !strings.Contains(t.url, "://") {
				t.path, t.url = literalPath(l.arg(0)), l.arg(1)
			}
		}
		t.host, t.ws = hostIn(t.url), strings.HasPrefix(t.url, "ws")
		r.routes = append(r.routes, t)
	})
}

// members returns the addresses of a balancer.
func (r *apacheReader) members(balancer string) []string {
	var all []string
	each(r.top, func(l *line) {
		if l.name == "balancermember" && l.parent != nil && hostIn(l.parent.arg(0)) == balancer {
			all = append(all, hostIn(l.arg(0)))
		}
	})
	return all
}

// chooseBackend chooses the server behind the proxy.
func (r *apacheReader) chooseBackend() error {
	scores := map[string]int{}
	var order []string
	for _, t := range r.routes {
		if t.host == "" {
			return fmt.Errorf("%s: %s: the suite does not find the host in it; write the address there, or describe the proxy in a file for --target with proxy.command, proxy.config and proxy.replace", t.line.place(), t.line.text())
		}
		if r.LoginPath != "" && t.path != "/" && strings.HasPrefix(r.LoginPath, strings.TrimSuffix(t.path, "/")) && !t.ws {
			r.login = t.host
			continue
		}
		if _, known := scores[t.host]; !known {
			order = append(order, t.host)
			for _, host := range append(r.members(t.host), t.host) {
				if portOf(host) == "3939" {
					scores[t.host] += 4
				}
			}
		}
		scores[t.host] += map[bool]int{true: 2, false: 0}[t.ws || slices.ContainsFunc(t.line.args, func(a string) bool { return strings.HasPrefix(a, "upgrade=") })]
	}
	if o := r.options.Backend; o != "" {
		order = slices.DeleteFunc(order, func(h string) bool { return h != o && !strings.HasPrefix(h, o+":") && h != "balancer://"+o })
	}
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(scores[b], scores[a]) })
	switch {
	case len(order) == 0 && r.options.Backend != "":
		return fmt.Errorf("%s: no line sends requests to %q; --proxy-upstream must be a host of the file: %s", r.Server.Place, r.options.Backend, strings.Join(slices.Sorted(maps.Keys(scores)), ", "))
	case len(order) == 0:
		return fmt.Errorf("%s: no line sends requests to a server behind the proxy", r.Server.Place)
	case len(order) > 1 && scores[order[0]] == scores[order[1]]:
		return fmt.Errorf("%s: requests go to several servers, and the suite cannot tell which of them is the one behind the proxy; name it with --proxy-upstream: %s", r.Server.Place, strings.Join(order, ", "))
	}
	r.backend, r.Backend = order[0], order[0]
	at := slices.IndexFunc(r.routes, func(t *apacheRoute) bool { return t.host == r.backend })
	r.found(r.routes[at].line.place(), "the server behind the proxy is %s", r.backend)
	return nil
}

// findPrefix finds the public path: the shortest path that leads to the server.
func (r *apacheReader) findPrefix() {
	var shortest *apacheRoute
	for _, t := range r.routes {
		if t.host != r.backend || t.ws && shortest != nil {
			continue
		}
		if shortest == nil || shortest.ws || len(t.path) < len(shortest.path) {
			shortest = t
		}
	}
	r.Prefix = strings.TrimSuffix(shortest.path, "/")
	r.found(shortest.line.place(), "the public path is %s", r.Prefix+"/")
	if n := shortest.line.name; n == "rewriterule" || n == "proxypassmatch" && !headIsWhole(shortest.line.arg(0)) {
		r.assumed(shortest.line.place(), "the public path is %s, as far as %s shows it; use --prefix if it is another one", r.Prefix+"/", shortest.line.text())
	}
}
