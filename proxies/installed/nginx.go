package installed

import (
	"cmp"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A nginxReader reads an nginx configuration.
type nginxReader struct {
	*Configuration
	options Options
	top     []*directive // of all files
	http    *directive   // nil for a file with server blocks only
	servers []*directive
	server  *directive // under test
	routes  []*route
	backend *route       // to the server behind the proxy
	names   []string     // public names of the server under test
	checks  []*directive // the proxy_pass directives that auth_request asks
}

func readNginx(c *Configuration, first *file, o Options) error {
	r := &nginxReader{Configuration: c, options: o}
	var err error
	if r.top, err = r.parse(first, nil); err != nil {
		return err
	}
	if err := r.findServers(); err != nil {
		return err
	}
	if err := r.chooseServer(); err != nil {
		return err
	}
	for _, step := range []func() error{r.findRoutes, r.findIdentity, r.findLogin, r.chooseBackend} {
		if err := step(); err != nil {
			return err
		}
	}
	r.findPrefix()
	r.changeListeners()
	r.changeRoutes()
	r.changeAddresses()
	r.removeServices()
	if r.http != nil {
		r.http.file.replace(r.http.open, r.http.open, nginxFolders)
	}
	return r.findModules()
}

// parse parses a file and the files that it includes.
func (r *nginxReader) parse(f *file, parent *directive) ([]*directive, error) {
	list, err := parseNginx(f, parent)
	if err != nil {
		return nil, err
	}
	return r.includeAll(list, 0)
}

// includeAll follows the includes in a list of directives and in their blocks. The directives of an
// included file come after the include.
func (r *nginxReader) includeAll(list []*directive, depth int) ([]*directive, error) {
	var all []*directive
	for _, d := range list {
		all = append(all, d)
		if d.isBlock {
			var err error
			if d.block, err = r.includeAll(d.block, depth+1); err != nil {
				return nil, err
			}
		}
		if d.name() != "include" || d.isBlock {
			continue
		}
		included, err := r.include(d)
		if err != nil {
			return nil, err
		}
		all = append(all, included...)
	}
	return all, nil
}

// optional are files of the packages of nginx that have no effect on what the suite tests.
var optional = regexp.MustCompile(`^(mime\.types|(fastcgi|uwsgi|scgi)(_params|\.conf)|koi-win|koi-utf|win-utf|.*(ssl|tls|letsencrypt).*)$`)

func (r *nginxReader) include(d *directive) ([]*directive, error) {
	pattern := d.arg(0)
	paths, err := r.files.find(pattern)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: include %s: %w", d.place(), pattern, err)
	case len(paths) == 0 && (strings.ContainsAny(pattern, "*?[") || optional.MatchString(filepath.Base(pattern))):
		r.replaced(d.place(), "include %s is left out: no such file is on this machine", pattern)
		d.remove()
		return nil, nil
	case len(paths) == 0:
		return nil, fmt.Errorf("%s: include %s: the file is not on this machine; copy it there, or beside %s, or remove the line", d.place(), pattern, r.files.all[0].name)
	}
	var all []*directive
	var copies []string
	for _, path := range paths {
		raw, err := readFile(path)
		if err != nil {
			return nil, fmt.Errorf("%s: include %s: %w", d.place(), pattern, err)
		}
		f, err := r.files.add(path, raw)
		if err != nil {
			return nil, err
		}
		list, err := r.parse(f, d.parent)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		copies = append(copies, `include "`+atDir+"/"+f.copy+`";`)
	}
	d.file.replace(d.start, d.end, strings.Join(copies, " "))
	return all, nil
}

// findServers finds the server blocks.
func (r *nginxReader) findServers() error {
	level := r.top
	for _, d := range r.top {
		if d.name() == "http" && d.isBlock {
			r.http, level = d, d.block
		}
	}
	for _, d := range level {
		if d.name() == "server" && d.isBlock {
			r.servers = append(r.servers, d)
		}
	}
	name := r.files.all[0].name
	r.shape.whole = r.http != nil
	if len(r.servers) == 0 {
		return fmt.Errorf("%s: the configuration has no server block; give the file that has it, or a whole nginx.conf that includes it", name)
	}
	return nil
}

// serverNames returns the names of a server block, without patterns.
func serverNames(server *directive) []string {
	var names []string
	for _, d := range server.block {
		if d.name() != "server_name" {
			continue
		}
		for _, n := range d.args() {
			if n != "" && n != "_" && !strings.ContainsAny(n, "~*$") {
				names = append(names, n)
			}
		}
	}
	return names
}

