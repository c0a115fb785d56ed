package installed

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// changeListeners makes the host under test the only one that clients reach.
func (r *apacheReader) changeListeners() {
	for _, h := range r.hosts {
		address := nowhere
		if h == r.host {
			address = atListen
		}
		if len(h.words) == 0 {
			continue // Apache reports it
		}
		h.file.replace(h.words[0].start, h.words[len(h.words)-1].end, address)
		if h != r.host {
			r.replaced(h.place(), "%s listens where no client reaches it", describeHost(h))
			continue
		}
		text := "the proxy listens at an address of the suite"
		each(h.lines, func(l *line) {
			if l.name == "sslengine" {
				text = "the proxy listens at an address of the suite, without TLS: https in the URLs of the file is http, and TLS is not tested"
			}
		})
		r.replaced(h.place(), "%s: %s", describeHost(h), text)
	}
}

// contacting are the names of lines that contact the server in their URL.
var contacting = []string{"proxypass", "proxypassmatch", "balancermember", "proxyremote", "proxyremotematch", "sethandler"}

// changeAddresses leads the proxy to the recording server, to the login server and nowhere else, and
// replaces the public origin.
func (r *apacheReader) changeAddresses() {
	places := map[string]string{r.backend: atUpstream}
	for _, m := range r.members(r.backend) {
		places[m] = atUpstream
	}
	if r.login != "" {
		places[r.login] = atLogin
	}
	told := map[string]bool{}
	each(r.top, func(l *line) {
		contacts := slices.Contains(contacting, l.name) || l.name == "rewriterule" && l.hasFlag("P", "PROXY")
		for n, arg := range l.args {
			if l.section && l.name != "proxy" {
				break
			}
			changed := r.changeURLs(arg, places, contacts, func(host, to string) {
				if !told[host] {
					told[host] = true
					r.replaced(l.place(), "%s is %s", host, to)
				}
			})
			if changed != arg {
				l.set(n, changed)
			}
		}
		if l.name == "proxyrequests" && strings.EqualFold(l.arg(0), "on") {
			l.set(0, "Off")
			r.replaced(l.place(), "ProxyRequests is off: with it, everybody can send requests to any server through the proxy, and the suite must not; remove the line from the installation")
		}
	})
	r.openGate()
}

