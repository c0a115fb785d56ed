package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"countersign/features"
	"countersign/proxies"
	"countersign/proxies/process"
	"countersign/steps"
	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/rules"
	"countersign/steps/target"
)

// runFlags are the words of a person, before they are checked.
type runFlags struct {
	target, spread, tags, runner, report string
	fronts, rules, groups, scenarios     []string
	parallel                             int
	seed                                 int64
	strict, printPlan, race, failFast    bool
	timeout                              time.Duration

	flags *pflag.FlagSet // those of the command
	like  *target.Target // what a target file that is like the reference says, once read
}

func newRun() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the suite against a target and give a verdict",
		Long: `Runs every feature against a target: our own reference server, or whatever a
target file describes. It starts the proxies, the OAuth provider and the instances
that the plan needs, stops all of them, and prints the verdict.

Exit codes: 0 conforms; 1 the target breaks a rule; 2 nothing was started; 3
something planned did not run; 130 interrupted.`,
		Example: `  countersign run
  countersign run --front direct --strict
  countersign run --tags '@direct and not @quiet'
  countersign run --rule PA-034,PA-035 --seed 7
  countersign run --target mine.yaml --spread lean --report report
  countersign run --print-plan`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.register(cmd)
	return cmd
}

func (f *runFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.registerGround(cmd)
	flags.StringVar(&f.spread, "spread", plan.Full, "full: every scenario at every front it is for; lean: less behind proxies, for slow targets")
	flags.StringVar(&f.tags, "tags", "", "tag expression in Cucumber's syntax, as '@direct and not @quiet'")
	flags.StringSliceVar(&f.rules, "rule", nil, "ids of rules, as PA-034,OI-052 or PA-034..PA-043; scenarios that cite one of them run")
	flags.StringSliceVar(&f.groups, "group", nil, "folders of features, as oauth or proxied; none is all")
	flags.StringSliceVar(&f.scenarios, "scenario", nil, "ids of scenarios, as report.json and --print-plan have them, with or without @front; @FILE reads one id from each line")
	flags.BoolVar(&f.failFast, "fail-fast", false, "start no further scenario after the first violation; those left are skipped")
	flags.IntVar(&f.parallel, "parallel", 0, "scenarios at once; 0 suits the machine")
	flags.Int64Var(&f.seed, "seed", 0, "order of the run; 0 takes a new one and prints it")
	flags.BoolVar(&f.strict, "strict", false, "an advice rule answered otherwise fails the run")
	flags.BoolVar(&f.printPlan, "print-plan", false, "print what would run, and start nothing")
	flags.DurationVar(&f.timeout, "timeout", steps.DefaultTimeout, "for the whole run")
	flags.StringVar(&f.report, "report", "", "folder for report.json, junit.xml and the transcripts of failures")
}

// registerGround registers the flags that decide what a run needs of the
// machine; doctor has the same.
func (f *runFlags) registerGround(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.flags = flags
	flags.StringVar(&f.target, "target", "", "YAML file that describes what is under test; none is the reference server")
	flags.StringSliceVar(&f.fronts, "front", nil, "fronts, of direct,nginx,apache; none is all")
	flags.StringVar(&f.runner, "runner", proxies.RunnerAuto, "how proxies run: auto, container or process; auto prefers containers")
	flags.BoolVar(&f.race, "race", false, "build the reference server with the race detector; a data race fails the run")
}

// config turns flags into what the suite takes, but for the programs of the
// reference server. All that is wrong is reported at once.
func (f *runFlags) config() (steps.Config, error) {
	var wrong problems
	c := steps.Config{
		Features: features.FS(), Fronts: f.fronts, Spread: f.spread, Tags: f.tags, Groups: f.groups,
		Parallel: f.parallel, Seed: f.seed, Strict: f.strict, FailFast: f.failFast, Timeout: f.timeout, ReportDir: f.report,
		WorkDir: os.TempDir(), // until there is a folder for the run
		Command: append([]string{"countersign"}, os.Args[1:]...), Version: versionLine(),
	}
	c.Target = target.Reference(serverProgram)
	if f.target != "" {
		t, err := target.Load(f.target)
		wrong.join(err)
		if c.Target = t; t.Like == target.LikeReference {
			f.like = &t
			c.Target = t.Over(target.Reference(serverProgram))
		}
	}
	var err error
	c.Scenarios, err = scenariosWanted(f.scenarios)
	wrong.join(err)
	c.Rules, err = rulesWanted(f.rules)
	wrong.join(err)
	wrong.join(runnerWanted(f.runner))
	if f.race && !f.builtin() {
		wrong.add("--race builds the reference server, and --target names another subject")
	}
	wrong.join(f.emptyLists())
	if f.timeout <= 0 {
		wrong.add("--timeout %v leaves no time; give one such as 30m", f.timeout)
	}
	if f.seed < 0 {
		wrong.add("--seed %d is negative; give the number that a run has printed", f.seed)
	}
	return c, wrong.err()
}

