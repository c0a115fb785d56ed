package config

import (
	"fmt"
	"os"
	"strings"
)

// Load reads the file at path and the environment, whose entries have the form "NAME=value". If there is a problem,
// it returns an *Error that lists all problems.
func Load(path string, environ []string) (*Config, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, &Error{Problems: []string{err.Error()}}
	}
	return Parse(path, src, environ)
}

// Parse is like Load for text in memory. Messages use name in place of the path.
func Parse(name string, src []byte, environ []string) (*Config, error) {
	bad := &problems{}
	file := parse(name, src, bad)
	b := binder{c: Default(), bad: bad, seen: map[string]setting{}, warned: map[string]bool{}}
	for _, at := range file.sections {
		b.checkSection(at)
	}
	for _, v := range file.settings {
		b.bind(v)
	}
	b.environment(environ)
	b.checkTogether()
	if err := bad.err(); err != nil {
		return nil, err
	}
	return b.c, nil
}

// binder stores settings in a Config.
type binder struct {
	c      *Config
	bad    *problems
	seen   map[string]setting // by "Section.Key" in the spelling of sections
	warned map[string]bool
}

func (b *binder) warn(format string, args ...any) {
	b.c.Warnings = append(b.c.Warnings, fmt.Sprintf(format, args...))
}

// checkSection reports, once, a section that Connect does not have as a problem, and a section that this server does
// not implement as a warning.
func (b *binder) checkSection(at sectionAt) {
	if findSection(at.name) != nil {
		return
	}
	name, _, _ := strings.Cut(at.name, " ") // [Name "subsection"]
	if other := spelling(otherSections, name); other != "" {
		b.warnOfNoEffect(at.place, "["+other+"]")
		return
	}
	b.bad.add(at.line, "%s: [%s]: the section is not known, the nearest is [%s]; allowed: %s, or another section of Connect (which has no effect)",
		at.place, at.name, nearest(name, append(implementedSections(), otherSections...)), strings.Join(implementedSections(), ", "))
}

// warnOfNoEffect warns once of an option or a section that Connect has and this server does not implement.
func (b *binder) warnOfNoEffect(place, name string) {
	if !b.warned[name] {
		b.warned[name] = true
		b.warn("%s: %s has no effect here: this server does not implement it", place, name)
	}
}

func findSection(name string) *section {
	for i := range sections {
		if strings.EqualFold(sections[i].name, name) {
			return &sections[i]
		}
	}
	return nil
}

func (s *section) find(name string) *key {
	for i := range s.keys {
		if strings.EqualFold(s.keys[i].name, name) {
			return &s.keys[i]
		}
	}
	return nil
}

func (b *binder) bind(v setting) {
	s := findSection(v.section)
	if s == nil {
		return // checkSection has reported it
	}
	k := s.find(v.key)
	if k == nil {
		b.bindUnknown(s, v)
		return
	}
	name := s.name + "." + k.name
	b.warnOfLoss(v, name, k.many)
	b.seen[name] = v
	if problem := k.set(b.c, v); problem != "" {
		b.bad.add(v.line, "%s: %s: %s", v.place, name, problem)
	}
}

// warnOfLoss warns of a value that replaces another one, and of a value that a comment truncates.
func (b *binder) warnOfLoss(v setting, name string, many bool) {
	if first, twice := b.seen[name]; twice && !many {
		b.warn("%s: %s is given again; this value replaces the one at %s", v.place, name, first.place)
	}
	if v.cut {
		b.warn("%s: %s: the rest of the line is a comment; put a value that contains ; or # in double quotes", v.place, name)
	}
}

// bindUnknown warns of an option that Connect has and this server does not implement. It reports other names as
// problems.
func (b *binder) bindUnknown(s *section, v setting) {
	if other := spelling(withoutEffect[s.name], v.key); other != "" {
		b.warnOfNoEffect(v.place, s.name+"."+other)
		return
	}
	b.bad.add(v.line, "%s: %s.%s: the option is not known, the nearest is %s; allowed: %s, or another option of Connect (which has no effect)",
		v.place, s.name, v.key, nearestOption(s, v.key), strings.Join(s.implementedOptions(), ", "))
}

// environment applies variables CONNECT_<SECTION>_<OPTION>, which take precedence over the file. It ignores other
// variables that begin with CONNECT_, such as CONNECT_SERVER and CONNECT_API_KEY.
func (b *binder) environment(environ []string) {
	values := map[string]string{}
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok && strings.HasPrefix(name, "CONNECT_") {
			values[name] = value
		}
	}
	for _, s := range sections {
		for _, k := range s.keys {
			name := "CONNECT_" + strings.ToUpper(s.name) + "_" + strings.ToUpper(k.name)
			value, ok := values[name]
			if !ok {
				continue
			}
			v := setting{place: "environment " + name, section: s.name, key: k.name, value: value}
			b.seen[s.name+"."+k.name] = v
			if problem := k.set(b.c, v); problem != "" {
				b.bad.add(0, "%s: %s.%s: %s", v.place, s.name, k.name, problem)
			}
		}
	}
}
