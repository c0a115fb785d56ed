package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/rules"
	"countersign/steps/transcript"
	"countersign/steps/verdict"
)

// finish records the result of a scenario, and writes the transcript of one that did not pass.
func (r *run) finish(result report.Result, e *execution) {
	if r.config.ReportDir != "" && worthReading(result.Outcome) {
		file, err := r.writeTranscript(e)
		if err != nil {
			result.Outcome, result.Reason = verdict.Error, fmt.Sprintf("%s; write transcript: %v", result.Reason, err)
		}
		result.Transcript = file
	}
	r.mu.Lock()
	r.results[e.job] = result
	r.over = r.over || r.config.FailFast && r.ends(result)
	if e.state != nil && e.state.IssuerName() != "" {
		r.issuers[e.job] = e.state.IssuerName()
	}
	r.mu.Unlock()
	r.progress.Done(result)
}

// errLeftOut is why a scenario is skipped after a violation has ended the run.
var errLeftOut = errors.New("the run ended at the first violation (--fail-fast)")

// ends reports whether a result ends a run with FailFast: a violation that no
// deviation covers, or a scenario that the subject kept from running. Advice ends
// only a strict run.
func (r *run) ends(result report.Result) bool {
	if result.Outcome == verdict.Blocked {
		return result.BySubject && (r.config.Strict || result.Class != rules.Advice)
	}
	departs := func(o verdict.Outcome) bool { return report.Departs(result, o, r.deviations(), time.Now()) }
	return departs(verdict.Fail) || r.config.Strict && departs(verdict.Advice)
}

// isOver reports whether a violation has ended the run.
func (r *run) isOver() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.over
}

// deviations are those that the target asks to accept.
func (r *run) deviations() []report.Deviation {
	var all []report.Deviation
	for _, d := range r.config.Target.Deviations {
		all = append(all, report.Deviation(d))
	}
	return all
}

// worthReading reports whether a transcript is written for a scenario with an outcome.
func worthReading(o verdict.Outcome) bool {
	return o != verdict.Pass && o != verdict.NotApplicable && o != verdict.NotRun && o != verdict.Skipped
}

// writeTranscript returns the path of the file, seen from the report.
func (r *run) writeTranscript(e *execution) (string, error) {
	name := strings.NewReplacer("/", "-", ":", "-").Replace(e.job.ID()) + ".txt"
	path := filepath.Join("transcripts", name)
	full := filepath.Join(r.config.ReportDir, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return "", err
	}
	file, err := os.Create(full)
	if err != nil {
		return "", err
	}
	err = e.recorder.Write(file)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return path, err
}

// cancelled reports whether a person or the time limit has ended the run. A
// connection can time out at the limit a moment before the context ends, so the
// clock is asked as well.
func (r *run) cancelled() bool {
	limit, limited := r.ctx.Deadline()
	return r.ctx.Err() != nil || limited && !time.Now().Before(limit)
}

// reconcile compares what was observed with the plan and makes the report.
func (r *run) reconcile(ctx context.Context, started time.Time, interrupted bool) report.Report {
	rep := report.Report{
		Suite:   report.Suite{Name: "countersign", Version: r.config.Version, Features: report.Digest(r.config.Features)},
		Target:  report.Target{Name: r.config.Target.Name, Version: r.config.Target.Version, Seat: r.config.Target.Seat},
		Started: started, Seed: r.plan.Seed, Command: r.config.Command, Interrupted: interrupted,
		Selection: r.selection(), Planned: len(r.plan.Jobs) + len(r.plan.Skipped) + len(r.plan.OtherShards),
	}
	rep.Deviations = r.deviations()
	r.attributeLeaks(ctx)
	if n := len(r.plan.Elsewhere); n > 0 {
		r.remark(fmt.Sprintf("%d scenarios are not applicable: they are about a %s, and the target has the seat %s", n, r.plan.Elsewhere[0].Seat(), r.plan.Seat))
	}
	rep.Problems, rep.Notes = r.unread, r.notes
	for _, job := range r.plan.Jobs {
		result, ran := r.results[job]
		if !ran {
			result = r.unobserved(job, verdict.NotRun, "the run ended before it")
		}
		rep.Results = append(rep.Results, result)
	}
	for _, job := range r.plan.Skipped {
		rep.Results = append(rep.Results, r.unobserved(job, verdict.Skipped, "not selected"))
	}
	for _, job := range r.plan.OtherShards {
		rep.Results = append(rep.Results, r.unobserved(job, verdict.Skipped, report.InOtherShard))
	}
	rep.Usage.Configurations = r.plan.Configurations()
	rep.Usage.Starts, rep.Usage.PeakInstances = r.pool.Usage()
	rep.Finished = time.Now()
	rep.Usage.Wall = rep.Finished.Sub(started)
	report.Conclude(&rep, r.catalogue)
	return rep
}

func (r *run) selection() report.Selection {
	c := r.config
	fronts, spread := c.Fronts, c.Spread
	switch {
	case c.Target.Proxy != nil:
		fronts = c.Target.Proxy.Fronts()
	case len(fronts) == 0:
		fronts = plan.Fronts
	}
	if spread == "" {
		spread = plan.Full
	}
	var scenarios []string
	for _, wanted := range c.Scenarios {
		scenarios = append(scenarios, wanted.ID)
	}
	return report.Selection{Tags: c.Tags, Rules: c.Rules, Fronts: fronts, Spread: spread, Groups: c.Groups, Scenarios: scenarios, FailFast: c.FailFast, Strict: c.Strict, Shard: c.Shard.String()}
}

func (r *run) unobserved(job *plan.Job, outcome verdict.Outcome, reason string) report.Result {
	e := &execution{run: r, job: job, recorder: transcript.New(transcript.Options{}), started: time.Now()}
	if job.Instance == nil {
		e.job = &plan.Job{Scenario: job.Scenario, Front: job.Front, Instance: &plan.Instance{}}
	}
	result := e.result()
	result.Outcome, result.Reason, result.Started, result.Duration = outcome, reason, time.Time{}, 0
	return result
}