// emptyLists returns an error for each flag that was given an empty list, which
// would select everything.
func (f *runFlags) emptyLists() error {
	var wrong problems
	for _, name := range []string{"front", "rule", "group", "scenario"} {
		if given := f.flags.Lookup(name); given != nil && given.Changed && given.Value.String() == "[]" {
			wrong.add("--%s is empty; name what is wanted, or leave the flag out for everything", name)
		}
	}
	return wrong.err()
}

// builtin says, after config, whether the target is the reference server, be it run in another way.
func (f *runFlags) builtin() bool { return f.target == "" || f.like != nil }

// reference describes the reference server by the programs on this machine.
func reference(ctx context.Context, s *siblings) (target.Target, error) {
	server, err := s.program(ctx, serverProgram)
	if err != nil {
		return target.Target{}, err
	}
	return target.Reference(server, "--runtime", target.Probe), nil
}

func (f *runFlags) run(cmd *cobra.Command) error {
	ctx, stop := onInterrupt(cmd.Context(), cmd.ErrOrStderr(), "stopping what was started, then the report of what ran; once more ends at once")
	defer stop.release()
	err := f.runUntil(ctx, cmd, stop)
	if err != nil && stop.happened() {
		return &exitError{code: exitInterrupted, err: quiet(err)}
	}
	return err
}

// quiet is the error inside an exit that carries one, and nothing inside one
// that has been explained.
func quiet(err error) error {
	var exit *exitError
	if errors.As(err, &exit) {
		return exit.err
	}
	return err
}

func (f *runFlags) runUntil(ctx context.Context, cmd *cobra.Command, stop *interrupt) error {
	c, err := f.config()
	if err != nil {
		return err
	}
	c.Output = cmd.OutOrStdout()
	p, catalogue, err := steps.Plan(c) // what is wrong with it is said before anything is built
	if err != nil {
		return err
	}
	if f.printPlan {
		return printPlan(c.Output, p)
	}
	if err := f.prepare(ctx, &c, p); err != nil {
		return err
	}
	run, err := startRun(ctx, c.Output)
	if err != nil {
		return err
	}
	c.WorkDir = run.Path
	return f.judge(ctx, cmd, c, catalogue, run, stop)
}

// prepare looks at the ground that the plan needs and finds or builds the
// programs. Nothing is left running if it fails.
func (f *runFlags) prepare(ctx context.Context, c *steps.Config, p *plan.Plan) error {
	s, err := findSiblings(f.race)
	if err != nil {
		return err
	}
	g := ground{runner: f.runner, fronts: frontsOf(p), siblings: s, race: f.race, target: c.Target, builtin: f.builtin()}
	if err := missing(g.check(ctx)); err != nil {
		return withHint(err, "countersign doctor shows all that a run needs")
	}
	if g.builtin {
		base, err := reference(ctx, s)
		if err != nil {
			return err
		}
		if f.like != nil {
			base = f.like.Over(base)
		}
		c.Target = base
	}
	if c.Target.Launch.UsesProbe() {
		probe, err := s.program(ctx, probeProgram)
		if err != nil {
			return err
		}
		c.Target.Launch = c.Target.Launch.WithProbe(probe)
	}
	if f.report != "" {
		return prepareReport(f.report)
	}
	return nil
}

// frontsOf are the fronts that a plan uses.
func frontsOf(p *plan.Plan) []string {
	var used []string
	for _, front := range plan.Fronts {
		if slices.ContainsFunc(p.Instances, func(i *plan.Instance) bool { return i.Front == front }) {
			used = append(used, front)
		}
	}
	return used
}

