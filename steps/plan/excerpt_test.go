package plan

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const excerptFeature = `Feature: F

  Background:
    Given a publisher "paula"

  @PA-001
  Scenario: First
    Then one

  Rule: R
    Background:
      Given a viewer

    # About the outline.
    @PA-002
    Scenario Outline: <a>
      Then <a>

      Examples:
        | rule   | a |
        | PA-003 | x |

        | PA-004 | y |

    # About the next.
    @PA-005
    Scenario: Next
      Then next

  Rule: S

    @PA-006
    Scenario: Last
      Then last
`

func TestExcerpt(t *testing.T) {
	t.Parallel()
	documents, err := Read(fstest.MapFS{"proxied/x.feature": {Data: []byte(excerptFeature)}})
	if err != nil {
		t.Fatal(err)
	}
	d := documents[0]
	feature, rule := "Background:\n  Given a publisher \"paula\"", "Background:\n  Given a viewer"
	for i, want := range []Excerpt{
		{[]string{feature}, "@PA-001\nScenario: First\n  Then one"},
		{[]string{feature, rule}, "@PA-002\nScenario Outline: <a>\n  Then <a>\n  Examples:\n    | rule   | a |\n    | PA-003 | x |"},
		{[]string{feature, rule}, "@PA-002\nScenario Outline: <a>\n  Then <a>\n  Examples:\n    | rule   | a |\n    | PA-004 | y |"},
		{[]string{feature, rule}, "@PA-005\nScenario: Next\n  Then next"},
		{[]string{feature}, "@PA-006\nScenario: Last\n  Then last"},
	} {
		if diff := cmp.Diff(want, d.Excerpt(d.Scenarios[i:i+1])); diff != "" {
			t.Errorf("scenario %d (-want +got):\n%s", i, diff)
		}
	}
	if text := d.Excerpt(d.Scenarios[1:3]).Scenario; strings.Count(text, "\n") != 6 {
		t.Errorf("the excerpt of two rows is:\n%s", text)
	}
	if d.Scenarios[1].Outline != "<a>" || d.Scenarios[1].Name != "x" {
		t.Errorf("the outline is %q, the name %q", d.Scenarios[1].Outline, d.Scenarios[1].Name)
	}
	if text, has := d.Scenarios[2].Value("a"); text != "y" || !has {
		t.Errorf("the value is %q, %v", text, has)
	}
	if _, has := d.Scenarios[0].Value("a"); has {
		t.Error("a scenario has a value")
	}
}

// TestOptionsOfAScenario checks that options in tables and docstrings are found, also those that are
// left out on purpose.
func TestOptionsOfAScenario(t *testing.T) {
	t.Parallel()
	documents, err := Read(fstest.MapFS{"proxied/x.feature": {Data: []byte(`Feature: F

  @PA-001 @direct
  Scenario: A
    Given a server configured with:
      | ProxyAuth.LoginURL    | https://x.example/ |
      | ProxyAuth.EmailHeader | (not set)          |
    When the server is restarted with:
      """
      [authorization]
      usergroups = false
      ; Logging = true
      """
`)}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Authorization.UserGroups", "ProxyAuth.EmailHeader", "ProxyAuth.LoginURL"}
	if diff := cmp.Diff(want, documents[0].Scenarios[0].Options()); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
}