// changeURLs replaces the addresses in an argument. tell is called for each of them.
func (r *apacheReader) changeURLs(arg string, places map[string]string, contacts bool, tell func(host, to string)) string {
	arg = apacheURL.ReplaceAllStringFunc(arg, func(s string) string {
		found := apacheURL.FindStringSubmatch(s)
		scheme := map[string]string{"https": "http", "wss": "ws", "h2": "http", "h2c": "http"}[found[1]]
		scheme = orName(scheme, found[1])
		host, _, _ := strings.Cut(strings.ReplaceAll(found[2], `\`, ""), ":")
		switch to := places[addressOf(found)]; {
		case found[1] == "balancer":
			return s
		case to == atUpstream:
			tell(addressOf(found), "the recording server")
			return scheme + "://" + to
		case to != "":
			tell(addressOf(found), "the login server of the suite")
			return scheme + "://" + to
		case slices.Contains(r.names, host):
			tell(found[2], "the public address of the instance")
			return "http://" + atPublic
		case contacts:
			tell(addressOf(found), "not contacted: requests to it fail")
			return scheme + "://" + nowhere
		}
		return s
	})
	arg = strings.ReplaceAll(arg, "https://%{HTTP_HOST}", "http://%{HTTP_HOST}")
	for _, scheme := range []string{"https", "http", "%{REQUEST_SCHEME}"} {
		arg = strings.ReplaceAll(arg, scheme+"://%{SERVER_NAME}:%{SERVER_PORT}", "http://"+atPublic)
		arg = strings.ReplaceAll(arg, scheme+"://%{SERVER_NAME}", "http://"+atPublic)
	}
	return arg
}

// apachePublicOnly recognizes conditions that hold at the public address of an installation only.
var apachePublicOnly = regexp.MustCompile(`(?i)%\{(HTTPS|REQUEST_SCHEME|HTTP:X-Forwarded-Proto|HTTP_HOST|SERVER_NAME|SERVER_PORT)\}`)

// openGate removes redirects of each request to the public address or to HTTPS.
func (r *apacheReader) openGate() {
	var conditions []*line
	each(r.scope(), func(l *line) {
		switch l.name {
		case "rewritecond":
			conditions = append(conditions, l)
			return
		case "rewriterule":
			public := slices.ContainsFunc(conditions, func(c *line) bool { return apachePublicOnly.MatchString(c.arg(0)) })
			if l.hasFlag("R", "REDIRECT") && public && strings.Contains(l.arg(1), "://") && !strings.Contains(l.arg(1), "?") {
				for _, c := range append(conditions, l) {
					c.remove()
				}
				r.replaced(l.place(), "%s is left out, with its conditions: the suite uses HTTP and an address of its own", l.text())
			}
			conditions = nil
		case "redirect", "redirectpermanent":
			if u := l.last(); len(l.args) > 1 && l.arg(len(l.args)-2) == "/" && strings.HasPrefix(u, "https://") && r.host != nil {
				l.remove()
				r.replaced(l.place(), "%s is left out: the suite uses HTTP and an address of its own", l.text())
			}
		}
	})
}

// addLogin adds a location for the login page, which the host under test does not have.
func (r *apacheReader) addLogin() {
	if r.LoginPath == "" || r.login != "" {
		return
	}
	path := quoteApache(r.LoginPath)
	r.shape.login = "<Location " + path + ">\n  ProxyPass \"http://" + atLogin + r.LoginPath + "\"\n</Location>\n"
	if slices.ContainsFunc(r.routes, func(t *apacheRoute) bool {
		return t.line.name == "rewriterule" && t.whole && strings.HasPrefix(r.LoginPath, t.path)
	}) {
		r.shape.before = "RewriteEngine on\nRewriteRule \"^" + regexp.QuoteMeta(r.LoginPath) + "\" - [L]\n"
	}
	at := r.Server.Place
	if r.host != nil {
		at = r.host.file.place(r.host.close)
		r.host.file.addLine(r.host.close, `Include "`+atDir+`/login.conf"`)
		if r.shape.before != "" {
			r.host.file.addLine(r.host.end+1, `Include "`+atDir+`/before.conf"`)
		}
	}
	r.replaced(at, "a location for %s is added, with the login server of the suite, because the file has none", r.LoginPath)
}

// apacheServices are lines about the installation that the private instance does without.
var apacheServices = regexp.MustCompile(`^(serverroot|defaultruntimedir|pidfile|user|group|listen|namevirtualhost|errorlog|customlog|transferlog|globallog|forensiclog|scriptlog|scoreboardfile|mutex|coredumpdirectory|typesconfig|mimemagicfile|ssl.*|protocols|h2.*|chrootdir|documentroot|loglevel|rewritelog|rewriteloglevel|modsecurity.*|md.*)$`)

// removeServices removes what the private instance does without.
func (r *apacheReader) removeServices() {
	var removed []string
	at := r.Server.Place
	each(r.top, func(l *line) {
		if l.section || !apacheServices.MatchString(l.name) {
			return
		}
		if l.name == "loglevel" || l.name == "documentroot" {
			l.remove()
			return
		}
		l.remove()
		if len(removed) == 0 {
			at = l.place()
		}
		removed = append(removed, oneLine(string(l.file.text[l.start:l.start+len(l.name)]))+" ("+l.place().short()+")")
	})
	if len(removed) > 0 {
		r.replaced(at, "left out, because the instance of the suite has its own or none: %s", strings.Join(removed, ", "))
	}
}

// apacheModules are the modules that lines need.
var apacheModules = []struct {
	pattern *regexp.Regexp
	modules []string
}{
	{regexp.MustCompile(`^rewrite`), []string{"rewrite"}},
	{regexp.MustCompile(`^(requestheader|header)$`), []string{"headers"}},
	{regexp.MustCompile(`^(proxy.*|balancermember)$`), []string{"proxy", "proxy_http"}},
	{regexp.MustCompile(`^(setenvif|setenvifnocase|browsermatch)$`), []string{"setenvif"}},
	{regexp.MustCompile(`^(redirect.*|alias.*|scriptalias.*)$`), []string{"alias"}},
	{regexp.MustCompile(`^(setenv|passenv|unsetenv)$`), []string{"env"}},
	{regexp.MustCompile(`^(order|allow|deny|satisfy)$`), []string{"access_compat"}},
	{regexp.MustCompile(`^(authtype|authname)$`), []string{"authn_core"}},
	{regexp.MustCompile(`^authbasic`), []string{"auth_basic"}},
	{regexp.MustCompile(`^authuserfile$`), []string{"auth_basic", "authn_file", "authz_user"}},
	{regexp.MustCompile(`^authform`), []string{"auth_form", "request", "session", "session_cookie"}},
	{regexp.MustCompile(`^authldap`), []string{"ldap", "authnz_ldap"}},
	{regexp.MustCompile(`^session`), []string{"session", "session_cookie"}},
	{regexp.MustCompile(`^(oidc.*)$`), []string{"auth_openidc"}},
	{regexp.MustCompile(`^mellon`), []string{"auth_mellon"}},
	{regexp.MustCompile(`^(expires.*)$`), []string{"expires"}},
	{regexp.MustCompile(`^(remoteip.*)$`), []string{"remoteip"}},
	{regexp.MustCompile(`^substitute`), []string{"substitute", "filter"}},
	{regexp.MustCompile(`^(addoutputfilterbytype|filter.*)$`), []string{"filter"}},
	{regexp.MustCompile(`^deflate`), []string{"deflate"}},
	{regexp.MustCompile(`^(addtype|addencoding|addhandler)$`), []string{"mime"}},
	{regexp.MustCompile(`^directoryindex$`), []string{"dir"}},
	{regexp.MustCompile(`^requestreadtimeout$`), []string{"reqtimeout"}},
	{regexp.MustCompile(`^lua`), []string{"lua"}},
	{regexp.MustCompile(`^(macro|use|undefmacro)$`), []string{"macro"}},
}

// findModules finds the modules whose lines the file has.
func (r *apacheReader) findModules() {
	each(r.top, func(l *line) {
		for _, m := range apacheModules {
			if m.pattern.MatchString(l.name) {
				for _, name := range m.modules {
					r.needs(Module{Name: name, Needed: l.place()})
				}
			}
		}
		switch {
		case l.name == "loadmodule" && len(l.words) > 1:
			base := filepath.Base(l.arg(1))
			r.needs(Module{Name: strings.TrimSuffix(strings.TrimPrefix(base, "mod_"), ".so"), Needed: l.place(), Path: l.arg(1)})
			l.set(1, atModules+"/"+base)
		case l.name == "require" && slices.Contains([]string{"ip", "host", "local"}, strings.ToLower(l.arg(0))):
			r.needs(Module{Name: "authz_host", Needed: l.place()})
		case l.name == "require" && slices.Contains([]string{"user", "valid-user"}, strings.ToLower(l.arg(0))):
			r.needs(Module{Name: "authz_user", Needed: l.place()})
		}
		if slices.ContainsFunc(l.args, func(a string) bool { return strings.HasPrefix(a, "balancer://") }) {
			for _, name := range []string{"slotmem_shm", "proxy_balancer", "lbmethod_byrequests"} {
				r.needs(Module{Name: name, Needed: l.place()})
			}
		}
	})
}

// apacheBase are the modules of every instance.
var apacheBase = []string{"mpm_event", "authz_core", "unixd", "log_config", "version", "alias"}

func (c *Configuration) writeApache(a Addresses) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "ServerRoot %q\nDefaultRuntimeDir %q\nPidFile %q\nServerName 127.0.0.1\nDocumentRoot %q\nErrorLog %q\nLogLevel error\n",
		a.Dir, a.Dir, a.Dir+"/httpd.pid", a.Dir+"/none", a.Dir+"/proxy.log")
	load := func(name string) {
		fmt.Fprintf(&b, "<IfModule !%s_module>\n  LoadModule %s_module %q\n</IfModule>\n", name, name, a.Modules+"/mod_"+name+".so")
	}
	for _, name := range apacheBase {
		if name != "mpm_event" || !c.shape.mpm {
			load(name)
		}
	}
	for _, m := range c.Modules {
		if m.Path == "" {
			load(m.Name)
		}
	}
	fmt.Fprintf(&b, "<IfModule !proxy_wstunnel_module>\n  <IfFile %q>\n    LoadModule proxy_wstunnel_module %q\n  </IfFile>\n</IfModule>\n",
		a.Modules+"/mod_proxy_wstunnel.so", a.Modules+"/mod_proxy_wstunnel.so")
	if a.User != "" {
		fmt.Fprintf(&b, "User %s\nGroup %s\n", a.User, a.User)
	}
	fmt.Fprintf(&b, "Listen %s\n", a.Bind)
	if c.shape.main {
		b.WriteString(c.shape.before)
	}
	fmt.Fprintf(&b, "Include %q\n", filepath.Join(a.Dir, c.files.all[0].copy))
	fmt.Fprintf(&b, "<IfModule mime_module>\n  TypesConfig %q\n</IfModule>\n", a.Dir+"/mime.types")
	if c.shape.main {
		b.WriteString(c.shape.login)
	}
	fill := a.fill()
	for name, text := range map[string]string{"main.conf": b.String(), "login.conf": c.shape.login, "before.conf": c.shape.before, "mime.types": ""} {
		if err := os.WriteFile(filepath.Join(a.Dir, name), []byte(fill.Replace(text)), 0o644); err != nil {
			return "", fmt.Errorf("write the configuration of the proxy: %w", err)
		}
	}
	return filepath.Join(a.Dir, "main.conf"), c.files.write(a.Dir, fill)
}
