// Command countersign-server is the reference server. It reads the configuration file of
// Connect and behaves as the documents require. It is not a production server.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"countersign/reference"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// A usageError is an error in the command line or the configuration: exit code 2.
type usageError struct{ error }

// run executes the command line and returns the exit code: 0, 1 for an error while the
// program runs, 2 for a wrong command line or configuration.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "countersign-server",
		Short:         "The reference server of Countersign (not a production server)",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(serveCommand(), usermanagerCommand())
	err := root.ExecuteContext(ctx)
	var usage usageError
	var bad *reference.ConfigError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &bad):
		fmt.Fprintf(stderr, "countersign-server: the configuration has %s:\n", count(len(bad.Problems), "problem"))
		for _, p := range bad.Problems {
			fmt.Fprintln(stderr, "  "+p)
		}
		return 2
	case errors.As(err, &usage) || !errors.As(err, new(runError)):
		fmt.Fprintf(stderr, "countersign-server: %v\nRun 'countersign-server --help' for usage.\n", err)
		return 2
	}
	fmt.Fprintf(stderr, "countersign-server: %v\n", err)
	return 1
}

// A runError is an error that is not in the command line or the configuration: exit code 1.
type runError struct{ error }

func (e runError) Unwrap() error { return e.error }

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
