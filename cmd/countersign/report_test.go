package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countersign/features"
	"countersign/steps/report"
	"countersign/steps/rules"
)

func TestCopyRaces(t *testing.T) {
	t.Parallel()
	const line = "==================\n"
	raceReport := "WARNING: DATA RACE\nWrite at 0x00c000 by goroutine 7:\n  main.main()\n"
	tests := []struct {
		name, text string
		want       int
	}{
		{"none", "listening\nstopped\n", 0},
		{"one", "listening\n" + line + raceReport + line + "stopped\n", 1},
		{"two", line + raceReport + line + line + raceReport + line + "Found 2 data race(s)\n", 2},
		{"cut short", "listening\n" + line + raceReport, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "output")
			if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			var copied bytes.Buffer
			if got := copyRaces(&copied, file); got != tt.want {
				t.Errorf("copyRaces() = %d, want %d", got, tt.want)
			}
			if got := strings.Count(copied.String(), "main.main()"); got != tt.want {
				t.Errorf("copied %d reports, want %d:\n%s", got, tt.want, copied.String())
			}
		})
	}
	if got := copyRaces(&bytes.Buffer{}, filepath.Join(t.TempDir(), "none")); got != 0 {
		t.Errorf("copyRaces() of no file = %d, want 0", got)
	}
}

// TestPrepareReportRemovesTheOldReport checks that an old verdict is not mistaken for that
// of a new run.
func TestPrepareReportRemovesTheOldReport(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "report")
	if err := os.MkdirAll(filepath.Join(dir, reportTranscripts), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{reportJSON, reportJUnit, "notes.txt", reportTranscripts + "/old.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(`{"schema": "countersign.report/1"}`), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := prepareReport(dir); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != "notes.txt" {
		t.Errorf("the folder contains %q, %v; want notes.txt only", left, err)
	}
	if err := prepareReport(filepath.Join(dir, "notes.txt")); err == nil || !strings.Contains(err.Error(), "--report") {
		t.Errorf("a file as folder: error %v, want one that names --report", err)
	}
}

func TestWriteReport(t *testing.T) {
	t.Parallel()
	catalogue, err := rules.Load(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	var r report.Report
	report.Conclude(&r, catalogue)
	dir := t.TempDir()
	if err := writeReport(dir, &r, catalogue); err != nil {
		t.Fatal(err)
	}
	if text := read(t, filepath.Join(dir, reportJSON)); !strings.Contains(text, report.SchemaID) {
		t.Errorf("report.json does not name its schema: %.200s", text)
	}
	if text := read(t, filepath.Join(dir, reportJUnit)); !strings.Contains(text, "<testsuites") {
		t.Errorf("junit.xml contains no suites: %.200s", text)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.part")); len(left) > 0 {
		t.Errorf("temporary files are left: %q", left)
	}
}
