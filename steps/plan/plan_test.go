package plan_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cucumber/godog"

	"countersign/features"
	"countersign/steps/plan"
)

const sample = `Feature: Sample

  Background:
    Given a server configured with:
      """
      [Authentication]
      Provider = proxy
      """

  Rule: One

    @PA-034 @careless
    Scenario: First
      Then it holds

    Scenario Outline: Row <n>
      Then it holds

      Examples:
        | rule   | n |
        | PA-036 | 1 |
        | PA-037 | 2 |

      @direct
      Examples:
        | rule   | n |
        | PA-038 | 3 |

  Rule: Two

    @alone @PA-035
    Scenario: Last
      Then it holds
`

func read(t *testing.T, text string) []*plan.Document {
	t.Helper()
	documents, err := plan.Read(fstest.MapFS{"sample/sample.feature": {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	return documents
}

func make1(t *testing.T, s plan.Selection) *plan.Plan {
	t.Helper()
	p, err := plan.Make(read(t, sample), s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestScenariosCiteRulesByTagAndByRow(t *testing.T) {
	want := []string{"sample/sample.feature:13 PA-034", "sample/sample.feature:16:21 PA-036", "sample/sample.feature:16:22 PA-037", "sample/sample.feature:16:27 PA-038", "sample/sample.feature:32 PA-035"}
	for i, s := range read(t, sample)[0].Scenarios {
		if got := s.ID() + " " + strings.Join(s.Rules, ","); got != want[i] {
			t.Errorf("scenario %d is %s, want %s", i, got, want[i])
		}
	}
}

func TestMakeSpreadsOverFronts(t *testing.T) {
	cases := []struct {
		name      string
		selection plan.Selection
		jobs      int
		instances int
	}{
		// careless and hardened behind each proxy, one at direct, and one per front for @alone
		{"full", plan.Selection{}, 13, 8},
		{"lean", plan.Selection{Spread: plan.Lean}, 9, 6},
		{"one front", plan.Selection{Fronts: []string{plan.Nginx}}, 4, 3},
		{"one rule", plan.Selection{Rules: []string{"PA-038"}}, 1, 1},
	}
	for _, c := range cases {
		p := make1(t, c.selection)
		if len(p.Jobs) != c.jobs || len(p.Instances) != c.instances {
			t.Errorf("%s: %d jobs on %d instances, want %d on %d", c.name, len(p.Jobs), len(p.Instances), c.jobs, c.instances)
		}
	}
}

func TestMakeRefusesAnEmptySelection(t *testing.T) {
	tags, err := plan.ParseTags("@quiet")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Make(read(t, sample), plan.Selection{Tags: tags}); err == nil {
		t.Error("Make planned an empty selection")
	}
}

func TestSeedReplaysTheOrder(t *testing.T) {
	order := func(seed int64) string {
		var ids []string
		for _, j := range make1(t, plan.Selection{Seed: seed}).Jobs {
			ids = append(ids, j.ID())
		}
		return strings.Join(ids, " ")
	}
	if order(7) != order(7) {
		t.Error("one seed gave two orders")
	}
	if order(7) == order(8) {
		t.Error("two seeds gave the same order")
	}
}

// TestTextsHoldThePlanAndNothingElse checks that godog reads exactly the planned scenarios from the
// texts.
func TestTextsHoldThePlanAndNothingElse(t *testing.T) {
	documents, err := plan.Read(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Make(documents, plan.Selection{Spread: plan.Lean})
	if err != nil {
		t.Fatal(err)
	}
	texts, files := p.Texts()
	var paths []string
	want := 0
	for _, text := range texts {
		paths = append(paths, text.Path)
		want += len(text.Jobs)
	}
	read, err := godog.TestSuite{Options: &godog.Options{FS: files, Paths: paths}}.RetrieveFeatures()
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	for i, feature := range read {
		if len(feature.Pickles) != len(texts[i].Jobs) {
			t.Errorf("%s holds %d scenarios, %d are planned", texts[i].Path, len(feature.Pickles), len(texts[i].Jobs))
		}
		got += len(feature.Pickles)
	}
	if got != want || want != len(p.Jobs) {
		t.Errorf("godog reads %d scenarios, the texts hold %d, the plan %d", got, want, len(p.Jobs))
	}
}

func TestParseTags(t *testing.T) {
	cases := []struct {
		text string
		tags string
		want bool
	}{
		{"", "", true},
		{"@a", "@a", true},
		{"not @a", "@a", false},
		{"@a and not @b", "@a @b", false},
		{"@a and not @b", "@a", true},
		{"@a or @b and @c", "@a", true},
		{"(@a or @b) and @c", "@a", false},
		{"not (@a or @b)", "@c", true},
		{"not not @a", "@a", true},
	}
	for _, c := range cases {
		e, err := plan.ParseTags(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got := e.Accepts(strings.Fields(c.tags)); got != c.want {
			t.Errorf("%q on %q is %v, want %v", c.text, c.tags, got, c.want)
		}
	}
	for _, bad := range []string{"@a && @b", "@a,@b", "~@a", "@a @b", "(@a", "@a and", "or @a", "@"} {
		if _, err := plan.ParseTags(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestSeedConfiguration(t *testing.T) {
	cases := []struct {
		name, text string
		needed     bool
		provider   string
	}{
		{"plain", "[Authentication]\nProvider = proxy", false, ""},
		{"no registration", "[Authentication]\nProvider = proxy\n[ProxyAuth]\nRegisterOnFirstLogin = false", true, "proxy"},
		{"registration written out", "[Authentication]\nProvider = proxy\n[ProxyAuth]\nRegisterOnFirstLogin = true", false, ""},
		{"another provider", "[Authentication]\nProvider = \"password\"", true, "proxy"},
	}
	for _, c := range cases {
		configuration, err := plan.ParseConfiguration(c.text)
		if err != nil {
			t.Fatal(err)
		}
		seed, needed := configuration.Seed()
		if needed != c.needed || needed && (seed.Get("Authentication", "Provider") != c.provider || seed.Sets("ProxyAuth", "RegisterOnFirstLogin")) {
			t.Errorf("%s: seed needed %v, text %q", c.name, needed, seed.Text)
		}
	}
}

func TestReserveGivesEachPortOnce(t *testing.T) {
	a, err := plan.Reserve(3)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Release()
	t.Setenv("TMPDIR", t.TempDir()) // reservations do not depend on the folder for temporary files
	b, err := plan.Reserve(150)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Release()
	seen := map[int]bool{}
	for _, p := range append(a.Ports, b.Ports...) {
		if seen[p] {
			t.Errorf("port %d was given twice", p)
		}
		seen[p] = true
	}
}

func TestFeaturesArePlanned(t *testing.T) {
	documents, err := plan.Read(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Make(documents, plan.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Jobs) == 0 || len(p.Instances) < p.Configurations() {
		t.Errorf("%d jobs, %d instances of %d configurations", len(p.Jobs), len(p.Instances), p.Configurations())
	}
	t.Logf("%d configurations, %d instances, %d jobs", p.Configurations(), len(p.Instances), len(p.Jobs))
}

const furtherSample = `Feature: Starts

  Background:
    Given a server configured with:
      """
      [Authentication]
      Provider = proxy
      """

  %s
  Scenario: One
    When %s:
      """
      [Authentication]
      Provider = %s
      """
    Then it holds
`

func TestFurtherServersAreCountedAndGetPorts(t *testing.T) {
	p, err := plan.Make(read(t, fmt.Sprintf(furtherSample, "@PA-003 @direct", "a server is started with", "password")), plan.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	if p.Configurations() != 2 || p.Ports() != 2 || len(p.Instances) != 1 {
		t.Errorf("%d configurations, %d ports, %d instances", p.Configurations(), p.Ports(), len(p.Instances))
	}
	p.Listen([]int{1, 2})
	if p.Instances[0].Listen != "127.0.0.1:1" || p.Jobs[0].Listen != "127.0.0.1:2" {
		t.Errorf("listens at %s and %s", p.Instances[0].Listen, p.Jobs[0].Listen)
	}
}

func TestRestartsThatTheProxyDoesNotFollow(t *testing.T) {
	for _, c := range []struct{ tags, step, provider, problem string }{
		{"@PA-003 @alone", "the server is restarted with", "password", ""},
		{"@PA-003 @alone", "the server is restarted with", "proxy\n      [ProxyAuth]\n      UsernameHeader = X-User", "tag the scenario @direct"},
		{"@PA-003 @alone @direct", "the server is restarted with", "proxy\n      [ProxyAuth]\n      UsernameHeader = X-User", ""},
	} {
		_, err := plan.Read(fstest.MapFS{"sample/a.feature": {Data: fmt.Appendf(nil, furtherSample, c.tags, c.step, c.provider)}})
		if (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s %s: %v", c.tags, c.step, err)
		}
	}
}

func TestTargetDefinesDebugLog(t *testing.T) {
	t.Parallel()
	c, err := plan.ParseConfiguration("[Authentication]\nProvider = proxy\n\n{debug log}\n")
	if err != nil || !c.DebugLog {
		t.Fatalf("read as %+v, %v", c, err)
	}
	text := c.With("http://a/", "127.0.0.1:1", "/data", "[Log]\nLevel = debug")
	if !strings.Contains(text, "\n[Log]\nLevel = debug\n") || strings.Contains(text, plan.DebugLog) {
		t.Errorf("the configuration text is %q", text)
	}
	plain, err := plan.ParseConfiguration("[Authentication]\nProvider = proxy\n")
	if err != nil || plain.DebugLog || plain.Digest() == c.Digest() {
		t.Errorf("a configuration without debug log is %+v, %v", plain, err)
	}
}

// optionsSample is a feature with a scenario that has a table of options.
const optionsSample = `Feature: Options
  @PA-003
  Scenario: A table
    Given a server configured with:
%s
    Then it starts
`

func TestTableOfOptions(t *testing.T) {
	t.Parallel()
	read := func(table string) (*plan.Scenario, error) {
		documents, err := plan.Read(fstest.MapFS{"sample/a.feature": {Data: fmt.Appendf(nil, optionsSample, table)}})
		if err != nil {
			return nil, err
		}
		return documents[0].Scenarios[0], nil
	}
	for _, c := range []struct{ name, table, want string }{
		{"added to the defaults", "      | ProxyAuth.RoleHeader | X-Role |", "[Authentication]\nProvider = proxy\n[ProxyAuth]\nRoleHeader = X-Role\n"},
		{"in place of a default", "      | Authentication.Provider | password |", "[Authentication]\nProvider = password\n"},
		{"several times, in their order", "      | Server.Address | https://a |\n      | Authorization.ViewerRoleMapping | \"b\" |\n      | Authorization.ViewerRoleMapping | \"a\" |",
			"[Authentication]\nProvider = proxy\n[Authorization]\nViewerRoleMapping = \"b\"\nViewerRoleMapping = \"a\"\n[Server]\nAddress = https://a\n"},
		{"with the log level", "      | DebugLog | on |", "[Authentication]\nProvider = proxy\n{debug log}\n"},
	} {
		s, err := read(c.table)
		if err != nil || s.Configuration.Text != c.want {
			t.Errorf("%s: %v, %q, want %q", c.name, err, s.Configuration.Text, c.want)
		}
	}
	for _, c := range []struct{ name, table, want string }{
		{"an unknown option", "      | ProxyAuth.RolesHeader | X-Role |", `"ProxyAuth.RolesHeader"; did you mean "ProxyAuth.RoleHeader"?`},
		{"a section in another case", "      | proxyauth.RoleHeader | X-Role |", `did you mean "ProxyAuth.RoleHeader"?`},
		{"three cells", "      | ProxyAuth.RoleHeader | X | Y |", "a row of the table has 3 cells"},
		{"nothing", "", "the step has neither a table nor a docstring"},
	} {
		if _, err := read(c.table); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "sample/a.feature:4") {
			t.Errorf("%s: error %v, want one with the place and %q", c.name, err, c.want)
		}
	}
}

// TestReadRequiresAKeyword checks the error for a step that is neither a Given, a When nor a Then.
func TestReadRequiresAKeyword(t *testing.T) {
	t.Parallel()
	const background = "Feature: F\n  Background:\n    * it is set up\n\n  Scenario: A\n    Then it starts\n\n  Scenario: B\n    Then it stops\n"
	const want = `%q: the keyword says neither Given nor When nor Then; write Given, When or Then`
	for _, c := range []struct{ name, text, want string }{
		{"an asterisk", "Feature: F\n  Scenario: S\n    Given it is set up\n    * it starts\n", "sample/a.feature:4: " + fmt.Sprintf(want, "it starts")},
		{"a conjunction after an asterisk", "Feature: F\n  Scenario: S\n    When it is set up\n    * it starts\n    And it stops\n", "sample/a.feature:4: " + fmt.Sprintf(want, "it starts") + "\nsample/a.feature:5: " + fmt.Sprintf(want, "it stops")},
		{"a conjunction without a step before it", "Feature: F\n  Scenario: S\n    And it starts\n", "sample/a.feature:3: " + fmt.Sprintf(want, "it starts")},
		{"a background of two scenarios", background, "sample/a.feature:3: " + fmt.Sprintf(want, "it is set up")},
	} {
		_, err := plan.Read(fstest.MapFS{"sample/a.feature": {Data: []byte(c.text)}})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: error %v, want %s", c.name, err, c.want)
		}
	}
}

// TestScenarioWithoutConfiguration checks that a scenario without a configuration has the defaults.
func TestScenarioWithoutConfiguration(t *testing.T) {
	t.Parallel()
	documents, err := plan.Read(fstest.MapFS{"sample/a.feature": {Data: []byte("Feature: F\n  @PA-003\n  Scenario: S\n    Then it starts\n")}})
	if err != nil {
		t.Fatal(err)
	}
	if got := documents[0].Scenarios[0].Configuration.Text; got != "[Authentication]\nProvider = proxy\n" {
		t.Errorf("the configuration is %q", got)
	}
}
