package page_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"countersign/features"
	"countersign/steps/report"
	"countersign/steps/report/page"
	"countersign/steps/rules"
	"countersign/steps/verdict"
)

var start = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// sample returns a concluded report with n results at three fronts. Every hundredth result is a
// violation, with change applied to it.
func sample(t testing.TB, n int, change func(*report.Result)) *report.Report {
	t.Helper()
	cat, err := rules.Load(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	var done []rules.Rule
	for _, rule := range cat.All() {
		if rule.Done() {
			done = append(done, rule)
		}
	}
	fronts := []string{"direct", "nginx", "apache"}
	r := &report.Report{
		Suite: report.Suite{Name: "countersign", Version: "0.1"}, Target: report.Target{Name: "example-server", Version: "2.0", Seat: "server"},
		Started: start, Finished: start.Add(time.Minute), Seed: 7, Command: []string{"countersign", "run"},
		Selection: report.Selection{Fronts: fronts, Spread: "full"}, Planned: n,
	}
	for i := range n {
		rule := done[i%len(done)]
		front := fronts[i%3]
		res := report.Result{
			ID: fmt.Sprintf("proxied/f%02d.feature:%d@%s", i%40, i, front), Feature: fmt.Sprintf("proxied/f%02d.feature", i%40), Line: i + 1,
			Scenario: fmt.Sprintf("Scenario number %d does what the rule says", i), Front: front, Rules: []string{rule.ID}, Class: rule.Class(),
			Outcome: verdict.Pass, Started: start, Duration: time.Duration(i) * time.Millisecond,
		}
		if i%100 == 50 {
			v := verdict.Violation{Rule: rule.ID, Wanted: "a refusal", Got: "200 as alice", Step: "the request is refused", StepLine: 12}
			res.Outcome, res.Violations, res.Reason = verdict.Fail, []verdict.Violation{v}, v.Error()
			if rule.Class() == rules.Advice {
				res.Outcome = verdict.Advice
			}
			res.Transcript = fmt.Sprintf("transcripts/%d.txt", i)
			if change != nil {
				change(&res)
			}
		}
		r.Results = append(r.Results, res)
	}
	report.Conclude(r, cat)
	return r
}

func write(t testing.TB, r *report.Report, transcripts fstest.MapFS) string {
	t.Helper()
	var b bytes.Buffer
	if err := page.Write(&b, r, transcripts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPageShowsFailures(t *testing.T) {
	t.Parallel()
	got := write(t, sample(t, 200, nil), fstest.MapFS{"transcripts/50.txt": {Data: []byte("#1 client as alice: GET /\n> GET / HTTP/1.1\n")}})
	for _, want := range []string{
		"DOES NOT CONFORM",
		"the request is refused", "line 12", "a refusal", "200 as alice",
		"countersign run --scenario proxied/f10.feature:50@apache --seed 7",
		"#1 client as alice: GET /\n&gt; GET / HTTP/1.1",
		"Not shown: the file cannot be read.",
		"OAuth Integrations", "Proxied Authentication", "open: needs the dashboard",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if at, other := strings.Index(got, "<h1>"), strings.Index(got, "<h2>"); at < 0 || at > other {
		t.Errorf("the verdict is at %d, behind the first part at %d", at, other)
	}
}

// TestPageOfOperatorsProxy checks that the page names the front of a proxy that a target file describes.
func TestPageOfOperatorsProxy(t *testing.T) {
	t.Parallel()
	r := sample(t, 60, nil)
	for i := range r.Results {
		r.Results[i].Front = "proxy"
	}
	got := write(t, r, nil)
	for _, want := range []string{"<span> at proxy</span>", "<option>proxy</option>"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// TestPageEscapes checks that names and replies of a hostile server are text on the page.
func TestPageEscapes(t *testing.T) {
	t.Parallel()
	const script, control = `</code></script><script>alert(1)</script><img src=x onerror=alert(1)>`, "\x1b[2J\u202e\x00\r\nnext"
	r := sample(t, 60, func(res *report.Result) {
		res.Violations[0].Wanted, res.Violations[0].Got, res.Violations[0].Step = script, control, script+control
		res.Reason, res.Scenario = script+control, script+control
	})
	r.Target.Name, r.Target.Version = script, control
	r.Problems, r.Notes, r.NotStarted = []string{script}, []string{control}, []string{script}
	r.Roots = []report.Root{{Reason: script, Evidence: script + control}}
	got := write(t, r, fstest.MapFS{"transcripts/50.txt": {Data: []byte(script + control)}})
	if n := strings.Count(got, "<script"); n != 1 {
		t.Errorf("the page has %d script elements, want its own only", n)
	}
	if n := strings.Count(got, "<img"); n != 0 {
		t.Errorf("the page has %d images, want none", n)
	}
	if found := regexp.MustCompile(`[\x00-\x08\x0b-\x1f\x7f\x{202a}-\x{202e}\x{2066}-\x{2069}]`).FindString(got); found != "" {
		t.Errorf("the page contains the control character %q", found)
	}
	if !strings.Contains(got, `\x1b[2J\u202e\x00\r`) {
		t.Error("the page does not show the control characters by their escape sequences")
	}
}

// TestPageReadsTranscriptsOnly checks that a report that names other files gets nothing from them.
func TestPageReadsTranscriptsOnly(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"/etc/passwd", "../secret.txt", "transcripts/../secret.txt", "secret.txt", "transcripts/a/../../secret.txt"} {
		r := sample(t, 60, func(res *report.Result) { res.Transcript = name })
		got := write(t, r, fstest.MapFS{"secret.txt": {Data: []byte("the secret")}})
		if strings.Contains(got, "the secret") || !strings.Contains(got, "this is not the name of a transcript") {
			t.Errorf("the transcript %q is not refused", name)
		}
	}
}

// TestPageIsBounded checks that large replies do not make a large page.
func TestPageIsBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1<<20)
	files := fstest.MapFS{}
	for i := range 6000 {
		files[fmt.Sprintf("transcripts/%d.txt", i)] = &fstest.MapFile{Data: []byte(long[:64<<10])}
	}
	r := sample(t, 1500, func(res *report.Result) {
		res.Violations[0].Got, res.Violations[0].Wanted, res.Reason = long, long, long
	})
	for range 3 {
		r.Results = append(r.Results, r.Results...)
	}
	if n := len(write(t, r, files)); n > 12<<20 {
		t.Errorf("the page has %d MiB", n>>20)
	}
}
