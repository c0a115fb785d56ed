package rules_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"countersign/features"
	"countersign/steps/rules"
)

var update = flag.Bool("update", false, "write the golden files anew")

const header = "id\tdocument\tlines\tsection\trole\tlevel\tbasis\tstatement\tobservable\ttestable\tstate\n"

// good returns a valid row with some cells replaced.
func good(changes ...string) string {
	cells := map[string]string{
		"id": "PA-034", "document": "proxied", "lines": "48", "section": "How this Works", "role": "server", "level": "must", "basis": "text",
		"statement": "Two are refused.", "observable": "Two lines: failure", "testable": "yes", "state": "done",
	}
	for i := 0; i < len(changes); i += 2 {
		cells[changes[i]] = changes[i+1]
	}
	var row []string
	for _, c := range strings.Split(strings.TrimSpace(header), "\t") {
		row = append(row, cells[c])
	}
	return strings.Join(row, "\t") + "\n"
}

func load(text string) (*rules.Catalogue, error) {
	return rules.Load(fstest.MapFS{rules.File: {Data: []byte(text)}})
}

func TestLoadErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		text string
		want []string
	}{
		{"right", header + good(), nil},
		{"no line feed at the end", header + strings.TrimSuffix(good(), "\n"), nil},
		{"empty file", "", []string{"rules.tsv:1: the file is empty; it begins with the row id document lines section role level basis statement observable testable state"}},
		{"another header", "id\tstate\n", []string{`rules.tsv:1: the header is ["id" "state"]; it has to be ["id" "document" "lines" "section" "role" "level" "basis" "statement" "observable" "testable" "state"], separated by tabs`}},
		{"too few columns", header + "PA-034\tproxied\n", []string{"rules.tsv:2: the row has 2 columns; it has to have 11: id, document, lines, section, role, level, basis, statement, observable, testable, state"}},
		{"a blank line", header + good() + "\n", []string{"rules.tsv:3: the row has 1 columns; it has to have 11: id, document, lines, section, role, level, basis, statement, observable, testable, state"}},
		{"a bad id", header + good("id", "PA-34"), []string{`rules.tsv:2: column id: "PA-34" is not an id; allowed: capital letters, a hyphen and three digits, as in PA-034`}},
		{"an id twice", header + good() + good(), []string{"rules.tsv:3: column id: PA-034 is the id of the rule in line 2; each id is used once and never again"}},
		{"a bad document", header + good("document", "saml"), []string{`rules.tsv:2: column document: "saml" is not allowed; allowed: oauth, proxied`}},
		{"bad lines", header + good("lines", "48 to 50"), []string{`rules.tsv:2: column lines: "48 to 50" is not a list of lines; allowed: numbers and ranges separated by , or ; as in 5,9-13, or - for none`}},
		{"a bad role", header + good("role", "browser"), []string{`rules.tsv:2: column role: "browser" is not allowed; allowed: server, content, proxy, idp, config, dashboard, cli, operator`}},
		{"a bad level", header + good("level", "should"), []string{`rules.tsv:2: column level: "should" is not allowed; allowed: must, must-not, default, may, warning`}},
		{"a bad basis", header + good("basis", "guess"), []string{`rules.tsv:2: column basis: "guess" is not allowed; allowed: text, implied, reading, measured, security`}},
		{"a bad testable", header + good("testable", "no"), []string{`rules.tsv:2: column testable: "no" is not allowed; allowed: yes, only-with-browser, only-with-log, or not-testable: and why`}},
		{"not testable without a reason", header + good("testable", "not-testable:", "state", "-"), []string{"rules.tsv:2: column testable: not-testable does not say why; allowed: not-testable: and the reason"}},
		{"done although not testable", header + good("testable", "not-testable: advice"), []string{`rules.tsv:2: column state: "done" is not allowed for a rule that is not testable; allowed: -`}},
		{"no state although testable", header + good("state", "-"), []string{`rules.tsv:2: column state: "-" is not allowed for a rule that is testable; allowed: done, or open: and what it waits for`}},
		{"open without a reason", header + good("state", "open:"), []string{"rules.tsv:2: column state: open does not say what the rule waits for; allowed: open: and the reason"}},
		{"an empty cell", header + good("statement", ""), []string{"rules.tsv:2: column statement: it is empty; every column needs a value"}},
		{"a blank at the end", header + good("statement", "Refused. "), []string{`rules.tsv:2: column statement: "Refused. " begins or ends in a blank`}},
		{"carriage returns", header + strings.Replace(good(), "\n", "\r\n", 1), []string{"rules.tsv:2: the row ends in a carriage return; rows end in a line feed alone"}},
		{"a row without end", header + good("statement", strings.Repeat("x", 20<<10)), []string{"rules.tsv:2: the row is longer than 16384 bytes"}},
		{"all at once", header + good("level", "should", "basis", "guess") + good("id", "x"), []string{
			`rules.tsv:2: column level: "should" is not allowed; allowed: must, must-not, default, may, warning`,
			`rules.tsv:2: column basis: "guess" is not allowed; allowed: text, implied, reading, measured, security`,
			`rules.tsv:3: column id: "x" is not an id; allowed: capital letters, a hyphen and three digits, as in PA-034`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cat, err := load(tt.text)
			if (cat == nil) == (err == nil) {
				t.Fatalf("Load = %v, %v; want one of them", cat, err)
			}
			var got []string
			if err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			var row *rules.RowError
			if err != nil && !errors.As(err, &row) {
				t.Errorf("%v holds no RowError", err)
			}
		})
	}
}

