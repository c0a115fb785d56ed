package steps

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/cucumber/godog"

	"countersign/steps/plan"
	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// A sentence is one phrase of the features and what it does. Its words may hold
// the placeholders below. What it does is told in a few lines and calls verbs
// of the driver; it returns a [verdict.Violation] for what the subject broke and
// leaves the rule in it empty: the scenario says which rule a sentence checks.
type sentence struct {
	words string
	do    func(w *World, ctx context.Context, args []string) error
}

// The placeholders of sentences, each with what it may stand for.
var placeholders = map[string]string{
	"{who}":    `"([^"]+)"`,                                            // a persona, an item or an integration, by its name
	"{value}":  `"([^"]*)"`,                                            // any text
	"{type}":   `(Viewer|Service Account)`,                             // of an integration
	"{mode}":   `([a-z][a-z0-9-]*)`,                                    // an app mode
	"{n}":      `(\d+)`,                                                // a number
	"{header}": `(username|unique id|first name|last name|email|role)`, // of an identity
	"{words}":  `([a-z][a-z0-9 ]*)`,                                    // the rest of a phrase
	"{their}":  `(?:her|his|their)`,
	"{they}":   `(?:she|he|they)`,
	"{again}":  `(?: again)?`,

	"{actor}":    `("[^"]+"|the administrator|somebody who is not signed in)`,
	"{manage}":   `(read|rename|open to everybody|delete|clear the associations of|let a guest view|share|upload a bundle to|deploy|follow a deployment of)`,
	"{anybody}":  `(?:"([^"]+)"|somebody who is not signed in)`,
	"{manager}":  `(?:"([^"]+)"|the administrator)`,
	"{token}":    `(an access token|a refresh token)`,
	"{both}":     `(?:names both and )?`,
	"{logs}":     `(?:logs|is logged)`,
	"{begins}":   `(?:begins|has begun)`,
	"{sessions}": `(no session|one session)`,
	"{shows}":    `(?:shows|shows her|shows him|shows them)`,
	"{called}":   `(?:for "([^"]+)"|with the username "([^"]*)")`,
	"{somebody}": `(?:somebody|the same person)`,
	"{enters}":   `(?:signs in|has signed in)`,
	"{creates}":  `(?:creates|has created)`,
	"{changes}":  `(?:changes|has changed)`,
	"{exactly}":  `(exactly )?`,                               // a name that is not made the scenario's own
	"{spelled}":  `(?: spelled "([^"]*)")?`,                   // behind a header
	"{suffixed}": `( and a number)?`,                          // behind a name
	"{with}":     `(?: with the (role|unique id) "([^"]*)")?`, // behind an account
	"{accounts}": `(one account has|two accounts have)`,       // how many there are
	"{which}":    `(the same account as|another account than)`,
	"{whose}":    `(before|"[^"]+")`, // earlier, or somebody else's

	"{attempt}":    `(?:sign-in|call|creation|association|renaming|visit|WebSocket)`,
	"{how}":        `( with an error of the API| or asked to log in| or shows nothing| without a redirect to a login page)?`, // somebody is refused
	"{granted}":    `(?: to "([^"]*)")?`,
	"{fresh}":      `( from a new browser)?`,
	"{keyand}":     `((?:her|his|their) key and )?`,
	"{outcome}":    `(is refused|does not lead to the provider)`, // of a login
	"{xsrf}":       `(without the XSRF token|with two XSRF cookies of which one matches|with two XSRF cookies of which none matches|for a page of another site|for a page of another site in an old browser)`,
	"{a}":          `(a|no)`,
	"{cookies}":    `(session|login)`,
	"{departing}":  `(with the return address|from the page)`,
	"{usekeys}":    `(asks for an API key|lists the API keys)`,
	"{is}":         `(is|is not)`,
	"{can}":        `(can|cannot)`,
	"{further}":    `(?: with the further header "([^"]*)")?`,
	"{says}":       `(says|does not say|warns of|no longer warns of)`,
	"{where}":      `(?: where it gives "([^"]*)" as "([^"]*)")?`,
	"{starts}":     `(starts|refuses to start|starts or refuses to start)`,
	"{row}":        `(no row|the row "([^"]*)")`,
	"{follows}":    `(?:follows|has followed)`,
	"{spoilt}":     `( with another ending)?`,
	"{isrendered}": `(?:is rendered|has been rendered)`,
	"{obtained}":   `( and it obtained a token| and obtained a token)?`,
	"{exchange}":   `(?:but the exchange's )?`,
	"{twice}":      `( and two username headers)?`,
	"{atonce}":     `( without a click)?`, // the browser is sent somewhere
	"{obtains}":    `(?:has|obtains)`,
	"{made}":       `( without offline access| that was created with the keys of the documented example| whose client authenticates with (client_secret_basic and PKCE|client_secret_post and PKCE|client_secret_post|PKCE alone))?`,                            // an integration
	"{withkey}":    `(?:without|with "([^"]*)" as)`,                                                                                                                                                                                                             // a key of a configuration
	"{setting}":    `(name|client|token address|authorization address|type)`,                                                                                                                                                                                    // of an integration
	"{altered}":    `(with the answer unchanged|without the state|with another state|without the code|with an error beside the code|in another browser|with the issuer of another provider|with another issuer of the same provider|in the place of "([^"]+)")`, // with the answer of the provider,
	"{differs}":    `(?:gives "([^"]*)" as (grant_type|subject_token_type|subject_token|requested_token_type|audience)|is made with the API key of "([^"]+)")`,                                                                                                  // an exchange
	"{renewals}":   `(?:again|with "([^"]*)" and the status (\d+)( as plain text)?)`,
	"{also}":       `(?: and "([^"]+)")?`,
	"{visits}":     `(?:visits|has visited)`,
	"{publishes}":  `(?:has published|publishes)`,
	"{by}":         `( with (?:her|his|their) deployment credentials)?`,
	"{browser}":    `( in (?:a|her|his|their) browser)?`,
	"{beside}":     `( beside (?:her|his|their) identity)?`,
	"{flawed}":     `(?: (with(?:out)? [a-zA-Z ]+?))?`,
	"{calls}":      `(?:calls|has called)`,
	"{what}":       `(the API|"[^"]+"|the API about "[^"]+"|the path "[^"]+")`,
	"{from}":       `( from a page of another site)?`,
	"{identified}": `(?: with the unique id "([^"]+)")?`, // of a group
}

