package tables

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/verdict"
)

func write(t testing.TB, to func(io.Writer, []Table) error, all []Table) string {
	t.Helper()
	var b bytes.Buffer
	if err := to(&b, all); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// render returns Markdown as the HTML that a renderer makes of it which allows HTML, and makes links
// of addresses.
func render(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe())).Convert([]byte(text), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var sample = Table{
	Kind: Support, Title: "Sample", Columns: []Column{{Title: "Name"}, {Title: "Result", Stacked: true}},
	Rows: [][]Cell{
		{{{Text: "one|1"}}, {{Text: "Yes", Proof: Proved, Rules: []string{"PA-001"}}, {Text: "No", Proof: Departed, Why: "x: fail"}}},
		{{{Text: "two"}}, {{Text: "Yes", Proof: Unproved}}},
	},
	Notes: []string{"A note."}, Features: strings.Repeat("a", 64),
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	want := `**Sample**

| Name | Result |
|---|---|
| one\|1 | Yes<br>✗ No |
| two | Yes ° |

✗ The run found a departure from this.

° No run has proved this.

A note.

No run has proved this table: it shows what the features expect. Features sha256 aaaaaaaaaaaa.
`
	if diff := cmp.Diff(want, write(t, WriteMarkdown, []Table{sample})); diff != "" {
		t.Errorf("Markdown (-want +got):\n%s", diff)
	}
	rendered := render(t, write(t, WriteMarkdown, []Table{sample}))
	if !strings.Contains(rendered, "<td>one|1</td>\n<td>Yes<br>✗ No</td>") {
		t.Errorf("a renderer makes of it:\n%s", rendered)
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	got, err := csv.NewReader(strings.NewReader(write(t, WriteCSV, []Table{sample}))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	stamp := sample.Stamps()[0]
	want := [][]string{{"Name", "Result", "Result proof", "run"}, {"one|1", "Yes; No", "proved; departed", stamp}, {"two", "Yes", "not proved", stamp}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("CSV (-want +got):\n%s", diff)
	}
	for text, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", " =1": "' =1", "|calc": "'|calc", "＝1": "'＝1", "a=1": "a=1", "": "", " ": " ", "– none": "– none",
	} {
		if got := inert(text); got != want {
			t.Errorf("inert(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var got struct {
		Schema string
		Tables []Table
	}
	if err := json.Unmarshal([]byte(write(t, WriteJSON, []Table{sample})), &got); err != nil {
		t.Fatal(err)
	}
	if got.Schema != SchemaID {
		t.Errorf("the schema is %q", got.Schema)
	}
	if diff := cmp.Diff([]Table{sample}, got.Tables); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

func TestHTML(t *testing.T) {
	t.Parallel()
	page := write(t, WriteHTML, []Table{sample})
	fragment := write(t, WriteFragment, []Table{sample})
	for _, want := range []string{
		`<th scope="row">one|1</th><td><span class="proved word">Yes</span><br><span class="departed word" title="x: fail">✗ No</span></td>`,
		`<span class="unproved word">Yes °</span>`, "No run has proved this table",
	} {
		if !strings.Contains(page, want) || !strings.Contains(fragment, want) {
			t.Errorf("the page or the fragment lacks %s", want)
		}
	}
	for _, part := range []string{"<html", "<style", "<script"} {
		if strings.Contains(fragment, part) {
			t.Errorf("the fragment contains %s", part)
		}
	}
	if n := strings.Count(page, "ZgotmplZ"); n > 0 {
		t.Errorf("the template refused %d values", n)
	}
}

const (
	hostileScript  = `</td></table><script>alert(1)</script><img src=x onerror=alert(1)>`
	hostileControl = "\x1b[2J\u202e\u009b31m\x00\r\n<!-- /countersign:tables -->\n"
	hostileText    = "| x | `code` ![i](http://evil.example/i.png) [l](http://evil.example) http://evil.example/a www.evil.example $x$ ^a^ @cite {.c} {{< include /etc/passwd >}}"
	hostileFormula = `=HYPERLINK("http://evil.example")`
)

// hostile returns sources with a report that repeats hostile texts wherever a server or the author of
// a report could place them.
func hostile(t testing.TB) Sources {
	s := read(t)
	for _, seat := range []string{plan.SeatServer, plan.SeatProxy} {
		fronts := []string{hostileFormula + hostileScript}
		r := s.reportOf(seat, hostileFormula+hostileScript+hostileText+hostileControl, fronts, func(res *report.Result) {
			res.Refusals = []verdict.Refusal{{Method: hostileFormula, Route: hostileScript + hostileText + hostileControl, Status: 400}}
			if res.Rules[0] == "PA-034" || res.Rules[0] == "PA-022" {
				set(res, verdict.Fail)
				res.Reason = hostileScript + hostileControl
				res.Violations[0].Got = hostileScript + hostileControl
			}
		})
		r.Suite.Version, r.Target.Version, r.Verdict = hostileScript+hostileControl, hostileControl, hostileText+hostileScript+hostileControl
		s.Reports = append(s.Reports, r)
	}
	return s
}

var control = regexp.MustCompile(`[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}]`)

// TestHostileReplies checks that text of a server or a report is text in every format.
func TestHostileReplies(t *testing.T) {
	t.Parallel()
	s := hostile(t)
	for _, kind := range Kinds() {
		all := build(t, s, kind)
		forms := map[string]string{
			"md": write(t, WriteMarkdown, all), "html": write(t, WriteHTML, all), "fragment": write(t, WriteFragment, all),
			"csv": write(t, WriteCSV, all), "json": write(t, WriteJSON, all),
		}
		for form, text := range forms {
			if found := control.FindString(text); found != "" {
				t.Errorf("%s as %s contains the control character %q", kind, form, found)
			}
			if !strings.Contains(text, "alert(1)") {
				t.Errorf("%s as %s contains no hostile text: the test proves nothing", kind, form)
			}
		}
		checkInert(t, string(kind)+" as Markdown", render(t, forms["md"]))
		checkInert(t, string(kind)+" as HTML", forms["html"])
		checkInert(t, string(kind)+" as a fragment", forms["fragment"])
		if strings.Contains(forms["md"], "<!-- /countersign:tables -->") || strings.Contains(forms["md"], "{{<") {
			t.Errorf("%s as Markdown contains a marker or a shortcode", kind)
		}
		checkColumns(t, kind, all, forms["md"])
		reader := csv.NewReader(strings.NewReader(forms["csv"]))
		reader.FieldsPerRecord = -1
		records, err := reader.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range records {
			for _, cell := range record {
				if strings.HasPrefix(strings.TrimSpace(cell), "=") {
					t.Fatalf("%s as CSV has the formula %q", kind, cell)
				}
			}
		}
	}
}

// checkInert checks that HTML has none of the elements of the hostile texts.
func checkInert(t *testing.T, what, text string) {
	t.Helper()
	for _, element := range []string{"<script", "<img", "<a ", "<!--"} {
		if strings.Contains(text, element) {
			t.Errorf("%s contains %s", what, element)
		}
	}
}

// checkColumns checks that no text adds a cell to a row of a Markdown table.
func checkColumns(t *testing.T, kind Kind, all []Table, text string) {
	t.Helper()
	rendered := render(t, text)
	rows, cells := 0, 0
	for _, table := range all {
		rows += len(table.Rows)
		cells += len(table.Rows) * len(table.Columns)
	}
	if got := strings.Count(rendered, "<td>"); got != cells {
		t.Errorf("%s as Markdown has %d cells in %d rows, want %d", kind, got, rows, cells)
	}
}
