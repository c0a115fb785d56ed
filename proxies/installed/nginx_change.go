package installed

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// nowhere is an address at which nothing listens: only the administrator can open the port.
const nowhere = "127.0.0.1:1"

// CheckPath is the path at which the login server answers auth_request.
const CheckPath = "/countersign-check"

// changeListeners makes the server under test the only one that clients reach.
func (r *nginxReader) changeListeners() {
	for n, s := range r.servers {
		var listens []*directive
		for _, d := range s.block {
			if d.name() == "listen" {
				listens = append(listens, d)
			}
		}
		address := fmt.Sprintf("unix:%s/server%d.sock", atDir, n)
		if s == r.server {
			address = atListen + " default_server"
		}
		for i, d := range listens {
			if i > 0 {
				d.remove()
				continue
			}
			d.file.replace(d.start, d.end, "listen "+address+";")
		}
		if len(listens) == 0 {
			s.file.replace(s.open, s.open, " listen "+address+";")
		}
		if s != r.server {
			r.replaced(s.place(), "%s listens where no client reaches it", describeServer(s))
			continue
		}
		text := "the proxy listens at an address of the suite"
		for _, d := range listens {
			if slices.Contains(d.args(), "ssl") || strings.HasSuffix(d.arg(0), "443") {
				text = "the proxy listens at an address of the suite, without TLS: https in the URLs of the file is http, and TLS is not tested"
			}
		}
		r.replaced(s.place(), "%s: %s", describeServer(s), text)
	}
}

// changeRoutes leads the proxy to the recording server, to the login server and nowhere else.
func (r *nginxReader) changeRoutes() {
	served := false
	for _, t := range r.routes {
		address := nowhere
		switch {
		case t == r.backend:
			address = atUpstream
			r.replaced(t.passes[0].place(), "%s is the recording server", t.key)
		case t.helper != nil:
			address = fmt.Sprintf("unix:%s/server%d.sock", atDir, slices.Index(r.servers, t.helper))
		case r.isLogin(t):
			address, served = atLogin, true
			r.replaced(t.passes[0].place(), "%s is the login server of the suite", t.key)
		case r.onlyChecks(t):
			address = atLogin
		default:
			r.replaced(t.passes[0].place(), "%s is not contacted: requests to it fail", t.key)
		}
		r.leadTo(t, address)
	}
	for _, d := range r.level() {
		if d.name() == "upstream" && !slices.ContainsFunc(r.routes, func(t *route) bool { return t.block == d }) {
			r.leadTo(&route{key: d.arg(0), block: d}, nowhere)
		}
	}
	r.closeOthers()
	if r.LoginPath != "" && !served {
		r.addLogin()
	}
}

// leadTo changes the address of a route.
func (r *nginxReader) leadTo(t *route, address string) {
	if t.block != nil {
		first := true
		for _, d := range t.block.block {
			switch {
			case d.name() == "server" && first:
				d.file.replace(d.start, d.end, `server `+address+`;`)
				first = false
			case d.name() == "server", d.name() == "resolver", d.name() == "zone":
				d.remove()
			}
		}
	}
	for _, d := range t.passes {
		if slices.Contains(r.checks, d) {
			d.set(0, "http://"+atLogin+CheckPath)
			r.replaced(d.place(), "%s is the login server of the suite, which answers auth_request", d.text())
			continue
		}
		changed, n := d, 0
		if t.set != nil {
			changed, n = t.set, 1
		}
		w := changed.words[n+1]
		raw := string(changed.file.text[w.start:w.end])
		raw = strings.Replace(raw, "https://", "http://", 1)
		if t.block == nil {
			if strings.HasPrefix(address, "unix:") {
				raw = strings.Replace(raw, t.key, address+":", 1)
			} else {
				raw = strings.Replace(raw, t.key, address, 1)
			}
		}
		changed.file.replace(w.start, w.end, raw)
		if t.set != nil && !strings.HasPrefix(t.set.arg(1), "http") {
			w := d.words[1]
			raw := strings.Replace(string(d.file.text[w.start:w.end]), "https://", "http://", 1)
			d.file.replace(w.start, w.end, portOfVariable.ReplaceAllString(raw, "$1"))
		}
	}
}

// portOfVariable finds the port after the variable with the host.
var portOfVariable = regexp.MustCompile(`^("?http://\$\{?[A-Za-z0-9_]+\}?):\d+`)

// otherPasses are directives that send requests in other protocols.
var otherPasses = []string{"fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass"}

// closeOthers leads requests of other servers of the file, and of other protocols, nowhere.
func (r *nginxReader) closeOthers() {
	walk(r.level(), func(d *directive) {
		if slices.Contains(otherPasses, d.name()) {
			r.replaced(d.place(), "%s is left out: the suite sends requests nowhere else", d.text())
			d.remove()
			return
		}
		known := slices.ContainsFunc(r.routes, func(t *route) bool { return slices.Contains(t.passes, d) })
		if d.name() == "proxy_pass" && !known {
			d.file.replace(d.start, d.end, "return 502;")
		}
	})
}

