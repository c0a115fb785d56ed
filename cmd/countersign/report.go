package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"countersign/steps/report"
	"countersign/steps/rules"
)

func newReport() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "report",
		Short:   "Print the schema of the report",
		Example: "  countersign report schema > countersign.report.schema.json",
		Args:    requireSubcommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON schema of report.json",
		Example: "  countersign report schema > countersign.report.schema.json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(report.Schema())
			return err
		},
	})
	return cmd
}

// Names in a report folder. The suite writes the transcripts.
const (
	reportJSON        = "report.json"
	reportJUnit       = "junit.xml"
	reportTranscripts = "transcripts"
)

// prepareReport creates the report folder and removes the report of an earlier run
// from it, so that an old verdict is not mistaken for that of this run.
func prepareReport(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return withHint(fmt.Errorf("create the report folder: %w", err), "set --report to a folder that you can write")
	}
	var problems []error
	for _, name := range []string{reportJSON, reportJUnit, reportTranscripts} {
		problems = append(problems, os.RemoveAll(filepath.Join(dir, name)))
	}
	probe := filepath.Join(dir, reportJSON)
	problems = append(problems, os.WriteFile(probe, nil, 0o644), os.Remove(probe))
	if err := errors.Join(problems...); err != nil {
		return withHint(fmt.Errorf("prepare the report folder: %w", err), "set --report to a folder that you can write")
	}
	return nil
}

// writeReport writes report.json and junit.xml, each completely or not at all.
func writeReport(dir string, r *report.Report, catalogue *rules.Catalogue) error {
	forms := map[string]func(io.Writer) error{
		reportJSON:  func(w io.Writer) error { return report.WriteJSON(w, r) },
		reportJUnit: func(w io.Writer) error { return report.WriteJUnit(w, r, catalogue) },
	}
	var problems []error
	for name, write := range forms {
		var text bytes.Buffer
		err := write(&text)
		if err == nil {
			err = replaceFile(filepath.Join(dir, name), text.Bytes())
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("write %s: %w", name, err))
		}
	}
	return errors.Join(problems...)
}

func replaceFile(name string, text []byte) error {
	draft := name + ".part"
	if err := os.WriteFile(draft, text, 0o644); err != nil {
		return err
	}
	return os.Rename(draft, name)
}

// copyRaces copies the reports of Go's race detector from a file to out and returns
// their number. Each report is between two lines of equal signs.
func copyRaces(out io.Writer, file string) int {
	const maxRead = 8 << 20
	f, err := os.Open(file)
	if err != nil {
		return 0
	}
	defer f.Close()
	raw, _ := io.ReadAll(io.LimitReader(f, maxRead))
	n := 0
	for _, part := range strings.Split(string(raw), "==================\n") {
		if strings.HasPrefix(part, "WARNING: DATA RACE") {
			n++
			fmt.Fprintf(out, "%s\n", strings.TrimSpace(part))
		}
	}
	return n
}
