package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	junit "github.com/joshdk/go-junit"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"countersign/features"
	. "countersign/steps/report"
	"countersign/steps/rules"
	"countersign/steps/verdict"
)

func text(t testing.TB, r *run, o SummaryOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteSummary(&b, r.conclude(), r.cat, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSummary(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*run{"good.txt": good(t), "mixed.txt": mixed(t)} {
		got := text(t, r, SummaryOptions{Dir: "report"})
		golden(t, name, []byte(got))
		for _, line := range strings.Split(got, "\n") {
			if strings.ContainsFunc(line, unicode.IsControl) {
				t.Errorf("%s: a control character reaches the terminal: %q", name, line)
			}
		}
		lines := strings.Split(strings.TrimSpace(got), "\n")
		if last := lines[len(lines)-1]; !strings.Contains(last, r.Verdict) {
			t.Errorf("%s: the last line is not the verdict: %s", name, last)
		}
	}
}

// TestSummaryColours checks that the summary without escape sequences is the plain one.
func TestSummaryColours(t *testing.T) {
	t.Parallel()
	plain, coloured := text(t, mixed(t), SummaryOptions{}), text(t, mixed(t), SummaryOptions{Colour: true})
	if !strings.Contains(coloured, "\x1b[31mFAIL\x1b[0m") {
		t.Error("no red FAIL with colours on")
	}
	for {
		from := strings.Index(coloured, "\x1b[")
		if from < 0 {
			break
		}
		to := strings.IndexByte(coloured[from:], 'm')
		coloured = coloured[:from] + coloured[from+to+1:]
	}
	trim := func(s string) []string {
		lines := strings.Split(s, "\n")
		for i := range lines {
			lines[i] = strings.TrimRight(lines[i], " ")
		}
		return lines
	}
	if diff := cmp.Diff(trim(plain), trim(coloured)); diff != "" {
		t.Errorf("plain and coloured differ:\n%s", diff)
	}
}

// TestSummaryOfManyRules checks that the rules that the documents emphasize fit on one page at three
// fronts.
func TestSummaryOfManyRules(t *testing.T) {
	t.Parallel()
	cat, err := rules.Load(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	r := newRun(t)
	r.cat = cat
	for _, rule := range cat.All() {
		headline := strings.HasPrefix(rule.ID, "OI-") && rule.Done() || rule.ID >= "PA-123" && rule.ID <= "PA-143"
		if !headline {
			continue
		}
		for _, front := range []string{"direct", "nginx", "apache"} {
			o := verdict.Pass
			if rule.ID == "PA-130" && front == "apache" {
				o = verdict.Fail
			}
			r.add(rule.Document+"/f.feature", "scenario", front, o, rule.ID)
		}
	}
	got := text(t, r, SummaryOptions{Verbose: true})
	for _, want := range []string{
		"\n  PA-123..PA-129  must      7  pass     pass     pass     Usernames\n",
		"\n  PA-130          must      1  pass     pass     FAIL     The username 'recent' is prohibited.\n",
		"\n  PA-131..PA-143  must     13  pass     pass     pass     Usernames\n",
		"\n  PA-130    The username 'recent' is prohibited.\n            Proxied Authentication, lines 177-179\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("summary lacks %q", want)
		}
	}
	if n := strings.Count(got, "\n"); n > 50 {
		t.Errorf("%d rules take %d lines:\n%s", len(r.Rules), n, got)
	}
	for _, line := range strings.Split(got, "\n") {
		if n := len([]rune(line)); n > 120 {
			t.Errorf("%d characters in one line: %s", n, line)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*run{"good": good(t), "mixed": mixed(t), "empty": newRun(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := r.conclude()
			raw := encode(t, report)
			if err := validateSchema(t, raw); err != nil {
				t.Errorf("the report does not conform to its schema: %v", err)
			}
			back, err := ReadJSON(bytes.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			if again := encode(t, back); !bytes.Equal(again, raw) {
				t.Errorf("the report differs after reading and writing (-want +got):\n%s", cmp.Diff(string(raw), string(again)))
			}
			Conclude(back, r.cat)
			if again := encode(t, back); !bytes.Equal(again, raw) {
				t.Errorf("Conclude changes the stored report (-want +got):\n%s", cmp.Diff(string(raw), string(again)))
			}
		})
	}
}

func encode(t *testing.T, r *Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func validateSchema(t *testing.T, raw []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("report.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("report.json")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}

// TestSchemaRefuses checks that the schema refuses invalid reports.
func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(map[string]any){
		"another version":    func(m map[string]any) { m["schema"] = "countersign.report/1" },
		"no results":         func(m map[string]any) { delete(m, "results") },
		"an unknown member":  func(m map[string]any) { m["extra"] = 1 },
		"an unknown outcome": func(m map[string]any) { m["results"].([]any)[0].(map[string]any)["outcome"] = "passed" },
		"a missing total":    func(m map[string]any) { delete(m["totals"].(map[string]any), "pass") },
		"another exit code":  func(m map[string]any) { m["exit_code"] = 4 },
		"a time in words":    func(m map[string]any) { m["started"] = "today" },
		"a count below zero": func(m map[string]any) { m["usage"].(map[string]any)["starts"] = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var m map[string]any
			if err := json.Unmarshal(encode(t, mixed(t).conclude()), &m); err != nil {
				t.Fatal(err)
			}
			change(m)
			raw, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			if err := validateSchema(t, raw); err == nil {
				t.Error("the schema accepts the report")
			}
		})
	}
}

func TestReadJSONRefuses(t *testing.T) {
	t.Parallel()
	whole := string(encode(t, good(t).conclude()))
	for name, tt := range map[string]struct{ text, want string }{
		"cut off":           {whole[:100], "read report: it ends after 100 bytes and is not complete; it was truncated or is still being written"},
		"something after":   {whole + "{}", "read report: there is data after the report; give a file with one report"},
		"an unknown member": {strings.Replace(whole, `"seed"`, `"sede"`, 1), `read report: json: unknown field "sede"`},
		"a changed outcome": {strings.Replace(whole, `"outcome": "pass"`, `"outcome": "skipped"`, 1), "has no reason"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := ReadJSON(strings.NewReader(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestJUnit(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*run{"good.xml": good(t), "mixed.xml": mixed(t)} {
		var b bytes.Buffer
		if err := WriteJUnit(&b, r.conclude(), r.cat); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.Bytes())
		counts := countJUnit(t, b.Bytes())
		t.Logf("%s: %v", name, counts)
		if counts["testcase"] != r.Planned && name == "good.xml" {
			t.Errorf("%s: %d cases for %d scenarios", name, counts["testcase"], r.Planned)
		}
		passed := counts["testcase"] - counts["failure"] - counts["error"] - counts["skipped"]
		if passed != r.Totals[verdict.Pass] {
			t.Errorf("%s: %d test cases passed and %d scenarios", name, passed, r.Totals[verdict.Pass])
		}
	}
}

// TestJUnitIsRead reads the file with a parser of another project.
func TestJUnitIsRead(t *testing.T) {
	t.Parallel()
	r := mixed(t)
	var b bytes.Buffer
	if err := WriteJUnit(&b, r.conclude(), r.cat); err != nil {
		t.Fatal(err)
	}
	suites, err := junit.Ingest(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	got := map[junit.Status]int{}
	titles := map[string]bool{}
	for _, s := range suites {
		for _, c := range s.Tests {
			got[c.Status]++
			if key := c.Classname + " " + c.Name; titles[key] || !strings.Contains(c.Name, " at ") {
				t.Errorf("the title %q is not unique or names no front", c.Name)
			} else {
				titles[key] = true
			}
		}
	}
	want := map[junit.Status]int{
		junit.StatusPassed: r.Totals[verdict.Pass], junit.StatusError: 1, junit.StatusFailed: 6,
		junit.StatusSkipped: len(r.Results) - r.Totals[verdict.Pass] - 7,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("test cases by status (-want +got):\n%s", diff)
	}
}

// countJUnit parses the file and returns the number of each element.
func countJUnit(t *testing.T, raw []byte) map[string]int {
	t.Helper()
	counts := make(map[string]int)
	dec := xml.NewDecoder(bytes.NewReader(raw))
	for {
		tok, err := dec.Token()
		if tok == nil && err != nil {
			if err.Error() != "EOF" {
				t.Fatalf("not well-formed: %v", err)
			}
			return counts
		}
		if el, ok := tok.(xml.StartElement); ok {
			counts[el.Name.Local]++
		}
	}
}

// TestJUnitIsNeverGreenAlone checks that the file has a failure or an error if the run does not exit 0.
func TestJUnitIsNeverGreenAlone(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*run){
		"blocked by the subject": func(r *run) {
			r.add("proxied/headers.feature", "x", "direct", verdict.Blocked, "PA-006").BySubject = true
		},
		"not run":          func(r *run) { r.add("proxied/headers.feature", "x", "direct", verdict.NotRun, "PA-006") },
		"a gap":            func(r *run) { r.Planned++ },
		"nothing selected": func(r *run) { r.Results, r.Planned = nil, 0 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := good(t)
			change(r)
			var b bytes.Buffer
			if err := WriteJUnit(&b, r.conclude(), r.cat); err != nil {
				t.Fatal(err)
			}
			counts := countJUnit(t, b.Bytes())
			if counts["failure"]+counts["error"] != 1 {
				t.Errorf("%v, want one failure or error with the verdict", counts)
			}
			if !strings.Contains(b.String(), `<testsuite name="verdict"`) {
				t.Errorf("no verdict in\n%s", b.String())
			}
		})
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	var clock time.Duration
	now := func() time.Time { clock += 10 * time.Millisecond; return start.Add(clock) }
	var b bytes.Buffer
	p := NewProgress(&b, ProgressOptions{Total: 300, Now: now})
	for i := range 300 {
		r := Result{Scenario: "Kind", Feature: "proxied/a.feature", Line: 9, Front: "direct", Outcome: verdict.Pass}
		if i%7 == 3 {
			r.Outcome, r.Reason = verdict.Fail, "PA-034: wanted a refusal, got 200\x1b[2J\nsecond line"
		}
		p.Done(r)
	}
	p.Close()
	golden(t, "progress.txt", b.Bytes())
	if n := strings.Count(b.String(), "\n"); n > 45 {
		t.Errorf("%d lines of progress in a log", n)
	}
	if strings.Contains(b.String(), "\x1b") {
		t.Error("an escape sequence reached the log")
	}
}

// TestProgressOnTerminal checks that the status line is rewritten and that other lines are separate
// from it.
func TestProgressOnTerminal(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	p := NewProgress(&b, ProgressOptions{Total: 3, Terminal: true, Now: func() time.Time { return start }})
	p.Done(Result{Outcome: verdict.Pass})
	p.Done(Result{Outcome: verdict.Error, Scenario: "x", Feature: "f", Line: 1, Front: "direct", Reason: "boom"})
	p.Done(Result{Outcome: verdict.Pass})
	p.Close()
	const clear = "\r\x1b[K"
	want := clear + "[1/3  33%]   0.0 s  1 pass" +
		clear + "ERROR  x at direct: boom  f:1\n" +
		clear + "[2/3  66%]   0.0 s  1 pass, 1 error" +
		clear + "[3/3 100%]   0.0 s  2 pass, 1 error\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("terminal (-want +got):\n%s", diff)
	}
}

func TestProgressConcurrently(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	p := NewProgress(&b, ProgressOptions{Total: 200})
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			r := Result{Outcome: verdict.Pass}
			if i%50 == 0 {
				r.Outcome = verdict.Fail
			}
			p.Done(r)
		})
	}
	wg.Wait()
	p.Close()
	if !strings.Contains(b.String(), "[200/200 100%]") {
		t.Errorf("no last line in\n%s", b.String())
	}
}

func TestIsTerminal(t *testing.T) {
	t.Parallel()
	if IsTerminal(new(bytes.Buffer)) {
		t.Error("IsTerminal reports a buffer as a terminal")
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if IsTerminal(null) {
		t.Error("IsTerminal reports the null device as a terminal")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWritersReport(t *testing.T) {
	t.Parallel()
	r := good(t)
	report := r.conclude()
	for name, err := range map[string]error{
		"write report: disk full":  WriteJSON(brokenWriter{}, report),
		"write JUnit: disk full":   WriteJUnit(brokenWriter{}, report, r.cat),
		"write summary: disk full": WriteSummary(brokenWriter{}, report, r.cat, SummaryOptions{}),
	} {
		if fmt.Sprint(err) != name {
			t.Errorf("error = %v, want %s", err, name)
		}
	}
}
