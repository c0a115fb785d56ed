package target

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"countersign/steps/plan"
)

// A Proxy describes a proxy under test: one that the suite configures and starts (Kinds and
// Flavour), one that it starts with a command, or one that runs.
type Proxy struct {
	// Command starts the proxy. Its arguments and the values of Environment may contain {listen},
	// {port}, {upstream}, {login}, {folder} and {data}: the address at which the proxy listens and its port, the
	// address of the recording server, that of the login server of the suite, the folder of the
	// target file, and a folder for files of the proxy.
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	// Config is the configuration file of the proxy, as it is used in an installation. The suite copies
	// it, with each text of Replace replaced by the value, which may contain the placeholders of
	// Command; {config} in Command is the path of the copy. Without Command and URL, Config is an nginx
	// or Apache configuration, which the suite starts after it has replaced the addresses itself.
	Config  string            `yaml:"config"`
	Replace map[string]string `yaml:"replace"`

	// URL is the public address of a proxy that runs. The recording server then listens at
	// Upstream, and the login server of the suite, if the proxy uses it, at Login.
	URL      string `yaml:"url"`
	Upstream string `yaml:"upstream"`
	Login    string `yaml:"login"`

	// Prefix is the public path at which a proxy that the suite starts serves the server; "/" is the
	// root. The default is [plan.Prefix].
	Prefix string `yaml:"prefix"`
	// Server holds the options of the server behind the proxy: ProxyAuth.UsernameHeader and so on.
	Server map[string]string `yaml:"server"`
	SignIn *SignIn           `yaml:"sign_in"`

	Kinds   []string `yaml:"-"` // of proxies that the suite configures
	Flavour string   `yaml:"-"` // of their configuration
	Fault   string   `yaml:"-"` // a deliberate mistake in it, "" for none
	Folder  string   `yaml:"-"` // of the target file
}

// SignIn describes how a user signs in at the proxy: with a form or with header lines in each
// request. Values may contain {username}, {unique_id}, {first_name}, {last_name}, {email}, {role},
// {group1} and {group2}, and with Users {password} and {basic}, the credentials of basic authentication.
type SignIn struct {
	// Users are the users that can sign in at a proxy with accounts: the first is the visitor of most
	// scenarios, the second is another user. Without them the suite invents users.
	Users []User `yaml:"users"`
	// Form holds the fields of the form on the page to which the proxy redirects an anonymous
	// browser.
	Form map[string]string `yaml:"form"`
	// Page is the path of that page, for a proxy that does not redirect to it.
	Page string `yaml:"page"`
	// Headers are the header lines of a user who is signed in.
	Headers map[string]string `yaml:"headers"`
	// IdentityCookie names the cookie that contains the username in plain text, if there is one.
	IdentityCookie string `yaml:"identity_cookie"`
}

// A User has an account at a proxy under test. The fields other than Password are what the proxy sends to
// the server; a field that it does not send is empty.
type User struct {
	Username  string   `yaml:"username"`
	Password  string   `yaml:"password"` // may contain variables of the environment
	UniqueID  string   `yaml:"unique_id"`
	FirstName string   `yaml:"first_name"`
	LastName  string   `yaml:"last_name"`
	Email     string   `yaml:"email"`
	Role      string   `yaml:"role"`
	Groups    []string `yaml:"groups"`
}

// Basic returns the credentials of basic authentication (RFC 7617), base64 of username and password.
func (u User) Basic() string {
	return base64.StdEncoding.EncodeToString([]byte(u.Username + ":" + u.Password))
}

// The placeholders of a sign-in.
var signInPlaceholders = []string{"username", "unique_id", "first_name", "last_name", "email", "role", "group1", "group2"}

// ownServer holds the options of the server behind a proxy that the suite configures. The names of
// the headers are those of the documented proxy examples, and for role and groups, which no
// example sends, those of the documented server configuration.
var ownServer = map[string]string{
	"ProxyAuth.UsernameHeader": "X-Auth-Username", "ProxyAuth.FirstNameHeader": "X-Auth-Firstname",
	"ProxyAuth.LastNameHeader": "X-Auth-Lastname", "ProxyAuth.EmailHeader": "X-Auth-Email",
	"ProxyAuth.RoleHeader": "X-Auth-RSC-Role", "ProxyAuth.GroupsHeader": "X-Auth-Groups",
	"ProxyAuth.LogoutURL": "/auth/logout",
}