// addLogin adds a location for the login page, which the server under test does not have.
func (r *nginxReader) addLogin() {
	if at := r.loginLocation(); at != nil && at.arg(0) == r.LoginPath {
		at.remove()
	}
	end := r.server.end - 1
	text := "location ^~ " + quoteNginx(r.LoginPath) + " { proxy_pass http://" + atLogin + "; }"
	r.server.file.replace(end, end, text)
	r.replaced(r.server.file.place(end), "a location for %s is added, with the login server of the suite, because the file has none", r.LoginPath)
}

// Literal origins in words.
var (
	ofServerName = regexp.MustCompile(`(?:https?|\$\{?scheme\}?)://\$\{?server_name\}?(?::\$\{?server_port\}?)?`)
	ofHost       = regexp.MustCompile(`(?:https?|\$\{?scheme\}?)://\$(?:host|\{host\})(?::(?:\$\{?server_port\}?|\d+))?`)
	ofHTTPHost   = regexp.MustCompile(`https://(\$\{?http_host\}?)`)
)

// publicOrigin replaces the public origin of the installation in a word by that of the suite.
func publicOrigin(raw string, names []string) string {
	for _, n := range names {
		for _, form := range []string{regexp.QuoteMeta(n), regexp.QuoteMeta(regexp.QuoteMeta(n))} {
			raw = regexp.MustCompile(`https?://`+form+`(?::\d+)?(\W|$)`).ReplaceAllString(raw, "http://"+atPublic+"$1")
		}
	}
	raw = ofServerName.ReplaceAllString(raw, "http://"+atPublic)
	raw = ofHost.ReplaceAllStringFunc(raw, func(s string) string {
		scheme, _, _ := strings.Cut(s, "://")
		if strings.HasPrefix(scheme, "https") {
			scheme = "http"
		}
		return scheme + "://$host:$server_port"
	})
	return ofHTTPHost.ReplaceAllString(raw, "http://$1")
}

// untouched are directives whose words are changed elsewhere.
var untouched = []string{"listen", "server_name", "include", "proxy_pass", "load_module"}

// changeAddresses replaces the public origin and the address of the server behind the proxy wherever the
// file has them.
func (r *nginxReader) changeAddresses() {
	walk(r.level(), func(d *directive) {
		if slices.Contains(untouched, d.name()) || d.parent != nil && d.parent.name() == "upstream" {
			return
		}
		for _, w := range d.words {
			raw := string(d.file.text[w.start:w.end])
			changed := publicOrigin(raw, r.names)
			if d.name() != "set" {
				changed = r.backendAddress(changed)
			}
			if changed == raw {
				continue
			}
			d.file.replace(w.start, w.end, changed)
			if strings.Contains(raw, "://") {
				r.replaced(d.place(), "the address in %s is that of the suite", oneLine(raw))
			}
		}
		r.openGate(d)
	})
}

// backendAddress replaces the address of the server behind the proxy in a word.
func (r *nginxReader) backendAddress(raw string) string {
	for _, host := range r.backend.hosts() {
		if strings.Contains(host, ":") || strings.Contains(host, ".") {
			raw = strings.ReplaceAll(raw, regexp.QuoteMeta(host), atUpstream)
			raw = strings.ReplaceAll(raw, host, atUpstream)
		}
	}
	return raw
}

// publicOnly recognizes conditions that hold at the public address of an installation only.
var publicOnly = regexp.MustCompile(`\$\{?(scheme|https|ssl_protocol|http_x_forwarded_proto|host|http_host|server_name)\}?\b`)

// openGate removes a condition that redirects each request to the public address or to HTTPS.
func (r *nginxReader) openGate(d *directive) {
	if d.name() != "if" || !d.within(r.server) || !publicOnly.MatchString(strings.Join(d.args(), " ")) {
		return
	}
	leaves := false
	walk(d.block, func(in *directive) { leaves = leaves || in.name() == "return" || in.name() == "rewrite" })
	if leaves {
		r.replaced(d.place(), "%s is left out: the suite uses HTTP and an address of its own", d.text())
		d.remove()
	}
}

// services are directives of the installation that the private instance does without: its processes,
// its log, certificates and name servers.
var services = regexp.MustCompile(`^(user|pid|daemon|master_process|lock_file|error_log|access_log|worker_rlimit_nofile|working_directory|thread_pool|(client_body|proxy|fastcgi|uwsgi|scgi)_temp_path|ssl|ssl_.*|proxy_ssl_.*|resolver|resolver_timeout|http2|http2_.*|http3|http3_.*|quic_.*|proxy_bind|perl_modules)$`)

// removeServices removes what the private instance does without.
func (r *nginxReader) removeServices() {
	var removed []string
	at := r.Server.Place
	walk(r.top, func(d *directive) {
		switch name := d.name(); {
		case d.parent == nil && (name == "stream" || name == "mail"):
			d.remove()
		case services.MatchString(name) && !isMapEntry(d):
			d.remove()
		case name == "proxy_cache_path" || name == "fastcgi_cache_path":
			d.set(0, atDir+"/cache")
			return
		default:
			return
		}
		if len(removed) == 0 {
			at = d.place()
		}
		removed = append(removed, d.name()+" ("+d.place().short()+")")
	})
	if len(removed) > 0 {
		r.replaced(at, "left out, because the instance of the suite has its own or none: %s", strings.Join(removed, ", "))
	}
}

