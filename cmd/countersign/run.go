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

// runFlags are the flags as the user wrote them.
type runFlags struct {
	target, spread, tags, runner, report string
	shard, durations                     string
	fronts, rules, groups, scenarios     []string
	parallel                             int
	seed                                 int64
	strict, printPlan, race, failFast    bool
	quiet, verbose, slowest              bool
	timeout                              time.Duration
	seat                                 seatFlags

	flags *pflag.FlagSet // flags of the command
	like  *target.Target // content of a target file with like: reference, set by config
}

func newRun() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the suite against a target and print the verdict",
		Long: `Runs the features against a target: the reference server, proxies of this project,
the nginx or Apache configuration of --proxy-config, or the server or proxy that a target
file describes. The command starts the proxies, the OAuth provider and the
instances that the plan needs, runs the scenarios, stops all processes and prints
the verdict.

Exit codes: 0 the target conforms; 1 the target breaks a rule; 2 nothing was
started; 3 a planned scenario did not run; 130 the run was interrupted.`,
		Example: `  countersign run
  countersign run --front direct --strict
  countersign run --tags '@direct and not @quiet'
  countersign run --rule PA-034,PA-035 --seed 7
  countersign run --target mine.yaml --spread lean --report report
  countersign run --seat proxy --proxy nginx --flavour documented
  countersign run --proxy-config /etc/nginx/conf.d/connect.conf
  countersign run --target my-proxy.yaml
  countersign run --shard 2/5 --seed 7 --report shard2
  countersign run --print-plan`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.register(cmd)
	return cmd
}

func (f *runFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.registerDependencies(cmd)
	flags.StringVar(&f.spread, "spread", plan.Full, "full: run each scenario at each of its fronts; lean: run fewer scenarios behind proxies, for slow targets")
	flags.StringVar(&f.tags, "tags", "", "run the scenarios that match a tag expression in Cucumber's syntax, such as '@direct and not @quiet'")
	flags.StringSliceVar(&f.rules, "rule", nil, "run the scenarios that cite one of these rules, such as PA-034,OI-052 or PA-034..PA-043")
	flags.StringSliceVar(&f.groups, "group", nil, "run the features in these folders, such as oauth or proxied; default all")
	flags.StringSliceVar(&f.scenarios, "scenario", nil, "run the scenarios with these ids, as in report.json and --print-plan, with or without @front; @FILE reads one id from each line")
	flags.BoolVar(&f.failFast, "fail-fast", false, "start no further scenario after the first violation; the remaining scenarios are skipped")
	flags.IntVar(&f.parallel, "parallel", 0, "number of scenarios that run at the same time; 0 selects a number for this machine")
	flags.Int64Var(&f.seed, "seed", 0, "seed for the order of the scenarios; 0 selects a new seed and prints it")
	flags.StringVar(&f.shard, "shard", "", "execute only this part of the run, such as 2/5; all parts need the same --seed, and countersign report merge joins their reports")
	flags.StringVar(&f.durations, "durations", "", "balance the shards by the durations in this report of an earlier run; give all shards the same one")
	flags.BoolVar(&f.strict, "strict", false, "fail the run if the target departs from an advice rule")
	flags.BoolVar(&f.printPlan, "print-plan", false, "print the scenarios that would run, and start nothing")
	flags.DurationVar(&f.timeout, "timeout", steps.DefaultTimeout, "time limit of the whole run")
	f.registerOutput(cmd)
}

// registerOutput registers the flags that determine what is printed and written of a report. The commands
// run and report merge have them.
func (f *runFlags) registerOutput(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.quiet, "quiet", false, "print only what did not pass, and the verdict")
	flags.BoolVar(&f.verbose, "verbose", false, "print the result of every rule, also of the rules that passed")
	flags.BoolVar(&f.slowest, "slowest", false, "print the ten scenarios that took longest")
	cmd.MarkFlagsMutuallyExclusive("quiet", "verbose")
	flags.StringVar(&f.report, "report", "", "folder for the reports and the transcripts of failures")
}

// registerDependencies registers the flags that determine what a run needs of the
// machine. The commands run and doctor have them.
func (f *runFlags) registerDependencies(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.flags = flags
	flags.StringVar(&f.target, "target", "", "YAML file that describes the server or the proxy under test; default the reference server")
	f.seat.register(cmd)
	flags.StringSliceVar(&f.fronts, "front", nil, "run at these fronts: direct, nginx, apache; default all")
	flags.StringVar(&f.runner, "runner", proxies.RunnerAuto, "how proxies run: auto, container or process; auto prefers containers")
	flags.BoolVar(&f.race, "race", false, "build the reference server with the race detector; a data race fails the run")
}

