package proxies

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
)

// A Fault is a deliberate mistake in a configuration: one replacement in one template.
// Scenarios about a proxy must notice it.
type Fault struct {
	Name    string   `yaml:"name"`    // unique, lower case with hyphens; begins with the kind of the proxy
	Mistake string   `yaml:"mistake"` // what an administrator may have forgotten or misunderstood
	Rules   []string `yaml:"rules"`   // ids of the rules whose scenarios must fail
	Also    []string `yaml:"also"`    // ids of rules that the mistake breaks too, because their requests do not pass or pass unread
	Flavour string   `yaml:"flavour"` // of the configuration; "" is Hardened
	File    string   `yaml:"file"`    // below proxies/
	Replace string   `yaml:"replace"` // text that occurs exactly once in File
	With    string   `yaml:"with"`
}

//go:embed faults/*.yaml
var faultFiles embed.FS

// Faults returns the named faults of the proxies. The error joins one error for each fault that
// cannot be built.
func Faults() ([]Fault, error) {
	names, err := fs.Glob(faultFiles, "faults/*.yaml")
	if err != nil {
		return nil, err
	}
	var all []Fault
	var problems []error
	seen := map[string]bool{}
	for _, name := range names {
		raw, err := faultFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var faults []Fault
		if err := yaml.UnmarshalWithOptions(raw, &faults, yaml.Strict()); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
			continue
		}
		for _, f := range faults {
			if seen[f.Name] {
				problems = append(problems, fmt.Errorf("%s: the name %q is used twice", name, f.Name))
			}
			seen[f.Name] = true
			problems = append(problems, f.validate(name))
		}
		for n := range faults {
			faults[n].Flavour = cmp.Or(faults[n].Flavour, Hardened)
		}
		all = append(all, faults...)
	}
	return all, errors.Join(problems...)
}

// FindFault returns the fault with a name. The error names the faults of the kind if there is none.
func FindFault(kind Kind, name string) (Fault, error) {
	all, err := Faults()
	if err != nil {
		return Fault{}, err
	}
	var known []string
	for _, f := range all {
		if f.Name == name && f.Kind() == kind {
			return f, nil
		}
		if f.Kind() == kind {
			known = append(known, f.Name)
		}
	}
	return Fault{}, fmt.Errorf("%s has no fault %q; use one of %s", kind, name, strings.Join(known, ", "))
}

// Kind returns the proxy whose configuration the fault changes.
func (f Fault) Kind() Kind {
	kind, _, _ := strings.Cut(f.File, "/")
	return Kind(kind)
}

var validFault = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func (f Fault) validate(place string) error {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf(place+": "+f.Name+": "+format, args...))
	}
	if !validFault.MatchString(f.Name) || !strings.HasPrefix(f.Name, string(f.Kind())+"-") {
		bad("the name is not lower case with hyphens, beginning with the kind of the proxy")
	}
	if f.Flavour != "" && f.Flavour != Hardened && f.Flavour != Documented {
		bad("flavour %q is not hardened or documented", f.Flavour)
	}
	if f.Mistake == "" || len(f.Rules) == 0 {
		bad("mistake and rules are needed")
	}
	if _, err := f.apply(); err != nil {
		bad("%v", err)
	}
	return errors.Join(problems...)
}

// apply returns the text of the changed template.
func (f Fault) apply() (string, error) {
	source, known := sources[f.Kind()]
	if !known {
		return "", fmt.Errorf("file %q is not below nginx/ or apache/", f.File)
	}
	raw, err := fs.ReadFile(source.files, path.Base(f.File))
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(raw), f.Replace); n != 1 || f.Replace == f.With {
		return "", fmt.Errorf("the text of replace occurs %d times in %s, want once and another text in with", n, f.File)
	}
	return strings.Replace(string(raw), f.Replace, f.With, 1), nil
}