func TestLoadWithoutFile(t *testing.T) {
	t.Parallel()
	_, err := rules.Load(fstest.MapFS{})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error = %v, want one that says the file does not exist", err)
	}
}

func TestClass(t *testing.T) {
	t.Parallel()
	tests := []struct {
		level, basis string
		want         rules.Class
	}{
		{"must", "text", rules.Must}, {"must-not", "text", rules.Must}, {"default", "implied", rules.Must}, {"warning", "text", rules.Must},
		{"may", "text", rules.Advice}, {"may", "implied", rules.Advice},
		{"must", "reading", rules.Advice}, {"must-not", "measured", rules.Advice}, {"must", "security", rules.Advice},
	}
	for _, tt := range tests {
		if got := (rules.Rule{Level: tt.level, Basis: tt.basis}).Class(); got != tt.want {
			t.Errorf("%s from %s is %s, want %s", tt.level, tt.basis, got, tt.want)
		}
	}
}

func TestSource(t *testing.T) {
	t.Parallel()
	tests := []struct{ document, lines, want string }{
		{"proxied", "48", "Proxied Authentication, line 48"},
		{"oauth", "5,9-13", "OAuth Integrations, lines 5, 9-13"},
		{"proxied", "538;656", "Proxied Authentication, lines 538, 656"},
		{"oauth", "-", "OAuth Integrations, stated nowhere: security sense"},
	}
	for _, tt := range tests {
		if got := (rules.Rule{Document: tt.document, Lines: tt.lines, Section: "Security sense"}).Source(); got != tt.want {
			t.Errorf("Source = %q, want %q", got, tt.want)
		}
	}
}

