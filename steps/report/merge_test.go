package report_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	. "countersign/steps/report"
	"countersign/steps/verdict"
)

// split returns the reports of n shards that together have the results of a run.
func split(r *run, n int) []Part {
	var parts []Part
	for number := 1; number <= n; number++ {
		own := *r.Report
		own.Selection.Shard = fmt.Sprintf("%d/%d", number, n)
		own.Command = slices.Concat(own.Command, []string{"--shard", own.Selection.Shard, "--report=out", "--front", "direct"})
		own.Usage.Wall = time.Duration(number) * time.Minute
		own.Results = slices.Clone(r.Results)
		for i := range own.Results {
			res := &own.Results[i]
			if i%n != number-1 && res.Outcome != verdict.Skipped {
				*res = Result{ID: res.ID, Feature: res.Feature, Rule: res.Rule, Scenario: res.Scenario, Line: res.Line, Row: res.Row,
					Front: res.Front, Rules: res.Rules, Class: res.Class, Outcome: verdict.Skipped, Reason: InOtherShard}
			}
		}
		Conclude(&own, r.cat)
		parts = append(parts, Part{Name: fmt.Sprintf("part%d", number), Report: &own})
	}
	return parts
}

// The merged report of shards has the verdict, the counts and the rules of one run.
func TestMergeIsOneRun(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(testing.TB) *run{"good": good, "mixed": mixed} {
		for _, n := range []int{1, 2, 3, 7} {
			r := make(t)
			whole := r.conclude()
			parts := split(make(t), n)
			slices.Reverse(parts) // any order
			merged, err := Merge(parts, r.cat)
			if err != nil {
				t.Fatalf("%s, %d shards: %v", name, n, err)
			}
			byID := cmpopts.SortSlices(func(a, b Result) bool { return a.ID < b.ID })
			ignored := cmpopts.IgnoreFields(Report{}, "Usage", "Command")
			if diff := cmp.Diff(whole, merged, byID, ignored, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(Result{}, "Instance"), sameOrder); diff != "" {
				t.Errorf("%s, %d shards (-one run +merged):\n%s", name, n, diff)
			}
			if err := Validate(merged); err != nil {
				t.Errorf("%s, %d shards: %v", name, n, err)
			}
			if want := []string{"countersign", "run", "--front", "direct"}; !slices.Equal(merged.Command, want) {
				t.Errorf("command %q, want %q", merged.Command, want)
			}
			if merged.Usage.Wall != time.Duration(n)*time.Minute || merged.Usage.CPU.Suite != time.Duration(n)*whole.Usage.CPU.Suite {
				t.Errorf("usage %+v of %d shards", merged.Usage, n)
			}
		}
	}
}

// sameOrder compares the roots without their order: roots with the same number of scenarios may be
// exchanged.
var sameOrder = cmpopts.SortSlices(func(a, b Root) bool { return a.Reason < b.Reason })

// A text that not every shard has names its shard, and so does an instance.
func TestMergeNamesShards(t *testing.T) {
	t.Parallel()
	parts := split(good(t), 2)
	parts[0].Report.Notes = []string{"everywhere", "only here"}
	parts[1].Report.Notes = []string{"everywhere"}
	parts[1].Report.Interrupted = true
	merged, err := Merge(parts, catalogue(t))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"everywhere", "shard 1/2: only here"}; !slices.Equal(merged.Notes, want) {
		t.Errorf("notes %q, want %q", merged.Notes, want)
	}
	if merged.Exit != ExitInterrupted {
		t.Errorf("exit code %d, want that of an interrupted run", merged.Exit)
	}
	var instances []string
	for _, res := range merged.Results {
		if !slices.Contains(instances, res.Instance) {
			instances = append(instances, res.Instance)
		}
	}
	if want := []string{"1.i1", "2.i1"}; !slices.Equal(instances, want) {
		t.Errorf("instances %q, want %q", instances, want)
	}
}