func describeServer(s *directive) string {
	text := "server"
	if names := serverNames(s); len(names) > 0 {
		text += " " + strings.Join(names, " ")
	}
	for _, d := range s.block {
		if d.name() == "listen" {
			text += ", " + d.text()
		}
	}
	return text
}

// chooseServer chooses the server block under test: the one that passes requests on, or the one that the
// user names.
func (r *nginxReader) chooseServer() error {
	var proxying []*directive
	for _, s := range r.servers {
		if r.options.Server != "" && matchesServer(r.options.Server, s.place(), serverNames(s)) {
			r.server = s
		}
		if passes(s) {
			proxying = append(proxying, s)
		}
	}
	proxying = slices.DeleteFunc(proxying, func(s *directive) bool { return r.isHelper(s, proxying) })
	switch {
	case r.options.Server != "" && r.server == nil:
		return fmt.Errorf("%s: no server block has the name or the line %q; the blocks are:\n%s", r.files.all[0].name, r.options.Server, listServers(r.servers))
	case r.server != nil:
	case len(proxying) == 0:
		return fmt.Errorf("%s: no server block passes requests on with proxy_pass; give the configuration of a proxy", r.servers[0].place())
	case len(proxying) > 1:
		return fmt.Errorf("%s: several server blocks pass requests on; name the one in front of the server with --proxy-server, by its name or its line:\n%s", r.files.all[0].name, listServers(proxying))
	default:
		r.server = proxying[0]
	}
	r.names = serverNames(r.server)
	r.Server = Note{r.server.place(), describeServer(r.server)}
	return nil
}

func listServers(list []*directive) string {
	var lines []string
	for _, s := range list {
		lines = append(lines, "  "+s.place().String()+": "+describeServer(s))
	}
	return strings.Join(lines, "\n")
}

// matchesServer reports whether a text names a server block by a name or a line.
func matchesServer(text string, at Place, names []string) bool {
	return slices.Contains(names, text) || text == at.String() || text == fmt.Sprint(at.Line)
}

// passes reports whether a block contains proxy_pass.
func passes(s *directive) bool {
	found := false
	walk(s.block, func(d *directive) { found = found || d.name() == "proxy_pass" })
	return found
}

// isHelper reports whether another server of the same configuration passes requests to this one.
func (r *nginxReader) isHelper(s *directive, all []*directive) bool {
	for _, other := range all {
		found := false
		walk(other.block, func(d *directive) {
			found = found || other != s && d.name() == "proxy_pass" && listensAt(s, hostOf(d.arg(0)))
		})
		if found {
			return true
		}
	}
	return false
}

// passHost finds the host in the value of proxy_pass.
var passHost = regexp.MustCompile(`^(?:https?://)?(unix:[^:;]+|\[[0-9A-Fa-f:]+\](?::\d+)?|[A-Za-z0-9_.-]+(?::\d+)?)`)

// hostOf returns the host and the port in a URL or an address, as written, or "" if they are not literal.
func hostOf(value string) string {
	found := passHost.FindStringSubmatch(value)
	if found == nil {
		return ""
	}
	return found[1]
}

// withPort adds the port 80 to an address without a port.
func withPort(host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil || strings.HasPrefix(host, "unix:") {
		return host
	}
	return host + ":80"
}

// listensAt reports whether a server block listens at an address of this machine.
func listensAt(s *directive, address string) bool {
	if address == "" {
		return false
	}
	host, port, err := net.SplitHostPort(withPort(address))
	for _, d := range s.block {
		if d.name() != "listen" {
			continue
		}
		if d.arg(0) == address {
			return true
		}
		ip := net.ParseIP(host)
		if err == nil && (host == "localhost" || ip != nil && ip.IsLoopback()) && portOf(d.arg(0)) == port {
			return true
		}
	}
	return false
}

// portOf returns the port of an address, a port alone, or 80.
func portOf(listen string) string {
	if _, port, err := net.SplitHostPort(listen); err == nil {
		return port
	}
	if regexp.MustCompile(`^\d+$`).MatchString(listen) {
		return listen
	}
	return "80"
}

// location returns the innermost location around a directive, or nil.
func (d *directive) location() *directive {
	for at := d; at != nil; at = at.parent {
		if at.name() == "location" {
			return at
		}
	}
	return nil
}

// path returns the path of a location, or the literal beginning of its pattern.
func (d *directive) path() string {
	words := d.args()
	if len(words) == 0 {
		return "/" // nginx reports it
	}
	if len(words) > 1 && (words[0] == "~" || words[0] == "~*") {
		return cmp.Or(literalHead.FindString(strings.TrimPrefix(words[1], "^")), "/")
	}
	return words[len(words)-1]
}

var literalHead = regexp.MustCompile(`^/[A-Za-z0-9_/-]*`)
