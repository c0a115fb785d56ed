// Package rules reads the rule catalogue and checks it against the features in
// both directions. It knows rows and citations; what a rule means when it runs
// is the business of the sentences, and what a feature is that of steps/plan.
package rules

import (
	"errors"
	"fmt"
	"strings"
)

// A Class says what an answer other than the rule's own amounts to.
type Class string

const (
	// Must is the class of what the documents say or clearly imply. Another
	// answer is a violation.
	Must Class = "must"
	// Advice is the class of what rests on a reading, a measurement or sense of
	// security, or is only permitted. Another answer is reported and fails
	// nothing unless the run is strict.
	Advice Class = "advice"
)

// A Rule is one row of the catalogue.
type Rule struct {
	ID         string `json:"id"`
	Document   string `json:"document"` // "oauth" or "proxied"
	Lines      string `json:"lines"`    // of the document; "-" where no line says it
	Section    string `json:"section"`  // heading of the document
	Role       string `json:"role"`     // who has to behave
	Level      string `json:"level"`    // how much is demanded
	Basis      string `json:"basis"`    // what the demand rests on
	Statement  string `json:"statement"`
	Observable string `json:"observable"` // what shows it from outside
	Testable   string `json:"testable"`   // "yes", what it takes, or why not
	State      string `json:"state"`      // "done", what it waits for, or "-"

	Line int `json:"-"` // in the catalogue's own file
}

// Class is the class of the rule. It follows from basis and level, so that no
// row can claim another.
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

// IsTestable reports whether anything outside the subject could show the rule.
func (r Rule) IsTestable() bool { return !strings.HasPrefix(r.Testable, notTestable) }

// titles are the names of the documents as their readers know them.
var titles = map[string]string{
	"oauth":   "OAuth Integrations",
	"proxied": "Proxied Authentication",
}

// Source says where the rule comes from in words for a person: the document and
// its lines, or the lack of them.
func (r Rule) Source() string {
	title := titles[r.Document]
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

// Position is the place of a rule in the catalogue, for sorting; rules that it
// does not know come last.
func (c *Catalogue) Position(id string) int {
	if c != nil {
		if i, ok := c.index[id]; ok {
			return i
		}
		return len(c.rules)
	}
	return 0
}

// ErrNoRules is the error of [Catalogue.ClassOf] for a scenario that cites nothing.
var ErrNoRules = errors.New("cites no rule")

// ClassOf is the class that a scenario has by the rules it cites. The error says
// why there is none: no rule, an unknown one, or rules of both classes.
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
