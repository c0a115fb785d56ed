// Package installed runs the nginx or Apache configuration of an installation in a private instance.
// [Read] finds in the file what a test of the proxy needs to know: the server behind it, the login
// page, the public path, the identity headers and the cookies that they come from. It plans changes
// to a copy of the file, and nothing else is changed: the addresses at which the proxy listens, those
// to which it sends requests, the public name, and files and services of the installation that must
// not be touched. [Configuration.Write] writes the copy.
//
// The changes keep the lines of the file, so that messages of the proxy name the lines of the user.
package installed

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Kinds of configurations.
const (
	Nginx  = "nginx"
	Apache = "apache"
)

// Options are what the user says about a configuration. An empty member means: find it in the file.
type Options struct {
	// Server selects the server block or virtual host under test: one of its names, or its line.
	Server string
	// Backend is the server behind the proxy as the file names it: host, host:port, or the name of an
	// upstream or balancer.
	Backend string
	Prefix  string // the public path; "/" is the root
	Login   string // path of the login page
	// Headers and Cookies are the names of the identity headers and of the cookies that contain their
	// values, by field.
	Headers, Cookies map[string]string
	SignsIn          bool // the user says how a user signs in, so that cookies are not needed
}

// Fields are the fields of an identity.
var Fields = []string{"username", "unique-id", "first-name", "last-name", "email", "role", "groups"}

// An Identity is one identity header that the proxy sends.
type Identity struct {
	Field   string   // one of Fields
	Header  string   // its name
	Cookies []string // the cookies from which the proxy takes the value; several for groups
	Reply   string   // the header in the reply to auth_request from which it takes the value instead
	Lines   int      // number of directives that add a line
	Place   Place    // the first of them
}

// A Note is something that Read found, assumed or replaced.
type Note struct {
	Place Place
	Text  string
}

// A Module is a module of the proxy that the configuration needs.
type Module struct {
	Name    string // such as proxy_http, or ngx_http_js_module
	Package string // the Debian package; "" for the package of the proxy
	Needed  Place  // the first line that needs it
	Path    string // as the file loads it; "" if the file does not load it
}

// A Configuration is a configuration that Read understands.
type Configuration struct {
	Kind           string
	Server         Note   // the server under test
	Backend        string // the server behind the proxy, as the file names it
	Prefix         string // the public path, without a slash at its end; "" is the root
	LoginPath      string // path of the login page at the proxy, "" if there is none
	LoginParameter string // name of the parameter with the target of the return
	Identity       []Identity
	Found          []Note // how the above was found
	Assumed        []Note // what is not certain
	Replaced       []Note // what the suite changes in the copy
	Modules        []Module

	files    *files
	shape    shape
	unnamed  []Identity // headers whose names resemble no identity header
	untraced []Note     // headers whose values the suite cannot provide
}

// A shape is what the main file has to add to the file of the user.
type shape struct {
	whole         bool   // nginx: the file is complete
	main          bool   // Apache: the file has no virtual host
	mpm           bool   // Apache: the file loads a module for processes
	before, login string // Apache: lines at the beginning and at the end of the host under test
}

// Placeholders in planned changes. A file cannot contain them, because ReadText refuses NUL.
const (
	atListen   = "\x00listen\x00"
	atPublic   = "\x00public\x00" // host and port as in the public URL
	atUpstream = "\x00upstream\x00"
	atLogin    = "\x00login\x00"
	atDir      = "\x00dir\x00"
	atModules  = "\x00modules\x00"
)

// Addresses are the values of an instance.
type Addresses struct {
	Bind     string // host:port at which the proxy listens
	Public   string // host:port of the public URL
	Upstream string // host:port of the recording server
	Login    string // host:port of the login server
	Dir      string // private folder of the proxy
	User     string // user of a proxy that root starts; "" leaves it out
	Modules  string // folder of the modules of the proxy
}

// Read reads a configuration. name is the path of the file, which messages name and to which relative
// includes belong. Errors name file and line, and say which option would help.
func Read(name string, text []byte, o Options) (*Configuration, error) {
	kind, err := kindOf(name, text)
	if err != nil {
		return nil, err
	}
	fs := &files{root: filepath.Dir(name)}
	first, err := fs.add(name, text)
	if err != nil {
		return nil, err
	}
	c := &Configuration{Kind: kind, files: fs}
	if kind == Nginx {
		err = readNginx(c, first, o)
	} else {
		err = readApache(c, first, o)
	}
	if err != nil {
		return nil, err
	}
	return c, c.complete(o)
}

// kindOf returns the kind of a configuration by its words.
func kindOf(name string, text []byte) (string, error) {
	nginx, apache := 0, 0
	for line := range bytes.Lines(text) {
		words := strings.Fields(string(line))
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		switch first := strings.ToLower(words[0]); {
		case strings.HasPrefix(first, "<") && strings.HasSuffix(words[len(words)-1], ">"), slices.Contains(apacheWords, first):
			apache++
		case slices.Contains(nginxWords, first), strings.HasSuffix(words[len(words)-1], ";"), strings.HasSuffix(words[len(words)-1], "{"):
			nginx++
		}
	}
	switch {
	case nginx == 0 && apache == 0:
		return "", fmt.Errorf("%s: neither an nginx nor an Apache configuration: it has no directive that either of them would need; for another proxy, describe it in a file for --target", name)
	case nginx > apache:
		return Nginx, nil
	}
	return Apache, nil
}