// isMapEntry reports whether a directive is an entry of a table, whose name may be any word.
func isMapEntry(d *directive) bool {
	return d.parent != nil && slices.Contains([]string{"map", "geo", "split_clients", "types"}, d.parent.name())
}

// A nginxModule is a dynamic module with the directives that need it.
type nginxModule struct {
	name, pkg string
	pattern   *regexp.Regexp
}

var nginxModules = []nginxModule{
	{"ngx_http_js_module", "libnginx-mod-http-js", regexp.MustCompile(`^js_`)},
	{"ngx_http_perl_module", "libnginx-mod-http-perl", regexp.MustCompile(`^perl($|_)`)},
	{"ngx_http_headers_more_filter_module", "libnginx-mod-http-headers-more-filter", regexp.MustCompile(`^more_(set|clear)_`)},
	{"ngx_http_lua_module", "libnginx-mod-http-lua", regexp.MustCompile(`^lua_|_by_lua(_block|_file)?$`)},
	{"ngx_http_echo_module", "libnginx-mod-http-echo", regexp.MustCompile(`^echo(_|$)`)},
	{"ngx_http_auth_pam_module", "libnginx-mod-http-auth-pam", regexp.MustCompile(`^auth_pam`)},
	{"ngx_http_subs_filter_module", "libnginx-mod-http-subs-filter", regexp.MustCompile(`^subs_filter`)},
	{"ngx_http_geoip2_module", "libnginx-mod-http-geoip2", regexp.MustCompile(`^geoip2`)},
	{"ngx_http_geoip_module", "libnginx-mod-http-geoip", regexp.MustCompile(`^geoip_`)},
	{"ngx_http_brotli_filter_module", "libnginx-mod-http-brotli-filter", regexp.MustCompile(`^brotli`)},
	{"ngx_http_set_misc_module", "nginx-extras", regexp.MustCompile(`^set_(escape_uri|unescape_uri|secure_random|quote_|encode_|decode_|if_empty|hmac|sha1|md5)`)},
	{"ngx_http_auth_spnego_module", "libnginx-mod-http-auth-spnego", regexp.MustCompile(`^auth_gss`)},
	{"ngx_http_auth_jwt_module", "NGINX Plus", regexp.MustCompile(`^auth_jwt`)},
}

// findModules finds the dynamic modules that the file loads or whose directives it has.
func (r *nginxReader) findModules() error {
	walk(r.top, func(d *directive) {
		if d.name() == "load_module" {
			base := filepath.Base(d.arg(0))
			r.needs(Module{Name: strings.TrimSuffix(base, ".so"), Needed: d.place(), Path: d.arg(0)})
			d.remove() // the main file loads it
			return
		}
		if isMapEntry(d) {
			return
		}
		for _, m := range nginxModules {
			if m.pattern.MatchString(d.name()) {
				r.needs(Module{Name: m.name, Package: m.pkg, Needed: d.place()})
			}
		}
	})
	return nil
}

// nginxMain begins the main file.
const nginxMain = `daemon off; pid "` + atDir + `/nginx.pid"; error_log "` + atDir + `/proxy.log" error;`

// nginxFolders are the folders for temporary files.
const nginxFolders = ` client_body_temp_path "` + atDir + `/body"; proxy_temp_path "` + atDir + `/proxy"; fastcgi_temp_path "` + atDir + `/fastcgi"; uwsgi_temp_path "` +
	atDir + `/uwsgi"; scgi_temp_path "` + atDir + `/scgi"; access_log off;`

// nginxLoads returns the lines that load the modules of the configuration that the folder has.
func (c *Configuration) nginxLoads(a Addresses) string {
	var loads strings.Builder
	for _, m := range c.Modules {
		if c.HasModule(a.Modules, m) {
			fmt.Fprintf(&loads, " load_module %s;", quoteNginx(filepath.Join(a.Modules, m.Name+".so")))
		}
	}
	return loads.String()
}

func (c *Configuration) writeNginx(a Addresses) (string, error) {
	first := c.files.all[0]
	begin := nginxMain + c.nginxLoads(a)
	if a.User != "" {
		begin += " user " + a.User + ";"
	}
	main := filepath.Join(a.Dir, first.copy)
	if c.shape.whole {
		first.replace(0, 0, begin+" ")
	} else {
		main = filepath.Join(a.Dir, "main.conf")
		text := begin + "\nevents {}\nhttp {\n " + nginxFolders + "\n  include \"" + atDir + "/" + first.copy + "\";\n}\n"
		if err := os.WriteFile(main, []byte(a.fill().Replace(text)), 0o644); err != nil {
			return "", fmt.Errorf("write the configuration of the proxy: %w", err)
		}
	}
	return main, c.files.write(a.Dir, a.fill())
}