// config converts the flags to the configuration of the suite, except for the programs
// of the reference server. The error contains all problems.
func (f *runFlags) config() (steps.Config, error) {
	var wrong problems
	c := steps.Config{
		Features: features.FS(), Fronts: f.fronts, Spread: f.spread, Tags: f.tags, Groups: f.groups,
		Parallel: f.parallel, Seed: f.seed, Strict: f.strict, FailFast: f.failFast, Timeout: f.timeout, ReportDir: f.report,
		WorkDir: os.TempDir(), // until the folder of the run exists
		Command: append([]string{"countersign"}, os.Args[1:]...), Version: versionLine(),
	}
	wrong.join(f.seat.validate(f.flags.Changed))
	c.Target = f.chooseTarget(&wrong)
	var err error
	c.Scenarios, err = readScenarios(f.scenarios)
	wrong.join(err)
	c.Rules, err = expandRules(f.rules)
	wrong.join(err)
	c.Shard, err = plan.ParseShard(f.shard)
	wrong.join(err)
	c.Durations, err = readDurations(f.durations)
	wrong.join(err)
	if f.durations != "" && f.shard == "" {
		wrong.add("--durations balances shards, and there is no --shard; leave it out")
	}
	wrong.join(checkRunner(f.runner))
	if f.race && !f.builtin() {
		wrong.add("--race builds the reference server, and the target is another server or a proxy; leave out one of the two")
	}
	wrong.join(f.emptyLists())
	if f.timeout <= 0 {
		wrong.add("--timeout %v is not positive; use a duration such as 30m", f.timeout)
	}
	if f.seed < 0 {
		wrong.add("--seed %d is negative; use the number that a run has printed, or 0", f.seed)
	}
	return c, wrong.err()
}

// emptyLists returns an error for each flag that was set to an empty list, which would
// select everything.
func (f *runFlags) emptyLists() error {
	var wrong problems
	for _, name := range []string{"front", "rule", "group", "scenario"} {
		if given := f.flags.Lookup(name); given != nil && given.Changed && given.Value.String() == "[]" {
			wrong.add("--%s is empty; list at least one value, or leave the flag out to select all", name)
		}
	}
	return wrong.err()
}

// builtin reports whether the target is the reference server, also if a target file
// changes how it is run. It is valid after config.
func (f *runFlags) builtin() bool {
	return f.target == "" && f.seat.config.file == "" && !f.seat.isOwnProxy() || f.like != nil
}

// reference returns the target for the reference server with the program of this machine.
func reference(ctx context.Context, s *programFinder) (target.Target, error) {
	server, err := s.program(ctx, serverProgram)
	if err != nil {
		return target.Target{}, err
	}
	return target.Reference(server, "--runtime", target.Probe), nil
}

func (f *runFlags) run(cmd *cobra.Command) error {
	ctx, stop := onInterrupt(cmd.Context(), cmd.ErrOrStderr(), "stopping the started processes and writing the report; interrupt again to exit immediately")
	defer stop.release()
	err := f.runUntil(ctx, cmd, stop)
	if err != nil && stop.happened() {
		return &exitError{code: exitInterrupted, err: innerError(err)}
	}
	return err
}

// innerError returns the error inside an exitError, which may be nil, and any other
// error unchanged.
func innerError(err error) error {
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
	prepared, err := steps.Plan(c) // reports errors before anything is built
	if err != nil {
		return err
	}
	if f.seat.config.found != nil && !f.quiet {
		writeConfiguration(c.Output, f.seat.config.found, installation())
	}
	if f.printPlan {
		return printPlan(c.Output, prepared.Plan)
	}
	if f.quiet {
		c.Output = io.Discard
	}
	if err := f.prepare(ctx, &c, prepared.Plan); err != nil {
		return err
	}
	run, err := startRun(ctx, c.Output)
	if err != nil {
		return err
	}
	c.WorkDir = run.Path
	return f.runAndPublish(ctx, cmd, c, prepared, run, stop)
}

