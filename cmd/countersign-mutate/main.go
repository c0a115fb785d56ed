// Command countersign-mutate is the project's mutation tester. It builds wrong
// versions of the reference server, runs countersign against each of them as a
// user would, and reports which of them the suite notices.
//
// It knows two kinds of wrong server. Named faults are data in
// reference/faults: plausible mistakes of a vendor, each with the rules that it
// must turn red. Generated mutants are small changes that the program makes by
// itself to the source of the reference server.
//
// The checkout is never changed: changed files reach the compiler through the
// -overlay flag of go build.
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
	exitUnnoticed   = 1   // a fault, a rule or too many mutants went unnoticed, or an accepted survivor is stale
	exitNotStarted  = 2   // the command line, a fault file or the checkout is wrong; nothing was built
	exitNoVerdict   = 3   // a build or a run of the suite failed for another reason
	exitInterrupted = 130 // a signal ended the program; the report holds what ran
)

// An exitError is an error with the exit code that it leads to.
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
		Short: "Run the suite against wrong versions of the reference server",
		Long: `Builds wrong versions of the reference server, runs countersign against each of
them, and reports which of them the suite notices. Run it in a checkout.

Exit codes: 0 every named fault was noticed, and of the generated mutants at least
--score percent; 1 something went unnoticed, a rule has no fault, or an accepted
survivor is stale; 2 the input is wrong and nothing was built; 3 a build or a run
failed; 130 interrupted, with a report of what ran.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	flags := root.PersistentFlags()
	flags.StringVar(&o.out, "out", "", "folder for mutation.json and mutation.md")
	flags.IntVar(&o.parallel, "parallel", runtime.NumCPU()+1, "runs of the suite at once; a run also waits, so one more than the number of CPUs is the default")
	faults := func(cmd *cobra.Command) {
		cmd.Flags().StringSliceVar(&o.faults, "fault", nil, "names of the faults to run; none is all")
		cmd.Flags().BoolVar(&o.quick, "quick", false, "run only the scenarios that cite a rule of the fault, and none of the others that execute the changed function")
	}
	tries := func(cmd *cobra.Command) {
		cmd.Flags().IntVar(&o.tries, "tries", 120, "number of scenarios that a wrong server is tried with at most, of those that execute the changed place and cite no rule of the fault; 0 is all")
	}
	generated := func(cmd *cobra.Command) {
		cmd.Flags().Int64Var(&o.seed, "seed", 1, "seed of the sample")
		cmd.Flags().IntVar(&o.sample, "sample", 300, "number of mutants to run; 0 is all of them")
		cmd.Flags().StringVar(&o.pkg, "package", "", "take mutants of one package only, such as account")
		cmd.Flags().StringSliceVar(&o.mutants, "mutant", nil, "ids of the mutants to run, instead of a sample")
		cmd.Flags().Float64Var(&o.score, "score", 90, "percentage of mutants, without accepted survivors, that must be noticed")
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
		Use: "check", Short: "Check the fault files and the list of accepted survivors, and build nothing", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.check(cmd) },
	}
	listCmd := &cobra.Command{
		Use: "list", Short: "List the generated mutants, and run nothing", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.list(cmd) },
	}
	listCmd.Flags().StringVar(&o.pkg, "package", "", "list mutants of one package only, such as account")
	root.AddCommand(faultsCmd, generatedCmd, allCmd, checkCmd, listCmd)
	return root
}