// startRun sweeps what killed runs left and makes the folder of this one.
func startRun(ctx context.Context, out io.Writer) (*process.Run, error) {
	base, err := runsFolder()
	if err != nil {
		return nil, err
	}
	if err := proxies.Sweep(ctx); err != nil {
		fmt.Fprintf(out, "proxies that a killed run may have left: %v\n", err)
	}
	run, swept, err := openRun(ctx, base)
	if len(swept) > 0 {
		fmt.Fprintf(out, "ended what a killed run had left: %s\n", strings.Join(swept, ", "))
	}
	return run, err
}

// memoryGoal is the memory from which garbage is collected with more effort. A run
// needs a fraction of it; the replies of a hostile subject may need more.
const memoryGoal = 512 << 20

// judge lends the suite its equipment, and makes an exit code of its report.
func (f *runFlags) judge(ctx context.Context, cmd *cobra.Command, c steps.Config, catalogue *rules.Catalogue, run *process.Run, stop *interrupt) error {
	rep, notes, err := f.perform(ctx, cmd.ErrOrStderr(), c, run, stop)
	if err != nil {
		return err
	}
	report.Conclude(&rep, catalogue)
	if err := f.publish(cmd.OutOrStdout(), &rep, catalogue, notes); err != nil {
		return &exitError{code: max(rep.Exit, report.ExitNoVerdict), err: err}
	}
	if rep.Exit != exitOK {
		return &exitError{code: rep.Exit} // the report has said why
	}
	return nil
}

// perform runs the suite with the equipment of this machine, and ends all that was
// started. An error means that there is no report.
func (f *runFlags) perform(ctx context.Context, stderr io.Writer, c steps.Config, run *process.Run, stop *interrupt) (report.Report, []string, error) {
	e, err := newEquipment(c.Target, f.runner, run)
	if err != nil {
		return report.Report{}, nil, errors.Join(err, run.Close())
	}
	stop.onSecond(e.killAll)
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memoryGoal))
	rep, trouble := steps.Run(ctx, c, e)

	// Stopping has its own time: ctx may be what ended the run.
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*stopTime)
	defer cancel()
	closeErr := e.close(closing)
	races := 0
	for _, file := range e.subjectOutputs() {
		races += copyRaces(stderr, file)
	}
	trouble = errors.Join(trouble, closeErr, run.Close())
	if errors.Is(trouble, steps.ErrNotStarted) {
		return report.Report{}, nil, &exitError{code: exitNotStarted, err: trouble}
	}
	rep.Interrupted = rep.Interrupted || stop.happened()
	if trouble != nil {
		rep.Problems = append(rep.Problems, trouble.Error())
	}
	if races > 0 {
		// No rule speaks of it, and a program with a data race has proved nothing.
		rep.Problems = append(rep.Problems, fmt.Sprintf("the race detector complained %d times of the subject", races))
	}
	return rep, e.usage.fill(&rep.Usage), nil
}

// publish writes the report, and prints the verdict for people.
func (f *runFlags) publish(out io.Writer, rep *report.Report, catalogue *rules.Catalogue, notes []string) error {
	if len(notes) > 0 {
		slices.Sort(notes)
		fmt.Fprintf(out, "not measured: %s\n", strings.Join(notes, "; "))
	}
	var written error
	if f.report != "" {
		written = writeReport(f.report, rep, catalogue)
	}
	shown := report.WriteSummary(out, rep, catalogue, report.SummaryOptions{Colour: report.IsTerminal(out), Dir: f.report})
	return errors.Join(written, shown)
}

// printPlan shows what would run, and on what.
func printPlan(out io.Writer, p *plan.Plan) error {
	for _, i := range p.Instances {
		fmt.Fprintf(out, "%s  %d scenarios\n", i.Name(), i.Jobs)
	}
	fmt.Fprintln(out)
	perFront := map[string]int{}
	for _, j := range p.Jobs {
		perFront[j.Front]++
		fmt.Fprintf(out, "%-10s %s  %s\n", j.Front, j.Scenario.ID(), j.Scenario.Name)
	}
	fmt.Fprintf(out, "\n%d scenarios (", len(p.Jobs))
	for n, front := range plan.Fronts {
		if n > 0 {
			fmt.Fprint(out, ", ")
		}
		fmt.Fprintf(out, "%s %d", front, perFront[front])
	}
	fmt.Fprintf(out, "), %d left out, %d configurations, %d instances, seed %d\n",
		len(p.Skipped), p.Configurations(), len(p.Instances), p.Seed)
	return nil
}
