package runner

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"countersign/steps/plan"
	"countersign/steps/target"
)

// Config says what to run against what.
type Config struct {
	Target    target.Target
	Features  fs.FS         // *.feature and rules.tsv
	Fronts    []string      // any of [plan.Fronts]; none means all
	Spread    string        // "full": every scenario at every front; "lean": one of each Rule behind a proxy
	Tags      string        // a Cucumber tag expression
	Rules     []string      // ids; none means all
	Groups    []string      // folders of features; none means all
	Scenarios []plan.Wanted // none means all
	FailFast  bool          // no scenario is started after the first violation
	Parallel  int           // scenarios at once; 0 means a number that suits the machine
	Seed      int64         // order of the run; 0 means a new one
	Strict    bool          // advice counts as violation
	Shard     plan.Shard    // the part of the run to execute
	Timeout   time.Duration // of the whole run; 0 means [DefaultTimeout]
	// Durations returns how long a scenario took in an earlier run, or 0; see [plan.Selection].
	Durations func(*plan.Job) time.Duration
	ReportDir string    // where transcripts go; "" means nowhere
	WorkDir   string    // data folders and logs of the instances
	Output    io.Writer // progress
	Command   []string  // the command line, for the report
	Version   string    // of the suite, for the report
}

// DefaultTimeout bounds a whole run.
const DefaultTimeout = 30 * time.Minute

// maxParallel bounds the scenarios that run at once: each may hold connections.
const maxParallel = 1024

// Validate reports all that is wrong with a Config and changes nothing.
func (c Config) Validate() error {
	problems := []error{c.Target.Validate()}
	if _, err := plan.ParseConfiguration(c.Target.DebugLog); err != nil {
		problems = append(problems, fmt.Errorf("debug_log of the target: %w", err))
	}
	for _, f := range c.Fronts {
		if !plan.IsFront(f) {
			problems = append(problems, fmt.Errorf("front %q is not known; use any of %s", f, strings.Join(plan.Fronts, ", ")))
		}
	}
	if c.Target.Seat == target.SeatProxy && len(c.Fronts) > 0 {
		problems = append(problems, errors.New("a front selects how requests reach a server, and the target is a proxy; leave the fronts out"))
	}
	if c.Spread != "" && c.Spread != plan.Full && c.Spread != plan.Lean {
		problems = append(problems, fmt.Errorf("spread %q is not known; use %s or %s", c.Spread, plan.Full, plan.Lean))
	}
	if c.Parallel < 0 || c.Parallel > maxParallel {
		problems = append(problems, fmt.Errorf("parallel %d is not possible; give the number of scenarios to run at once, at most %d, or 0 for one that suits the machine", c.Parallel, maxParallel))
	}
	if c.Shard.Of > 1 && c.Seed == 0 {
		problems = append(problems, fmt.Errorf("shard %s has no seed; give all shards the same one, for example --seed 1, so that their reports can be merged", c.Shard))
	}
	if c.WorkDir == "" {
		problems = append(problems, errors.New("no folder to work in"))
	}
	return errors.Join(problems...)
}
