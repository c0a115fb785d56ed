// Command countersign-mutate is the mutation tester of the project. It builds faulty
// versions of the reference server, runs countersign against each of them, and
// reports which of them the suite notices.
//
// There are two kinds of faulty server. Named faults are data in reference/faults:
// plausible mistakes of a vendor, each with the rules whose scenarios must fail.
// Generated mutants are small changes that the program makes to the source of the
// reference server.
//
// The program does not change the checkout. The compiler reads changed files through
// the -overlay flag of go build.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitNoticed     = 0   // every fault and enough mutants were noticed
	exitUnnoticed   = 1   // a fault or too many mutants were not noticed, a rule has no fault, or an accepted survivor is stale
	exitNotStarted  = 2   // the command line, a fault file or the checkout is wrong; nothing was built
	exitNoVerdict   = 3   // a build or a run of the suite failed for another reason
	exitInterrupted = 130 // a signal ended the program; the report contains the finished runs
)

// An exitError is an error with an exit code.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run executes the command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitNoticed
	}
	fmt.Fprintf(stderr, "countersign-mutate: %v\n", err)
	var exit *exitError
	switch {
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &exit):
		return exit.code
	}
	return exitNotStarted
}

func newRoot() *cobra.Command {
	var o options
	root := &cobra.Command{
		Use:   "countersign-mutate",
		Short: "Run the suite against faulty versions of the reference server",
		Long: `Builds faulty versions of the reference server, runs countersign against each of
them, and reports which of them the suite notices. Run the program in a checkout.

Exit codes: 0 the suite noticed every named fault and at least --score percent of
the generated mutants; 1 it missed more than that, a rule has no fault, or an
accepted survivor is stale; 2 the input is wrong and nothing was built; 3 a build or
a run failed; 130 the program was interrupted, and the report contains the finished
runs.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	flags := root.PersistentFlags()
	flags.StringVar(&o.out, "out", "", "folder for mutation.json and mutation.md")
	// Runs also wait, so the default is one more than the number of CPUs.
	flags.IntVar(&o.parallel, "parallel", runtime.NumCPU()+1, "number of runs of the suite at the same time")
	faults := func(cmd *cobra.Command) {
		cmd.Flags().StringSliceVar(&o.faults, "fault", nil, "names of the faults to run; default all")
		cmd.Flags().BoolVar(&o.quick, "quick", false, "run only the scenarios that cite a rule of the fault, and not the others that execute the changed function")
	}
	tries := func(cmd *cobra.Command) {
		cmd.Flags().IntVar(&o.tries, "tries", 120, "maximum number of scenarios for each faulty server, of those that execute the changed place and cite no rule of the fault; 0 runs all")
	}
	generated := func(cmd *cobra.Command) {
		cmd.Flags().Int64Var(&o.seed, "seed", 1, "seed of the sample")
		cmd.Flags().IntVar(&o.sample, "sample", 300, "number of mutants to run; 0 runs all")
		cmd.Flags().StringVar(&o.pkg, "package", "", "run mutants of one package only, such as account")
		cmd.Flags().StringSliceVar(&o.mutants, "mutant", nil, "ids of the mutants to run, instead of a sample")
		cmd.Flags().Float64Var(&o.score, "score", 90, "percentage of mutants that must be noticed; accepted survivors do not count")
	}
	faultsCmd := &cobra.Command{
		Use: "faults", Short: "Run the named faults", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd, true, false) },
	}
	faults(faultsCmd)
	tries(faultsCmd)
	generatedCmd := &cobra.Command{
		Use: "generated", Short: "Run generated mutants", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd, false, true) },
	}
	generated(generatedCmd)
	tries(generatedCmd)
	allCmd := &cobra.Command{
		Use: "all", Short: "Run the named faults and generated mutants", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd, true, true) },
	}
	faults(allCmd)
	generated(allCmd)
	tries(allCmd)
	checkCmd := &cobra.Command{
		Use: "check", Short: "Check the fault files and the list of accepted survivors without building anything", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.check(cmd) },
	}
	listCmd := &cobra.Command{
		Use: "list", Short: "List the generated mutants without running them", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.list(cmd) },
	}
	listCmd.Flags().StringVar(&o.pkg, "package", "", "list mutants of one package only, such as account")
	root.AddCommand(faultsCmd, generatedCmd, allCmd, checkCmd, listCmd)
	return root
}
