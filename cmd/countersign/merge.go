package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"countersign/features"
	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/rules"
)

func newReportMerge() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "merge DIR...",
		Short: "Join the reports of all shards of a run; exit with the code of the whole run",
		Long: `Joins the reports of the shards that countersign run --shard has written, each given as
a folder. The result has the verdict and the counts of one run. The command prints it, and
writes it with all transcripts into the folder --report. A file messages.ndjson is not
written, because the reports do not contain the durations of the steps.

Exit codes: those of countersign run; 2 if the reports are not all shards of one run.`,
		Example: "  countersign report merge --report report shard1 shard2 shard3",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return withHint(errors.New(`"countersign report merge" needs the folders of all shards`), "see \"countersign report merge --help\"")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.merge(cmd.OutOrStdout(), args) },
	}
	f.registerOutput(cmd)
	return cmd
}

// merge joins the reports in the given folders.
func (f *runFlags) merge(out io.Writer, dirs []string) error {
	parts, err := readParts(dirs)
	if err != nil {
		return err
	}
	catalogue, err := rules.Load(features.FS())
	if err != nil {
		return err
	}
	merged, err := report.Merge(parts, catalogue)
	if err != nil {
		return withHint(err, "give the folders of all shards of one run, each once")
	}
	if f.report != "" {
		if err := f.collectTranscripts(dirs, merged.Results); err != nil {
			return err
		}
	}
	return exitOf(merged, f.publish(out, merged, catalogue, nil))
}

// readParts reads the reports of shards. All of them have to be of the features of this program, whose
// catalogue says what the rules are.
func readParts(dirs []string) ([]report.Part, error) {
	var parts []report.Part
	var problems []error
	digest := report.Digest(features.FS())
	for _, dir := range dirs {
		r, err := loadReport(filepath.Join(dir, reportJSON))
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if r.Suite.Features != digest {
			problems = append(problems, fmt.Errorf("%s: the report is of other features than those of this program; use the version of countersign that wrote it", dir))
		}
		parts = append(parts, report.Part{Name: dir, Report: r})
	}
	return parts, errors.Join(problems...)
}

// collectTranscripts prepares the report folder and copies the transcripts of the results into it. It
// opens only files in the folders of the shards, whatever the paths in their reports are.
func (f *runFlags) collectTranscripts(dirs []string, results []report.Result) error {
	target, err := filepath.Abs(f.report)
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if source, err := filepath.Abs(dir); err != nil || source == target {
			return withHint(fmt.Errorf("--report %s is the folder of a shard, which would be removed", f.report), "set --report to another folder")
		}
	}
	if err := prepareReport(f.report); err != nil {
		return err
	}
	to, err := os.OpenRoot(f.report)
	if err != nil {
		return err
	}
	defer to.Close()
	for _, dir := range dirs {
		if err := copyTranscripts(to, dir, results); err != nil {
			return fmt.Errorf("copy the transcripts of %s: %w", dir, err)
		}
	}
	return nil
}

// copyTranscripts copies those transcripts of results that are in dir.
func copyTranscripts(to *os.Root, dir string, results []report.Result) error {
	from, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer from.Close()
	for _, res := range results {
		if res.Transcript == "" {
			continue
		}
		text, err := from.ReadFile(res.Transcript)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it is in another shard
		}
		if err == nil {
			err = to.MkdirAll(filepath.Dir(res.Transcript), 0o755)
		}
		if err == nil {
			err = to.WriteFile(res.Transcript, text, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readDurations returns the durations of scenarios in a report, which is a folder or a report.json.
func readDurations(name string) (func(*plan.Job) time.Duration, error) {
	if name == "" {
		return nil, nil
	}
	r, err := loadReport(name)
	if err != nil {
		return nil, fmt.Errorf("--durations: %w", err)
	}
	took := make(map[string]time.Duration, len(r.Results))
	for _, res := range r.Results {
		took[res.Key()] = res.Duration
	}
	return func(j *plan.Job) time.Duration {
		s := j.Scenario
		return took[report.Result{Feature: s.Feature, Rule: s.Rule, Scenario: s.Name, Row: s.Number, Front: j.Front}.Key()]
	}, nil
}
