package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"countersign/features"
	"countersign/steps"
	"countersign/steps/plan"
	"countersign/steps/rules"
)

var ruleWriters = map[string]func(io.Writer, []rules.Row) error{
	"text": rules.WriteText,
	"tsv":  rules.WriteTSV,
	"json": rules.WriteJSON,
}

func newRules() *cobra.Command {
	var check bool
	var format string
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List the rules with the number of scenarios and the state of each",
		Long: `Lists the rule catalogue: the source of each rule, the number of scenarios that
cite it, and its state: done, open, or not testable with the reason.

With --check the command lists nothing. It compares the catalogue with the
features, and the list of options with those that features may set, prints each disagreement with its file and line, and exits with code 1
if there is one.`,
		Example: `  countersign rules
  countersign rules --format tsv | grep -v done
  countersign rules --check`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			write, ok := ruleWriters[format]
			if !ok {
				return withHint(fmt.Errorf("--format %q is not known", format), "use --format text, tsv or json")
			}
			catalogue, scenarios, err := specification()
			if err != nil {
				return err
			}
			if !check {
				return write(cmd.OutOrStdout(), rules.Table(catalogue, scenarios))
			}
			return checkRules(cmd.OutOrStdout(), catalogue, scenarios)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "compare the catalogue with the features; exit with code 1 if they disagree")
	cmd.Flags().StringVar(&format, "format", "text", "output format: text, tsv or json")
	return cmd
}

// specification reads the embedded catalogue and scenarios. The error contains all
// problems of both.
func specification() (*rules.Catalogue, []rules.ScenarioRef, error) {
	catalogue, err := rules.Load(features.FS())
	documents, err2 := plan.Read(features.FS())
	if err := errors.Join(err, err2); err != nil {
		return nil, nil, err
	}
	return catalogue, steps.Scenarios(documents), nil
}

func checkRules(out io.Writer, catalogue *rules.Catalogue, scenarios []rules.ScenarioRef) error {
	problems := rules.Check(catalogue, scenarios)
	for _, p := range problems {
		fmt.Fprintln(out, p)
	}
	if err := steps.CheckFeatures(features.FS()); err != nil {
		return &exitError{code: exitViolation, err: fmt.Errorf("the features and the vocabulary disagree:\n%w", err)}
	}
	if len(problems) > 0 {
		return &exitError{code: exitViolation, err: fmt.Errorf("the catalogue and the features disagree in %d places; each is printed above with its file and line", len(problems))}
	}
	fmt.Fprintf(out, "%d rules and %d scenarios agree\n", len(catalogue.All()), len(scenarios))
	return nil
}
