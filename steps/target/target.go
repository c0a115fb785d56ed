// Package target describes the server under test: how it is started or where it runs, which
// capabilities it declares, and which departures are accepted. A description is a YAML file.
package target

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"countersign/steps/plan"
)

// The seats of the system under test.
const (
	SeatServer = plan.SeatServer
	SeatProxy  = plan.SeatProxy
)

// Capabilities lists the capabilities that a server may declare. Scenarios that need an undeclared
// capability are not applicable. A declared capability that does not work is a violation.
var Capabilities = []string{"dashboard", "usermanager", "log", "share-links"}

// A Target describes a server under test.
type Target struct {
	Name         string       `yaml:"name"`
	Like         string       `yaml:"like"`
	Version      string       `yaml:"version"`
	Seat         string       `yaml:"seat"`
	Launch       *Launch      `yaml:"launch"`
	Running      *Running     `yaml:"running"`
	Proxy        *Proxy       `yaml:"proxy"`
	Instances    int          `yaml:"instances"`
	AppModes     []string     `yaml:"app_modes"`
	Capabilities []string     `yaml:"capabilities"`
	Endpoints    Endpoints    `yaml:"endpoints"`
	Usermanager  *Usermanager `yaml:"usermanager"`
	// DebugLog is the text of the configuration file that raises the log level.
	DebugLog   string      `yaml:"debug_log"`
	Deviations []Deviation `yaml:"deviations"`

	file string
}

// LikeReference is the value of like for a target that runs the reference server with other
// settings. See [Target.Over].
const LikeReference = "reference"

// Launch is the command line that starts an instance. Its arguments and the values of its
// environment may contain {config}, {data}, {listen}, {address}, {log}, {probe} and {id}. {probe}
// is the path of the content program. {id} is a name of letters, digits and underscores that is
// unique among all instances of all runs and does not change when the instance is restarted. Values
// of the environment may also contain ${NAME}, a variable of the suite's environment.
type Launch struct {
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
}

// Probe is the placeholder of the content program.
const Probe = "{probe}"

// UsesProbe reports whether the launch contains the placeholder [Probe].
func (l *Launch) UsesProbe() bool {
	if l == nil {
		return false
	}
	holds := func(text string) bool { return strings.Contains(text, Probe) }
	return slices.ContainsFunc(l.Command, holds) || slices.ContainsFunc(slices.Collect(maps.Values(l.Environment)), holds)
}

// WithProbe returns the launch with path in place of [Probe].
func (l *Launch) WithProbe(path string) *Launch {
	filled := &Launch{}
	for _, argument := range l.Command {
		filled.Command = append(filled.Command, strings.ReplaceAll(argument, Probe, path))
	}
	for name, value := range l.Environment {
		if filled.Environment == nil {
			filled.Environment = map[string]string{}
		}
		filled.Environment[name] = strings.ReplaceAll(value, Probe, path)
	}
	return filled
}

// Running describes a server that the suite does not start.
type Running struct {
	URL         string `yaml:"url"`          // public address
	Direct      string `yaml:"direct"`       // address without the proxy, if the server has one
	Config      string `yaml:"config"`       // configuration file of the server
	Key         string `yaml:"key"`          // API key of an administrator; may be ${NAME}, a variable of the environment
	ProviderURL string `yaml:"provider_url"` // URL by which the server reaches the provider
	Listen      string `yaml:"listen"`       // address at which the suite's provider listens for it
}

// Endpoints holds paths that no document names. {content} is the guid of the content item.
type Endpoints struct {
	ShareLinks string `yaml:"share_links"`
}

// A Deviation accepts the departures from a rule or in a scenario until a day.
type Deviation struct {
	Rule     string    `yaml:"rule"`
	Scenario string    `yaml:"scenario"`
	Issue    string    `yaml:"issue"`
	Expires  time.Time `yaml:"expires"`
}