func sample(t *testing.T) *rules.Catalogue {
	t.Helper()
	cat, err := load(header +
		good() +
		good("id", "PA-035", "basis", "implied") +
		good("id", "PA-036", "state", "open: not yet") +
		good("id", "PA-037", "basis", "reading") +
		good("id", "PA-038", "testable", "not-testable: advice", "state", "-") +
		good("id", "PA-039") + good("id", "PA-040") + good("id", "PA-041"))
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// covered returns scenarios that cite every rule of the sample with the state done.
func covered() []rules.ScenarioRef {
	return []rules.ScenarioRef{
		{Feature: "p/a.feature", Line: 3, Name: "one", Tags: []string{"@PA-034", "@direct", "@careless"}},
		{Feature: "p/a.feature", Line: 9, Name: "row", Rules: []string{"PA-035", "PA-039", "PA-040", "PA-041"}},
		{Feature: "p/a.feature", Line: 12, Name: "advice", Tags: []string{"@PA-037"}},
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		add  []rules.ScenarioRef
		less int // number of covering scenarios to leave out
		want []string
	}{
		{name: "agreement"},
		{name: "a rule that is done and a scenario that is not", less: 1, want: []string{
			"rules.tsv:5: rule PA-037 is done and no scenario cites it; write one, or give the state open: and what it waits for"}},
		{name: "an open rule may have scenarios", add: []rules.ScenarioRef{{Feature: "b.feature", Line: 1, Name: "x", Tags: []string{"PA-036"}}}},
		{name: "a rule that is not testable", add: []rules.ScenarioRef{{Feature: "b.feature", Line: 1, Name: "x", Tags: []string{"@PA-038"}}}, want: []string{
			`b.feature:1: scenario "x" cites PA-038, which is not-testable: advice`}},
		{name: "an unknown rule by tag and by column", add: []rules.ScenarioRef{
			{Feature: "b.feature", Line: 7, Name: "y", Rules: []string{"PA-998"}}, {Feature: "b.feature", Line: 1, Name: "x", Tags: []string{"@PA-999"}}}, want: []string{
			`b.feature:1: scenario "x" cites PA-999, which is not in rules.tsv`,
			`b.feature:7: scenario "y" cites PA-998, which is not in rules.tsv`}},
		{name: "two classes", add: []rules.ScenarioRef{{Feature: "b.feature", Line: 1, Name: "x", Tags: []string{"@PA-034", "@PA-037"}}}, want: []string{
			`b.feature:1: scenario "x" cites rules of two classes: PA-034 is must, PA-037 is advice`}},
		{name: "five rules", add: []rules.ScenarioRef{{Feature: "b.feature", Line: 1, Name: "x", Tags: []string{"@PA-034"}, Rules: []string{"PA-034", "PA-035", "PA-039", "PA-040", "PA-041"}}}, want: []string{
			`b.feature:1: scenario "x" cites 5 rules (PA-034, PA-035, PA-039, PA-040, PA-041); at most 4 are allowed`}},
		{name: "no rule", add: []rules.ScenarioRef{{Feature: "b.feature", Line: 1, Name: "x", Tags: []string{"@direct"}}}, want: []string{
			`b.feature:1: scenario "x" cites no rule; tag it with the id of one, or give its examples a column rule`}},
		{name: "an unknown tag", add: []rules.ScenarioRef{{Feature: "b.feature", Line: 1, Name: "x", Tags: []string{"@PA-034", "@quite", "@pa-034"}}}, want: []string{
			`b.feature:1: scenario "x" has the unknown tag @quite; allowed: rule ids, @direct @alone @quiet @documented @careless`,
			`b.feature:1: scenario "x" has the unknown tag @pa-034; allowed: rule ids, @direct @alone @quiet @documented @careless`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			refs := covered()
			refs = append(refs[:len(refs)-tt.less], tt.add...)
			var got []string
			for _, p := range rules.Check(sample(t), refs) {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	rows := rules.Table(sample(t), covered())
	for name, write := range map[string]func(*bytes.Buffer) error{
		"rules.txt":  func(b *bytes.Buffer) error { return rules.WriteText(b, rows) },
		"rules.tsv":  func(b *bytes.Buffer) error { return rules.WriteTSV(b, rows) },
		"rules.json": func(b *bytes.Buffer) error { return rules.WriteJSON(b, rows) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			if err := write(&b); err != nil {
				t.Fatal(err)
			}
			golden(t, name, b.Bytes())
		})
	}
	var back []rules.Row
	var b bytes.Buffer
	if err := rules.WriteJSON(&b, rows); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rows, back); diff != "" {
		t.Errorf("the rows differ after decoding (-want +got):\n%s", diff)
	}
}

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

// TestCatalogue checks the properties that the catalogue in the features must always have.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	cat, err := rules.Load(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	// Ids are never removed: the numbers of each family begin at 001 and have no gaps.
	next := make(map[string]int)
	for _, r := range cat.All() {
		prefix := r.ID[:strings.Index(r.ID, "-")]
		next[prefix]++
		if want := fmt.Sprintf("%s-%03d", prefix, next[prefix]); r.ID != want {
			t.Fatalf("line %d: id %s, want %s", r.Line, r.ID, want)
		}
	}
	for prefix, least := range map[string]int{"OI": 117, "PA": 344, "EX": 103, "SEC": 24} {
		if next[prefix] < least {
			t.Errorf("%d rules of %s, want at least %d", next[prefix], prefix, least)
		}
	}
	// A rule must not refer to internal notes, which readers do not have.
	paper := regexp.MustCompile(`\b[OPX][0-9]{1,2}\b|\bS[0-9]{1,2}\b|\b[AN][123]\b|\.md\b`)
	for _, r := range cat.All() {
		for _, text := range []string{r.Section, r.Statement, r.Observable, r.Testable, r.State} {
			if found := paper.FindString(text); found != "" {
				t.Errorf("%s refers to the internal note %q: %s", r.ID, found, text)
			}
		}
		if (r.Basis == "reading") != strings.Contains(r.Statement, "[reading: ") {
			t.Errorf("%s has the basis %s; exactly the rules with the basis reading contain [reading: ...]: %s", r.ID, r.Basis, r.Statement)
		}
	}
}

func TestClassOf(t *testing.T) {
	t.Parallel()
	cat := sample(t)
	if class, err := cat.ClassOf([]string{"PA-034", "PA-035"}); class != rules.Must || err != nil {
		t.Errorf("ClassOf = %q, %v", class, err)
	}
	if _, err := cat.ClassOf(nil); !errors.Is(err, rules.ErrNoRules) {
		t.Errorf("ClassOf(nil) = %v", err)
	}
	if _, err := cat.ClassOf([]string{"PA-034", "XX-001"}); err == nil || err.Error() != "cites the unknown rule XX-001" {
		t.Errorf("ClassOf = %v", err)
	}
}
