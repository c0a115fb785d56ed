// Package target describes what is under test: how it is started or where it
// runs, what it declares to offer, and which departures are accepted. A
// description is one YAML file; nothing else about a subject is known here.
package target

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// Seats that a subject can take.
const (
	SeatServer = "server"
	SeatProxy  = "proxy"
)

// Capabilities that a server may declare. What is not declared is not
// applicable; what is declared and does not work is a violation.
var Capabilities = []string{"dashboard", "usermanager", "log", "container", "share-links"}

// A Target is the description of one subject.
type Target struct {
	Name         string       `yaml:"name"`
	Like         string       `yaml:"like"`
	Version      string       `yaml:"version"`
	Seat         string       `yaml:"seat"`
	Launch       *Launch      `yaml:"launch"`
	Running      *Running     `yaml:"running"`
	Instances    int          `yaml:"instances"`
	AppModes     []string     `yaml:"app_modes"`
	Capabilities []string     `yaml:"capabilities"`
	Endpoints    Endpoints    `yaml:"endpoints"`
	Usermanager  *Usermanager `yaml:"usermanager"`
	// DebugLog is what raises the log level, as it stands in the configuration file.
	DebugLog   string      `yaml:"debug_log"`
	Deviations []Deviation `yaml:"deviations"`

	file string
}

// LikeReference as the value of like describes the reference server run in
// another way: see Over.
const LikeReference = "reference"

// Launch starts an instance by a command line. Arguments and values of the
// environment may hold {config}, {data}, {listen}, {address}, {log}, {probe}, the
// path of the content program, and {id}: a name of letters, digits and underscores
// that no other instance has, of this run or another, and that stays over restarts. Values of the environment may
// also hold ${NAME} of the suite's own.
type Launch struct {
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
}

// Probe is the placeholder of the content program.
const Probe = "{probe}"

// UsesProbe reports whether the server is told where the content program is.
func (l *Launch) UsesProbe() bool {
	if l == nil {
		return false
	}
	holds := func(text string) bool { return strings.Contains(text, Probe) }
	return slices.ContainsFunc(l.Command, holds) || slices.ContainsFunc(slices.Collect(maps.Values(l.Environment)), holds)
}

// WithProbe returns the launch with the path of the content program in its place.
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

// Running is a server that somebody else has started.
type Running struct {
	URL         string `yaml:"url"`          // public address
	Direct      string `yaml:"direct"`       // address without the proxy, if there is one
	Config      string `yaml:"config"`       // file with the configuration it runs with
	Key         string `yaml:"key"`          // API key of an administrator; may be ${NAME} of the environment
	ProviderURL string `yaml:"provider_url"` // URL under which it reaches the provider
	Listen      string `yaml:"listen"`       // where the suite's provider must listen for that
}

// Endpoints are paths that no document names. {content} stands for a guid.
type Endpoints struct {
	ShareLinks string `yaml:"share_links"`
}

// A Deviation is a departure that somebody has accepted for a while.
type Deviation struct {
	Rule     string    `yaml:"rule"`
	Scenario string    `yaml:"scenario"`
	Issue    string    `yaml:"issue"`
	Expires  time.Time `yaml:"expires"`
}

// Reference is the description of our own reference server, started from the
// given program. extra is appended to its command line.
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

// DefaultInstances is how many instances run at once where a target names no number.
const DefaultInstances = 4

// Load reads a target file. The error names every problem, each with the file
// and, where it is known, the line.
func Load(file string) (Target, error) {
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
	return t, errors.Join(t.Validate(), t.expand())
}

// Over describes base as t, a target like it, wants it run: under t's name, with
// t's environment, number of instances and deviations.
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

// variable is ${NAME} in a value of the environment.
var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expand puts variables of the environment in their places, so that a file needs
// to hold no secret.
func (t Target) expand() error {
	if t.Launch == nil {
		return nil
	}
	var problems []error
	for name, value := range t.Launch.Environment {
		t.Launch.Environment[name] = variable.ReplaceAllStringFunc(value, func(v string) string {
			wanted := variable.FindStringSubmatch(v)[1]
			got, set := os.LookupEnv(wanted)
			if !set {
				problems = append(problems, fmt.Errorf("%slaunch.environment.%s: %s is not set in the environment", t.where(), name, wanted))
			}
			return got
		})
	}
	return errors.Join(problems...)
}

// Validate reports all that is wrong with a target and changes nothing.
func (t Target) Validate() error {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf(t.where()+format, args...))
	}
	if t.Name == "" {
		bad("name: missing; say what is under test")
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
		bad("seat: this version tests servers; the rules about a proxy are still open (countersign rules)")
	default:
		bad("seat: %q is not a seat; use %s", t.Seat, SeatServer)
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
		bad("usermanager: declare the capability and say how the tool is run, or neither")
	case t.Usermanager != nil && t.Launch == nil:
		bad("usermanager: it is run while the server is stopped, so the suite must be able to start it: give launch")
	case t.Usermanager != nil:
		t.Usermanager.validate(bad)
	}
	for i, d := range t.Deviations {
		d.validate(i, bad)
	}
	return errors.Join(problems...)
}

// validateLike refuses what the reference server's own description says already.
func (t Target) validateLike(bad func(string, ...any)) {
	if t.Running != nil || t.Launch != nil && len(t.Launch.Command) > 0 || t.Usermanager != nil || t.Endpoints != (Endpoints{}) || t.DebugLog != "" ||
		t.Seat != "" || len(t.AppModes)+len(t.Capabilities) > 0 {
		bad("like: %s takes name, version, launch.environment, instances and deviations; the rest is known", LikeReference)
	}
	if t.Launch != nil {
		t.Launch.validateEnvironment(bad)
	}
	t.validateInstances(bad)
	for i, d := range t.Deviations {
		d.validate(i, bad)
	}
}

// maxInstances bounds the instances that run at once.
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
			bad("running.%s: %q is not an absolute http or https URL", name, value)
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
		bad("deviations[%d].issue: missing; link the issue that accepts it", i)
	}
	if d.Expires.IsZero() {
		bad("deviations[%d].expires: missing; an accepted deviation ends on a day", i)
	}
}

// Declares says whether the target declares a capability.
func (t Target) Declares(capability string) bool { return contains(t.Capabilities, capability) }

// Runs says whether the target offers an app mode. No list means every mode.
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
