package main

import (
	"bytes"
	"context"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"countersign/features"
	"countersign/steps"
	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/rules"
	"countersign/steps/target"
	"countersign/steps/verdict"
)

// runFeature runs one feature against a target that is the real server.
func runFeature(t *testing.T, subject target.Target, feature string) report.Report {
	t.Helper()
	catalogue, err := fs.ReadFile(features.FS(), rules.File)
	if err != nil {
		t.Fatal(err)
	}
	run, _, err := openRun(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e, err := newEquipment(subject, "process", run)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	config := steps.Config{
		Target: subject, WorkDir: run.Path, Fronts: []string{plan.Direct}, ReportDir: t.TempDir(),
		Features: fstest.MapFS{
			rules.File:             {Data: bytes.ReplaceAll(catalogue, []byte("\tdone\n"), []byte("\topen: not in this test\n"))},
			"proxied/test.feature": {Data: []byte(feature)},
		},
	}
	prepared, err := steps.Plan(config)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := steps.Run(ctx, config, e, prepared)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.close(context.WithoutCancel(ctx)); err != nil {
		t.Error(err)
	}
	return rep
}

// TestOperatorIsSeeded checks configurations with which the operator cannot sign in by
// header. The suite first starts the instance with a configuration that permits it, and
// keeps the API key and the data of the operator.
func TestOperatorIsSeeded(t *testing.T) {
	t.Parallel()
	server, probe := buildPrograms(t)
	cases := []struct {
		name, options string
		outcome       verdict.Outcome
		reason        string
	}{
		{"sign-in by header is permitted", "[Authentication]\n      Provider = proxy", verdict.Pass, ""},
		{"signing in does not register users", "[Authentication]\n      Provider = proxy\n\n      [ProxyAuth]\n      RegisterOnFirstLogin = false", verdict.Pass, ""},
		// Users need a password here. That blocks the scenario, but the server accepts
		// the API key of the operator.
		{"users have passwords", "[Authentication]\n      Provider = password", verdict.Blocked, "400 Bad Request, code 6"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rep := runFeature(t, target.Reference(server, "--runtime", probe), `Feature: Seed
  @PA-143
  Scenario: A user made by the administrator
    Given a server configured with:
      """
      `+c.options+`
      """
    And the administrator has created a user with the username "alice"
    And a user has signed in with the username "alice"
    And the administrator has created a user with the username "bob"
    When the administrator creates a user with the username "connect"
    Then the request is refused
    And no account exists with the username "connect"
`)
			got := rep.Results[0]
			if got.Outcome != c.outcome || !strings.Contains(got.Reason, c.reason) {
				t.Errorf("%s (%s), want %s (%s)", got.Outcome, got.Reason, c.outcome, c.reason)
			}
		})
	}
}

// TestSubjectThatDies checks that a server that exits during a run blocks the scenarios of
// its instance, and that their reasons contain the end of its log.
func TestSubjectThatDies(t *testing.T) {
	t.Parallel()
	server, probe := buildPrograms(t)
	subject := shamTarget(t, map[string]string{shamKind: diesKind, shamRelay: server, shamProbe: probe})
	feature := strings.Builder{}
	feature.WriteString("Feature: Death\n  Background:\n    Given a server configured with:\n      \"\"\"\n      [Authentication]\n      Provider = proxy\n      \"\"\"\n")
	for _, name := range []string{"one", "two", "three", "four"} {
		feature.WriteString("\n  @PA-145\n  Scenario: " + name + "\n    When a user signs in with the username \"" + name + "\"\n    Then the sign-in is granted to \"" + name + "\"\n")
	}
	feature.WriteString(`
  @PA-145
  Scenario: on another instance
    Given a server configured with:
      """
      [Authentication]
      Provider = proxy
      [ProxyAuth]
      LoginURL = https://login.example.com/
      """
    When a user signs in with the username "five"
    Then the sign-in is granted to "five"
`)
	rep := runFeature(t, subject, feature.String())
	blocked := 0
	for _, r := range rep.Results {
		if r.Outcome == verdict.Blocked && r.BySubject && strings.Contains(r.Reason, "ended") && strings.Contains(r.Reason, "its log ends") {
			blocked++
		} else if r.Outcome != verdict.Pass && r.Outcome != verdict.Skipped {
			t.Errorf("%s: %s (%s)", r.Scenario, r.Outcome, r.Reason)
		}
	}
	if blocked == 0 || rep.Exit != report.ExitViolated {
		t.Errorf("%d scenarios blocked, exit %d, want at least one and %d", blocked, rep.Exit, report.ExitViolated)
	}
}