// cited is the end of a sentence that names the rules it checks, which it does in a
// scenario that cites several.
const cited = `(?: \((` + rules.IDPattern + `(?:, ` + rules.IDPattern + `)*)\))?`

// vocabulary is every sentence that a feature may use, by subject. Each subject
// has a file.
var vocabulary = compile(
	sayServer, sayStart, sayLog, saySignIn, sayUsers, sayCredentials, sayKeys, sayProfile, sayRoles, sayIdentity, sayContent, sayDashboard, sayGroups, sayIntegrations, saySessions, sayReturns, sayTokens, sayExchanges, sayRenewal,
	sayUsermanager,
	sayManagement, sayAssociations, sayManaging, sayVisits,
)

type phrase struct {
	sentence
	pattern *regexp.Regexp
}

func compile(subjects ...[]sentence) []phrase {
	var phrases []phrase
	for _, subject := range subjects {
		for _, s := range subject {
			words := regexp.QuoteMeta(s.words)
			for name, pattern := range placeholders {
				words = strings.ReplaceAll(words, regexp.QuoteMeta(name), pattern)
			}
			phrases = append(phrases, phrase{s, regexp.MustCompile("^" + words + cited + "$")})
		}
	}
	return phrases
}

// checkSentences reports the steps of a scenario that no sentence matches, or
// more than one.
func checkSentences(s *plan.Scenario) []error {
	var problems []error
	for _, text := range s.Sentences {
		matches := meanings(text)
		switch {
		case len(matches) == 0:
			problems = append(problems, fmt.Errorf("%s: no sentence reads %q; the vocabulary is in steps/say_*.go", s.ID(), text))
		case len(matches) > 1:
			var words []string
			for _, p := range matches {
				words = append(words, p.words)
			}
			problems = append(problems, fmt.Errorf("%s: %q has several meanings: %s", s.ID(), text, strings.Join(words, "; ")))
		}
	}
	return problems
}

// read holds the phrases that match a text, by text. A feature repeats its sentences
// in each scenario, and a run in each front.
var read sync.Map // of string to []*phrase

