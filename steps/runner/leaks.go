package runner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"countersign/steps/check"
	"countersign/steps/instance"
	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/transcript"
	"countersign/steps/verdict"
)

// leakRules are the rules that apply to everything a server sends, by the kind of secret.
var leakRules = map[string]string{
	transcript.RefreshToken.String():      "OI-083",
	transcript.AccessToken.String():       "OI-079",
	transcript.AuthorizationCode.String(): "SEC-003",
	transcript.ClientSecret.String():      "SEC-007",
}

// checkLeaks is the standing check at the end of a scenario: the recorder has looked for the
// provider's marks in every reply, and content in what it saw.
func (e *execution) checkLeaks() {
	for _, l := range e.recorder.Leaks() {
		e.errs = append(e.errs, e.run.leak(l.Sighting, l.String()))
	}
}

// leak returns the violation of a server that has shown a secret. Its class is that of its own
// rule: the scenario that found it may be about something else.
func (r *run) leak(s transcript.Sighting, where string) *verdict.Violation {
	return r.standing(leakRules[s.Kind], "no "+check.Words(s.Kind), where)
}

// standing returns the violation of a rule that applies to every reply.
func (r *run) standing(id, wanted, got string) *verdict.Violation {
	v := &verdict.Violation{Rule: id, Wanted: wanted, Got: got, Standing: true}
	if rule, ok := r.catalogue.Rule(v.Rule); ok {
		v.Class = rule.Class()
	}
	return v
}

// A logLeak is a secret of the provider in the log of an instance.
type logLeak struct {
	instance *plan.Instance
	sighting transcript.Sighting
	digests  map[string]bool // of the secrets in the log that are written as they were issued
}

// readLog searches the log of an instance that has ended for the provider's marks.
func (r *run) readLog(i *instance.Instance) {
	room := int64(instance.MaxLog)
	for _, file := range i.Logs() {
		found, digests, read, err := instance.SearchLog(r.ctx, file, room)
		room -= read
		r.mu.Lock()
		for _, s := range found {
			r.leaked = append(r.leaked, logLeak{i.Instance, s, digests})
		}
		switch {
		case err != nil && r.cancelled():
			r.remark("the run was ended before all logs were searched for secrets")
		case err != nil:
			r.unread = append(r.unread, fmt.Sprintf("read the log of %s: %v", i.Name(), err))
		}
		r.mu.Unlock()
	}
	if i.Flooded() {
		r.mu.Lock()
		r.remark(fmt.Sprintf("%s was stopped: %s; secrets were searched for in this part", i.Name(), instance.LogTooLong()))
		r.mu.Unlock()
	}
}

// remark adds a note to the report, each text once. The caller holds the lock.
func (r *run) remark(text string) {
	if !slices.Contains(r.notes, text) {
		r.notes = append(r.notes, text)
	}
}

// attributeLeaks fails the scenarios for which the provider issued the secrets that were found in
// logs: all scenarios that used the provider at the instance, if that cannot be found out.
func (r *run) attributeLeaks(ctx context.Context) {
	for _, leak := range r.leaked {
		jobs := r.issuedIn(ctx, leak)
		for _, job := range jobs {
			violation := r.leak(leak.sighting, "the server's log, "+leak.sighting.Where)
			r.results[job] = withStanding(r.results[job], violation)
		}
	}
}

// withStanding adds to a result what a standing check found after the scenario had
// ended. The outcome for the rules that the scenario cites stays what it was.
func withStanding(result report.Result, v *verdict.Violation) report.Result {
	before := result.Outcome
	outcome, reason := verdict.Judge([]error{v}, result.Class)
	result.Violations = append(result.Violations, *v)
	if result.Outcome = verdict.Worst(before, outcome); result.Outcome == outcome {
		result.Reason = strings.TrimPrefix(result.Reason+"; "+reason, "; ")
	}
	if result.Outcome != before && result.Cited == "" {
		result.Cited = before
	}
	result.BySubject = result.BySubject && result.Outcome == verdict.Blocked
	return result
}

// issuedIn finds the scenarios in whose provider's journal a leaked secret is.
func (r *run) issuedIn(ctx context.Context, leak logLeak) []*plan.Job {
	var sure, possible []*plan.Job
	for job, issuer := range r.issuers {
		if job.Instance != leak.instance {
			continue
		}
		possible = append(possible, job)
		entries, _ := r.equipment.Provider().Journal(ctx, issuer) // without it the scenario stays possible
		for _, e := range entries {
			for _, issued := range e.Issued {
				if leak.digests[issued.Digest] {
					sure = append(sure, job)
				}
			}
		}
	}
	if len(sure) > 0 {
		return sure
	}
	return possible
}

// newRecorder returns the recorder of a scenario, which knows which replies are not the server's.
func (r *run) newRecorder(job *plan.Job) *transcript.Recorder {
	o := transcript.Options{Provider: []string{r.equipment.ProviderURL()}}
	if job.Front != plan.Direct {
		o.LoginPath = "/auth/"
	}
	return transcript.New(o)
}
