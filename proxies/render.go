package proxies

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"path"
	"regexp"
	"strings"
	"text/template"

	"countersign/proxies/apache"
	"countersign/proxies/login"
	"countersign/proxies/nginx"
)

// RenderOptions are the properties of the machine that a configuration contains. The zero
// value renders a configuration for reading.
type RenderOptions struct {
	// Login is the address of the login server; "" is 127.0.0.1:8081.
	Login string
	// Dir is a folder that the proxy may write to (pid file, temporary bodies,
	// log); "" is /tmp/countersign-proxy.
	Dir string
	// User is the user of a proxy that root starts; "" leaves it out.
	User string
	// Modules is the folder of Apache's modules; "" is Debian's folder.
	Modules string
	// Bind replaces the IP addresses of the listeners, but not the ports: a container
	// with a network of its own listens on all its addresses.
	Bind string
	// HostAlias replaces the loopback addresses of upstreams and of the login server.
	// It is the host name by which such a container reaches this machine.
	HostAlias string
	// Fault is a deliberate mistake in the configuration; nil for none.
	Fault *Fault
	// Site renders a file for an installation instead of the whole configuration of an instance.
	Site *Site
}

// A Site is what a file for an installation has in addition to a listener.
type Site struct {
	Certificate, Key string // paths of the certificate and its key, for an origin with https
}

// gatePort is the port of the loopback interface at which a file for an installation of nginx percent-encodes
// the targets of logins.
const gatePort = "127.0.0.1:8089"

// A siteView is the data of the templates for a Site.
type siteView struct {
	Site
	Name   string // the public host name
	Enable string // the modules that a2enmod enables
}

// Port returns the port of an address.
func (siteView) Port(address string) (string, error) {
	_, port, err := net.SplitHostPort(address)
	return port, err
}

// Render returns the configuration file of a proxy with all its listeners.
func Render(kind Kind, ls []Listener, o RenderOptions) ([]byte, error) {
	if err := validateAll(kind, ls); err != nil {
		return nil, err
	}
	t := templates[kind]
	if o.Site != nil {
		if len(ls) != 1 {
			return nil, fmt.Errorf("render a file for an installation: %d listeners are given; give one", len(ls))
		}
		t = t.Lookup("site.tmpl")
	}
	if o.Fault != nil {
		changed, err := o.Fault.apply()
		if err != nil {
			return nil, err
		}
		if t, err = sources[kind].parse(); err == nil {
			_, err = t.New(path.Base(o.Fault.File)).Parse(changed)
		}
		if err != nil {
			return nil, fmt.Errorf("build the fault %s: %w", o.Fault.Name, err)
		}
	}
	return execute(t, newView(kind, ls, o))
}

// A source is where the template of a configuration file comes from.
type source struct {
	main      string // name of the template of the whole file
	files     fs.FS
	functions template.FuncMap // in addition to those for both proxies
}

var sources = map[Kind]source{
	Nginx:  {"nginx.conf.tmpl", nginx.Files, nginx.Functions},
	Apache: {"httpd.conf.tmpl", apache.Files, apache.Functions},
}

// templates are the templates of the configuration files.
var templates = map[Kind]*template.Template{
	Nginx:  template.Must(sources[Nginx].parse()),
	Apache: template.Must(sources[Apache].parse()),
}

// parse returns the template. It can call the functions of the proxy and those for both proxies.
func (s source) parse() (*template.Template, error) {
	return template.New(s.main).Funcs(s.functions).Funcs(template.FuncMap{
		"quote": quote,
		"regex": regexp.QuoteMeta,
		"pair":  func(all, one any) map[string]any { return map[string]any{"All": all, "S": one} },
	}).ParseFS(s.files, "*.tmpl")
}

// quote returns a quoted string of the configuration languages of nginx and of httpd, which
// have the same syntax for it.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func execute(t *template.Template, v view) ([]byte, error) {
	var b bytes.Buffer
	if err := t.Execute(&b, v); err != nil {
		return nil, fmt.Errorf("render %s configuration: %w", v.Kind, err)
	}
	// Remove the lines with white space only that template actions leave.
	text := regexp.MustCompile(`(?m)^[ \t]+$`).ReplaceAll(b.Bytes(), nil)
	return regexp.MustCompile(`\n{3,}`).ReplaceAll(text, []byte("\n\n")), nil
}

// A view is the data of the templates.
type view struct {
	Kind        Kind
	Dir         string
	Log         string
	User        string
	Modules     string
	Login       string // host:port of the login server
	Cookies     []cookieView
	CookieNames string // names of all cookies, as alternatives of a regular expression
	Slots       []int  // 1..login.MaxGroups
	Octet       string // character class of a cookie-octet in both regular expression dialects
	Documented  bool   // whether a listener has this flavour
	Guarded     bool   // whether a listener is hardened or careless
	HTTP2       bool   // whether a listener serves HTTP/2
	Servers     []server
	Site        *siteView // nil for the whole configuration of an instance
	Primaries   []string  // the fields without which a request has no identity
	Dollar      bool      // whether a separator of groups has a dollar sign
	// ModuleNames are the modules that the Apache configuration needs.
	ModuleNames []string

	HeaderScheme, HeaderHome, HeaderOrigin, HeaderTarget, SchemeIDFirst string
}

type cookieView struct{ Field, Cookie string }

