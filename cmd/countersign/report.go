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
		Short:   "Print what a program needs to read a report",
		Example: "  countersign report schema > countersign.report.schema.json",
		Args:    subcommandWanted,
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

// Names within a report folder. The suite writes transcripts into theirs.
const (
	reportJSON        = "report.json"
	reportJUnit       = "junit.xml"
	reportTranscripts = "transcripts"
)

// prepareReport makes the folder before anything is started, and takes away
// what an earlier run left under our names: an old verdict beside new
// transcripts would be believed.
func prepareReport(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return withHint(fmt.Errorf("make the report folder: %w", err), "give --report a folder that can be written")
	}
	var problems []error
	for _, name := range []string{reportJSON, reportJUnit, reportTranscripts} {
		problems = append(problems, os.RemoveAll(filepath.Join(dir, name)))
	}
	probe := filepath.Join(dir, reportJSON)
	problems = append(problems, os.WriteFile(probe, nil, 0o644), os.Remove(probe))
	if err := errors.Join(problems...); err != nil {
		return withHint(fmt.Errorf("prepare the report folder: %w", err), "give --report a folder that can be written")
	}
	return nil
}

// writeReport writes both forms, each whole or not at all.
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

// copyRaces writes what Go's race detector complained of in a file, and counts
// the complaints. Each is between two lines of equal signs.
func copyRaces(out io.Writer, file string) int {
	const enough = 8 << 20
	f, err := os.Open(file)
	if err != nil {
		return 0
	}
	defer f.Close()
	raw, _ := io.ReadAll(io.LimitReader(f, enough))
	n := 0
	for _, part := range strings.Split(string(raw), "==================\n") {
		if strings.HasPrefix(part, "WARNING: DATA RACE") {
			n++
			fmt.Fprintf(out, "%s\n", strings.TrimSpace(part))
		}
	}
	return n
}
