package main

import (
	"slices"
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
			if r, known := catalogue.Rule(id); !known || r.Role != "proxy" {
				t.Errorf("%s: %s is not a rule about a proxy", f.Name, id)
			}
		}
	}
	if len(faults) < 45 {
		t.Errorf("%d faults, want at least 45", len(faults))
	}
}

// TestWholeRunsOfProxyFaults runs the scenarios about a proxy against each named fault. The scenarios
// of its rules must fail, and no others beside those that it breaks too.
func TestWholeRunsOfProxyFaults(t *testing.T) {
	wholeRuns(t)
	faults, err := proxies.Faults()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		t.Run(f.Name, func(t *testing.T) {
			requireProxy(t, string(f.Kind()))
			rep := runSeat(t, "--seat", "proxy", "--proxy", string(f.Kind()), "--fault", f.Name)
			if rep.Exit == report.ExitNotStarted {
				t.Fatalf("not started: %s", rep.Verdict)
			}
			got, others := broken(rep)
			for _, id := range f.Rules {
				if !slices.Contains(got, id) {
					t.Errorf("no scenario of %s has failed", id)
				}
			}
			for _, id := range got {
				if !slices.Contains(f.Rules, id) && !slices.Contains(f.Also, id) {
					t.Errorf("a scenario of %s has failed", id)
				}
			}
			if len(others) > 0 {
				t.Logf("without a verdict: %d, such as %s", len(others), others[0])
			}
		})
	}
}
