package tables

import (
	"html"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/verdict"
)

var (
	hrefs = regexp.MustCompile(`(?:href|src)="([^"]*)"`)
	ids   = regexp.MustCompile(` id="([^"]*)"`)
)

func site(t testing.TB, s Sources, m *Mutation) map[string]string {
	t.Helper()
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	files, err := s.Site(m)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for name, text := range files {
		texts[name] = string(text)
		if strings.Contains(texts[name], "ZgotmplZ") {
			t.Errorf("%s: the template refused a value", name)
		}
	}
	return texts
}

// TestSiteLinks checks that every link leads to a page and a place of the site, and that each rule has
// a page.
func TestSiteLinks(t *testing.T) {
	t.Parallel()
	s := read(t)
	pages := site(t, s, nil)
	places := map[string]bool{}
	for name, text := range pages {
		places[name] = true
		for _, id := range ids.FindAllStringSubmatch(text, -1) {
			if places[name+"#"+id[1]] {
				t.Errorf("%s has the id %s twice", name, id[1])
			}
			places[name+"#"+id[1]] = true
		}
	}
	links := 0
	for name, text := range pages {
		for _, link := range hrefs.FindAllStringSubmatch(text, -1) {
			links++
			to := html.UnescapeString(link[1])
			if strings.HasPrefix(to, "#") {
				to = name + to
			}
			if !places[to] || path.Base(to) != to {
				t.Errorf("%s links to %s, which the site does not have", name, to)
			}
		}
	}
	if links < 1500 {
		t.Errorf("the site has %d links: the test proves little", links)
	}
	for _, r := range s.Catalogue.All() {
		section := func(place string) bool {
			return strings.HasSuffix(place, "#"+r.ID) && !strings.HasPrefix(place, "index.html")
		}
		if n := len(slices.DeleteFunc(slices.Collect(maps.Keys(places)), func(p string) bool { return !section(p) })); n != 1 || !places["index.html#"+r.ID] {
			t.Errorf("%s is on %d pages of sections, and on the index: %v", r.ID, n, places["index.html#"+r.ID])
		}
	}
}

// article returns the part of the site about a rule.
func article(t testing.TB, pages map[string]string, id string) string {
	t.Helper()
	for name, text := range pages {
		if at := strings.Index(text, `<article class="card rule" id="`+id+`"`); at >= 0 && name != indexFile {
			return text[at : at+strings.Index(text[at:], "</article>")]
		}
	}
	t.Fatalf("no page is about %s", id)
	return ""
}

func TestSiteOfARun(t *testing.T) {
	t.Parallel()
	s := read(t)
	s.Reports = []*report.Report{s.reportOf(plan.SeatServer, "x", allFronts, func(r *report.Result) {
		if r.Rules[0] == "PA-143" && r.Front == "nginx" {
			set(r, verdict.Fail)
		}
	})}
	m := &Mutation{Verdict: "2 of 3 named faults noticed", Faults: []Fault{
		{Name: "missed-fault", Mistake: "A mistake.", Missed: []string{"PA-143"}},
		{Name: "noticed-fault", Mistake: "Another mistake.", Noticed: map[string][]string{"PA-143": {"a", "b", "c", "d", "e"}}},
		{Name: "other-fault", Noticed: map[string][]string{"PA-034": {"x"}}},
	}}
	pages := site(t, s, m)
	got := article(t, pages, "PA-143")
	for _, want := range []string{
		"The prohibition also applies when a user is created by the Server API.", "fail at nginx", "✗</span> departs",
		"direct: 20 of 20 passed", "nginx: 0 of 20 passed", "and 15 more", `<dd class="wanted">one thing</dd>`,
		`<span class="kw">Scenario Outline:</span> The API refuses to create a user with the username <span class="str">&#34;&lt;username&gt;&#34;</span>`,
		`<span class="kw">Background:</span>`,
		"<code>noticed-fault</code> Another mistake.<br>", "noticed by a, b, c and 2 other scenarios", "No scenario of this rule noticed it.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the part about PA-143 lacks %s", want)
		}
	}
	if strings.Contains(got, "other-fault") {
		t.Error("the part about PA-143 names a fault of another rule")
	}
	if got := article(t, pages, "PA-034"); !strings.Contains(got, "✓</span> proved") || !strings.Contains(got, "other-fault") {
		t.Error("PA-034 is not proved, or its fault is missing")
	}
	if got := article(t, pages, "OI-004"); !strings.Contains(got, "not-testable: statement of purpose") || !strings.Contains(got, "has no fault for this rule") || !strings.Contains(got, "not proved") {
		t.Error("OI-004 is not described as a rule that cannot be tested")
	}
	for name, text := range pages {
		if !strings.Contains(text, "seed 7, target x 2.0 (seat server)") || !strings.Contains(text, "2 of 3 named faults noticed") {
			t.Errorf("%s does not name the runs", name)
		}
	}
}

