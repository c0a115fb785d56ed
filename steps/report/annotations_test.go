package report_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	. "countersign/steps/report"
	"countersign/steps/verdict"
)

// command matches a workflow command of GitHub Actions.
var command = regexp.MustCompile(`^::(error|warning) (file=[^:,]+,line=[0-9]+,)?title=[^:,]+::[^\r\n]+$`)

func TestAnnotations(t *testing.T) {
	t.Parallel()
	r := mixed(t)
	for i := range 20 {
		r.add("proxied/headers.feature", "One of many", "direct", verdict.Fail, "PA-001").Line = 100 + i
	}
	evil := r.add("proxied/headers.feature", "Title: a, b\n::error::x", "direct", verdict.Fail, "PA-001")
	evil.Violations[0].Got = "100%\r\n::set-env name=X::y\x1b[2J"
	r.Results[0], *evil = *evil, r.Results[0]
	r.conclude()
	var b bytes.Buffer
	if err := WriteAnnotations(&b, r.Report); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	levels := map[string]int{}
	for _, line := range lines {
		if !command.MatchString(line) {
			t.Errorf("the line is no command with one message: %q", line)
		}
		levels[strings.Fields(line)[0]]++
	}
	if levels["::error"] != 10 || levels["::warning"] != 1 {
		t.Errorf("the annotations are %v, want the first ten errors and the one warning", levels)
	}
	if !strings.Contains(b.String(), `100%25\r\n::set-env`) {
		t.Errorf("the hostile reply is not shown by escape sequences:\n%s", b.String())
	}
	if !strings.Contains(lines[0], "NO VERDICT") {
		t.Errorf("the first annotation is %s, want the verdict", lines[0])
	}
}

func TestAnnotationsOfASuccess(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := WriteAnnotations(&b, good(t).conclude()); err != nil || b.Len() > 0 {
		t.Errorf("WriteAnnotations() = %q, %v; want nothing", b.String(), err)
	}
}