// Reference returns the description of the reference server, started from program. extra is appended to
// the command line.
func Reference(program string, extra ...string) Target {
	command := append([]string{program, "serve", "--config", "{config}", "--listen", "{listen}", "--log-file", "{log}"}, extra...)
	return Target{
		Name:         "countersign-server",
		Version:      "this checkout",
		Seat:         SeatServer,
		Launch:       &Launch{Command: command},
		Instances:    DefaultInstances,
		Capabilities: []string{"dashboard", "log", "share-links", "usermanager"},
		Endpoints:    Endpoints{ShareLinks: "v1/content/{content}/share_links"},
		Usermanager:  referenceUsermanager(program),
		DebugLog:     "[Logging]\nServiceLogLevel = DEBUG",
	}
}

// DefaultInstances is the number of instances that run at once if the target does not set it.
const DefaultInstances = 4

// Load reads a target file and replaces the variables of the environment in it, which lookup returns
// as os.LookupEnv does. The error joins one error for each problem, with the file and, if it is
// known, the line.
func Load(file string, lookup func(name string) (string, bool)) (Target, error) {
	raw, err := readText(file)
	if err != nil {
		return Target{}, err
	}
	t := Target{file: file}
	if err := yaml.UnmarshalWithOptions(raw, &t, yaml.Strict()); err != nil {
		return Target{}, fmt.Errorf("%s: %s", file, yaml.FormatError(err, false, true))
	}
	if err := onlyDocument(file, raw); err != nil {
		return Target{}, err
	}
	if t.Instances == 0 {
		t.Instances = DefaultInstances
	}
	if t.Proxy != nil {
		t.Proxy.inFolder(file)
	}
	return t, errors.Join(t.Validate(), t.expand(lookup))
}

// Over returns base with the name, the environment, the number of instances and the deviations of
// t, which is a target like base.
func (t Target) Over(base Target) Target {
	base.Name, base.Instances, base.Deviations, base.file = t.Name, t.Instances, t.Deviations, t.file
	if t.Version != "" {
		base.Version = t.Version
	}
	if t.Launch != nil {
		base.Launch = &Launch{Command: base.Launch.Command, Environment: t.Launch.Environment}
	}
	return base
}

// variable matches ${NAME} in a value that may contain variables of the environment.
var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expand replaces variables of the environment, so that a target file need not contain secrets.
func (t Target) expand(lookup func(name string) (string, bool)) error {
	var problems []error
	replaced := func(member, value string) string {
		return variable.ReplaceAllStringFunc(value, func(v string) string {
			wanted := variable.FindStringSubmatch(v)[1]
			got, set := lookup(wanted)
			if !set {
				problems = append(problems, fmt.Errorf("%s%s: %s is not set in the environment", t.where(), member, wanted))
			}
			return got
		})
	}
	if t.Launch != nil {
		for name, value := range t.Launch.Environment {
			t.Launch.Environment[name] = replaced("launch.environment."+name, value)
		}
	}
	if t.Proxy != nil && t.Proxy.SignIn != nil {
		for n := range t.Proxy.SignIn.Users {
			u := &t.Proxy.SignIn.Users[n]
			u.Password = replaced(fmt.Sprintf("proxy.sign_in.users[%d].password", n), u.Password)
		}
	}
	if t.Running != nil {
		t.Running.Key = replaced("running.key", t.Running.Key)
	}
	return errors.Join(problems...)
}

// Validate returns an error for each problem of a target.
func (t Target) Validate() error {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf(t.where()+format, args...))
	}
	if t.Name == "" {
		bad("name: missing; give the name of the server under test")
	}
	if t.Like == LikeReference {
		t.validateLike(bad)
		return errors.Join(problems...)
	}
	if t.Like != "" {
		bad("like: %q is not known; use %s, or leave it out", t.Like, LikeReference)
	}
	switch t.Seat {
	case SeatServer:
	case SeatProxy:
		t.validateProxy(bad)
		return errors.Join(problems...)
	default:
		bad("seat: %q is not a seat; use %s or %s", t.Seat, SeatServer, SeatProxy)
	}
	if t.Proxy != nil {
		bad("proxy: it describes a target with seat: %s", SeatProxy)
	}
	if (t.Launch == nil) == (t.Running == nil) {
		bad("give exactly one of launch (a command line) and running (a URL)")
	}
	if t.Launch != nil {
		t.Launch.validate(bad)
	}
	if t.Running != nil {
		t.Running.validate(bad)
	}
	t.validateInstances(bad)
	for _, c := range t.Capabilities {
		if !contains(Capabilities, c) {
			bad("capabilities: %q is not known; use any of %s", c, strings.Join(Capabilities, ", "))
		}
	}
	switch {
	case t.Declares("usermanager") != (t.Usermanager != nil):
		bad("usermanager: declare the capability and give the command of the tool, or neither")
	case t.Usermanager != nil && t.Launch == nil:
		bad("usermanager: the tool runs while the server is stopped, so the suite must start the server; give launch")
	case t.Usermanager != nil:
		t.Usermanager.validate(bad)
	}
	for i, d := range t.Deviations {
		d.validate(i, bad)
	}
	return errors.Join(problems...)
}

