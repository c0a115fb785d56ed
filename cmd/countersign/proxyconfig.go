package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"countersign/proxies"
	"countersign/proxies/installed"
	"countersign/proxies/login"
	"countersign/steps"
	"countersign/steps/target"
)

// configFlags are the flags about the configuration file of an installation.
type configFlags struct {
	file                    string
	server, upstream, login string
	prefix, separator       string
	headers, cookies        map[string]string
	noGate                  bool

	text  []byte                   // of the file, once it is read: standard input can be read only once
	found *installed.Configuration // set by read
}

// configNames are the flags that need a configuration file.
var configNames = []string{"proxy-server", "proxy-upstream", "proxy-login", "prefix", "groups-separator", "identity-header", "identity-cookie", "no-gate"}

func (f *configFlags) register(flags *pflag.FlagSet) {
	fields := strings.Join(installed.Fields, ", ")
	flags.StringVar(&f.file, "proxy-config", "", "nginx or Apache configuration of an installation, which is tested in a private instance; - reads standard input")
	flags.StringVar(&f.server, "proxy-server", "", "with --proxy-config: name or line of the server block or virtual host under test, if the file has several")
	flags.StringVar(&f.upstream, "proxy-upstream", "", "with --proxy-config: the host in the file that is the server behind the proxy, if requests go to several")
	flags.StringVar(&f.login, "proxy-login", "", "with --proxy-config: path of the login page, if the file does not show it")
	flags.StringVar(&f.prefix, "prefix", "", "with --proxy-config: public path of the server, if the file does not show it; / is the root")
	flags.StringVar(&f.separator, "groups-separator", "", "with --proxy-config: separator of the groups in one header line")
	flags.StringToStringVar(&f.headers, "identity-header", nil, "with --proxy-config: identity headers as FIELD=HEADER, if the file does not show them; fields: "+fields)
	flags.StringToStringVar(&f.cookies, "identity-cookie", nil, "with --proxy-config: cookies that contain them as FIELD=COOKIE")
	flags.BoolVar(&f.noGate, "no-gate", false, "with --proxy-config: the proxy lets anonymous requests pass, as for a server with ProxyAuth.LoginURL")
}

// validate returns an error for each flag that has an unknown value or no effect.
func (f *configFlags) validate(given func(name string) bool) error {
	var wrong problems
	for _, name := range configNames {
		if given(name) && f.file == "" && !given("target") {
			wrong.add("--%s needs --proxy-config", name)
		}
	}
	if f.file != "" && given("target") {
		wrong.add("--proxy-config has no effect with --target; write the name of the file into the target as proxy.config, without proxy.command")
	}
	for _, one := range []struct {
		flag   string
		values map[string]string
	}{{"identity-header", f.headers}, {"identity-cookie", f.cookies}} {
		for _, field := range slices.Sorted(maps.Keys(one.values)) {
			if !slices.Contains(installed.Fields, field) || one.values[field] == "" {
				wrong.add("--%s %s=%s is not possible; write FIELD=NAME with one of the fields %s", one.flag, field, one.values[field], strings.Join(installed.Fields, ", "))
			}
		}
	}
	for flag, path := range map[string]string{"proxy-login": f.login, "prefix": f.prefix} {
		if path != "" && !strings.HasPrefix(path, "/") {
			wrong.add("--%s %q is not a path; write one such as /auth/login", flag, path)
		}
	}
	return wrong.err()
}

// read reads the configuration file of a target and completes the target with what the file shows.
func (f *configFlags) read(t target.Target) (target.Target, error) {
	p := *t.Proxy
	name := p.Config
	if p.Folder != "" && !filepath.IsAbs(name) {
		name = filepath.Join(p.Folder, name)
	}
	if f.text == nil {
		var err error
		if f.text, err = readConfig(name); err != nil {
			return t, err
		}
	}
	if name == "-" {
		name = "standard input"
	}
	o := installed.Options{Server: f.server, Backend: f.upstream, Prefix: cmp.Or(f.prefix, p.Prefix), Login: f.login, Headers: map[string]string{}, Cookies: f.cookies}
	for field, option := range serverOptions {
		o.Headers[field] = cmp.Or(f.headers[field], p.Server[option])
	}
	if p.SignIn != nil {
		o.Login = cmp.Or(o.Login, p.SignIn.Page)
		o.SignsIn = true
	}
	var err error
	if f.found, err = installed.Read(name, f.text, o); err != nil {
		return t, err
	}
	t.Proxy = f.describe(&p)
	t.Name = cmp.Or(t.Name, filepath.Base(name))
	t.Version = cmp.Or(t.Version, "the file of "+f.found.Kind)
	return t, nil
}

