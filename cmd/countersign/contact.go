package main

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"countersign/steps"
	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/target"
	"countersign/steps/verdict"
)

// contactRule is a rule whose scenario uses what most scenarios use: the target
// starts and answers, the operator signs in and creates an API key, a publisher
// deploys the probe, and a user visits it.
const contactRule = "PA-002"

// proxyContactRule is a rule whose scenarios use what most scenarios about a proxy use: the proxy
// starts and answers, a user signs in, and a request of the user reaches the recording server.
const proxyContactRule = "PA-024"

// firstContact starts the target, runs one scenario against it without a proxy, and
// returns whether the scenario passed or why it did not.
func (f *runFlags) firstContact(cmd *cobra.Command) finding {
	contact := finding{name: "first contact", needed: true, remedy: "correct the launch or running section of the target file, or the server; the section \"Test your own server\" of the README lists what the suite needs"}
	if f.builtin() {
		contact.remedy = "run make build, and read the message above"
	}
	done := "the server starts and answers, the operator signs in and creates an API key, the probe is deployed and answers a visit"
	rep, err := f.runOnce(cmd)
	if err != nil {
		contact.detail = err.Error()
		return contact
	}
	if rep.Target.Seat == target.SeatProxy {
		done = "the proxy starts and answers, a user signs in, and a request of the user reaches the recording server"
		contact.remedy = "correct the proxy section of the target file, or the proxy; the section \"Test your own proxy\" of the README describes it"
	}
	contact.detail = rep.Verdict
	for _, r := range rep.Results {
		switch r.Outcome {
		case verdict.Pass:
			contact.ok = true
			contact.detail = done
		case verdict.NotApplicable:
			if !contact.ok {
				contact.detail = "the target starts and answers; the scenario is not applicable: " + r.Reason
			}
			contact.ok = true
		case verdict.Skipped:
		default:
			contact.ok = false
			contact.detail = strings.ReplaceAll(r.Reason, "\n", "\n    ")
			return contact
		}
	}
	return contact
}

// runOnce runs the scenario of contactRule. It prints nothing.
func (f *runFlags) runOnce(cmd *cobra.Command) (report.Report, error) {
	one := *f
	one.fronts, one.rules = []string{plan.Direct}, []string{contactRule}
	ctx, stop := onInterrupt(cmd.Context(), cmd.ErrOrStderr(), "stopping the started processes")
	defer stop.release()
	c, err := one.config()
	if err != nil {
		return report.Report{}, err
	}
	if c.Target.Proxy != nil {
		c.Fronts, c.Rules = nil, []string{proxyContactRule}
	}
	c.Output = io.Discard
	prepared, err := steps.Plan(c)
	if err != nil {
		return report.Report{}, err
	}
	if err := one.prepare(ctx, &c, prepared.Plan); err != nil {
		return report.Report{}, err
	}
	run, err := startRun(context.WithoutCancel(ctx), io.Discard)
	if err != nil {
		return report.Report{}, err
	}
	c.WorkDir = run.Path
	rep, _, err := one.perform(ctx, cmd.ErrOrStderr(), c, prepared, run, stop)
	if err != nil {
		return report.Report{}, err
	}
	report.Conclude(&rep, prepared.Catalogue)
	return rep, nil
}
