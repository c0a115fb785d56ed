package main

import (
	"slices"
	"strings"
	"testing"

	"countersign/features"
	"countersign/proxies"
	"countersign/steps/report"
	"countersign/steps/rules"
)

// TestProxyFaultsCiteRules requires that each named fault of the proxies can be built and names rules
// of the catalogue.
func TestProxyFaultsCiteRules(t *testing.T) {
	t.Parallel()
	faults, err := proxies.Faults()
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := rules.Load(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		for _, id := range slices.Concat(f.Rules, f.Also) {
			if r, known := catalogue.Rule(id); !known || !slices.Contains([]string{"proxy", "idp", "operator"}, r.Role) {
				t.Errorf("%s: %s is not a rule about a proxy, its login server or its operator", f.Name, id)
			}
		}
	}
	if len(faults) < 90 {
		t.Errorf("%d faults, want at least 90", len(faults))
	}
}

// TestWholeRunsOfProxyFaults runs the scenarios that cite the rules of a named fault against a proxy with
// that fault; they must fail. With -whole it runs all scenarios about a proxy, of which no others may fail
// beside those that the fault breaks too and those that fail without it. make mutate does that.
func TestWholeRunsOfProxyFaults(t *testing.T) {
	wholeRuns(t)
	faults, err := proxies.Faults()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			requireProxy(t, string(f.Kind()))
			flags := []string{"--seat", "proxy", "--proxy", string(f.Kind()), "--fault", f.Name}
			if !*allScenarios {
				flags = append(flags, "--rule", strings.Join(f.Rules, ","))
			} else if !slices.Contains(f.Rules, "EX-038") { // its scenarios wait for seconds
				flags = append(flags, "--tags", "not @EX-038")
			}
			rep := runSeat(t, flags...)
			if rep.Exit == report.ExitNotStarted {
				t.Fatalf("not started: %s", rep.Verdict)
			}
			got, others := broken(rep)
			for _, id := range f.Rules {
				if !slices.Contains(got, id) {
					t.Errorf("no scenario of %s has failed", id)
				}
			}
			allowed := slices.Concat(f.Rules, f.Also, strings.Fields(knownDefects[string(f.Kind())][f.Flavour]))
			for _, id := range got {
				if !slices.Contains(allowed, id) {
					t.Errorf("a scenario of %s has failed", id)
				}
			}
			if len(others) > 0 {
				t.Logf("without a verdict: %d, such as %s", len(others), others[0])
			}
		})
	}
}
