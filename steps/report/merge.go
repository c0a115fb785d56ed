package report

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"countersign/steps/plan"
	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// InOtherShard is the reason of a scenario that was skipped because another shard executes it.
const InOtherShard = "another shard executes it"

// A Part is the report of one shard, and a name for messages.
type Part struct {
	Name   string
	Report *Report
}

// Merge returns the report of the whole run of which parts are the shards, in any order. It has the
// results, the verdict and the sums of one run; only the use of resources is that of several. Merge
// returns an error if the parts are not the shards of one run, or not all of them. The parts are not
// changed.
func Merge(parts []Part, cat *rules.Catalogue) (*Report, error) {
	ordered, err := inOrder(parts)
	if err != nil {
		return nil, err
	}
	if err := sameRun(ordered); err != nil {
		return nil, err
	}
	merged := *ordered[0].Report
	merged.Selection.Shard = ""
	merged.Command = withoutShard(merged.Command)
	merged.Results, err = mergedResults(ordered)
	if err != nil {
		return nil, err
	}
	merged.Roots, merged.NotStarted, merged.Problems, merged.Notes = nil, nil, nil, nil
	for _, part := range ordered {
		r := part.Report
		merged.Interrupted = merged.Interrupted || r.Interrupted
		if r.Started.Before(merged.Started) {
			merged.Started = r.Started
		}
		if r.Finished.After(merged.Finished) {
			merged.Finished = r.Finished
		}
		merged.Roots = append(merged.Roots, r.Roots...)
	}
	merged.NotStarted = remarks(ordered, func(r *Report) []string { return r.NotStarted })
	merged.Problems = remarks(ordered, func(r *Report) []string { return r.Problems })
	merged.Notes = remarks(ordered, func(r *Report) []string { return r.Notes })
	merged.Usage = mergedUsage(ordered)
	Conclude(&merged, cat)
	return &merged, nil
}