// prepare checks the dependencies of the plan, and finds or builds the programs.
func (f *runFlags) prepare(ctx context.Context, c *steps.Config, p *plan.Plan) error {
	if f.report != "" {
		if err := checkReportFolder(f.report); err != nil {
			return err
		}
	}
	s, err := newProgramFinder(f.race)
	if err != nil {
		return err
	}
	d := dependencies{runner: f.runner, fronts: f.programsOf(p), programs: s, race: f.race, target: c.Target, builtin: f.builtin()}
	if err := missing(d.check(ctx)); err != nil {
		return withHint(err, "run countersign doctor to see all checks")
	}
	if d.builtin {
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

// programsOf returns the proxies that a plan uses.
func (f *runFlags) programsOf(p *plan.Plan) []string {
	if found := f.seat.config.found; found != nil {
		return []string{found.Kind}
	}
	var used []string
	for _, front := range plan.Fronts {
		if slices.ContainsFunc(p.Instances, func(i *plan.Instance) bool { return i.Front == front }) {
			used = append(used, front)
		}
	}
	return used
}

// startRun removes what killed runs left and creates the folder of this run.
func startRun(ctx context.Context, out io.Writer) (*process.Run, error) {
	base, err := runsFolder()
	if err != nil {
		return nil, err
	}
	if err := proxies.Sweep(ctx); err != nil {
		fmt.Fprintf(out, "warning: look for proxies of killed runs: %v\n", err)
	}
	run, swept, err := openRun(ctx, base)
	if len(swept) > 0 {
		fmt.Fprintf(out, "removed what a killed run left: %s\n", strings.Join(swept, ", "))
	}
	return run, err
}

// memoryLimit is the soft memory limit of the Go runtime. A run needs a fraction of it;
// the replies of a hostile server under test may need more.
const memoryLimit = 512 << 20

// gcPercent is the garbage collection target of a run, which allocates much and retains little. With
// the default of 100 the collector took a fifth of the processor time.
const gcPercent = 400

// runAndPublish runs the suite, publishes the report and returns an error with the exit
// code of the report.
func (f *runFlags) runAndPublish(ctx context.Context, cmd *cobra.Command, c steps.Config, prepared steps.Prepared, run *process.Run, stop *interrupt) error {
	rep, notes, err := f.perform(ctx, cmd.ErrOrStderr(), c, prepared, run, stop)
	if err != nil {
		return err
	}
	report.Conclude(&rep, prepared.Catalogue)
	if f.report != "" {
		err = writeMessages(f.report, &rep)
	}
	return exitOf(&rep, errors.Join(err, f.publish(cmd.OutOrStdout(), &rep, prepared.Catalogue, notes)))
}

// exitOf returns an error with the exit code of a report, or nil. published is the error of its publication.
func exitOf(rep *report.Report, published error) error {
	if published != nil {
		return &exitError{code: max(rep.Exit, report.ExitNoVerdict), err: published}
	}
	if rep.Exit != exitOK {
		return &exitError{code: rep.Exit} // the summary contains the reason
	}
	return nil
}

// perform runs the suite with the equipment of this machine, and stops all processes
// that it started. An error means that there is no report.
func (f *runFlags) perform(ctx context.Context, stderr io.Writer, c steps.Config, prepared steps.Prepared, run *process.Run, stop *interrupt) (report.Report, []string, error) {
	e, err := newEquipment(c.Target, f.runner, run)
	if err != nil {
		return report.Report{}, nil, errors.Join(err, run.Close())
	}
	e.installed = f.seat.config.found
	stop.onSecond(e.killAll)
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memoryLimit))
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	}
	rep, runErr := steps.Run(ctx, c, e, prepared)

	// Stopping has a time limit of its own, because ctx may have ended the run.
	stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*stopTime)
	defer cancel()
	closeErr := e.close(stopCtx)
	races := 0
	for _, file := range e.outputs() {
		races += copyRaces(stderr, file)
	}
	runErr = errors.Join(runErr, closeErr, run.Close())
	if errors.Is(runErr, steps.ErrNotStarted) {
		return report.Report{}, nil, &exitError{code: exitNotStarted, err: runErr}
	}
	rep.Interrupted = rep.Interrupted || stop.happened()
	if runErr != nil {
		rep.Problems = append(rep.Problems, runErr.Error())
	}
	if races > 0 {
		// No rule is about data races, but results of a program with a data race are
		// not reliable.
		rep.Problems = append(rep.Problems, fmt.Sprintf("the race detector reported %d data races in the server under test", races))
	}
	return rep, e.usage.fill(&rep.Usage), nil
}

// publish writes the report and prints the summary.
func (f *runFlags) publish(out io.Writer, rep *report.Report, catalogue *rules.Catalogue, notes []string) error {
	if len(notes) > 0 && !f.quiet {
		slices.Sort(notes)
		fmt.Fprintf(out, "not measured: %s\n", strings.Join(notes, "; "))
	}
	var written error
	if f.report != "" {
		written = writeReport(f.report, rep, catalogue)
	}
	if os.Getenv("GITHUB_ACTIONS") == "true" {
		written = errors.Join(written, report.WriteAnnotations(out, rep))
	}
	shown := report.WriteSummary(out, rep, catalogue, report.SummaryOptions{
		Colour: useColour(out), Dir: f.report, Quiet: f.quiet, Verbose: f.verbose, Slowest: f.slowest,
	})
	return errors.Join(written, shown)
}

// useColour reports whether text for out is coloured: out is a terminal, and the environment variable
// NO_COLOR is unset or empty (https://no-color.org).
func useColour(out io.Writer) bool {
	return report.IsTerminal(out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// printPlan prints the instances and the scenarios of a plan.
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
	for n, front := range report.SortFronts(perFront) {
		if n > 0 {
			fmt.Fprint(out, ", ")
		}
		fmt.Fprintf(out, "%s %d", front, perFront[front])
	}
	others := ""
	if n := len(p.OtherShards); n > 0 {
		others = fmt.Sprintf("%d in other shards, ", n)
	}
	fmt.Fprintf(out, "), %s%d skipped, %d configurations, %d instances, seed %d\n",
		others, len(p.Skipped), p.Configurations(), len(p.Instances), p.Seed)
	return nil
}