// OwnProxy returns the description of proxies that the suite configures: of the given kinds, with
// a flavour.
func OwnProxy(kinds []string, flavour string) Target {
	return Target{
		Name: strings.Join(kinds, ", ") + " (" + flavour + ")", Version: "this checkout", Seat: SeatProxy, Instances: maxInstances,
		Proxy: &Proxy{Kinds: kinds, Flavour: flavour, Server: ownServer, SignIn: &SignIn{IdentityCookie: "verified-user", Page: "/auth/login", Form: map[string]string{
			"username": "{username}", "unique_id": "{unique_id}", "first_name": "{first_name}", "last_name": "{last_name}",
			"email": "{email}", "role": "{role}", "groups": "{group1}\n{group2}",
		}}},
	}
}

// WithFault returns the description of a proxy with a deliberate mistake in its configuration.
func (t Target) WithFault(name string) Target {
	changed := *t.Proxy
	changed.Fault = name
	t.Name, t.Proxy = t.Name+" with the fault "+name, &changed
	return t
}

// IsAdapted reports whether the suite starts a configuration file whose addresses it replaces itself.
func (p *Proxy) IsAdapted() bool { return p.Config != "" && len(p.Command) == 0 && p.URL == "" }

// IsOwn reports whether the suite configures the proxy.
func (p *Proxy) IsOwn() bool { return len(p.Kinds) > 0 }

// Fronts returns the fronts at which scenarios about the proxy run.
func (p *Proxy) Fronts() []string {
	if p.IsOwn() {
		return p.Kinds
	}
	return []string{plan.Proxy}
}

// Configuration returns the configuration of the server behind the proxy.
func (p *Proxy) Configuration() (plan.Configuration, error) {
	var rows [][2]string
	for _, name := range slices.Sorted(maps.Keys(p.Server)) {
		rows = append(rows, [2]string{name, p.Server[name]})
	}
	return plan.ConfigurationOf(rows)
}

// Address returns the public base URL of a proxy that is not one of the suite's. listen is the
// address of a proxy that the suite starts.
func (p *Proxy) Address(listen string) string {
	if p.URL != "" {
		return strings.TrimSuffix(p.URL, "/") + "/"
	}
	return "http://" + listen + strings.TrimSuffix(cmp.Or(p.Prefix, plan.Prefix), "/") + "/"
}

// IsLocal reports whether all requests to the proxy stay on this machine. lookup resolves localhost, which
// may have another address than that of the loopback interface, as net.LookupIP does. No other name is
// local, because its address may change during the run.
func (p *Proxy) IsLocal(lookup func(name string) ([]net.IP, error)) bool {
	if p.URL == "" {
		return true
	}
	u, err := url.Parse(p.URL)
	if err != nil {
		return false
	}
	addresses := []net.IP{net.ParseIP(u.Hostname())}
	if u.Hostname() == "localhost" {
		if addresses, err = lookup("localhost"); err != nil || len(addresses) == 0 {
			return false
		}
	}
	return !slices.ContainsFunc(addresses, func(ip net.IP) bool { return ip == nil || !ip.IsLoopback() })
}

// Fill replaces the placeholders of a value of the sign-in.
func (SignIn) Fill(value string, identity map[string]string) string {
	for name, text := range identity {
		value = strings.ReplaceAll(value, "{"+name+"}", text)
	}
	return value
}

// proxyPlaceholders lists the placeholders of the command of a proxy.
var proxyPlaceholders = []string{"listen", "port", "config", "upstream", "login", "folder", "data"}

