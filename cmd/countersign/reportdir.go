package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"countersign/features"
	"countersign/steps/report"
	"countersign/steps/report/cucumber"
	"countersign/steps/report/page"
	"countersign/steps/report/sarif"
	"countersign/steps/rules"
)

// Names in a report folder. The suite writes the transcripts.
const (
	reportJSON        = "report.json"
	reportJUnit       = "junit.xml"
	reportMessages    = "messages.ndjson"
	reportSARIF       = "report.sarif"
	reportHTML        = "report.html"
	reportTranscripts = "transcripts"
)

// reportNames lists what a run writes into a report folder.
var reportNames = []string{reportJSON, reportJUnit, reportMessages, reportSARIF, reportHTML, reportTranscripts}

// prepareReport creates the report folder and removes the report of an earlier run
// from it, so that an old verdict is not mistaken for that of this run. It refuses a
// folder that contains something else and no report.
func prepareReport(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return withHint(fmt.Errorf("create the report folder: %w", err), "set --report to a folder that you can write")
	}
	if err := checkReportFolder(dir); err != nil {
		return err
	}
	var problems []error
	for _, name := range reportNames {
		problems = append(problems, os.RemoveAll(filepath.Join(dir, name)))
	}
	probe := filepath.Join(dir, reportJSON)
	problems = append(problems, os.WriteFile(probe, nil, 0o644), os.Remove(probe))
	if err := errors.Join(problems...); err != nil {
		return withHint(fmt.Errorf("prepare the report folder: %w", err), "set --report to a folder that you can write")
	}
	return nil
}

// mutationFolder is where make mutate lets the mutation tester write: into the report folder.
const mutationFolder = "mutation"

// checkReportFolder returns an error for a folder with files that no run has written,
// unless it contains a report of this program. A run that was killed leaves no report.
func checkReportFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return withHint(fmt.Errorf("read the report folder: %w", err), "set --report to a folder that you can read")
	}
	foreign := ""
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), ".part")
		if foreign == "" && name != mutationFolder && !slices.Contains(reportNames, name) {
			foreign = entry.Name()
		}
	}
	ours, exists := isReport(filepath.Join(dir, reportJSON))
	switch {
	case exists && !ours:
		foreign = reportJSON + ", which is no report of this program"
	case ours:
		foreign = ""
	}
	if foreign != "" {
		return withHint(fmt.Errorf("the report folder %s contains %s: a run would replace files there", dir, foreign), "set --report to a new folder, or to one with an earlier report")
	}
	return nil
}

// isReport reports whether a file exists and whether it is a report of any version of
// this program, or empty: prepareReport writes an empty one for a moment.
func isReport(name string) (ours, exists bool) {
	file, err := os.Open(name)
	if err != nil {
		return false, !errors.Is(err, fs.ErrNotExist)
	}
	defer file.Close()
	head := make([]byte, 64)
	n, _ := io.ReadFull(file, head)
	return n == 0 || strings.Contains(string(head[:n]), `"schema": "countersign.report/`), true
}

// writeReport writes the files of a report, each completely or not at all, except for those of
// writeMessages.
func writeReport(dir string, r *report.Report, catalogue *rules.Catalogue) error {
	transcripts := os.DirFS(dir)
	forms := []struct {
		name  string
		write func(io.Writer) error
	}{
		{reportJSON, func(w io.Writer) error { return report.WriteJSON(w, r) }},
		{reportJUnit, func(w io.Writer) error { return report.WriteJUnit(w, r, catalogue) }},
		{reportSARIF, func(w io.Writer) error { return sarif.Write(w, r) }},
		{reportHTML, func(w io.Writer) error { return page.Write(w, r, transcripts) }},
	}
	var problems []error
	for _, form := range forms {
		if err := replaceFile(filepath.Join(dir, form.name), form.write); err != nil {
			problems = append(problems, fmt.Errorf("write %s: %w", form.name, err))
		}
	}
	return errors.Join(problems...)
}

// writeMessages writes the report of a run as Cucumber Messages. They contain the durations of the steps,
// which only the run knows.
func writeMessages(dir string, r *report.Report) error {
	err := replaceFile(filepath.Join(dir, reportMessages), func(w io.Writer) error { return cucumber.Write(w, r, features.FS(), os.DirFS(dir)) })
	if err != nil {
		return fmt.Errorf("write %s: %w", reportMessages, err)
	}
	return nil
}

// replaceFile writes a file completely or not at all.
func replaceFile(name string, write func(io.Writer) error) error {
	draft := name + ".part"
	file, err := os.Create(draft)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(file)
	err = write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(draft))
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
