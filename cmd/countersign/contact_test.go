package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// TestDoctorStart checks the findings of doctor about targets that it starts.
func TestDoctorStart(t *testing.T) {
	server, probe := buildPrograms(t)
	for _, test := range []struct {
		name        string
		environment map[string]string
		code        int
		want        string
	}{
		{"a server that refuses everything", map[string]string{shamKind: "401 to all"}, exitNotStarted, "MISSING    first contact  "},
		{"a server that grants the requests that prepare scenarios", map[string]string{shamKind: "404 to all", shamRelay: server, shamProbe: probe}, exitNotStarted, "404"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "sham.yaml")
			writeSham(t, file, test.environment, inventedOption)
			var out bytes.Buffer
			code := execute(t.Context(), []string{"doctor", "--target", file, "--front", "direct", "--start"}, &out, &out)
			if code != test.code || !strings.Contains(out.String(), test.want) {
				t.Errorf("exit code %d, want %d and %q in\n%s", code, test.code, test.want, out.String())
			}
		})
	}
	var out bytes.Buffer
	if code := execute(t.Context(), []string{"doctor", "--front", "direct", "--start"}, &out, &out); code != exitOK || !strings.Contains(out.String(), "answers a visit") {
		t.Errorf("the reference server: exit code %d, want %d and an answered visit in\n%s", code, exitOK, out.String())
	}
}
