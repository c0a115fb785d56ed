package tables

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/verdict"
)

var allFronts = []string{"direct", "nginx", "apache"}

// grid returns the titles and the marked texts of a table.
func grid(t Table) [][]string {
	var header []string
	for _, c := range t.Columns {
		header = append(header, c.Title)
	}
	all := [][]string{header}
	for _, r := range t.Rows {
		var line []string
		for _, c := range r {
			line = append(line, marked(c))
		}
		all = append(all, line)
	}
	return all
}

// TestSupportTables compares the support tables with those of the document (OAuth Integrations, lines
// 7 to 14), cell for cell.
func TestSupportTables(t *testing.T) {
	t.Parallel()
	s := read(t)
	want := [][][]string{
		{{"Auth Type", "Interactive", "Rendered", "Static"}, {"Viewer", "Yes", "No", "No"}, {"Service Account", "Yes", "Yes", "No"}},
		{{"Auth Type", "Public Access", "Share Links"}, {"Viewer", "No", "No"}, {"Service Account", "Yes", "Yes"}},
	}
	compare := func(name string) {
		var got [][][]string
		for _, table := range build(t, s, Support) {
			got = append(got, grid(table))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	s.Reports = []*report.Report{s.reportOf(plan.SeatServer, "x", allFronts, nil)}
	compare("with a report")
	s.Reports = nil
	for _, table := range want {
		for _, line := range table[1:] {
			for i := range line[1:] {
				line[i+1] += " °"
			}
		}
	}
	compare("without a report")
}

// TestProofs checks what the outcomes of the scenarios of a cell say about it.
func TestProofs(t *testing.T) {
	t.Parallel()
	s := read(t)
	const api, others = "python-dash", "Interactive"
	about := func(res *report.Result, mode string) bool {
		return strings.HasPrefix(res.Scenario, others) && strings.Contains(res.Scenario, mode) && strings.Contains(res.Scenario, "Viewer")
	}
	for _, tt := range []struct {
		name   string
		change func(*report.Result)
		want   string
	}{
		{"all pass", nil, "Yes"},
		{"one fails at one front", func(r *report.Result) {
			if about(r, api) && r.Front == "nginx" {
				set(r, verdict.Fail)
			}
		}, "✗ Yes"},
		{"a standing check fails", func(r *report.Result) {
			if about(r, api) {
				set(r, verdict.Fail)
				r.Cited = verdict.Pass
			}
		}, "Yes"},
		{"one is blocked", func(r *report.Result) {
			if about(r, api) {
				set(r, verdict.Blocked)
			}
		}, "Yes °"},
		{"one is not applicable", func(r *report.Result) {
			if about(r, api) {
				set(r, verdict.NotApplicable)
			}
		}, "Yes"},
		{"all are not applicable", func(r *report.Result) {
			if strings.HasPrefix(r.Scenario, others) {
				set(r, verdict.NotApplicable)
			}
		}, "Yes °"},
		{"two fronts were not selected", func(r *report.Result) {
			if r.Front != "direct" {
				set(r, verdict.Skipped)
			}
		}, "Yes"},
		{"one was not selected", func(r *report.Result) {
			if about(r, api) {
				set(r, verdict.Skipped)
			}
		}, "Yes °"},
		{"one fails and one is blocked", func(r *report.Result) {
			switch {
			case about(r, api):
				set(r, verdict.Fail)
			case about(r, "python-shiny"):
				set(r, verdict.Blocked)
			}
		}, "✗ Yes"},
	} {
		with := s
		with.Reports = []*report.Report{s.reportOf(plan.SeatServer, "x", allFronts, tt.change)}
		if got := marked(row(t, build(t, with, Support)[0], "Viewer")[1]); got != tt.want {
			t.Errorf("%s: the cell is %q, want %q", tt.name, got, tt.want)
		}
	}
	missing := s.reportOf(plan.SeatServer, "x", allFronts, nil)
	missing.Results = missing.Results[:10]
	s.Reports = []*report.Report{missing}
	if got := marked(row(t, build(t, s, Support)[0], "Viewer")[1]); got != "Yes °" {
		t.Errorf("scenarios that are not in the report: the cell is %q", got)
	}
}

// TestSupportNeedsRowsThatAgree checks the errors of features from which the tables do not follow.
func TestSupportNeedsRowsThatAgree(t *testing.T) {
	t.Parallel()
	at := func(kind, content, access, expected string) *plan.Scenario {
		return &plan.Scenario{Feature: "x.feature", Line: 1, Row: 2, Values: []plan.Value{{Column: "type", Text: kind}, {Column: "content", Text: content}, {Column: "access", Text: access}, {Column: "expected", Text: expected}}}
	}
	for _, tt := range []struct {
		scenarios []*plan.Scenario
		want      string
	}{
		{nil, "has a row for Viewer integrations and Interactive"},
		{[]*plan.Scenario{at("Viewer", "Interactive", "x", "no token"), at("Viewer", "Interactive", "x", `a token of "alice"`)}, "x.feature:1:2 expects No and x.feature:1:2 expects Yes"},
		{[]*plan.Scenario{at("Viewer", "Interactive", "x", "tokens")}, `expects "tokens", which is neither a token nor none`},
		{[]*plan.Scenario{at("Viewer", "Interactive", "an anonymous visitor", "no token")}, "has a row for Viewer integrations and Interactive"},
	} {
		s := Sources{Documents: []*plan.Document{{Scenarios: tt.scenarios}}}
		if _, err := s.Build(Support); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("the error is %v, want %s", err, tt.want)
		}
	}
}

func TestRulesTable(t *testing.T) {
	t.Parallel()
	s := read(t)
	all := s.Catalogue.All()
	table := build(t, s, Rules)[0]
	if len(table.Rows) != len(all) {
		t.Errorf("the table has %d rows for %d rules", len(table.Rows), len(all))
	}
	for i, r := range table.Rows {
		if r[0][0].Text != all[i].ID {
			t.Fatalf("row %d is about %s, want %s", i, r[0][0].Text, all[i].ID)
		}
	}
	result := func(id string) string { return marked(row(t, table, id)[6]) }
	if got := result("PA-034"); got != "expected to hold °" {
		t.Errorf("without a report, the result of PA-034 is %q", got)
	}
	s.Reports = []*report.Report{s.reportOf(plan.SeatServer, "x", allFronts, func(r *report.Result) {
		if r.Rules[0] == "PA-034" && r.Front == "nginx" {
			set(r, verdict.Fail)
		}
	})}
	table = build(t, s, Rules)[0]
	for id, want := range map[string]string{
		"PA-034": "✗ fail at nginx; pass at direct, apache", "PA-035": "pass at direct, nginx, apache", "SEC-049": "expected to hold °",
		"OI-004": "not-testable: statement of purpose °",
	} {
		if got := result(id); got != want {
			t.Errorf("the result of %s is %q, want %q", id, got, want)
		}
	}
	if got := marked(row(t, table, "PA-143")[5]); !strings.Contains(got, `The API refuses to create a user with the username "<username>" (20 rows), proxied/prohibited_usernames.feature:`) {
		t.Errorf("the scenarios of PA-143 are %q", got)
	}
}

func TestOptionsTable(t *testing.T) {
	t.Parallel()
	s := read(t)
	s.Reports = []*report.Report{s.reportOf(plan.SeatServer, "x", allFronts, func(r *report.Result) {
		if r.Rules[0] == "PA-291" {
			set(r, verdict.Blocked)
		}
	})}
	table := build(t, s, Options)[0]
	if len(table.Rows) != len(plan.OptionNames()) {
		t.Errorf("the table has %d options, and the documents %d", len(table.Rows), len(plan.OptionNames()))
	}
	want := []string{"Authorization.UserGroups", "boolean", "true", "Whether the server has groups at all.", "Proxied Authentication, line 398", "PA-291 °; PA-292 °; PA-293", "PA-291 °; PA-349"}
	var got []string
	for _, c := range row(t, table, want[0]) {
		got = append(got, marked(c))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("UserGroups (-want +got):\n%s", diff)
	}
	if got := marked(row(t, table, "SAML.GroupsAutoProvision")[6]); got != "no scenario sets it °" {
		t.Errorf("the rules of an option that no scenario sets are %q", got)
	}
	if got := marked(row(t, table, "Authorization.UserRoleMapping")[5]); !strings.Contains(got, "PA-225") || strings.Contains(got, "PA-241") {
		t.Errorf("the rules about UserRoleMapping are %q; PA-241 is about UserRoleMappingRestrictive", got)
	}
}

func TestErrorsTable(t *testing.T) {
	t.Parallel()
	s := read(t)
	code := int64(107)
	s.Reports = []*report.Report{s.reportOf(plan.SeatServer, "x", allFronts, func(r *report.Result) {
		if r.Rules[0] != "PA-143" {
			return
		}
		switch r.Row {
		case 1:
			set(r, verdict.Fail)
		case 2:
			r.Refusals = []verdict.Refusal{{Method: "POST", Route: "/__api__/v1/users", Status: 501}}
		default:
			r.Refusals = []verdict.Refusal{{Method: "POST", Route: "/__api__/v1/users", Status: 400, Code: &code}}
		}
	})}
	var got []string
	for _, r := range build(t, s, Errors)[0].Rows {
		if r[1][0].Text == "PA-143" && strings.HasPrefix(r[0][0].Text, "The API") {
			got = append(got, fmt.Sprintf("%s|%s|%s|%s|%s", marked(r[0]), marked(r[2]), marked(r[3]), marked(r[4]), marked(r[5])))
		}
	}
	want := []string{
		`The API refuses to create a user with the username "<username>" (18 rows)|POST /__api__/v1/users|400|107|any 4xx or 501`,
		`The API refuses to create a user with the username "apps"|POST /__api__/v1/users|501|none|any 4xx or 501`,
		`The API refuses to create a user with the username "connect"|✗ –|✗ –|✗ –|any 4xx or 501`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("PA-143 (-want +got):\n%s", diff)
	}
	s.Reports = nil
	for _, r := range build(t, s, Errors)[0].Rows {
		if r[3][0].Proof != Unproved || r[5][0].Text == "" {
			t.Errorf("without a report, the row of %q is %q, %q", r[0][0].Text, marked(r[3]), marked(r[5]))
		}
	}
}

func TestProxiesTable(t *testing.T) {
	t.Parallel()
	s := read(t)
	own := []string{"nginx", "apache"}
	s.Reports = []*report.Report{
		s.reportOf(plan.SeatProxy, "nginx, apache (documented)", own, func(r *report.Result) {
			if r.Front == "apache" && (r.Rules[0] == "PA-022" || r.Rules[0] == "SEC-049") {
				set(r, verdict.Fail)
			}
		}),
		s.reportOf(plan.SeatProxy, "nginx, apache (hardened)", own, nil),
		s.reportOf(plan.SeatProxy, "haproxy", []string{"proxy"}, func(r *report.Result) { set(r, verdict.NotApplicable) }),
	}
	table := build(t, s, Proxies)[0]
	got := grid(table)
	want := []string{"Rule", "Class", "Source", "Statement", "nginx (documented)", "apache (documented)", "nginx (hardened)", "apache (hardened)", "haproxy 2.0"}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	for id, want := range map[string][]string{
		"PA-022": {"holds", "✗ does not hold", "holds", "holds", "not applicable °"}, "SEC-049": {"holds", "✗ departs from advice", "holds", "holds", "not applicable °"},
	} {
		var cells []string
		for _, c := range row(t, table, id)[4:] {
			cells = append(cells, marked(c))
		}
		if diff := cmp.Diff(want, cells); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
	if len(table.Runs) != 3 {
		t.Errorf("the table names %d runs, want 3", len(table.Runs))
	}
	if got := marked(row(t, build(t, s, Rules)[0], "PA-022")[6]); got != "expected to hold °" {
		t.Errorf("with reports of several proxies, the table of rules says %q", got)
	}
	s.Reports = nil
	table = build(t, s, Proxies)[0]
	if got := marked(row(t, table, "PA-022")[4]); got != "expected to hold °" {
		t.Errorf("without a report, the cell is %q", got)
	}
}

// TestValidateSources checks which reports no table can be built from.
func TestValidateSources(t *testing.T) {
	t.Parallel()
	s := read(t)
	server := s.reportOf(plan.SeatServer, "x", allFronts, nil)
	proxy := s.reportOf(plan.SeatProxy, "haproxy", []string{"proxy"}, nil)
	other, unknown := *server, *server
	other.Suite.Features = strings.Repeat("0", 64)
	unknown.Target.Seat = "chair"
	for _, tt := range []struct {
		reports []*report.Report
		want    string
	}{
		{nil, ""},
		{[]*report.Report{server, proxy}, ""},
		{[]*report.Report{&other}, "is of other features (sha256 000000000000)"},
		{[]*report.Report{&unknown}, `has the seat "chair"`},
		{[]*report.Report{server, server}, "2 reports are of servers"},
		{[]*report.Report{proxy, proxy}, "is another one of haproxy 2.0"},
	} {
		s.Reports = tt.reports
		got := ""
		if err := s.Validate(); err != nil {
			got = err.Error()
		}
		if got == "" != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("the error is %q, want %q", got, tt.want)
		}
	}
	if _, err := s.Build("colours"); err == nil {
		t.Error("a table of colours is built")
	}
}

// TestStamps checks that a table names its run.
func TestStamps(t *testing.T) {
	t.Parallel()
	s := read(t)
	if got := build(t, s, Options)[0].Stamps(); len(got) != 1 || !strings.HasPrefix(got[0], "No run has proved this table") {
		t.Errorf("without a report, the stamp is %q", got)
	}
	s.Reports = []*report.Report{s.reportOf(plan.SeatServer, "my server", allFronts, nil)}
	s.Reports = append(s.Reports, s.reportOf(plan.SeatProxy, "haproxy", []string{"proxy"}, nil))
	if n := len(build(t, s, Options)[0].Stamps()); n != 2 {
		t.Errorf("the table of options names %d runs, want 2", n)
	}
	got := build(t, s, Support)[0].Stamps()
	want := "Run of 2026-11-22 09:30 UTC by countersign 0.1, seed 7, target my server 2.0 (seat server), fronts direct, nginx, apache. CONFORMS: "
	if len(got) != 1 || !strings.HasPrefix(got[0], want) || !strings.Contains(got[0], s.Features[:12]) {
		t.Errorf("the stamp is %q", got)
	}
}
