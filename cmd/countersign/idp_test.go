package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// presetScript starts a provider with the preset and returns the commands that countersign idp
// --preset prints.
func presetScript(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		skipUnavailable(t, err) // the printed commands cannot be run
	}
	p, err := startProvider("127.0.0.1:0", "127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.stop() })
	var text strings.Builder
	if err := p.writePreset(t.Context(), &text, []string{"http://client.example/cb?a=b"}); err != nil {
		t.Fatal(err)
	}
	_, script, ok := strings.Cut(text.String(), "copy the lines into a shell ############\n")
	if !ok || !strings.Contains(text.String(), "\nissuer         "+p.url+"/demo\n") {
		t.Fatalf("the text of the preset: %s", text.String())
	}
	return strings.ReplaceAll(script, "$(mktemp)", t.TempDir()+"/jar")
}

// runScript runs a script that stops at the first command that fails, and returns its output.
func runScript(t *testing.T, script string) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sh", "-eu", "-c", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return out
}

// TestPresetCommands runs the commands that countersign idp --preset prints.
func TestPresetCommands(t *testing.T) {
	t.Parallel()
	out := runScript(t, presetScript(t))
	for _, want := range []string{
		`\{"preferred_username":"alice","sub":"alice"\}`,
		`\{"account":"alice","rows":\["a row of alice"\]\}`,
		`\{"active":true,"scope":"openid profile offline_access read","client_id":"web"`,
		`\{"access_token":"at_csn_[^"]*","token_type":"Bearer","expires_in":3600,"scope":"read"\}`,
		`\{"error": "temporarily_unavailable"\}`,
		`"grant_type":"client_credentials","client_id":"service","outcome":"fault".*"fault":"fault-1"`,
	} {
		if !regexp.MustCompile(want).Match(out) {
			t.Errorf("the output lacks %s:\n%s", want, out)
		}
	}
}

// TestREADMECommands runs the commands of the page about the provider, with the variables of the
// preset.
func TestREADMECommands(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../fakeidp/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	variables, _, _ := strings.Cut(presetScript(t), "# sign alice in")
	script.WriteString(variables)
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(page, -1) {
		script.Write(block[1])
	}
	out := runScript(t, script.String())
	for _, want := range []string{
		"curl: exit code 18",                        // cut within the body
		"\n1048588\n",                               // the flood
		`"issuer":"http://evil.example"`,            // the last fault
		`"members":{"set":{"issuer":"http://evil`,   // the list of faults
		`{"offset_seconds":-3600,"frozen":true,`,    // the clock
		`{"signing":"`,                              // the keys
		`"client_id":"service","outcome":"fault"`,   // the journal
		`"fault":"fault-1","fault_moment":"before"`, // the journal
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the output lacks %s:\n%s", want, out)
		}
	}
}