// readConfig reads a configuration file, or standard input for "-".
func readConfig(name string) ([]byte, error) {
	if name == "-" {
		return installed.ReadText("standard input", os.Stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read the configuration of the proxy: %w", err)
	}
	defer file.Close()
	return installed.ReadText(name, file)
}

// serverOptions are the options of the server with the names of the identity headers.
var serverOptions = map[string]string{
	"username": "ProxyAuth.UsernameHeader", "unique-id": "ProxyAuth.UniqueIdHeader", "first-name": "ProxyAuth.FirstNameHeader",
	"last-name": "ProxyAuth.LastNameHeader", "email": "ProxyAuth.EmailHeader", "role": "ProxyAuth.RoleHeader", "groups": "ProxyAuth.GroupsHeader",
}

// describe returns the description of the proxy, with what the file shows where the target says nothing.
func (f *configFlags) describe(p *target.Proxy) *target.Proxy {
	c := f.found
	p.Prefix = cmp.Or(c.Prefix, "/")
	server := maps.Clone(p.Server)
	if server == nil {
		server = map[string]string{}
	}
	for _, i := range c.Identity {
		server[serverOptions[i.Field]] = i.Header
	}
	if f.separator != "" {
		server["ProxyAuth.GroupsHeaderSeparator"] = f.separator
	}
	if f.noGate {
		server["ProxyAuth.LoginURL"] = cmp.Or(c.LoginPath, "/auth/login")
	}
	p.Server = server
	if p.SignIn == nil {
		p.SignIn = f.signIn()
	}
	return p
}

// signIn returns how a user signs in: at the login server of the suite if the file has a login page, else
// with the cookies alone.
func (f *configFlags) signIn() *target.SignIn {
	s := &target.SignIn{Page: f.found.LoginPath}
	fields := map[string]string{}
	var cookies []string
	for _, i := range f.found.Identity {
		name := strings.ReplaceAll(i.Field, "-", "_")
		value := "{" + name + "}"
		if i.Field == "groups" {
			value = "{group1}\n{group2}"
			if f.separator != "" && len(cookiesOf(i)) == 1 {
				value = "{group1}" + f.separator + "{group2}"
			}
		}
		fields[name] = value
		own := cookiesOf(i)
		for n, one := range strings.Split(value, "\n") {
			if n < len(own) {
				cookies = append(cookies, own[n]+"="+one)
			}
		}
		if i.Field == "username" && i.Reply == "" { // else the proxy does not read the cookie
			s.IdentityCookie = i.Cookies[0]
		}
	}
	if s.Page != "" {
		s.Form = fields
	} else {
		s.Headers = map[string]string{"Cookie": strings.Join(cookies, "; ")}
	}
	return s
}

// cookiesOf returns the cookies that contain an identity: those that the proxy reads, or one of the suite if
// the proxy asks the login server.
func cookiesOf(i installed.Identity) []string {
	if i.Reply != "" {
		return []string{"countersign-" + i.Field}
	}
	return i.Cookies
}

// loginOptions returns the options of the login server for the cookies of a configuration.
func loginOptions(c *installed.Configuration, public string) login.Options {
	o := login.Options{Cookies: map[string]string{}, Parameter: c.LoginParameter, Origin: "http://" + public}
	for _, i := range c.Identity {
		name := strings.ReplaceAll(i.Field, "-", "_")
		if i.Reply != "" {
			o.CheckPath = installed.CheckPath
			if o.CheckHeaders == nil {
				o.CheckHeaders = map[string]string{}
			}
			o.CheckHeaders[name] = i.Reply
		}
		cookies := cookiesOf(i)
		switch {
		case len(cookies) == 0:
		case i.Field == "groups":
			o.GroupCookies = cookies
		default:
			o.Cookies[name] = cookies[0]
		}
	}
	return o
}

// startInstalled starts the configuration of an installation with the login server of the suite.
func (e *equipment) startInstalled(ctx context.Context, spec steps.ProxySpec) (func(context.Context) error, error) {
	kind := proxies.Kind(e.installed.Kind)
	running, err := proxies.Start(ctx, proxies.Options{
		Kind: kind, Runner: e.runner, Dir: filepath.Join(e.run.Path, "proxy"), Installation: installation(), Installed: e.installed,
		Listeners: []proxies.Listener{{ID: "under test", Listen: spec.Listen, Upstream: spec.Upstream}},
		Login:     loginOptions(e.installed, spec.Listen),
	})
	if err != nil {
		if missing := missingModules(e.installed, installation()); len(missing) > 0 {
			return nil, withHint(err, "the configuration needs modules that this machine does not have: %s", strings.Join(missing, ", "))
		}
		return nil, err
	}
	s := &stranger{own: running}
	e.mu.Lock()
	e.stranger = s
	e.mu.Unlock()
	e.usage.addProxy(string(kind), running.PIDs())
	return func(ctx context.Context) error {
		e.usage.finishProxy(string(kind))
		return s.stop(ctx)
	}, nil
}

// missingModules returns the modules of a configuration that this machine does not have.
func missingModules(c *installed.Configuration, in proxies.Installation) []string {
	folder := proxies.ModulesFolder(proxies.Kind(c.Kind), in)
	var missing []string
	for _, m := range c.Modules {
		if !c.HasModule(folder, m) {
			missing = append(missing, describeModule(m))
		}
	}
	return missing
}

func describeModule(m installed.Module) string {
	text := m.Name
	if m.Package != "" {
		text += " (" + m.Package + ")"
	}
	return text + " for " + m.Needed.String()
}

// writeConfiguration prints what the suite has found in a configuration, and what it changes in its copy.
// An error of the output is that of a closed terminal.
func writeConfiguration(out io.Writer, c *installed.Configuration, in proxies.Installation) {
	fmt.Fprintf(out, "CONFIGURATION  %s, %s: %s\n", c.Server.Place, c.Kind, printable(c.Server.Text))
	for _, group := range []struct {
		title string
		notes []installed.Note
	}{{"found", c.Found}, {"assumed", c.Assumed}, {"replaced", c.Replaced}} {
		for _, n := range group.notes {
			fmt.Fprintf(out, "  %-8s  %s  %s\n", group.title, n.Place, printable(n.Text))
		}
	}
	var needed []string
	for _, m := range c.Modules {
		needed = append(needed, m.Name)
	}
	if len(needed) > 0 {
		fmt.Fprintf(out, "  modules   %s\n", strings.Join(needed, ", "))
	}
	for _, m := range missingModules(c, in) {
		fmt.Fprintf(out, "  missing   %s\n", m)
	}
	fmt.Fprintln(out)
}

// printable returns a text without characters that control a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, s)
}