// inOrder returns the parts in the order of their shards. It returns an error unless each shard is there
// once.
func inOrder(parts []Part) ([]Part, error) {
	if len(parts) == 0 {
		return nil, errors.New("there is no report to merge")
	}
	var problems []error
	byShard := map[plan.Shard]Part{}
	for _, part := range parts {
		shard, err := plan.ParseShard(part.Report.Selection.Shard)
		switch other, exists := byShard[shard]; {
		case err != nil:
			problems = append(problems, fmt.Errorf("%s: %w", part.Name, err))
		case shard == (plan.Shard{}):
			problems = append(problems, fmt.Errorf("%s is the report of a whole run and not of a shard", part.Name))
		case exists:
			problems = append(problems, fmt.Errorf("%s and %s are both shard %s", other.Name, part.Name, shard))
		}
		byShard[shard] = part
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	shards := slices.SortedFunc(maps.Keys(byShard), func(a, b plan.Shard) int {
		return cmp.Or(cmp.Compare(a.Of, b.Of), cmp.Compare(a.Number, b.Number))
	})
	of := shards[len(shards)-1].Of
	var ordered []Part
	for number := 1; number <= of; number++ {
		part, exists := byShard[plan.Shard{Number: number, Of: of}]
		if !exists {
			problems = append(problems, fmt.Errorf("the report of shard %d/%d is missing", number, of))
		}
		ordered = append(ordered, part)
	}
	if shards[0].Of != of {
		problems = append(problems, fmt.Errorf("%s is a shard of %d, and %s a shard of %d", byShard[shards[0]].Name, shards[0].Of, byShard[shards[len(shards)-1]].Name, of))
	}
	return ordered, errors.Join(problems...)
}

// sameRun returns an error for each difference between parts that shards of one run cannot have.
func sameRun(parts []Part) error {
	selection := func(r *Report) Selection {
		s := r.Selection
		s.Shard = ""
		return s
	}
	var problems []error
	first := parts[0]
	for _, part := range parts[1:] {
		a, b := first.Report, part.Report
		for _, x := range []struct {
			what string
			a, b any
		}{
			{"target", a.Target, b.Target},
			{"suite", a.Suite, b.Suite},
			{"seed", a.Seed, b.Seed},
			{"selection", selection(a), selection(b)},
			{"number of planned scenarios", a.Planned, b.Planned},
			{"list of accepted deviations", a.Deviations, b.Deviations},
		} {
			if !reflect.DeepEqual(x.a, x.b) {
				problems = append(problems, fmt.Errorf("%s and %s are not shards of one run: the %s is %s in one and %s in the other",
					first.Name, part.Name, x.what, brief(fmt.Sprintf("%+v", x.a)), brief(fmt.Sprintf("%+v", x.b))))
			}
		}
	}
	return errors.Join(problems...)
}

// withoutShard returns a command line without the flags that differ between shards.
func withoutShard(words []string) []string {
	var kept []string
	for i := 0; i < len(words); i++ {
		name, _, hasValue := strings.Cut(words[i], "=")
		if name != "--shard" && name != "--durations" && name != "--report" {
			kept = append(kept, words[i])
		} else if !hasValue {
			i++
		}
	}
	return kept
}

// mergedResults returns one result for each scenario: that of the shard which executed it or was about
// to. The instances have the number of their shard before their name, because each shard counts its own.
func mergedResults(parts []Part) ([]Result, error) {
	var results []Result
	var problems []error
	from := map[string]Part{} // by id of the result
	for _, part := range parts {
		shard := part.Report.Selection.Shard
		number, _, _ := strings.Cut(shard, "/")
		for _, res := range part.Report.Results {
			other, exists := from[res.ID]
			switch {
			case res.Outcome == verdict.Skipped && res.Reason == InOtherShard:
			case exists && res.Outcome == verdict.Skipped: // no shard selects it
			case exists:
				problems = append(problems, fmt.Errorf("%s and %s both have a result of %s; give all shards the same --durations", other.Name, part.Name, res.ID))
			default:
				if res.Instance != "" {
					res.Instance = number + "." + res.Instance
				}
				res.Violations = slices.Clone(res.Violations)
				from[res.ID] = part
				results = append(results, res)
			}
		}
	}
	for _, res := range parts[0].Report.Results {
		if _, exists := from[res.ID]; !exists {
			problems = append(problems, fmt.Errorf("no shard has a result of %s; give all shards the same --durations", res.ID))
		}
	}
	if len(problems) > 3 {
		problems = append(problems[:3], fmt.Errorf("%d more scenarios", len(problems)-3))
	}
	return results, errors.Join(problems...)
}

// remarks returns the texts of all parts. A text that is not in every part begins with its shard.
func remarks(parts []Part, of func(*Report) []string) []string {
	n := map[string]int{}
	for _, part := range parts {
		for _, text := range distinct(of(part.Report)) {
			n[text]++
		}
	}
	var all []string
	for _, part := range parts {
		for _, text := range of(part.Report) {
			if n[text] < len(parts) {
				text = "shard " + part.Report.Selection.Shard + ": " + text
			}
			all = append(all, text)
		}
	}
	return distinct(all)
}

// mergedUsage returns the sums of the shards, but the largest of the values that are maxima: shards may
// run at the same time, on machines of their own.
func mergedUsage(parts []Part) Usage {
	var sum Usage
	for _, part := range parts {
		u := part.Report.Usage
		sum.Wall, sum.Cores = max(sum.Wall, u.Wall), max(sum.Cores, u.Cores)
		sum.CPU.Suite += u.CPU.Suite
		sum.CPU.Subjects += u.CPU.Subjects
		sum.CPU.Proxies += u.CPU.Proxies
		sum.CPU.Provider += u.CPU.Provider
		sum.Configurations += u.Configurations
		sum.Starts += u.Starts
		sum.PeakInstances = max(sum.PeakInstances, u.PeakInstances)
		sum.PeakMemory = max(sum.PeakMemory, u.PeakMemory)
	}
	return sum
}
