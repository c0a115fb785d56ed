package report

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"countersign/steps/verdict"
)

// Filtered reports whether the user selected scenarios by tags, rules, groups or ids. A selection of
// fronts is not a filter.
func (s Selection) Filtered() bool {
	return s.Tags != "" || len(s.Rules)+len(s.Groups)+len(s.Scenarios) > 0
}

// Passed reports whether the rule passed at a front, and at all other fronts at which it was selected and applicable.
func (r RuleRow) Passed() bool { return r.outcome() == verdict.Pass }

// outcome returns the outcome of the rule over all fronts.
func (r RuleRow) outcome() verdict.Outcome {
	var all count
	for _, c := range r.Fronts {
		all.outcomes = append(all.outcomes, c.Outcome)
	}
	return all.outcome()
}

// Slowest returns the n executed results with the longest durations, beginning with the longest.
func Slowest(results []Result, n int) []Result {
	list := slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return !executed(r.Outcome) })
	slices.SortStableFunc(list, func(a, b Result) int { return cmp.Compare(b.Duration, a.Duration) })
	return list[:min(n, len(list))]
}

// targetFlags are the flags with a value that say what is under test, and how it is started.
var targetFlags = []string{"--target", "--seat", "--proxy", "--flavour", "--fault", "--runner", "--proxy-config", "--proxy-server", "--proxy-upstream",
	"--proxy-login", "--prefix", "--identity-header", "--identity-cookie", "--groups-separator"}

// Again returns the command line that executes only the scenario of a result, against the same target
// and with the same seed.
func Again(r *Report, res Result) string {
	words := []string{"countersign", "run"}
	for i, word := range r.Command {
		if name, _, _ := strings.Cut(word, "="); name == "--i-own-this-proxy" || name == "--no-gate" {
			words = append(words, word) // these may have no value
			continue
		}
		for _, flag := range targetFlags {
			switch {
			case strings.HasPrefix(word, flag+"="):
				words = append(words, word)
			case word == flag && i+1 < len(r.Command):
				words = append(words, word, r.Command[i+1])
			}
		}
	}
	if r.Selection.Strict {
		words = append(words, "--strict")
	}
	words = append(words, "--scenario", res.ID, "--seed", strconv.FormatInt(r.Seed, 10))
	return ShellLine(words)
}

// plainWord matches words that a shell does not change.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// ShellLine joins the words of a command line and quotes them for a POSIX shell where necessary.
func ShellLine(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = word
		if !plainWord.MatchString(word) {
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// Key identifies the scenario of a result, or its row, at its front in reports of different versions of
// the features: by names, because lines move.
func (r Result) Key() string {
	return strings.Join([]string{r.Feature, r.Rule, r.Scenario, itoa(r.Row), r.Front}, "\x00")
}
