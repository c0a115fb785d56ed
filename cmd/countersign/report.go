package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"countersign/steps/report"
	"countersign/steps/report/page"
)

func newReport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Compare and merge reports, write the page or a statement of a report, print the schema",
		Example: `  countersign report html report
  countersign report diff yesterday/report.json report
  countersign report merge --report report shard1 shard2 shard3
  countersign report statement report > CONFORMANCE.md
  countersign report schema > countersign.report.schema.json`,
		Args: requireSubcommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newReportHTML(), newReportDiff(), newReportMerge(), newReportStatement(), newReportSchema())
	return cmd
}

func newReportSchema() *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON schema of report.json",
		Example: "  countersign report schema > countersign.report.schema.json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(report.Schema())
			return err
		},
	}
}

func newReportHTML() *cobra.Command {
	return &cobra.Command{
		Use:   "html DIR",
		Short: "Write report.html from the report.json and the transcripts in a folder",
		Long: `Writes DIR/report.html again, from DIR/report.json and DIR/transcripts. If report.json
is not a complete report of this version, the command writes nothing and exits with
code 2.`,
		Example: "  countersign report html report",
		Args:    exactly("the folder of a report", 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := args[0]
			r, err := loadReport(filepath.Join(dir, reportJSON))
			if err != nil {
				return err
			}
			file := filepath.Join(dir, reportHTML)
			if err := replaceFile(file, func(w io.Writer) error { return page.Write(w, r, os.DirFS(dir)) }); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), file)
			return nil
		},
	}
}

func newReportDiff() *cobra.Command {
	return &cobra.Command{
		Use:   "diff BEFORE AFTER",
		Short: "Print what changed between two reports; exit with code 1 if the second is worse",
		Long: `Compares two reports, each given as a folder or as a report.json. The second report is
worse if it does not conform and the first one does, if a scenario has a worse outcome,
or if a rule that passed was not tested again. Scenarios are compared by their names.`,
		Example: "  countersign report diff yesterday/report.json report",
		Args:    exactly("two reports", 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			before, err := loadReport(args[0])
			after, err2 := loadReport(args[1])
			if err := errors.Join(err, err2); err != nil {
				return err
			}
			d := report.Compare(before, after)
			if err := d.WriteText(cmd.OutOrStdout()); err != nil {
				return err
			}
			if d.IsWorse() {
				return &exitError{code: exitViolation} // the last line contains the reason
			}
			return nil
		},
	}
}

func newReportStatement() *cobra.Command {
	return &cobra.Command{
		Use:   "statement REPORT",
		Short: "Print a statement of conformance in Markdown",
		Long: `Prints one page of Markdown: what was tested, what was not and why, departures, accepted
deviations, versions, and the digest of the features. REPORT is a folder or a
report.json.`,
		Example: "  countersign report statement report > CONFORMANCE.md",
		Args:    exactly("a report", 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := loadReport(args[0])
			if err != nil {
				return err
			}
			return report.WriteStatement(cmd.OutOrStdout(), r)
		},
	}
}

// exactly returns a check for n arguments, which are described by what.
func exactly(what string, n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return withHint(fmt.Errorf("%q needs %s, and got %d arguments", cmd.CommandPath(), what, len(args)), "see %q", cmd.CommandPath()+" --help")
	}
}

// loadReport reads a report from a file, or from report.json in a folder.
func loadReport(name string) (*report.Report, error) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		name = filepath.Join(name, reportJSON)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, withHint(fmt.Errorf("read report: %w", err), "give the folder that a run has written with --report")
	}
	defer file.Close()
	r, err := report.ReadJSON(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}