// A root that two shards have keeps the evidence that one of them has.
func TestMergeKeepsEvidence(t *testing.T) {
	t.Parallel()
	parts := split(mixed(t), 2)
	for _, part := range parts {
		part.Report.Roots = slices.Clone(part.Report.Roots)
	}
	for i := range parts[1].Report.Roots {
		parts[1].Report.Roots[i].Evidence = ""
	}
	merged, err := Merge(parts, catalogue(t))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(merged.Roots, func(r Root) bool { return strings.Contains(r.Evidence, "out of memory") }) {
		t.Errorf("roots %+v", merged.Roots)
	}
}

// Reports that are not the shards of one run are not merged.
func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	whole := good(t)
	for _, tt := range []struct {
		name  string
		parts func(p []Part) []Part
		want  []string
	}{
		{"nothing", func([]Part) []Part { return nil }, []string{"there is no report"}},
		{"a missing shard", func(p []Part) []Part { return p[:2] }, []string{"shard 3/3 is missing"}},
		{"a shard twice", func(p []Part) []Part { return []Part{p[0], p[1], p[1]} }, []string{"part2 and part2 are both shard 2/3"}},
		{"a whole run", func(p []Part) []Part {
			return append(p, Part{Name: "whole", Report: whole.conclude()})
		}, []string{"whole is the report of a whole run"}},
		{"shards of other numbers", func(p []Part) []Part { return append(p, split(good(t), 4)...) }, []string{"part1 is a shard of 3, and part4 a shard of 4"}},
		{"no shard", func(p []Part) []Part { p[1].Report.Selection.Shard = "9/3"; return p }, []string{"part2: shard 9/3 does not exist"}},
		{"other targets", func(p []Part) []Part { p[1].Report.Target.Name = "other"; return p }, []string{"part1 and part2 are not shards of one run: the target is"}},
		{"other features", func(p []Part) []Part { p[2].Report.Suite.Features = "ff"; return p }, []string{"part1 and part3", "the suite is"}},
		{"other seeds", func(p []Part) []Part { p[1].Report.Seed = 8; return p }, []string{"the seed is 7 in one and 8 in the other"}},
		{"other selections", func(p []Part) []Part { p[1].Report.Selection.Tags = "@direct"; return p }, []string{"the selection is"}},
		{"other deviations", func(p []Part) []Part {
			p[1].Report.Deviations = []Deviation{{Rule: "PA-001", Issue: "i"}}
			return p
		}, []string{"the list of accepted deviations is"}},
		{"other plans", func(p []Part) []Part { p[1].Report.Planned++; return p }, []string{"the number of planned scenarios is"}},
		{"a scenario twice", func(p []Part) []Part { p[1].Report.Results[0] = p[0].Report.Results[0]; return p }, []string{"part1 and part2 both have a result of proxied/headers.feature:10@direct"}},
		{"a scenario nowhere", func(p []Part) []Part { p[0].Report.Results[0] = p[1].Report.Results[0]; return p }, []string{"no shard has a result of proxied/headers.feature:10@direct"}},
		{"many scenarios nowhere", func(p []Part) []Part { p[0].Report.Results = p[1].Report.Results; return p }, []string{"more scenarios"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			merged, err := Merge(tt.parts(split(good(t), 3)), whole.cat)
			if err == nil {
				t.Fatalf("merged with the verdict %q", merged.Verdict)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q, want %q in it", err, want)
				}
			}
		})
	}
}

// A deviation whose departure is in another shard is not stale.
func TestNoDeviationIsStaleInAShard(t *testing.T) {
	t.Parallel()
	whole := mixed(t).conclude()
	if len(whole.Stale) == 0 {
		t.Fatal("the run has no stale deviation")
	}
	parts := split(mixed(t), 2)
	for _, part := range parts {
		if len(part.Report.Stale) > 0 {
			t.Errorf("%s: stale deviations %+v", part.Name, part.Report.Stale)
		}
	}
}
