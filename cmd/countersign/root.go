package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "countersign",
		Short: "Check a Connect-like server or proxy against Posit Connect's documented rules",
		Long: `Countersign expresses every rule that Posit Connect documents for proxied
authentication and OAuth integrations as executable Gherkin scenarios. It runs
them against its own reference server behind nginx and Apache, or against your
server.`,
		Example: `  countersign doctor                       check whether this machine can run the suite
  countersign run                          run the whole suite against the reference server
  countersign run --front direct           run without proxies
  countersign run --rule PA-034 --strict   run the scenarios of one rule
  countersign run --target mine.yaml       run against your own server
  countersign tables --report report       write tables of the behaviour that the run proved
  countersign serve                        run the reference server by itself`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          requireSubcommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(flagError)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		newRun(), newDoctor(), newRules(), newReport(), newTables(), newIDP(), newProxy(),
		newServe(), newUsermanager(), newVersion(),
	)
	return root
}

// requireSubcommand returns an error for an argument that is not a subcommand. The
// error suggests the subcommand with the most similar name.
func requireSubcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("%q is not a subcommand of %q", args[0], cmd.CommandPath())
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	if near := nearest(args[0], names); near != "" {
		return withHint(err, "did you mean %q?", cmd.CommandPath()+" "+near)
	}
	return withHint(err, "use one of %s", strings.Join(names, ", "))
}

// noArguments returns an error for an argument that is not a flag.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return withHint(fmt.Errorf("unexpected argument %q", args[0]),
		"%q accepts flags only; see %q", cmd.CommandPath(), cmd.CommandPath()+" --help")
}

// flagError adds to the error of a flag what to do.
func flagError(cmd *cobra.Command, err error) error {
	help := cmd.CommandPath() + " --help"
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return withHint(err, "see %q", help)
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near := nearest(unknown.GetSpecifiedName(), names); near != "" {
		return withHint(err, "did you mean --%s? %q lists the flags", near, help)
	}
	return withHint(err, "%q lists the flags", help)
}

// nearest returns the candidate with the smallest edit distance to word, or "" if
// the distance is more than 2 or more than one plus a third of the length of word.
func nearest(word string, candidates []string) string {
	best, least := "", min(2, 1+len(word)/3)+1
	for _, c := range candidates {
		d := levenshtein.Distance(word, c, nil)
		if strings.HasPrefix(c, word) && len(word) > 1 {
			d = 1
		}
		if d < least {
			best, least = c, d
		}
	}
	return best
}
