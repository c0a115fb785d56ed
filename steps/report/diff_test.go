package report_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode"

	. "countersign/steps/report"
	"countersign/steps/verdict"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	const scenario = "Changing"
	with := func(o verdict.Outcome, change func(*run)) *Report {
		r := good(t)
		r.add("proxied/headers.feature", scenario, "direct", o, "PA-006")
		if change != nil {
			change(r)
		}
		return r.conclude()
	}
	for _, tt := range []struct {
		name          string
		before, after *Report
		worse         bool
		last          string
	}{
		{"the same", with(verdict.Pass, nil), with(verdict.Pass, nil), false, "NOT WORSE"},
		{"a violation", with(verdict.Pass, nil), with(verdict.Fail, nil), true, "WORSE: 1 scenario worse"},
		{"a mended violation", with(verdict.Fail, nil), with(verdict.Pass, nil), false, "BETTER: 1 scenario"},
		{"advice to a violation", with(verdict.Advice, nil), with(verdict.Fail, nil), true, "WORSE: 1 scenario worse"},
		{"blocked", with(verdict.Pass, nil), with(verdict.Blocked, nil), true, "WORSE: 1 scenario worse"},
		{"a rule that is not tested again", with(verdict.Pass, nil), with(verdict.Skipped, nil), true, "1 rule not tested again"},
		{"a rule that is newly tested", with(verdict.Skipped, nil), with(verdict.Pass, nil), false, "NOT WORSE"},
		{"another line", with(verdict.Pass, nil), with(verdict.Pass, func(r *run) { r.Results[0].Line, r.Results[0].ID = 99, "x" }), false, "NOT WORSE"},
		{"no verdict any more", with(verdict.Pass, nil), with(verdict.Pass, func(r *run) { r.Planned++ }), true, "WORSE: 0 scenarios worse"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := Compare(tt.before, tt.after)
			if d.IsWorse() != tt.worse {
				t.Errorf("IsWorse() = %t, want %t", d.IsWorse(), tt.worse)
			}
			var b bytes.Buffer
			if err := d.WriteText(&b); err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(b.String()), "\n")
			if last := lines[len(lines)-1]; !strings.Contains(last, tt.last) {
				t.Errorf("the last line is %q, want one with %q", last, tt.last)
			}
		})
	}
}

// hostile returns a run whose names and replies come from a hostile server, or from a changed file.
func hostile(t *testing.T) *Report {
	t.Helper()
	const text = "\x1b[2J\u202e\r\n# <script>alert(1)</script> [link](https://evil.example) | `x` ![i](www.evil.example) \x00"
	r := good(t)
	evil := r.add("proxied/headers.feature", text, "direct", verdict.Fail, "PA-006")
	evil.Violations[0].Wanted, evil.Violations[0].Got, evil.Violations[0].Step, evil.Reason = text, text, text, text
	r.add("proxied/headers.feature", text+"2", "direct", verdict.NotApplicable, "PA-006").Reason = text
	r.Target.Name, r.Target.Version, r.Suite.Version = text, text, text
	r.Deviations = []Deviation{{Scenario: text + "3", Issue: text}}
	r.Command = []string{"countersign", text}
	return r.conclude()
}

// TestTextOfHostileServer checks that the texts contain no control character, and that the statement
// contains no markup from names and replies.
func TestTextOfHostileServer(t *testing.T) {
	t.Parallel()
	r := hostile(t)
	r.Problems, r.Notes = []string{"a problem: \x1b[2J"}, []string{"a note: \x1b[2J"}
	var difference, stated, annotated, summed, tested bytes.Buffer
	for _, err := range []error{WriteSummary(&summed, r, catalogue(t), SummaryOptions{}), WriteJUnit(&tested, r, catalogue(t)), Compare(good(t).conclude(), r).WriteText(&difference), WriteStatement(&stated, r), WriteAnnotations(&annotated, r)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, got := range map[string]string{"difference": difference.String(), "statement": stated.String(), "annotations": annotated.String(), "summary": summed.String(), "junit.xml": tested.String()} {
		if !strings.Contains(got, `\x1b`) && !strings.Contains(got, `\\x1b`) {
			t.Errorf("the %s does not show the hostile text", name)
		}
		if i := strings.IndexFunc(got, func(c rune) bool { return c != '\n' && !unicode.IsPrint(c) || c == unicode.ReplacementChar }); i >= 0 {
			t.Errorf("the %s contains the control character %q", name, got[i:i+1])
		}
	}
	for _, markup := range []string{"<script", "[^\\\\]\\]\\(", "https://", "www\\.e", "[^\\\\]`x"} {
		if found := regexp.MustCompile(markup).FindString(stated.String()); found != "" {
			t.Errorf("the statement contains %q:\n%s", found, stated.String())
		}
	}
}

func TestStatement(t *testing.T) {
	t.Parallel()
	r := mixed(t)
	var b bytes.Buffer
	if err := WriteStatement(&b, r.conclude()); err != nil {
		t.Fatal(err)
	}
	golden(t, "statement.md", b.Bytes())
	if n := strings.Count(b.String(), "\n"); n > 70 {
		t.Errorf("the statement has %d lines", n)
	}
}