// validateProxy reports problems of a target with the seat of the proxy.
func (t Target) validateProxy(bad func(string, ...any)) {
	if t.Launch != nil || t.Running != nil || t.Usermanager != nil || t.Endpoints != (Endpoints{}) || t.DebugLog != "" || len(t.AppModes)+len(t.Capabilities) > 0 {
		bad("seat: a target with seat: %s has only name, version, proxy and deviations; remove the settings of a server", SeatProxy)
	}
	switch {
	case t.Proxy == nil:
		bad("proxy: missing; describe how the proxy is started (command) or where it runs (url), and how a user signs in")
	case !t.Proxy.IsOwn():
		t.Proxy.validate(bad)
	}
	for i, d := range t.Deviations {
		d.validate(i, bad)
	}
}

// validateLike reports settings that the description of the reference server already has.
func (t Target) validateLike(bad func(string, ...any)) {
	if t.Running != nil || t.Proxy != nil || t.Launch != nil && len(t.Launch.Command) > 0 || t.Usermanager != nil || t.Endpoints != (Endpoints{}) || t.DebugLog != "" ||
		t.Seat != "" || len(t.AppModes)+len(t.Capabilities) > 0 {
		bad("like: %s allows only name, version, launch.environment, instances and deviations; remove the other settings", LikeReference)
	}
	if t.Launch != nil {
		t.Launch.validateEnvironment(bad)
	}
	t.validateInstances(bad)
	for i, d := range t.Deviations {
		d.validate(i, bad)
	}
}

// maxInstances bounds the number of instances that run at once.
const maxInstances = 256

func (t Target) validateInstances(bad func(string, ...any)) {
	if t.Instances < 1 || t.Instances > maxInstances {
		bad("instances: %d is not possible; give a number from 1 to %d", t.Instances, maxInstances)
	}
}

func (r Running) validate(bad func(string, ...any)) {
	for name, value := range map[string]string{"url": r.URL, "direct": r.Direct, "provider_url": r.ProviderURL} {
		if value == "" && name != "url" {
			continue
		}
		if u, err := url.Parse(value); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			bad("running.%s: %q is not an absolute http or https URL; give one such as http://127.0.0.1:3939/", name, value)
		}
	}
	if r.Key == "" {
		bad("running.key: missing; the suite needs an administrator's API key")
	}
	if r.Config == "" {
		bad("running.config: missing; name the configuration file that the server runs with")
	}
}

func (d Deviation) validate(i int, bad func(string, ...any)) {
	if (d.Rule == "") == (d.Scenario == "") {
		bad("deviations[%d]: give exactly one of rule and scenario", i)
	}
	if d.Issue == "" {
		bad("deviations[%d].issue: missing; give the link of the issue that accepts it", i)
	}
	if d.Expires.IsZero() {
		bad("deviations[%d].expires: missing; give the day on which the acceptance ends", i)
	}
}

// Declares reports whether the target declares a capability.
func (t Target) Declares(capability string) bool { return contains(t.Capabilities, capability) }

// Runs reports whether the target offers an app mode. A target without a list offers every mode.
func (t Target) Runs(mode string) bool {
	return len(t.AppModes) == 0 || contains(t.AppModes, mode)
}

func (t Target) where() string {
	if t.file == "" {
		return ""
	}
	return t.file + ": "
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}