// meanings returns the phrases that match the text of a step.
func meanings(text string) []*phrase {
	if found, ok := read.Load(text); ok {
		return found.([]*phrase)
	}
	var matches []*phrase
	for n := range vocabulary {
		if vocabulary[n].pattern.MatchString(text) {
			matches = append(matches, &vocabulary[n])
		}
	}
	read.Store(text, matches)
	return matches
}

// anyText is the one pattern that godog has to match: which sentence a step is was
// found out when the run was planned.
var anyText = regexp.MustCompile(`(?s)^.*$`)

// register makes the vocabulary known to godog.
func (w *World) register(sc *godog.ScenarioContext) {
	sc.Before(w.begin)
	sc.After(w.end)
	sc.StepContext().Before(func(ctx context.Context, step *godog.Step) (context.Context, error) {
		w.step = step
		return ctx, nil
	})
	sc.Step(anyText, func(context.Context) error { return w.perform(w.step) })
}

// perform runs one step. The arguments of its sentence are the groups of the pattern,
// and a docstring or a table before the last of them, the rule that the sentence names.
func (w *World) perform(step *godog.Step) error {
	matches := meanings(step.Text)
	if len(matches) != 1 {
		return &verdict.Trouble{Op: fmt.Sprintf("%d sentences read %q", len(matches), step.Text)}
	}
	p := matches[0]
	args := p.pattern.FindStringSubmatch(step.Text)[1:]
	if strings.HasSuffix(p.words, ":") {
		below, err := argument(step)
		if err != nil {
			return err
		}
		last := len(args) - 1
		args = append(args[:last:last], below, args[last])
	}
	return w.say(*p, args...)
}

// argument returns what stands below a step, as text: a configuration, a docstring, or the
// rows of a table of names and values, one to a line as "name: value".
func argument(step *godog.Step) (string, error) {
	switch below := step.Argument; {
	case plan.TakesConfiguration(step.Text):
		c, err := plan.ReadArgument(below)
		if err != nil {
			return "", &verdict.Trouble{Op: "read a configuration", Err: err}
		}
		return c.Text, nil
	case below != nil && below.DocString != nil:
		return below.DocString.Content, nil
	case below == nil || below.DataTable == nil:
		return "", &verdict.Trouble{Op: fmt.Sprintf("nothing stands below %q", step.Text)}
	}
	var b strings.Builder
	for _, row := range step.Argument.DataTable.Rows {
		for i, cell := range row.Cells {
			if i > 0 {
				b.WriteString(": ")
			}
			b.WriteString(cell.Value)
		}
		b.WriteByte('\n')
	}
	return b.String(), nil
}

// say runs one sentence. A violation in a Then is noted and the scenario goes
// on, so that a scenario reports every mismatch and not the first; anything
// else ends it.
func (w *World) say(p phrase, args ...string) error {
	if w.settled {
		return nil
	}
	last := len(args) - 1
	named, args := args[last], args[:last]
	ctx := w.ctx
	err := w.blame(p.sentence.do(w, ctx, args))
	if w.step.Type != "Outcome" {
		return w.prerequisite(err)
	}
	rules, ruleErr := checkedRules(w.step.Text, named, w.job.Scenario.Rules)
	if ruleErr != nil {
		return ruleErr
	}
	for _, rule := range rules {
		w.asserted[rule] = true
	}
	violation, broken := asViolation(err)
	if !broken {
		return err
	}
	if violation.Rule != "" {
		w.note(violation)
		return nil
	}
	for _, rule := range rules {
		of := *violation
		of.Rule = rule
		w.note(&of)
	}
	return nil
}

// checkedRules returns the rules that a Then checks: those it names, else the only one
// that the scenario cites.
func checkedRules(text, named string, cited []string) ([]string, error) {
	if named == "" && len(cited) == 1 {
		return cited, nil
	}
	if named == "" {
		return nil, &verdict.Trouble{Op: fmt.Sprintf("%q names no rule and the scenario cites %s", text, strings.Join(cited, ", "))}
	}
	rules := strings.Split(named, ", ")
	for _, rule := range rules {
		if !slices.Contains(cited, rule) {
			return nil, &verdict.Trouble{Op: fmt.Sprintf("%q names %s, which the scenario does not cite", text, rule)}
		}
	}
	return rules, nil
}
