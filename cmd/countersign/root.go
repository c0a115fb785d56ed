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
		Long: `Countersign turns every rule that Posit Connect documents for proxied
authentication and OAuth integrations into Gherkin that runs: against its own
reference server behind real nginx and Apache, or against yours.`,
		Example: `  countersign doctor                       is this machine ready?
  countersign run                          the whole suite against the reference server
  countersign run --front direct           without proxies
  countersign run --rule PA-034 --strict   one rule
  countersign run --target mine.yaml       your own server
  countersign serve                        the reference server by itself`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          subcommandWanted,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(flagError)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		newRun(), newDoctor(), newRules(), newReport(), newIDP(), newProxy(),
		newServe(), newUsermanager(), newVersion(),
	)
	return root
}

// subcommandWanted refuses a word that is no subcommand, and names the nearest.
func subcommandWanted(cmd *cobra.Command, args []string) error {
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

// noArguments refuses what is not a flag.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return withHint(fmt.Errorf("unexpected argument %q", args[0]),
		"%q takes flags only; see %q", cmd.CommandPath(), cmd.CommandPath()+" --help")
}

// flagError says what to do about a flag that cannot be read.
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

// nearest picks the candidate that fewest single edits turn word into, if it
// takes no more than a third of the word's letters and two.
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