func (p *Proxy) validate(bad func(string, ...any)) {
	if (len(p.Command) == 0) == (p.URL == "") && !p.IsAdapted() {
		bad("proxy: give exactly one of command (a command line), url (of a proxy that runs), and config alone (an nginx or Apache configuration)")
	}
	for n, argument := range p.Command {
		checkKnownPlaceholders(fmt.Sprintf("proxy.command[%d]", n), argument, proxyPlaceholders, bad)
	}
	for name, value := range p.Environment {
		checkKnownPlaceholders("proxy.environment."+name, value, proxyPlaceholders, bad)
	}
	p.validateConfig(bad)
	if p.URL != "" {
		p.validateRunning(bad)
	} else if p.Upstream != "" || p.Login != "" {
		bad("proxy.upstream, proxy.login: the suite chooses the addresses of a proxy that it starts; use {upstream} and {login} in proxy.command")
	}
	if p.Prefix != "" && p.URL != "" {
		bad("proxy.prefix: the path of proxy.url is the prefix; remove this setting")
	}
	if p.Prefix != "" && p.Prefix != "/" && (!strings.HasPrefix(p.Prefix, "/") || strings.HasSuffix(p.Prefix, "/")) {
		bad("proxy.prefix: %q is not a path; write one such as /rsconnect, or / for the root", p.Prefix)
	}
	if _, err := p.Configuration(); err != nil {
		bad("proxy.server: %v", err)
	}
	switch {
	case p.SignIn == nil && p.IsAdapted(): // the file shows it
	case p.SignIn == nil:
		bad("proxy.sign_in: missing; say how a user signs in: form (fields of the login page) or headers (lines of each request)")
	default:
		p.SignIn.validate(bad)
	}
}

func (p *Proxy) validateConfig(bad func(string, ...any)) {
	uses := func(argument string) bool { return strings.Contains(argument, "{config}") }
	switch {
	case p.IsAdapted() && len(p.Replace) > 0:
		bad("proxy.replace: it belongs to proxy.command; without a command, the suite replaces the addresses of an nginx or Apache configuration itself")
	case p.IsAdapted():
	case p.Config == "" && (len(p.Replace) > 0 || slices.ContainsFunc(p.Command, uses)):
		bad("proxy.config: missing; name the configuration file of the proxy, or remove replace and {config}")
	case p.Config != "" && !slices.ContainsFunc(p.Command, uses):
		bad("proxy.command: it does not use the configuration file; write {config} where the program takes its path")
	}
	for text, value := range p.Replace {
		if text == "" {
			bad("proxy.replace: a text is empty; write a text of the configuration file")
		}
		checkKnownPlaceholders("proxy.replace["+text+"]", value, proxyPlaceholders, bad)
	}
}

func (p *Proxy) validateRunning(bad func(string, ...any)) {
	if u, err := url.Parse(p.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		bad("proxy.url: %q is not an absolute http or https URL; give one such as https://connect.example.com/rsconnect/", p.URL)
	}
	if _, _, err := net.SplitHostPort(p.Upstream); err != nil {
		bad("proxy.upstream: %q is not an address; give the host and port to which the proxy sends requests and at which the recording server can listen, such as 127.0.0.1:3939", p.Upstream)
	}
	if _, _, err := net.SplitHostPort(p.Login); p.Login != "" && err != nil {
		bad("proxy.login: %q is not an address; give the host and port at which the proxy expects the login server, or leave it out", p.Login)
	}
}

func (s *SignIn) validate(bad func(string, ...any)) {
	if (len(s.Form) == 0) == (len(s.Headers) == 0) {
		bad("proxy.sign_in: give exactly one of form and headers")
	}
	known := signInPlaceholders
	if len(s.Users) > 0 {
		known = append(slices.Clone(known), "password", "basic")
	}
	for n, u := range s.Users {
		if u.Username == "" && u.UniqueID == "" {
			bad("proxy.sign_in.users[%d]: missing username; give what the proxy sends as username or unique_id", n)
		}
	}
	for name, value := range s.Form {
		checkKnownPlaceholders("proxy.sign_in.form."+name, value, known, bad)
	}
	for name, value := range s.Headers {
		checkKnownPlaceholders("proxy.sign_in.headers."+name, value, known, bad)
	}
}

// inFolder records the folder of the target file.
func (p *Proxy) inFolder(file string) {
	p.Folder = filepath.Dir(file)
	if absolute, err := filepath.Abs(p.Folder); err == nil {
		p.Folder = absolute
	}
}
