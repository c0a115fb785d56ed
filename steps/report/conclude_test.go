package report_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	. "countersign/steps/report"
	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// TestExit checks the exit code and the verdict of runs.
func TestExit(t *testing.T) {
	t.Parallel()
	const feature = "proxied/headers.feature"
	soon := start.AddDate(0, 1, 0)
	tests := []struct {
		name    string
		change  func(*run)
		exit    int
		verdict string
	}{
		{"everything passed", func(*run) {}, ExitConforms,
			"CONFORMS: 6 must rules passed, 1 advice rule passed (21 scenarios at direct, nginx, apache)"},
		{"a departure from advice", func(r *run) { r.add(feature, "x", "direct", verdict.Advice, "SEC-002") }, ExitConforms,
			"CONFORMS: 6 must rules passed, 1 advice rule passed, 1 rule against advice (22 scenarios at direct, nginx, apache)"},
		{"and some not applicable or skipped", func(r *run) {
			r.add(feature, "x", "direct", verdict.NotApplicable, "PA-006")
			r.add(feature, "x", "direct", verdict.Skipped, "PA-006")
		}, ExitConforms,
			"CONFORMS: 6 must rules passed, 1 advice rule passed (22 scenarios at direct, nginx, apache), 1 not applicable, 1 skipped"},
		{"advice under strict", func(r *run) {
			r.Selection.Strict = true
			r.add(feature, "x", "direct", verdict.Advice, "SEC-002")
		}, ExitViolated, "DOES NOT CONFORM: 1 rule against advice under --strict"},
		{"a standing advice rule broken in every scenario", func(r *run) {
			for i := range r.Results {
				res := &r.Results[i]
				res.Cited, res.Outcome, res.Reason = res.Outcome, verdict.Advice, "SEC-002: a secret"
				res.Violations = []verdict.Violation{{Rule: "SEC-002", Wanted: "no secret", Got: "one", Class: rules.Advice, Standing: true}}
			}
		}, ExitConforms, "CONFORMS: 6 must rules passed, 1 advice rule passed, 1 rule against advice (21 scenarios at direct, nginx, apache)"},
		{"the same under strict", func(r *run) {
			r.Selection.Strict = true
			for i := range r.Results {
				res := &r.Results[i]
				res.Cited, res.Outcome, res.Reason = res.Outcome, verdict.Advice, "SEC-002: a secret"
				res.Violations = []verdict.Violation{{Rule: "SEC-002", Wanted: "no secret", Got: "one", Class: rules.Advice, Standing: true}}
			}
		}, ExitViolated, "DOES NOT CONFORM: 1 rule against advice under --strict"},
		{"a standing must rule broken in a scenario of another rule", func(r *run) {
			res := &r.Results[0]
			res.Cited, res.Outcome, res.Reason = res.Outcome, verdict.Fail, "PA-009: a token"
			res.Violations = []verdict.Violation{{Rule: "PA-009", Wanted: "no token", Got: "one", Class: rules.Must, Standing: true}}
		}, ExitViolated, "DOES NOT CONFORM: 1 violation of 1 rule"},
		{"an advice scenario that the subject blocked", func(r *run) { r.add(feature, "x", "direct", verdict.Blocked, "SEC-002").BySubject = true }, ExitConforms,
			"CONFORMS: 6 must rules passed, 1 advice rule passed (22 scenarios at direct, nginx, apache), 1 blocked by the subject, all of advice"},
		{"the same under strict, too", func(r *run) {
			r.Selection.Strict = true
			r.add(feature, "x", "direct", verdict.Blocked, "SEC-002").BySubject = true
		}, ExitViolated, "DOES NOT CONFORM: 1 blocked by the subject"},
		{"an accepted violation and advice beside it", func(r *run) {
			res := r.add(feature, "x", "direct", verdict.Fail, "PA-006")
			res.Violations = append(res.Violations, verdict.Violation{Rule: "SEC-002", Wanted: "no secret", Got: "one", Class: rules.Advice, Standing: true})
			r.Deviations = []Deviation{{Rule: "PA-006", Issue: "i/1", Expires: soon}}
		}, ExitConforms, "CONFORMS: 6 must rules passed, 1 advice rule passed, 1 rule against advice (22 scenarios at direct, nginx, apache)"},
		{"a violation", func(r *run) { r.add(feature, "x", "direct", verdict.Fail, "PA-006") }, ExitViolated,
			"DOES NOT CONFORM: 1 violation of 1 rule"},
		{"violations", func(r *run) {
			r.add(feature, "x", "direct", verdict.Fail, "PA-006")
			r.add(feature, "x", "nginx", verdict.Fail, "PA-006")
			r.add(feature, "y", "nginx", verdict.Fail, "PA-008")
		}, ExitViolated, "DOES NOT CONFORM: 3 violations of 2 rules"},
		{"blocked by the subject", func(r *run) { r.add(feature, "x", "direct", verdict.Blocked, "PA-006").BySubject = true }, ExitViolated,
			"DOES NOT CONFORM: 1 blocked by the subject"},
		{"a stale deviation", func(r *run) { r.Deviations = []Deviation{{Rule: "PA-001", Issue: "i/1", Expires: soon}} }, ExitViolated,
			"DOES NOT CONFORM: 1 stale deviation"},
		{"an accepted deviation", func(r *run) {
			r.add(feature, "x", "direct", verdict.Fail, "PA-006")
			r.Deviations = []Deviation{{Rule: "PA-006", Issue: "i/1", Expires: soon}}
		}, ExitConforms, "CONFORMS: 6 must rules passed, 1 advice rule passed (22 scenarios at direct, nginx, apache), 1 accepted as deviations"},
		{"an expired deviation", func(r *run) {
			r.add(feature, "x", "direct", verdict.Fail, "PA-006")
			r.Deviations = []Deviation{{Rule: "PA-006", Issue: "i/1", Expires: start.Add(-time.Hour)}}
		}, ExitViolated, "DOES NOT CONFORM: 1 violation of 1 rule"},
		{"an error", func(r *run) { r.add(feature, "x", "direct", verdict.Error, "PA-006") }, ExitNoVerdict, "NO VERDICT: 1 error"},
		{"not run", func(r *run) { r.add(feature, "x", "direct", verdict.NotRun, "PA-006") }, ExitNoVerdict, "NO VERDICT: 1 not run"},
		{"blocked by the suite", func(r *run) { r.add(feature, "x", "direct", verdict.Blocked, "PA-006") }, ExitNoVerdict,
			"NO VERDICT: 1 blocked by the suite"},
		{"both", func(r *run) {
			r.add(feature, "x", "direct", verdict.Error, "PA-006")
			r.add(feature, "y", "direct", verdict.Fail, "PA-006")
		}, ExitNoVerdict, "NO VERDICT: 1 error; it also DOES NOT CONFORM: 1 violation of 1 rule"},
		{"a planned scenario is missing", func(r *run) { r.Planned++ }, ExitNoVerdict, "NO VERDICT: 22 scenarios planned and 21 accounted for"},
		{"one too many", func(r *run) { r.Planned-- }, ExitNoVerdict, "NO VERDICT: 20 scenarios planned and 21 accounted for"},
		{"one twice and one missing", func(r *run) { r.Results[3].ID = r.Results[2].ID }, ExitNoVerdict,
			`NO VERDICT: two results for "proxied/headers.feature:12@direct"`},
		{"an outcome of godog's own", func(r *run) { r.Results[3].Outcome = "passed" }, ExitNoVerdict,
			`NO VERDICT: 21 scenarios planned and 20 accounted for, unknown outcome "passed" of "proxied/headers.feature:13@direct"`},
		{"plan and run disagree", func(r *run) { r.Problems = []string{"a", "b", "c", "d\ne"} }, ExitNoVerdict,
			"NO VERDICT: a, b, c, 1 more problems"},
		{"no must rule passed in a group", func(r *run) {
			for i := range r.Results {
				if r.Results[i].Front == "apache" && r.Results[i].Class == "must" {
					r.Results[i].Outcome, r.Results[i].Reason = verdict.NotApplicable, "not declared"
				}
			}
		}, ExitNoVerdict, "NO VERDICT: no violation was found, but no must rule passed in oauth@apache (and 1 more)"},
		{"a group without a selected scenario", func(r *run) {
			for i := range r.Results {
				if r.Results[i].Front == "apache" {
					r.Results[i].Outcome, r.Results[i].Reason = verdict.Skipped, "not selected"
				}
			}
		}, ExitConforms, "CONFORMS: 6 must rules passed, 1 advice rule passed (14 scenarios at direct, nginx), 7 skipped"},
		{"advice alone", func(r *run) {
			r.Results, r.Planned = nil, 0
			r.add(feature, "x", "direct", verdict.Pass, "SEC-001")
			r.add(feature, "x", "nginx", verdict.Advice, "SEC-001")
		}, ExitConforms, "NOTHING BROKEN: no must rule was selected, 0 advice rules passed, 1 rule against advice (2 scenarios at direct, nginx)"},
		{"advice alone, none passed", func(r *run) {
			r.Results, r.Planned = nil, 0
			r.add(feature, "x", "nginx", verdict.Advice, "SEC-001")
		}, ExitConforms, "NOTHING BROKEN: no must rule was selected, 0 advice rules passed, 1 rule against advice (1 scenario at nginx)"},
		{"advice alone, none decided", func(r *run) {
			r.Results, r.Planned = nil, 0
			r.add(feature, "x", "nginx", verdict.Blocked, "SEC-001").BySubject = true
		}, ExitNoVerdict, "NO VERDICT: no violation was found, but no scenario was decided, and no must rule was selected"},
		{"a server that answers nothing", func(r *run) {
			for i := range r.Results {
				r.Results[i].Outcome, r.Results[i].Reason, r.Results[i].BySubject = verdict.Blocked, "no operator", true
			}
		}, ExitViolated, "DOES NOT CONFORM: 21 blocked by the subject"},
		{"nothing was started", func(r *run) {
			for i := range r.Results {
				r.Results[i].Outcome, r.Results[i].Reason = verdict.NotRun, "nothing was started"
			}
			r.NotStarted = []string{"no nginx", "no Apache"}
		}, ExitNotStarted, "NOT STARTED: no nginx (and 1 more)"},
		{"an empty selection", func(r *run) { r.Results, r.Planned = nil, 0 }, ExitNotStarted, "NOT STARTED: the selection holds no scenario"},
		{"everything filtered", func(r *run) {
			for i := range r.Results {
				r.Results[i].Outcome, r.Results[i].Reason = verdict.Skipped, "not selected"
			}
		}, ExitNotStarted, "NOT STARTED: the selection holds no scenario"},
		{"interrupted", func(r *run) {
			r.Interrupted = true
			r.add(feature, "x", "direct", verdict.NotRun, "PA-006")
			r.add(feature, "x", "direct", verdict.Fail, "PA-006")
		}, ExitInterrupted, "INTERRUPTED after 22 of 23 scenarios; so far it does not conform: 1 violation of 1 rule"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := good(t)
			tt.change(r)
			got := r.conclude()
			if got.Exit != tt.exit || got.Verdict != tt.verdict {
				t.Errorf("exit %d, %q\nwant %d, %q", got.Exit, got.Verdict, tt.exit, tt.verdict)
			}
			again := *got
			Conclude(&again, r.cat)
			if diff := cmp.Diff(*got, again); diff != "" {
				t.Errorf("a second call of Conclude changes the report:\n%s", diff)
			}
		})
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.add("proxied/a.feature", "one", "direct", verdict.Pass, "PA-001")
	r.add("proxied/b.feature", "again", "direct", verdict.Fail, "PA-001")
	r.add("proxied/a.feature", "two", "direct", verdict.Pass, "PA-002", "PA-003")
	r.add("proxied/a.feature", "two more", "direct", verdict.NotApplicable, "PA-002")
	r.add("proxied/a.feature", "four", "direct", verdict.Skipped, "PA-004")
	r.add("proxied/a.feature", "advice", "direct", verdict.Advice, "SEC-001")
	r.add("proxied/a.feature", "advice two", "direct", verdict.Pass, "SEC-002")
	r.add("proxied/a.feature", "one", "nginx", verdict.Blocked, "PA-001")
	want := []Group{
		{Folder: "proxied", Front: "direct", Scenarios: 6, MustPlanned: 3, MustPassed: 2, AdvicePlanned: 2, AdvicePassed: 1},
		{Folder: "proxied", Front: "nginx", Scenarios: 1, MustPlanned: 1},
	}
	if diff := cmp.Diff(want, r.conclude().Groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
}

// TestMatrix checks the cells of a failed scenario: the rule of the violation is broken and the other
// cited rules are blocked. The rule of a standing check is broken although no scenario cites it, and
// does not change the cited rules. Scenarios that were skipped or not applicable do not change a cell
// that another scenario decided.
func TestMatrix(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.add("proxied/a.feature", "one", "direct", verdict.Pass, "PA-001", "PA-002")
	r.add("proxied/a.feature", "two", "direct", verdict.Fail, "PA-002", "PA-003")
	r.add("proxied/a.feature", "three", "nginx", verdict.Fail, "PA-001").Violations = []verdict.Violation{{Rule: "PA-009", Wanted: "w", Got: "g"}}
	leak := r.add("proxied/a.feature", "four", "direct", verdict.Fail, "PA-004")
	leak.Cited, leak.Violations = verdict.Pass, []verdict.Violation{{Rule: "PA-008", Wanted: "w", Got: "g", Standing: true}}
	r.add("proxied/a.feature", "four", "nginx", verdict.Pass, "PA-004")
	r.add("proxied/a.feature", "four more", "nginx", verdict.Skipped, "PA-004")
	r.add("proxied/a.feature", "four again", "nginx", verdict.NotApplicable, "PA-004")
	type cells map[string]Cell
	want := map[string]cells{
		"PA-001": {"direct": {Outcome: verdict.Pass, Scenarios: 1}, "nginx": {Outcome: verdict.Blocked, Scenarios: 1}},
		"PA-002": {"direct": {Outcome: verdict.Fail, Scenarios: 2}},
		"PA-003": {"direct": {Outcome: verdict.Blocked, Scenarios: 1}},
		"PA-004": {"direct": {Outcome: verdict.Pass, Scenarios: 1}, "nginx": {Outcome: verdict.Pass, Scenarios: 3}},
		"PA-008": {"direct": {Outcome: verdict.Fail, Scenarios: 1}},
		"PA-009": {"nginx": {Outcome: verdict.Fail, Scenarios: 1}},
	}
	got := make(map[string]cells)
	var order []string
	for _, row := range r.conclude().Rules {
		got[row.ID] = row.Fronts
		order = append(order, row.ID)
		if row.Statement == "" || !strings.HasPrefix(row.Source, "Proxied Authentication, line 4") {
			t.Errorf("row %s lacks its statement or source: %q, %q", row.ID, row.Statement, row.Source)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("matrix (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"PA-001", "PA-002", "PA-003", "PA-004", "PA-008", "PA-009"}, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

// TestVerdictNamesMissingRules checks that the verdict has the number of must rules that no scenario
// cites yet, regardless of the selection.
func TestVerdictNamesMissingRules(t *testing.T) {
	t.Parallel()
	text := "id\tdocument\tlines\tsection\trole\tlevel\tbasis\tstatement\tobservable\ttestable\tstate\n"
	for _, row := range []string{
		"PA-001\tproxied\t1\tS\tserver\tmust\ttext\tcited\to\tyes\tdone",
		"PA-002\tproxied\t1\tS\tproxy\tmust\ttext\topen\to\tyes\topen: a proxy",
		"PA-003\tproxied\t1\tS\tserver\tmust-not\timplied\topen\to\tonly-with-browser\topen: a browser",
		"PA-004\tproxied\t1\tS\tserver\tmay\ttext\tadvice\to\tyes\topen: later",
		"PA-005\tproxied\t1\tS\tserver\tmust\ttext\tuntestable\to\tnot-testable: nobody sees it\t-",
		"PA-006\tproxied\t1\tS\tserver\tmust\ttext\tcited already\to\tyes\topen: more scenarios",
	} {
		text += row + "\n"
	}
	cat, err := rules.Load(fstest.MapFS{rules.File: {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	r := newRun(t)
	r.cat = cat
	r.add("proxied/a.feature", "one", "direct", verdict.Pass, "PA-001")
	r.add("proxied/a.feature", "six", "direct", verdict.Skipped, "PA-006")
	got := r.conclude()
	const want = "CONFORMS: 1 must rule passed (1 scenario at direct), 1 skipped; 2 must rules of the catalogue have no scenario yet"
	if got.Verdict != want || got.RuleTotals.MustWithoutScenario != 2 {
		t.Errorf("verdict %q with %d rules without a scenario, want %q", got.Verdict, got.RuleTotals.MustWithoutScenario, want)
	}
}

func TestDeviations(t *testing.T) {
	t.Parallel()
	two := []verdict.Violation{{Rule: "PA-001", Wanted: "w", Got: "g"}, {Rule: "PA-002", Wanted: "w", Got: "g"}}
	tests := []struct {
		name     string
		list     []Deviation
		change   func(*run)
		accepted []string // by result
		stale    int
	}{
		{"by rule", []Deviation{{Rule: "PA-001", Issue: "i"}}, nil, []string{"i", "", ""}, 0},
		{"by scenario", []Deviation{{Scenario: "one", Issue: "i"}}, nil, []string{"i", "", ""}, 0},
		{"by rule in one scenario", []Deviation{{Rule: "PA-001", Scenario: "other", Issue: "i"}}, nil, []string{"", "", ""}, 0},
		{"one of two violations", []Deviation{{Rule: "PA-001", Issue: "i"}}, func(r *run) { r.Results[0].Violations = slices.Clone(two) }, []string{"", "", ""}, 0},
		{"both violations", []Deviation{{Rule: "PA-001", Issue: "i"}, {Rule: "PA-002", Issue: "j"}}, func(r *run) { r.Results[0].Violations = slices.Clone(two) }, []string{"i, j", "", ""}, 0},
		{"stale by rule", []Deviation{{Rule: "PA-002", Issue: "i"}}, nil, []string{"", "", ""}, 1},
		{"stale by scenario", []Deviation{{Scenario: "two", Issue: "i"}}, nil, []string{"", "", ""}, 1},
		{"a rule that was not applicable is not stale", []Deviation{{Rule: "PA-003", Issue: "i"}}, nil, []string{"", "", ""}, 0},
		{"a rule that was not selected is not stale", []Deviation{{Rule: "PA-009", Issue: "i"}}, nil, []string{"", "", ""}, 0},
		{"a deviation without rule and scenario covers nothing", []Deviation{{Issue: "i"}}, nil, []string{"", "", ""}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRun(t)
			r.add("proxied/a.feature", "one", "direct", verdict.Fail, "PA-001")
			r.add("proxied/a.feature", "two", "direct", verdict.Pass, "PA-002")
			r.add("proxied/a.feature", "three", "direct", verdict.NotApplicable, "PA-003")
			if tt.change != nil {
				tt.change(r)
			}
			r.Deviations = tt.list
			got := r.conclude()
			var accepted []string
			for _, res := range got.Results {
				accepted = append(accepted, res.Accepted)
			}
			if diff := cmp.Diff(tt.accepted, accepted); diff != "" {
				t.Errorf("accepted (-want +got):\n%s", diff)
			}
			if len(got.Stale) != tt.stale {
				t.Errorf("stale: %v, want %d", got.Stale, tt.stale)
			}
		})
	}
}

func TestRoots(t *testing.T) {
	t.Parallel()
	got := mixed(t).conclude().Roots
	want := []Root{
		{Reason: "the instance of configuration 3 ended with exit code 2", BySubject: true, Scenarios: 3, Evidence: "listening\npanic: out of memory\nexit 2\n"},
		{Reason: "no port is free", Scenarios: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("roots (-want +got):\n%s", diff)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*Report)
		want   string // "" for none
	}{
		{"as concluded", func(*Report) {}, ""},
		{"another version", func(r *Report) { r.Schema = "countersign.report/1" }, `report: schema is "countersign.report/1"; this program reads "countersign.report/3"`},
		{"ended before it began", func(r *Report) { r.Finished = r.Started.Add(-time.Second) }, "report: finished 2026-11-22 09:29:59 +0000 UTC is before started 2026-11-22 09:30:00 +0000 UTC"},
		{"a changed total", func(r *Report) { r.Totals[verdict.Pass]++ }, "report: totals has 22 pass; the results have 21\nreport: exit_code is 0; the results give 3"},
		{"another exit code", func(r *Report) { r.Exit = ExitViolated }, "report: exit_code is 1; the results give 0"},
		{"no exit code", func(r *Report) { r.Exit = 4 }, "report: exit_code 4 is not allowed; allowed: [0 1 2 3 130]"},
		{"a pass with a violation", func(r *Report) { r.Results[0].Violations = []verdict.Violation{{}} }, "report: results[0] (proxied/headers.feature:10@direct) passed and names a violation"},
		{"a pass without a rule", func(r *Report) { r.Results[0].Rules = nil }, "report: results[0] (proxied/headers.feature:10@direct) passed and cites no rule"},
		{"an id twice", func(r *Report) { r.Results[1].ID, r.Exit = r.Results[0].ID, ExitNoVerdict }, "report: results[1] (proxied/headers.feature:10@direct) has the id of an earlier result"},
		{"a refusal that is none", func(r *Report) { r.Results[0].Refusals = []verdict.Refusal{{Status: 200}} }, "report: results[0] (proxied/headers.feature:10@direct) has a refusal with the status 200; allowed: 4xx and 501"},
		{"a deviation without an issue", func(r *Report) { r.Deviations = []Deviation{{Rule: "PA-009"}} }, "report: deviations[0] names no issue"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := good(t).conclude()
			tt.change(r)
			got := ""
			if err := Validate(r); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("Validate: %s\nwant: %s", got, tt.want)
			}
		})
	}
	if err := Validate(mixed(t).conclude()); err != nil {
		t.Errorf("the mixed report: %v", err)
	}
}

func TestWallFactor(t *testing.T) {
	t.Parallel()
	u := Usage{Wall: 30 * time.Second, Cores: 2, CPU: CPU{Suite: 20 * time.Second, Subjects: 20 * time.Second}}
	if got := fmt.Sprintf("%.2f", u.WallFactor()); got != "1.50" {
		t.Errorf("factor = %s, want 1.50", got)
	}
	if got := (Usage{Wall: time.Second}).WallFactor(); got != 0 {
		t.Errorf("unmeasured factor = %v, want 0", got)
	}
}
