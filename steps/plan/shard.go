package plan

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// A Shard is one of several parts of a run. Together, the parts execute each scenario once. The zero
// value is the whole run.
type Shard struct {
	Number int // from 1
	Of     int // the number of parts
}

// MaxShards bounds the number of parts.
const MaxShards = 1000

var shardForm = regexp.MustCompile(`^([0-9]{1,4})/([0-9]{1,4})$`)

// ParseShard reads a shard in the form "2/5". The empty string is the whole run.
func ParseShard(text string) (Shard, error) {
	if text == "" {
		return Shard{}, nil
	}
	parts := shardForm.FindStringSubmatch(text)
	if parts == nil {
		return Shard{}, fmt.Errorf("shard %q is not a part and the number of parts; write it as in 2/5", text)
	}
	number, _ := strconv.Atoi(parts[1]) // the expression admits numbers only
	of, _ := strconv.Atoi(parts[2])
	if of < 1 || of > MaxShards || number < 1 || number > of {
		return Shard{}, fmt.Errorf("shard %s does not exist; the parts are 1/N to N/N, for N up to %d", text, MaxShards)
	}
	return Shard{Number: number, Of: of}, nil
}

// String returns the form that [ParseShard] reads.
func (s Shard) String() string {
	if s == (Shard{}) {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.Number, s.Of)
}

// A portion is a part of a plan that one shard executes: the jobs of an instance, or some of them.
type portion struct {
	jobs []*Job
	cost time.Duration
}

// keep moves the jobs of the other shards from Jobs to OtherShards. The distribution depends on the
// features, the selection and the durations only, and not on the seed. Jobs that share an instance stay
// together, unless they take longer than the share of a shard.
func (p *Plan) keep(s Shard, durations func(*Job) time.Duration) error {
	if s.Of <= 1 {
		return nil
	}
	portions := p.portions(s.Of, durations)
	if len(portions) < s.Of {
		return fmt.Errorf("the selection has work for %d shards only, and the run is divided into %d; use fewer shards", len(portions), s.Of)
	}
	// The longest portion goes to the shard with the least work, until there is no portion left.
	slices.SortStableFunc(portions, func(a, b portion) int { return cmp.Compare(b.cost, a.cost) })
	load := make([]time.Duration, s.Of)
	mine := map[*Job]bool{}
	for _, portion := range portions {
		least := slices.Index(load, slices.Min(load))
		load[least] += portion.cost
		for _, job := range portion.jobs {
			mine[job] = least == s.Number-1
		}
	}
	all := p.Jobs
	p.Jobs = nil
	for _, job := range all {
		if mine[job] {
			p.Jobs = append(p.Jobs, job)
			continue
		}
		job.Instance.Jobs--
		job.Instance = nil
		p.OtherShards = append(p.OtherShards, job)
	}
	p.Instances = slices.DeleteFunc(p.Instances, func(i *Instance) bool { return i.Jobs == 0 })
	return nil
}

// portions divides the plan into portions of at most the share of a shard.
func (p *Plan) portions(shards int, durations func(*Job) time.Duration) []portion {
	cost := costs(p.Jobs, durations)
	byInstance := map[*Instance]*portion{}
	var order []*portion
	var total time.Duration
	for _, job := range p.Jobs {
		if byInstance[job.Instance] == nil {
			byInstance[job.Instance] = &portion{}
			order = append(order, byInstance[job.Instance])
		}
		own := byInstance[job.Instance]
		own.jobs = append(own.jobs, job)
		own.cost += cost[job]
		total += cost[job]
	}
	var all []portion
	for _, own := range order {
		all = append(all, own.divide(total/time.Duration(shards), cost)...)
	}
	return all
}

// divide returns the portion in parts of about equal cost, each at most about the given share.
func (own *portion) divide(share time.Duration, cost map[*Job]time.Duration) []portion {
	n := min(int(math.Ceil(float64(own.cost)/float64(share))), len(own.jobs))
	if n <= 1 {
		return []portion{*own}
	}
	parts := make([]portion, 1, n)
	for _, job := range own.jobs {
		last := &parts[len(parts)-1]
		if last.cost >= own.cost/time.Duration(n) {
			parts = append(parts, portion{})
			last = &parts[len(parts)-1]
		}
		last.jobs = append(last.jobs, job)
		last.cost += cost[job]
	}
	return parts
}

// maxDuration bounds the duration of a scenario, so that no sum of durations overflows.
const maxDuration = 24 * time.Hour

// costs returns the duration of each job. A job without a known duration has the mean of the others,
// and all jobs are equal if no duration is known.
func costs(jobs []*Job, durations func(*Job) time.Duration) map[*Job]time.Duration {
	cost := make(map[*Job]time.Duration, len(jobs))
	var sum, known time.Duration
	for _, job := range jobs {
		if durations == nil {
			break
		}
		if cost[job] = min(durations(job), maxDuration); cost[job] > 0 {
			sum += cost[job]
			known++
		}
	}
	mean := time.Second
	if known > 0 {
		mean = max(sum/known, 1)
	}
	for _, job := range jobs {
		if cost[job] <= 0 {
			cost[job] = mean
		}
	}
	return cost
}