// TestSiteWithoutARun checks that the pages say what they rest on.
func TestSiteWithoutARun(t *testing.T) {
	t.Parallel()
	for name, text := range site(t, read(t), nil) {
		for _, want := range []string{"No run has proved this table", "these pages name no faults"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q", name, want)
			}
		}
		if strings.Contains(text, "✓</span> proved") {
			t.Errorf("%s shows a proof", name)
		}
	}
}

// TestHostileSite checks that texts of reports are text on every page.
func TestHostileSite(t *testing.T) {
	t.Parallel()
	evil := hostileScript + hostileText + hostileControl
	m := &Mutation{Verdict: evil, Faults: []Fault{{Name: evil, Mistake: evil, Place: evil, Noticed: map[string][]string{"PA-034": {evil}}}}}
	clean := site(t, read(t), nil)
	for name, text := range site(t, hostile(t), m) {
		if !strings.Contains(text, "alert(1)") {
			t.Errorf("%s contains no hostile text: the test proves nothing", name)
		}
		if found := control.FindString(text); found != "" {
			t.Errorf("%s contains the control character %q", name, found)
		}
		for _, element := range []string{"<script", "<img", "<!--", "<form"} {
			if got, want := strings.Count(text, element), strings.Count(clean[name], element); got != want {
				t.Errorf("%s contains %s %d times, want %d", name, element, got, want)
			}
		}
		if strings.Contains(text, `href="http`) {
			t.Errorf("%s links to another site", name)
		}
	}
}

func TestHighlight(t *testing.T) {
	t.Parallel()
	got := highlight("@PA-001\n  Scenario Outline: <a> is\n    Given \"x\" And\n      | a | \"b |\n      \"\"\"\n      Given <x>\n      \"\"\"\n    Thenceforth")
	want := [][]token{
		{{"tag", "@PA-001"}},
		{{"", "  "}, {"kw", "Scenario Outline:"}, {"", " "}, {"ph", "<a>"}, {"", " is"}},
		{{"", "    "}, {"kw", "Given"}, {"", " "}, {"str", `"x"`}, {"", " And"}},
		{{"", "      "}, {"tag", "|"}, {"", " a "}, {"tag", "|"}, {"", ` "b `}, {"tag", "|"}},
		{{"doc", `      """`}}, {{"doc", "      Given <x>"}}, {{"doc", `      """`}},
		{{"", "    Thenceforth"}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(token{})); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
}

func TestReadMutation(t *testing.T) {
	t.Parallel()
	const good = `{"schema": "countersign.mutation/1", "faults": [{"name": "f", "noticed": {"PA-001": ["s"]}}], "verdict": "v", "mutants": [{}]}`
	m, err := ReadMutation(strings.NewReader(good))
	if err != nil || len(m.Faults) != 1 || m.of("PA-001")[0].By[0] != "s" {
		t.Errorf("ReadMutation() = %+v, %v", m, err)
	}
	for text, want := range map[string]string{
		"":                                   "it ends after 0 bytes and is not complete",
		good[:40]:                            "is not complete",
		`{"schema": "countersign.report/3"}`: `its schema is "countersign.report/3"`,
		`{}`:                                 `its schema is ""`,
		good + "x":                           "there is data after the report",
		`{"faults": "all"}`:                  "cannot unmarshal",
	} {
		if _, err := ReadMutation(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v, want %s", text, err, want)
		}
	}
}
