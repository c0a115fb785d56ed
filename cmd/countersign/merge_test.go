package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"countersign/steps/report"
	"countersign/steps/verdict"
)

// TestShards runs a selection against a server that refuses everything, as a whole and in three shards, and
// checks that the merged report is that of the whole run.
func TestShards(t *testing.T) {
	server, probe := buildPrograms(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "sham.yaml")
	writeSham(t, file, map[string]string{shamKind: "401 to all", shamRelay: server, shamProbe: probe}, inventedOption)
	run := func(name string, flags ...string) (folder string, code int) {
		folder = filepath.Join(dir, name)
		var out bytes.Buffer
		code = execute(t.Context(), append([]string{"run", "--target", file, "--front", "direct", "--rule", "PA-034,PA-040,PA-123..PA-142", "--seed", "5", "--report", folder}, flags...), &out, &out)
		return folder, code
	}
	whole, code := run("whole")
	args := []string{"report", "merge", "--report", filepath.Join(dir, "merged")}
	for _, shard := range []string{"3/3", "1/3", "2/3"} {
		folder, _ := run("shard"+shard[:1], "--shard", shard, "--durations", whole)
		args = append(args, folder)
	}
	var out bytes.Buffer
	if merged := execute(t.Context(), args, &out, &out); merged != code || code != report.ExitViolated {
		t.Errorf("exit code %d after the shards and %d after the whole, want %d:\n%s", merged, code, report.ExitViolated, out.String())
	}
	want, got := loadedReport(t, whole), loadedReport(t, filepath.Join(dir, "merged"))
	same := cmp.Options{
		cmpopts.IgnoreFields(report.Report{}, "Results", "Roots", "Usage", "Started", "Finished", "Command", "Notes"),
		cmpopts.EquateEmpty(),
	}
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Errorf("reports (-whole +merged):\n%s", diff)
	}
	if diff := cmp.Diff(outcomesByID(want), outcomesByID(got)); diff != "" {
		t.Errorf("outcomes (-whole +merged):\n%s", diff)
	}
	if last := strings.TrimSpace(out.String()); !strings.Contains(last, want.Verdict) {
		t.Errorf("the command printed\n%s\nwithout the verdict %q", last, want.Verdict)
	}
	transcripts := 0
	for _, res := range got.Results {
		if res.Transcript == "" {
			continue
		}
		transcripts++
		if _, err := os.Stat(filepath.Join(dir, "merged", res.Transcript)); err != nil {
			t.Error(err)
		}
	}
	if transcripts == 0 {
		t.Error("no result has a transcript")
	}
	checkMergeRefuses(t, dir, args)
}

// checkMergeRefuses gives the command reports that it cannot merge. args are the arguments that merge three
// shards into the folder merged of dir.
func checkMergeRefuses(t *testing.T, dir string, args []string) {
	t.Helper()
	shard1, shard3 := filepath.Join(dir, "shard1"), filepath.Join(dir, "shard3")
	for _, tt := range []struct {
		name, want string
		args       []string
	}{
		{"a missing shard", "the report of shard 2/3 is missing", args[:len(args)-1]},
		{"a whole run", "is the report of a whole run", append(slices.Clone(args), filepath.Join(dir, "whole"))},
		{"a folder without a report", "no such file", append(slices.Clone(args), dir)},
		{"the folder of a shard", "is the folder of a shard", append([]string{"report", "merge", "--report", shard1}, args[4:]...)},
	} {
		before := read(t, filepath.Join(shard3, reportJSON)) + read(t, filepath.Join(dir, "merged", reportJSON))
		var out bytes.Buffer
		if code := execute(t.Context(), tt.args, &out, &out); code != exitNotStarted || !strings.Contains(out.String(), tt.want) {
			t.Errorf("%s: exit code %d and %q, want %d and %q", tt.name, code, out.String(), exitNotStarted, tt.want)
		}
		if after := read(t, filepath.Join(shard3, reportJSON)) + read(t, filepath.Join(dir, "merged", reportJSON)); after != before {
			t.Errorf("%s: a report has changed", tt.name)
		}
	}
}

func loadedReport(t *testing.T, folder string) *report.Report {
	t.Helper()
	r, err := loadReport(folder)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func outcomesByID(r *report.Report) map[string]verdict.Outcome {
	outcomes := map[string]verdict.Outcome{}
	for _, res := range r.Results {
		outcomes[res.ID] = res.Outcome
	}
	return outcomes
}
