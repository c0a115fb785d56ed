package report_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"countersign/features"
	"countersign/steps/plan"
	. "countersign/steps/report"
	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// sums holds the numbers of rules in one column of a summary.
type sums struct{ mustPassed, mustSelected, advicePassed, adviceSelected int }

// TestSums plans ten selections of the features, generates outcomes, and compares the sums of all
// printed lines and all numbers of the report.
func TestSums(t *testing.T) {
	t.Parallel()
	cat, err := rules.Load(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	documents, err := plan.Read(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name      string
		selection plan.Selection
		tags      string
	}{
		{"everything", plan.Selection{}, ""},
		{"lean", plan.Selection{Spread: plan.Lean}, ""},
		{"direct", plan.Selection{Fronts: []string{plan.Direct}}, ""},
		{"both proxies", plan.Selection{Fronts: []string{plan.Nginx, plan.Apache}}, ""},
		{"lean behind one proxy", plan.Selection{Spread: plan.Lean, Fronts: []string{plan.Direct, plan.Nginx}}, ""},
		{"a rule", plan.Selection{Rules: []string{"PA-034"}}, ""},
		{"an advice rule", plan.Selection{Rules: []string{"SEC-010"}}, ""},
		{"tags", plan.Selection{}, "not @quiet and not @alone"},
		{"rules of both documents, lean", plan.Selection{Spread: plan.Lean, Rules: []string{"OI-052", "OI-083", "PA-001", "PA-145", "SEC-024"}}, ""},
		{"the OAuth document", plan.Selection{Fronts: []string{plan.Apache}, Rules: []string{"OI-017", "OI-052", "OI-078", "OI-079", "OI-118"}}, ""},
	}
	for _, tt := range tests {
		for kind, chances := range map[string]map[verdict.Outcome]int{
			"conforms": {verdict.Advice: 8, verdict.NotApplicable: 8, verdict.Blocked: 8},
			"broken":   {verdict.Fail: 6, verdict.Advice: 8, verdict.NotApplicable: 8, verdict.Blocked: 8, verdict.Error: 2, verdict.NotRun: 2, verdict.Skipped: 3},
		} {
			t.Run(tt.name+", "+kind, func(t *testing.T) {
				t.Parallel()
				tags, err := plan.ParseTags(tt.tags)
				if err != nil {
					t.Fatal(err)
				}
				selection := tt.selection
				selection.Tags, selection.Seed = tags, 1
				p, err := plan.Make(documents, selection)
				if err != nil {
					t.Fatal(err)
				}
				r := invent(t, cat, p, chances)
				addUp(t, r.conclude(), cat)
			})
		}
	}
}

// invent returns a report of the plan with random outcomes. chances holds the percentage of each
// outcome. Only advice scenarios are blocked, and one result in twenty has a standing departure.
func invent(t *testing.T, cat *rules.Catalogue, p *plan.Plan, chances map[verdict.Outcome]int) *run {
	r := newRun(t)
	r.cat = cat
	chance := rand.New(rand.NewPCG(7, 7))
	for _, job := range p.Jobs {
		class, err := cat.ClassOf(job.Scenario.Rules)
		if err != nil {
			t.Fatal(err)
		}
		outcome := verdict.Pass
		for _, o := range verdict.Outcomes() {
			if chance.IntN(100) < chances[o] {
				outcome = o
			}
		}
		if (outcome == verdict.Fail || outcome == verdict.Advice) && (outcome == verdict.Fail) != (class == rules.Must) {
			outcome = verdict.Pass
		}
		if outcome == verdict.Blocked && class == rules.Must {
			outcome = verdict.NotApplicable
		}
		res := r.add(job.Scenario.Feature, job.Scenario.Name, job.Front, outcome, job.Scenario.Rules...)
		res.ID, res.Line, res.Row, res.BySubject = job.ID(), job.Scenario.Line, job.Scenario.Row, outcome == verdict.Blocked
		if len(chances) > 0 && outcome == verdict.Pass && chance.IntN(20) == 0 {
			res.Cited, res.Outcome, res.Reason = verdict.Pass, verdict.Advice, "SEC-007: a secret"
			res.Violations = []verdict.Violation{{Rule: "SEC-007", Wanted: "none", Got: "one", Class: rules.Advice, Standing: true}}
		}
	}
	for _, job := range p.Skipped {
		res := r.add(job.Scenario.Feature, job.Scenario.Name, job.Front, verdict.Skipped, job.Scenario.Rules...)
		res.ID, res.Line, res.Row = job.ID(), job.Scenario.Line, job.Scenario.Row
	}
	return r
}

// addUp checks that the numbers of a concluded report agree.
func addUp(t *testing.T, r *Report, cat *rules.Catalogue) {
	t.Helper()
	var printed, junit, progress bytes.Buffer
	if err := WriteSummary(&printed, r, cat, SummaryOptions{Width: 4000, Verbose: true}); err != nil {
		t.Fatal(err)
	}
	if err := WriteJUnit(&junit, r, cat); err != nil {
		t.Fatal(err)
	}
	text := printed.String()
	totals := r.RuleTotals
	all := sums{totals.MustPassed, totals.MustSelected, totals.AdvicePassed, totals.AdviceSelected}
	matrix, rows := matrixSums(t, text)
	groups := groupSums(t, text)
	want := map[string]sums{}
	for front, s := range matrix {
		want[front] = s
	}
	if len(matrix) > 1 {
		want["all"] = all
	} else {
		for _, s := range matrix {
			if s != all {
				t.Errorf("the only front has %+v, the totals %+v", s, all)
			}
		}
	}
	if diff := cmp.Diff(want, groups, cmp.AllowUnexported(sums{})); diff != "" {
		t.Errorf("the matrix and the groups differ (-matrix +groups):\n%s\n%s", diff, text)
	}
	if rows != totals.MustSelected+totals.AdviceSelected {
		t.Errorf("the matrix has %d rules, the totals %d + %d", rows, totals.MustSelected, totals.AdviceSelected)
	}
	if r.Totals.Sum() != r.Planned {
		t.Errorf("totals add up to %d of %d scenarios", r.Totals.Sum(), r.Planned)
	}
	selected := r.Planned - r.Totals[verdict.Skipped]
	checkScenarios(t, r, text, selected)
	checkHeads(t, r, text)
	counts := countJUnit(t, junit.Bytes())
	if cases := counts["testcase"]; cases != r.Planned && !strings.Contains(junit.String(), `<testsuite name="verdict"`) {
		t.Errorf("JUnit has %d cases for %d scenarios", cases, r.Planned)
	}
	last := lastProgress(&progress, r, selected)
	if want := fmt.Sprintf("[%d/%d 100%%]", selected, selected); !strings.HasPrefix(last, want) {
		t.Errorf("progress ends with %q, want %s", last, want)
	}
}

// lastProgress returns the last status line of the run.
func lastProgress(b *bytes.Buffer, r *Report, selected int) string {
	p := NewProgress(b, ProgressOptions{Total: selected})
	for _, res := range r.Results {
		if res.Outcome != verdict.Skipped {
			p.Done(res)
		}
	}
	p.Close()
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	return lines[len(lines)-1]
}

var (
	matrixRow  = regexp.MustCompile(`^  (?:PA|OI|EX|SEC)-\S+ +(must|advice) +(\d+)  (.*)$`)
	groupCell  = regexp.MustCompile(`(\w+) (\d+)/(\d+) \+ (\d+)/(\d+)`)
	perFront   = regexp.MustCompile(`(\w+) (\d+)(?: of (\d+))?`)
	head       = regexp.MustCompile(`(?m)^(VIOLATIONS|AGAINST ADVICE)  (\d+) departures? from (\d+) rules?, in (\d+) scenarios?$`)
	conforming = regexp.MustCompile(`^(?:CONFORMS: (\d+) must rules? passed|NOTHING BROKEN: no must rule was selected)(?:, (\d+) advice rules? passed)?(?:, (\d+) rules? against advice)? \((\d+) scenarios? at ([a-z, ]+)\)`)
)

func number(t *testing.T, text string) int {
	t.Helper()
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// section returns the lines below a heading, up to the next empty one.
func section(text, heading string) []string {
	_, rest, _ := strings.Cut(text, heading)
	_, rest, _ = strings.Cut(rest, "\n")
	body, _, _ := strings.Cut(rest, "\n\n")
	return strings.Split(body, "\n")
}

// matrixSums returns the sums of the rows of the matrix by front, and the number of its rules.
func matrixSums(t *testing.T, text string) (byFront map[string]sums, rules int) {
	t.Helper()
	lines := section(text, "RULES BY FRONT")
	columns := strings.Fields(lines[0])[3:]
	byFront = map[string]sums{}
	for _, line := range lines[1:] {
		m := matrixRow.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("no row of the matrix: %q", line)
		}
		n := number(t, m[2])
		rules += n
		for i, column := range columns {
			s := byFront[column]
			word := strings.TrimSpace(m[3][9*i : min(9*i+9, len(m[3]))])
			passed, selected := &s.mustPassed, &s.mustSelected
			if m[1] == "advice" {
				passed, selected = &s.advicePassed, &s.adviceSelected
			}
			if word != "skipped" && word != "-" {
				*selected += n
			}
			if word == "pass" {
				*passed += n
			}
			byFront[column] = s
		}
	}
	return byFront, rules
}

// groupSums returns the sums of the lines of the groups by column. They must equal the line for all
// groups.
func groupSums(t *testing.T, text string) map[string]sums {
	t.Helper()
	added, last := map[string]sums{}, map[string]sums{}
	for _, line := range section(text, "GROUPS") {
		folder := strings.Fields(line)[0]
		for _, m := range groupCell.FindAllStringSubmatch(line, -1) {
			s := sums{number(t, m[2]), number(t, m[3]), number(t, m[4]), number(t, m[5])}
			if folder == "all" {
				last[m[1]] = s
				continue
			}
			sum := added[m[1]]
			added[m[1]] = sums{sum.mustPassed + s.mustPassed, sum.mustSelected + s.mustSelected, sum.advicePassed + s.advicePassed, sum.adviceSelected + s.adviceSelected}
		}
	}
	if diff := cmp.Diff(added, last, cmp.AllowUnexported(sums{})); diff != "" && len(last) > 0 {
		t.Errorf("the sums of the groups differ from the line for all (-sums +printed):\n%s", diff)
	}
	return added
}

// checkScenarios checks that the fronts, the groups and the verdict have the same numbers of scenarios.
func checkScenarios(t *testing.T, r *Report, text string, selected int) {
	t.Helper()
	_, line, _ := strings.Cut(text, "\n  scenarios  ")
	line, _, _ = strings.Cut(line, "\n")
	atFronts, inGroups, names := 0, 0, []string{}
	for _, m := range perFront.FindAllStringSubmatch(line, -1) {
		n := number(t, m[2])
		if m[3] != "" {
			n = number(t, m[3])
		}
		atFronts += n
		names = append(names, m[1])
	}
	for _, g := range r.Groups {
		inGroups += g.Scenarios
	}
	if atFronts != selected || inGroups != selected {
		t.Errorf("%d scenarios were selected; the fronts have %d (%s), the groups %d", selected, atFronts, line, inGroups)
	}
	m := conforming.FindStringSubmatch(r.Verdict)
	if m == nil {
		if r.Exit == ExitConforms {
			t.Errorf("verdict %q", r.Verdict)
		}
		return
	}
	totals := r.RuleTotals
	got := []int{number(t, m[1]), number(t, m[2]), number(t, m[3]), number(t, m[4])}
	want := []int{totals.MustPassed, totals.AdvicePassed, totals.AdviceAgainst, selected}
	if !slices.Equal(got, want) || m[5] != strings.Join(names, ", ") {
		t.Errorf("the verdict says %v at %q, want %v at %q: %s", got, m[5], want, names, r.Verdict)
	}
}

// checkHeads checks that the headings of the departures agree with the totals and the verdict.
func checkHeads(t *testing.T, r *Report, text string) {
	t.Helper()
	var violations, broken, against int
	for _, m := range head.FindAllStringSubmatch(text, -1) {
		if m[1] == "VIOLATIONS" {
			violations, broken = number(t, m[2]), number(t, m[3])
		} else {
			against = number(t, m[3])
		}
	}
	if broken != r.RuleTotals.MustBroken || against != r.RuleTotals.AdviceAgainst {
		t.Errorf("the headings have %d rules broken and %d against advice, the totals %d and %d", broken, against, r.RuleTotals.MustBroken, r.RuleTotals.AdviceAgainst)
	}
	if violations == 0 {
		return
	}
	if want := fmt.Sprintf("%d violation", violations); !strings.Contains(r.Verdict, want) {
		t.Errorf("the verdict %q does not contain %q", r.Verdict, want)
	}
}