var (
	nginxWords  = []string{"server", "location", "http", "events", "map", "upstream"}
	apacheWords = []string{"proxypass", "proxypassreverse", "proxypassmatch", "rewriterule", "rewritecond", "rewriteengine", "requestheader", "loadmodule", "setenvif", "servername", "define"}
)

// HasModule reports whether a folder has a module.
func (c *Configuration) HasModule(folder string, m Module) bool {
	name := m.Name + ".so"
	if c.Kind == Apache {
		name = "mod_" + name
	}
	_, err := os.Stat(filepath.Join(folder, name))
	return err == nil
}

// Write writes the copy of the configuration into the folder of the instance, and returns the path of
// the main file.
func (c *Configuration) Write(a Addresses) (string, error) {
	if c.Kind == Nginx {
		return c.writeNginx(a)
	}
	return c.writeApache(a)
}

// Restore replaces the paths of the copy in a message of the proxy by the names that the user knows.
func (c *Configuration) Restore(dir, message string) string {
	return c.files.restoreNames(dir, message)
}

func (a Addresses) fill() *strings.Replacer {
	return strings.NewReplacer(atListen, a.Bind, atPublic, a.Public, atUpstream, a.Upstream, atLogin, a.Login, atDir, a.Dir, atModules, a.Modules)
}

func (c *Configuration) found(p Place, format string, args ...any) {
	c.Found = append(c.Found, Note{p, fmt.Sprintf(format, args...)})
}

func (c *Configuration) assumed(p Place, format string, args ...any) {
	c.Assumed = append(c.Assumed, Note{p, fmt.Sprintf(format, args...)})
}

func (c *Configuration) replaced(p Place, format string, args ...any) {
	c.Replaced = append(c.Replaced, Note{p, fmt.Sprintf(format, args...)})
}

// needs records a module.
func (c *Configuration) needs(m Module) {
	for i, known := range c.Modules {
		if known.Name == m.Name {
			if known.Path == "" {
				c.Modules[i].Path = m.Path
			}
			return
		}
	}
	c.Modules = append(c.Modules, m)
}

// complete applies what the user says, and returns an error for what is missing.
func (c *Configuration) complete(o Options) error {
	if o.Prefix != "" {
		c.Prefix = strings.TrimSuffix(o.Prefix, "/")
	}
	if o.Login != "" {
		c.LoginPath = o.Login
	}
	c.settleUnnamed()
	for _, i := range c.Identity {
		c.found(i.Place, "the header %s is the %s, from %s", i.Header, i.Field, i.source())
	}
	for _, notes := range [][]Note{c.Found, c.Assumed, c.Replaced} {
		slices.SortStableFunc(notes, func(a, b Note) int {
			return cmp.Or(strings.Compare(a.Place.File, b.Place.File), cmp.Compare(a.Place.Line, b.Place.Line))
		})
	}
	for _, field := range Fields {
		c.say(field, o.Headers[field], o.Cookies[field])
	}
	if o.SignsIn {
		return nil
	}
	var problems []error
	if !slices.ContainsFunc(c.Identity, identifies) {
		why := ""
		for _, n := range c.untraced {
			why += "\n  " + n.Place.String() + ": " + n.Text
		}
		problems = append(problems, fmt.Errorf("%s: no line adds a header with the username or the unique id of the user from a cookie; name the header and the cookie, as in --identity-header username=X-Auth-Username --identity-cookie username=verified-user, or describe the proxy in a file for --target%s", c.Server.Place, why))
	} else {
		c.Assumed = append(c.Assumed, c.untraced...)
	}
	for _, i := range c.Identity {
		if len(i.Cookies) == 0 && i.Reply == "" {
			problems = append(problems, fmt.Errorf("%s: the header %s (%s) does not come from a cookie that the suite recognizes; name it, as in --identity-cookie %s=NAME, or describe how a user signs in with --target", c.Server.Place, i.Header, i.Field, i.Field))
		}
	}
	return errors.Join(problems...)
}

// say records what the user says about a field.
func (c *Configuration) say(field, header, cookie string) {
	if header == "" && cookie == "" {
		return
	}
	at := slices.IndexFunc(c.Identity, func(i Identity) bool { return i.Field == field })
	if header != "" {
		// The header may have been taken for another field.
		c.Identity = slices.DeleteFunc(c.Identity, func(i Identity) bool {
			if strings.EqualFold(i.Header, header) && i.Field != field && cookie == "" && len(i.Cookies) > 0 {
				cookie = i.Cookies[0]
			}
			return strings.EqualFold(i.Header, header) && i.Field != field
		})
		at = slices.IndexFunc(c.Identity, func(i Identity) bool { return i.Field == field })
	}
	if at < 0 {
		if header == "" {
			return
		}
		c.Identity = append(c.Identity, Identity{Field: field, Lines: 1})
		at = len(c.Identity) - 1
	}
	if header != "" {
		c.Identity[at].Header = header
	}
	if cookie != "" {
		c.Identity[at].Cookies = []string{cookie}
	}
}
