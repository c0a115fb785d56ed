package report_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	. "countersign/steps/report"
	"countersign/steps/rules"
	"countersign/steps/verdict"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; run the test with -update to rewrite the file):\n%s", file, diff)
	}
}

// catalogue returns a catalogue with the must rules PA-001 to PA-009 and the advice rules SEC-001 and
// SEC-002.
func catalogue(t testing.TB) *rules.Catalogue {
	t.Helper()
	text := "id\tdocument\tlines\tsection\trole\tlevel\tbasis\tstatement\tobservable\ttestable\tstate\n"
	for i := 1; i <= 9; i++ {
		section := "How this Works"
		if i > 5 {
			section = "Usernames"
		}
		text += fmt.Sprintf("PA-%03d\tproxied\t%d\t%s\tserver\tmust\ttext\tA request of the kind %d is refused, whoever sends it and whatever else it carries along with the header that it is about.\tA refusal\tyes\tdone\n", i, 40+i, section, i)
	}
	for i := 1; i <= 2; i++ {
		text += fmt.Sprintf("SEC-%03d\tproxied\t-\tSecurity sense\tserver\tmust\tsecurity\tA careful server does thing %d.\tA refusal\tyes\tdone\n", i, i)
	}
	cat, err := rules.Load(fstest.MapFS{rules.File: {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

var start = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// A run is a report before Conclude.
type run struct {
	*Report
	cat *rules.Catalogue
}

func newRun(t testing.TB) *run {
	t.Helper()
	return &run{cat: catalogue(t), Report: &Report{
		Suite:     Suite{Name: "countersign", Version: "0.1"},
		Target:    Target{Name: "countersign-server", Version: "0.1", Seat: "server"},
		Started:   start,
		Finished:  start.Add(42 * time.Second),
		Seed:      7,
		Command:   []string{"countersign", "run"},
		Selection: Selection{Fronts: []string{"direct", "nginx", "apache"}, Spread: "full"},
	}}
}

// add adds a result to the report and counts it in the plan.
func (r *run) add(feature, scenario, front string, o verdict.Outcome, ids ...string) *Result {
	class, err := r.cat.ClassOf(ids)
	if err != nil {
		class = rules.Must
	}
	r.Planned++
	res := Result{
		ID:       fmt.Sprintf("%s:%d@%s", feature, 10+len(r.Results), front),
		Feature:  "features/" + feature,
		Rule:     "Headers occur once",
		Scenario: scenario, Line: 10, Front: front, Instance: "i1", Rules: ids, Class: class, Outcome: o,
		Duration: 120 * time.Millisecond, Exchanges: 3,
	}
	switch o {
	case verdict.Fail, verdict.Advice:
		v := verdict.Violation{Rule: ids[0], Wanted: "a refusal", Got: "200 as alice"}
		res.Violations = []verdict.Violation{v}
		res.Reason = v.Error()
		res.Transcript = "transcripts/" + ids[0] + "-" + front + ".txt"
	case verdict.Pass:
	default:
		res.Reason = "for the reason " + string(o)
	}
	r.Results = append(r.Results, res)
	return &r.Results[len(r.Results)-1]
}

func (r *run) conclude() *Report {
	Conclude(r.Report, r.cat)
	return r.Report
}

// good returns a run in which all scenarios passed.
func good(t testing.TB) *run {
	r := newRun(t)
	for _, front := range []string{"direct", "nginx", "apache"} {
		for i := 1; i <= 5; i++ {
			r.add("proxied/headers.feature", fmt.Sprintf("Kind %d", i), front, verdict.Pass, fmt.Sprintf("PA-%03d", i))
		}
		r.add("proxied/headers.feature", "Careful", front, verdict.Pass, "SEC-001")
		r.add("oauth/sessions.feature", "One session", front, verdict.Pass, "PA-007")
	}
	return r
}

// mixed returns a run with results of every outcome.
func mixed(t testing.TB) *run {
	r := good(t)
	r.Planned += 2
	r.Started, r.Finished = start, start.Add(41200*time.Millisecond)
	code := int64(22)
	r.Results[0].Refusals = []verdict.Refusal{{Method: "POST", Route: "/__api__/v1/users", Status: 409, Code: &code}, {Method: "GET", Route: "*", Status: 501}}
	for _, front := range []string{"direct", "nginx", "apache"} {
		r.add("proxied/headers.feature", "Kind 6", front, verdict.Fail, "PA-006", "PA-008").Row = 2
	}
	r.add("proxied/headers.feature", "Kind 6 more", "direct", verdict.Fail, "PA-006")
	evil := r.add("proxied/headers.feature", "Evil", "nginx", verdict.Fail, "PA-009")
	evil.Violations[0].Step, evil.Violations[0].StepLine = "the request is refused (PA-009)", 14
	evil.Violations[0].Got = "200 \x1b[2J\r\nCONFORMS <&\"]]> \x00"
	leak := r.add("oauth/sessions.feature", "A leak", "direct", verdict.Fail, "PA-007")
	leak.Violations = []verdict.Violation{{Rule: "PA-005", Wanted: "no refresh token anywhere", Got: "one in a cookie", Class: rules.Must, Standing: true}}
	leak.Cited = verdict.Pass
	r.add("proxied/headers.feature", "Careful too", "apache", verdict.Advice, "SEC-002")
	r.add("oauth/sessions.feature", "Dashboard", "direct", verdict.NotApplicable, "PA-008")
	r.add("oauth/sessions.feature", "Filtered", "direct", verdict.Skipped, "PA-008")
	for i := range 3 {
		dead := r.add("oauth/sessions.feature", fmt.Sprintf("After the end %d", i), "direct", verdict.Blocked, "PA-008")
		dead.Reason, dead.BySubject = "the instance of configuration 3 ended with exit code 2", true
	}
	r.add("oauth/sessions.feature", "No port", "direct", verdict.Blocked, "PA-008").Reason = "no port is free"
	boom := r.add("oauth/sessions.feature", "Panics", "apache", verdict.Error, "PA-008")
	boom.Step, boom.StepLine = `"alice" signs in`, 12
	boom.Reason = errors.New("step: panic: nil map\ngoroutine 1\nmain.go:3").Error()
	r.add("oauth/sessions.feature", "Late", "apache", verdict.NotRun, "PA-008").Reason = "the run's time was up"
	r.Roots = []Root{{Reason: "the instance of configuration 3 ended with exit code 2", Evidence: "listening\npanic: out of memory\nexit 2\n"}}
	r.Problems = []string{"planned and never seen: oauth/sessions.feature:99@direct"}
	known := r.add("proxied/headers.feature", "Known", "direct", verdict.Fail, "PA-004")
	known.Violations[0].Got = "403"
	r.Deviations = []Deviation{
		{Rule: "PA-004", Scenario: "Known", Issue: "https://issues.example/4", Expires: start.AddDate(0, 1, 0)},
		{Rule: "PA-003", Issue: "https://issues.example/3", Expires: start.AddDate(0, 1, 0)},
	}
	r.Usage = Usage{Wall: 41200 * time.Millisecond, Cores: 2, Configurations: 9, Starts: 11, PeakInstances: 4, PeakMemory: 612 << 20,
		CPU: CPU{Suite: 12 * time.Second, Subjects: 20 * time.Second, Proxies: 3 * time.Second, Provider: time.Second}}
	return r
}
