package report_test

import (
	"strings"
	"testing"
	"time"

	. "countersign/steps/report"
	"countersign/steps/verdict"
)

// TestSummaryForms checks which parts of the summary the options and the selection determine.
func TestSummaryForms(t *testing.T) {
	t.Parallel()
	const all, broken, groups, usage, slow = "RULES BY FRONT", "RULES THAT DID NOT PASS", "GROUPS", "RUN", "SLOWEST SCENARIOS"
	filtered := mixed(t)
	filtered.Selection.Rules = []string{"PA-006"}
	for _, tt := range []struct {
		name    string
		r       *run
		options SummaryOptions
		want    []string
	}{
		{"all passed", good(t), SummaryOptions{}, []string{groups, usage}},
		{"some did not pass", mixed(t), SummaryOptions{}, []string{broken, groups, usage}},
		{"a filter", filtered, SummaryOptions{}, []string{all, groups, usage}},
		{"verbose", good(t), SummaryOptions{Verbose: true}, []string{all, groups, usage}},
		{"quiet", mixed(t), SummaryOptions{Quiet: true}, nil},
		{"slowest", good(t), SummaryOptions{Slowest: true}, []string{groups, slow, usage}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var heads []string
			for _, line := range strings.Split(text(t, tt.r, tt.options), "\n") {
				for _, head := range []string{all, broken, groups, slow, usage} {
					if line == head || strings.HasPrefix(line, head+"  ") {
						heads = append(heads, head)
					}
				}
			}
			if strings.Join(heads, "; ") != strings.Join(tt.want, "; ") {
				t.Errorf("the summary has the parts %q, want %q", heads, tt.want)
			}
		})
	}
}

// TestSummaryOfRulesThatDoNotApply checks that rules that do not apply to the target are counted, and listed
// with --verbose only.
func TestSummaryOfRulesThatDoNotApply(t *testing.T) {
	t.Parallel()
	r := good(t)
	r.add("proxied/headers.feature", "Inapplicable", "direct", verdict.NotApplicable, "PA-009")
	const counted = "NOT APPLICABLE  1 rule; --verbose lists them"
	if got := text(t, r, SummaryOptions{}); !strings.Contains(got, counted) || strings.Contains(got, "PA-009") {
		t.Errorf("the summary is %q, want %q and no row of PA-009", got, counted)
	}
	if got := text(t, r, SummaryOptions{Verbose: true}); strings.Contains(got, counted) || !strings.Contains(got, "PA-009") {
		t.Errorf("the verbose summary is %q, want a row of PA-009", got)
	}
}

// TestQuietSummaryOfASuccess checks that a quiet run that conforms writes the verdict only.
func TestQuietSummaryOfASuccess(t *testing.T) {
	t.Parallel()
	got := text(t, good(t), SummaryOptions{Quiet: true})
	if strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "CONFORMS") {
		t.Errorf("the quiet summary is %q, want one line with the verdict", got)
	}
}

// TestRulePassed checks the outcome of a rule over its fronts, which is the one that the verdict counts.
func TestRulePassed(t *testing.T) {
	t.Parallel()
	const pass, notApplicable, skipped, fail = verdict.Pass, verdict.NotApplicable, verdict.Skipped, verdict.Fail
	for _, tt := range []struct {
		direct, nginx verdict.Outcome
		want          bool
	}{
		{pass, pass, true},
		{pass, notApplicable, true},
		{pass, skipped, true},
		{pass, fail, false},
		{notApplicable, notApplicable, false},
		{skipped, skipped, false},
		{skipped, notApplicable, false},
	} {
		row := RuleRow{Fronts: map[string]Cell{"direct": {Outcome: tt.direct}, "nginx": {Outcome: tt.nginx}}}
		if got := row.Passed(); got != tt.want {
			t.Errorf("direct %s, nginx %s: passed = %t, want %t", tt.direct, tt.nginx, got, tt.want)
		}
	}
}

func TestSlowest(t *testing.T) {
	t.Parallel()
	list := []Result{
		{ID: "a", Outcome: verdict.Pass, Duration: time.Second},
		{ID: "b", Outcome: verdict.Fail, Duration: 3 * time.Second},
		{ID: "c", Outcome: verdict.Blocked, Duration: 4 * time.Second},
		{ID: "d", Outcome: verdict.Pass, Duration: 2 * time.Second},
	}
	var ids string
	for _, r := range Slowest(list, 2) {
		ids += r.ID
	}
	if ids != "bd" {
		t.Errorf("Slowest() = %q, want b and d: c was not executed", ids)
	}
}

func TestAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		command []string
		strict  bool
		want    string
	}{
		{[]string{"countersign", "run", "--front", "direct"}, false, "countersign run --scenario proxied/a.feature:9@direct --seed 7"},
		{[]string{"countersign", "run", "--target", "my server's.yaml", "--runner=process"}, true,
			`countersign run --target 'my server'\''s.yaml' --runner=process --strict --scenario proxied/a.feature:9@direct --seed 7`},
		{[]string{"countersign", "run", "--seat", "proxy", "--proxy=nginx", "--flavour", "documented", "--fault", "a", "--quiet"}, false,
			"countersign run --seat proxy --proxy=nginx --flavour documented --fault a --scenario proxied/a.feature:9@direct --seed 7"},
		{[]string{"countersign", "run", "--target", "a.yaml", "--i-own-this-proxy", "--quiet"}, false,
			"countersign run --target a.yaml --i-own-this-proxy --scenario proxied/a.feature:9@direct --seed 7"},
		{[]string{"countersign", "run", "--proxy-config", "my.conf", "--identity-header", "username=X-User", "--no-gate", "--quiet"}, false,
			"countersign run --proxy-config my.conf --identity-header username=X-User --no-gate --scenario proxied/a.feature:9@direct --seed 7"},
		{[]string{"countersign", "run", "--i-own-this-proxy=true"}, false, "countersign run --i-own-this-proxy=true --scenario proxied/a.feature:9@direct --seed 7"},
		{[]string{"countersign", "run", "--target"}, false, "countersign run --scenario proxied/a.feature:9@direct --seed 7"},
	} {
		r := &Report{Command: tt.command, Seed: 7, Selection: Selection{Strict: tt.strict}}
		if got := Again(r, Result{ID: "proxied/a.feature:9@direct"}); got != tt.want {
			t.Errorf("Again() of %q = %s, want %s", tt.command, got, tt.want)
		}
	}
}
