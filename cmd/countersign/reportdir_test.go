package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/features"
	"countersign/steps/probe"
	"countersign/steps/report"
	"countersign/steps/rules"
	"countersign/steps/transcript"
	"countersign/steps/verdict"
)

// TestPrepareReportRefusesOtherFolders checks that a run does not write into a folder that belongs to
// something else.
func TestPrepareReportRefusesOtherFolders(t *testing.T) {
	t.Parallel()
	ours := "{\n  \"schema\": \"" + report.SchemaID + "\","
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  string // in the error; "" means that the folder is accepted
	}{
		{"empty", nil, ""},
		{"a killed run", map[string]string{"transcripts/a.txt": "", "report.html.part": ""}, ""},
		{"a report of the mutation tester", map[string]string{"mutation/mutation.json": ""}, ""},
		{"an earlier report and notes", map[string]string{"report.json": ours, "notes.txt": ""}, ""},
		{"an earlier version", map[string]string{"report.json": strings.Replace(ours, "/2", "/1", 1), "notes.txt": ""}, ""},
		{"something else", map[string]string{"thesis.tex": "x"}, "contains thesis.tex"},
		{"a report of another program", map[string]string{"report.json": `{"lighthouse": 1}`}, "report.json, which is no report"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, text := range tt.files {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			err := prepareReport(dir)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Fatalf("prepareReport() = %v, want %q", err, tt.want)
			}
			for name := range tt.files {
				if _, err := os.Stat(filepath.Join(dir, name)); tt.want != "" && err != nil {
					t.Errorf("%s was removed: %v", name, err)
				}
			}
		})
	}
}

// planted are secrets of the provider and of the server under test.
var planted = []string{
	"rt_csn_q0ZbX-7uT_hn3mPzLkWcVyRd5eGaSf1J", "at_csn_q0ZbX-7uT_hn3mPzLkWcVyRd5eGaSf1J",
	"ac_csn_q0ZbX-7uT_hn3mPzLkWcVyRd5eGaSf1J", "cs_csn_q0ZbX-7uT_hn3mPzLkWcVyRd5eGaSf1J",
	"session-cookie-4f1c9ab27d", "api-key-77d0c1e9b2a34f",
}

// TestReportsContainNoSecret plants secrets in an exchange and searches all files of the report.
func TestReportsContainNoSecret(t *testing.T) {
	t.Parallel()
	catalogue, err := rules.Load(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	recorder := transcript.New(transcript.Options{})
	recorder.Add(transcript.Exchange{Door: transcript.DoorClient, Persona: "alice", Method: "GET", Status: 200,
		URL:          "http://127.0.0.1:1/__oauth__/callback?code=" + planted[2],
		RequestHead:  []byte("GET /__oauth__/callback?code=" + planted[2] + " HTTP/1.1\r\nAuthorization: Key " + planted[5] + "\r\nCookie: rsconnect=" + planted[4] + "\r\n\r\n"),
		ResponseHead: []byte("HTTP/1.1 200 OK\r\nSet-Cookie: rsconnect=" + planted[4] + "\r\nX-Token: " + planted[0] + "\r\n\r\n"),
		ResponseBody: []byte(`{"access_token":"` + planted[1] + `","client_secret":"` + planted[3] + `"}`)})
	res := report.Result{ID: "proxied/identity.feature:9@direct", Feature: "proxied/identity.feature", Line: 9, Front: "direct", Scenario: "s",
		Rules: []string{"PA-027"}, Class: rules.Must, Outcome: verdict.Fail, Transcript: "transcripts/a.txt", Started: time.Now()}
	for _, leak := range recorder.Leaks() {
		v := verdict.Violation{Rule: "PA-027", Wanted: "no secret", Got: leak.String()}
		res.Violations, res.Reason = append(res.Violations, v), v.Error()
	}
	if len(res.Violations) < 3 {
		t.Fatalf("the recorder found %d leaks; the test plants more", len(res.Violations))
	}
	file := filepath.Join(dir, "transcripts", "a.txt")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := recorder.Write(&text); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	r := report.Report{Suite: report.Suite{Name: "countersign"}, Target: report.Target{Name: "x", Seat: "server"}, Started: time.Now(),
		Finished: time.Now(), Planned: 1, Results: []report.Result{res}}
	report.Conclude(&r, catalogue)
	if err := errors.Join(writeReport(dir, &r, catalogue), writeMessages(dir, &r)); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(reportNames, "transcripts/a.txt") {
		if name != reportTranscripts {
			checkNoSecret(t, read(t, filepath.Join(dir, name)), name)
		}
	}
}

func checkNoSecret(t *testing.T, text, name string) {
	t.Helper()
	if text == "" {
		t.Errorf("%s is empty", name)
	}
	if found := probe.Search(probe.AllKinds, []byte(text)); found != nil {
		t.Errorf("%s contains marks of the provider: %v", name, found)
	}
	for _, secret := range planted {
		if strings.Contains(text, secret) {
			t.Errorf("%s contains the secret %s", name, secret)
		}
	}
}
