package plan_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/features"
	"countersign/steps/plan"
)

func TestParseShard(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]plan.Shard{"": {}, "1/1": {Number: 1, Of: 1}, "2/5": {Number: 2, Of: 5}, "1000/1000": {Number: 1000, Of: 1000}} {
		if got, err := plan.ParseShard(text); err != nil || got != want || got.String() != text {
			t.Errorf("ParseShard(%q) = %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"0/3", "4/3", "1/0", "1/1001", "1", "/", "1/", "-1/2", "1/2/3", "a/b", " 1/2", "１/２"} {
		if got, err := plan.ParseShard(text); err == nil {
			t.Errorf("ParseShard(%q) = %+v, want an error", text, got)
		}
	}
}

// allFeatures returns the features of the project.
func allFeatures(t *testing.T) []*plan.Document {
	t.Helper()
	documents, err := plan.Read(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	return documents
}

// uneven is a duration that differs from scenario to scenario.
func uneven(j *plan.Job) time.Duration {
	return time.Duration(j.Scenario.Line%7+1) * 100 * time.Millisecond
}

// Each job is in exactly one shard, whatever the seeds of the shards are.
func TestShardsExecuteEachJobOnce(t *testing.T) {
	t.Parallel()
	documents := allFeatures(t)
	whole, err := plan.Make(documents, plan.Selection{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	const shards = 5
	seen := map[string]int{}
	for number := 1; number <= shards; number++ {
		p, err := plan.Make(documents, plan.Selection{Seed: int64(number), Shard: plan.Shard{Number: number, Of: shards}, Durations: uneven})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(p.Jobs) + len(p.OtherShards); n != len(whole.Jobs) || len(p.Skipped) != len(whole.Skipped) {
			t.Errorf("shard %d has %d jobs of its own and others, the whole has %d", number, n, len(whole.Jobs))
		}
		for _, job := range p.Jobs {
			seen[job.ID()]++
			if !slices.Contains(p.Instances, job.Instance) {
				t.Fatalf("the instance of %s is not in the plan", job.ID())
			}
		}
		for _, i := range p.Instances {
			if n := countJobs(p, i); n != i.Jobs || n == 0 {
				t.Errorf("%s counts %d jobs and has %d", i.ID, i.Jobs, n)
			}
		}
	}
	for _, job := range whole.Jobs {
		if seen[job.ID()] != 1 {
			t.Errorf("%s is in %d shards", job.ID(), seen[job.ID()])
		}
	}
}

func countJobs(p *plan.Plan, i *plan.Instance) int {
	n := 0
	for _, job := range p.Jobs {
		if job.Instance == i {
			n++
		}
	}
	return n
}

// No shard has much more work than the others, and few instances start in more than one shard.
func TestShardsAreBalanced(t *testing.T) {
	t.Parallel()
	documents := allFeatures(t)
	for _, shards := range []int{2, 3, 5, 8} {
		var loads []time.Duration
		var total time.Duration
		starts := 0
		for number := 1; number <= shards; number++ {
			p, err := plan.Make(documents, plan.Selection{Seed: 1, Shard: plan.Shard{Number: number, Of: shards}, Durations: uneven})
			if err != nil {
				t.Fatal(err)
			}
			var load time.Duration
			for _, job := range p.Jobs {
				load += uneven(job)
			}
			loads, total, starts = append(loads, load), total+load, starts+len(p.Instances)
		}
		share := float64(total) / float64(shards)
		if most := float64(slices.Max(loads)); most > 1.1*share {
			t.Errorf("%d shards: the largest has %.2f of its share", shards, most/share)
		}
		whole, err := plan.Make(documents, plan.Selection{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		if more := starts - len(whole.Instances); more > shards {
			t.Errorf("%d shards start %d instances more than one run", shards, more)
		}
	}
}

// Jobs that share an instance are divided only if they take longer than the share of a shard.
func TestShardsKeepConfigurationsTogether(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("Feature: Sample\n\n")
	for n := range 8 {
		fmt.Fprintf(&text, "  @direct @PA-0%d\n  Scenario: S%d\n    Given a server configured with:\n      | Authentication.Provider | proxy |\n      | ProxyAuth.UsernameHeader | X-User-%d |\n    Then it holds\n\n", 10+n, n, n/2)
	}
	documents := read(t, text.String())
	for number := 1; number <= 2; number++ {
		p, err := plan.Make(documents, plan.Selection{Seed: 1, Shard: plan.Shard{Number: number, Of: 2}})
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Jobs) != 4 || len(p.Instances) != 2 {
			t.Errorf("shard %d has %d jobs on %d instances, want 4 on 2", number, len(p.Jobs), len(p.Instances))
		}
	}
	slow := func(j *plan.Job) time.Duration {
		if j.Scenario.Name == "S0" || j.Scenario.Name == "S1" {
			return time.Hour
		}
		return time.Second
	}
	p, err := plan.Make(documents, plan.Selection{Seed: 1, Shard: plan.Shard{Number: 1, Of: 2}, Durations: slow})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, job := range p.Jobs {
		names = append(names, job.Scenario.Name)
	}
	if slices.Contains(names, "S0") == slices.Contains(names, "S1") {
		t.Errorf("shard 1 has %q, want one of the two long scenarios", names)
	}
}

func TestTooManyShards(t *testing.T) {
	t.Parallel()
	documents := read(t, sample)
	n := len(make1(t, plan.Selection{}).Jobs)
	for _, of := range []int{n, n + 1, plan.MaxShards} {
		_, err := plan.Make(documents, plan.Selection{Shard: plan.Shard{Number: of, Of: of}})
		if tooMany := of > n; tooMany != (err != nil) {
			t.Errorf("%d jobs in %d shards: %v", n, of, err)
		}
	}
}

// A duration that is unknown or absurd does not disturb the balance.
func TestShardsWithStrangeDurations(t *testing.T) {
	t.Parallel()
	for name, durations := range map[string]func(*plan.Job) time.Duration{
		"unknown":  func(*plan.Job) time.Duration { return 0 },
		"negative": func(*plan.Job) time.Duration { return -time.Hour },
		"huge":     func(*plan.Job) time.Duration { return math.MaxInt64 },
	} {
		for number := 1; number <= 2; number++ {
			p := make1(t, plan.Selection{Shard: plan.Shard{Number: number, Of: 2}, Durations: durations})
			if len(p.Jobs) == 0 || len(p.OtherShards) == 0 {
				t.Errorf("%s: shard %d has %d jobs, and the other %d", name, number, len(p.Jobs), len(p.OtherShards))
			}
		}
	}
}
