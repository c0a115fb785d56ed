// Package rules reads the rule catalogue and checks it against the scenarios of the features.
package rules

import (
	"errors"
	"fmt"
	"strings"
)

// A Class says how a reply that departs from a rule counts.
type Class string

const (
	// Must is the class of rules that the documents state or clearly imply. A departure is a
	// violation.
	Must Class = "must"
	// Advice is the class of rules that rest on a reading of the documents, a measurement or
	// security considerations, and of rules that only permit something. A departure is reported
	// and does not fail the run unless the run is strict.
	Advice Class = "advice"
)

// A Rule is a row of the catalogue.
type Rule struct {
	ID         string `json:"id"`
	Document   string `json:"document"` // "oauth" or "proxied"
	Lines      string `json:"lines"`    // of the document; "-" if no line states the rule
	Section    string `json:"section"`  // heading of the document
	Role       string `json:"role"`     // the part of the system that the rule binds
	Level      string `json:"level"`    // degree of the requirement
	Basis      string `json:"basis"`    // source of the requirement
	Statement  string `json:"statement"`
	Observable string `json:"observable"` // what can be observed from outside the server
	Testable   string `json:"testable"`   // "yes", what a test needs, or why there is none
	State      string `json:"state"`      // "done", what the rule waits for, or "-"

	Line int `json:"-"` // in the file of the catalogue
}

// Class returns the class of the rule, which follows from its basis and level.
func (r Rule) Class() Class {
	if r.Level == "may" {
		return Advice
	}
	switch r.Basis {
	case "text", "implied":
		return Must
	default: // reading, measured, security
		return Advice
	}
}

// Done reports whether the features cover the rule.
func (r Rule) Done() bool { return r.State == stateDone }

// IsTestable reports whether a test outside the server can check the rule.
func (r Rule) IsTestable() bool { return !strings.HasPrefix(r.Testable, notTestable) }

// titles maps the names of the documents to their titles.
var titles = map[string]string{
	"oauth":   "OAuth Integrations",
	"proxied": "Proxied Authentication",
}

// DocumentTitle returns the title of the document.
func (r Rule) DocumentTitle() string { return titles[r.Document] }

// Source describes the source of the rule for a report: the document and its lines.
func (r Rule) Source() string {
	title := r.DocumentTitle()
	switch {
	case r.Lines == "-":
		return title + ", stated nowhere: " + strings.ToLower(r.Section)
	case strings.ContainsAny(r.Lines, ",;-"):
		return title + ", lines " + strings.NewReplacer(";", ", ", ",", ", ").Replace(r.Lines)
	default:
		return title + ", line " + r.Lines
	}
}

// A Catalogue holds every rule in the order of its file. It does not change
// after [Load] and is safe for concurrent use.
type Catalogue struct {
	rules []Rule
	index map[string]int
}

// Rule returns the rule of that id, and whether there is one.
func (c *Catalogue) Rule(id string) (Rule, bool) {
	if c == nil {
		return Rule{}, false
	}
	i, ok := c.index[id]
	if !ok {
		return Rule{}, false
	}
	return c.rules[i], true
}

// All returns every rule in the order of the catalogue.
func (c *Catalogue) All() []Rule {
	if c == nil {
		return nil
	}
	return append([]Rule(nil), c.rules...)
}

// Position returns the index of a rule in the catalogue, for sorting. Unknown rules come last.
func (c *Catalogue) Position(id string) int {
	if c != nil {
		if i, ok := c.index[id]; ok {
			return i
		}
		return len(c.rules)
	}
	return 0
}

// ErrNoRules is the error of [Catalogue.ClassOf] for a scenario that cites no rule.
var ErrNoRules = errors.New("cites no rule")

// ClassOf returns the class of a scenario that cites these rules. It returns an error if there is
// no rule, an unknown rule, or rules of both classes.
func (c *Catalogue) ClassOf(ids []string) (Class, error) {
	if len(ids) == 0 {
		return "", ErrNoRules
	}
	var class Class
	var first string
	for _, id := range ids {
		r, ok := c.Rule(id)
		if !ok {
			return "", fmt.Errorf("cites the unknown rule %s", id)
		}
		switch {
		case class == "":
			class, first = r.Class(), id
		case class != r.Class():
			return "", fmt.Errorf("cites rules of two classes: %s is %s, %s is %s", first, class, id, r.Class())
		}
	}
	return class, nil
}