// A server is the data of one listener for the templates.
type server struct {
	Listener
	N           int    // number of the listener, for names of variables
	Bind        string // host:port to listen on
	BindHTTP2   string // host:port to listen on for HTTP/2, "" for none
	Example     string // name of the printed example, for the documented flavour
	Careless    bool
	Origin      string
	Host        string // the authority of Origin
	Scheme      string // the scheme of Origin
	Backend     string // host:port by which this proxy reaches the upstream
	Internal    string // host:port of the upstream as in Listener
	Identity    []identityHeader
	Unread      []string     // identity headers of the documents that the server does not read
	Cookies     []cookieView // the cookies for its headers
	Underscores bool         // whether a header name has an underscore
	Primary     string       // field without which a request has no identity
	Home        string       // path to which a login without a target returns
	// GateListen is the address at which nginx percent-encodes targets of logins, and GateAddress the
	// same address as the host of a URL.
	GateListen, GateAddress string
}

func newView(kind Kind, ls []Listener, o RenderOptions) view {
	v := view{
		Kind: kind, Dir: cmp.Or(o.Dir, "/tmp/countersign-proxy"), User: o.User,
		Modules: cmp.Or(o.Modules, "/usr/lib/apache2/modules"),
		Login:   alias(cmp.Or(o.Login, "127.0.0.1:8081"), o.HostAlias),
		// RFC 6265, 4.1.1, cookie-octet: no blank, quote, comma, semicolon or backslash.
		ModuleNames: []string{"mpm_event", "authz_core", "unixd", "log_config", "version", "alias", "setenvif", "headers",
			"rewrite", "proxy", "proxy_http"},
		Primaries:    []string{"user", "id"},
		Octet:        `[\x21\x23-\x2B\x2D-\x3A\x3C-\x5B\x5D-\x7E]`,
		HeaderScheme: login.HeaderScheme, HeaderHome: login.HeaderHome,
		HeaderOrigin: login.HeaderOrigin, HeaderTarget: login.HeaderTarget, SchemeIDFirst: login.SchemeIDFirst,
	}
	v.Log = v.Dir + "/" + logName
	v.Cookies = []cookieView{{"user", "verified-user"}, {"id", "proxyauth-as-id"}, {"first", "proxyauth-as-first"},
		{"last", "proxyauth-as-last"}, {"email", "proxyauth-as-email"}, {"role", "proxyauth-as-role"}}
	for n := 1; n <= login.MaxGroups; n++ {
		v.Slots = append(v.Slots, n)
		v.Cookies = append(v.Cookies, cookieView{fmt.Sprintf("group%d", n), fmt.Sprintf("proxyauth-as-group-%d", n)})
	}
	var names []string
	for _, c := range v.Cookies {
		names = append(names, c.Cookie)
	}
	v.CookieNames = strings.Join(names, "|")
	for i, l := range ls {
		s := newServer(kind, l, o)
		for _, c := range v.Cookies {
			if s.needs(c.Field) {
				s.Cookies = append(s.Cookies, c)
			}
		}
		s.N = i + 1
		v.Documented = v.Documented || s.Flavour == Documented
		v.Guarded = v.Guarded || s.Flavour != Documented
		v.Dollar = v.Dollar || strings.Contains(s.GroupsSeparator, "$")
		s.GateListen = fmt.Sprintf("unix:%s/gate%d.sock", v.Dir, s.N)
		s.GateAddress = s.GateListen + ":"
		if o.Site != nil {
			v.atSite(&s, *o.Site)
		}
		v.HTTP2 = v.HTTP2 || s.HTTP2 != ""
		v.Servers = append(v.Servers, s)
	}
	return v
}

// atSite changes the view for a file for an installation, which has only what its listener needs.
func (v *view) atSite(s *server, site Site) {
	host, _, _ := strings.Cut(s.Host, ":")
	v.Site = &siteView{Site: site, Name: host, Enable: "rewrite headers setenvif alias proxy proxy_http proxy_wstunnel"}
	s.GateListen, s.GateAddress = gatePort, gatePort
	v.Primaries, v.Cookies = []string{s.Primary}, s.Cookies
	var names []string
	for _, c := range v.Cookies {
		names = append(names, c.Cookie)
	}
	v.CookieNames = strings.Join(names, "|")
}

func newServer(kind Kind, l Listener, o RenderOptions) server {
	l.Flavour = l.flavour()
	up, _ := url.Parse(l.Upstream) // validated
	s := server{
		Listener: l, Bind: l.Listen, Example: l.Example(kind), Careless: l.Flavour == Careless,
		Origin: l.origin(), Backend: alias(up.Host, o.HostAlias), Internal: up.Host,
		Identity: l.Headers.list(), Primary: "user", Home: l.Prefix + "/",
	}
	s.Unread = l.Headers.unread()
	s.Scheme, s.Host, _ = strings.Cut(s.Origin, "://")
	for _, h := range s.Identity {
		s.Underscores = s.Underscores || strings.Contains(h.Header, "_")
	}
	s.BindHTTP2 = l.HTTP2
	if o.Bind != "" {
		s.Bind, s.BindHTTP2 = rebind(l.Listen, o.Bind), rebind(l.HTTP2, o.Bind)
	}
	if l.Headers.UniqueID != "" {
		s.Primary = "id"
	}
	return s
}

// rebind replaces the IP address of an address, and returns "" for "".
func rebind(address, ip string) string {
	if address == "" {
		return ""
	}
	_, port, _ := net.SplitHostPort(address) // validated
	return net.JoinHostPort(ip, port)
}

// needs reports whether a listener reads the cookie of a field.
func (s server) needs(field string) bool {
	for _, h := range s.Identity {
		if h.Field == field || h.Field == "groups" && strings.HasPrefix(field, "group") {
			return true
		}
	}
	return field == s.Primary
}

// alias replaces the host of a loopback address by name, unless name is "".
func alias(hostport, name string) string {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil || name == "" {
		return hostport
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return net.JoinHostPort(name, port)
	}
	return hostport
}
