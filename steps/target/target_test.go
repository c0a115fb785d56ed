package target_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countersign/steps/target"
)

// environment holds the variables of the environment in these tests.
var environment = map[string]string{"COUNTERSIGN_TEST_WORD": "a$b{id}"}

func load(t *testing.T, text string) (target.Target, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return target.Load(file, func(name string) (string, bool) {
		value, isSet := environment[name]
		return value, isSet
	})
}

func TestLoad(t *testing.T) {
	got, err := load(t, `
name: mine
version: "1.2"
seat: server
launch:
  command: [mine, --config, "{config}"]
capabilities: [log]
deviations:
  - rule: PA-034
    issue: https://example.com/1
    expires: 2027-01-31T00:00:00Z
`)
	if err != nil {
		t.Fatal(err)
	}
	if got.Instances != target.DefaultInstances || !got.Declares("log") || got.Declares("dashboard") || !got.Runs("shiny") {
		t.Errorf("Load returned %+v", got)
	}
}

func TestLoadErrors(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"unknown name", "name: mine\nseat: server\ncolour: red\n", "colour"},
		{"wrong type", "name: [mine]\n", "name"},
		{"no name", "seat: server\nlaunch: {command: [x]}\n", "name: missing"},
		{"no such seat", "name: x\nseat: bench\nlaunch: {command: [x]}\n", `seat: "bench"`},
		{"neither launch nor running", "name: x\nseat: server\n", "exactly one of launch"},
		{"empty command", "name: x\nseat: server\nlaunch: {}\n", "launch.command: missing"},
		{"relative URL", "name: x\nseat: server\nrunning: {url: /here, key: k, config: c}\n", "running.url"},
		{"no key", "name: x\nseat: server\nrunning: {url: 'https://a.example', config: c}\n", "running.key: missing"},
		{"unknown capability", "name: x\nseat: server\nlaunch: {command: [x]}\ncapabilities: [wings]\n", `"wings" is not known`},
		{"endless deviation", "name: x\nseat: server\nlaunch: {command: [x]}\ndeviations: [{rule: PA-034, issue: i}]\n", "expires: missing"},
		{"undescribed tool", "name: x\nseat: server\nlaunch: {command: [x]}\ncapabilities: [usermanager]\n", "usermanager: declare"},
		{"undeclared tool", "name: x\nseat: server\nlaunch: {command: [x]}\nusermanager: {command: [x]}\n", "usermanager: declare"},
		{"tool of a server that runs", "name: x\nseat: server\nrunning: {url: 'https://a.example', key: k, config: c}\ncapabilities: [usermanager]\nusermanager: {command: [x]}\n", "give launch"},
		{"tool without a program", "name: x\nseat: server\nlaunch: {command: [x]}\ncapabilities: [usermanager]\nusermanager: {actions: {}}\n", "usermanager.command: missing"},
		{"unknown action", "name: x\nseat: server\nlaunch: {command: [x]}\ncapabilities: [usermanager]\nusermanager: {command: [x], actions: {audit: [a]}}\n", `"audit" is not known`},
		{"unknown placeholder", "name: x\nseat: server\nlaunch: {command: [x]}\ncapabilities: [usermanager]\nusermanager: {command: [x], actions: {drop owner: ['{owner}']}}\n", "{owner} is not known here"},
		{"launch with an unknown placeholder", "name: x\nseat: server\nlaunch: {command: [x, '{port}']}\n", "launch.command[1]: {port} is not known here"},
		{"environment with an unknown placeholder", "name: x\nlike: reference\nlaunch: {environment: {A: '{database}'}}\n", "launch.environment.A: {database} is not known here"},
		{"two documents", "name: x\nseat: server\nlaunch: {command: [x]}\n---\nname: y\n", "mine.yaml:4: a second YAML document"},
		{"not UTF-8", "name: x\nseat: ser\xffver\n", "mine.yaml:2: not UTF-8"},
		{"too many instances", "name: x\nseat: server\ninstances: 100000\nlaunch: {command: [x]}\n", "instances: 100000 is not possible"},
		{"a file that is too large", "name: x\n# " + strings.Repeat("x", 1<<20), "larger than"},
		{"like the reference, with another log level", "name: x\nlike: reference\ndebug_log: '[A]'\n", "remove the other settings"},
		{"like an unknown target", "name: x\nlike: apache\n", `like: "apache"`},
		{"like the reference, with another program", "name: x\nlike: reference\nlaunch: {command: [x]}\n", "remove the other settings"},
		{"variable that is not set", "name: x\nlike: reference\nlaunch: {environment: {A: 'b${COUNTERSIGN_NO_SUCH}'}}\n", "launch.environment.A: COUNTERSIGN_NO_SUCH is not set"},
		{"action without arguments", "name: x\nseat: server\nlaunch: {command: [x]}\ncapabilities: [usermanager]\nusermanager: {command: [x], actions: {role: }}\n", "actions.role: missing"},
	}
	for _, c := range cases {
		_, err := load(t, c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "mine.yaml") {
			t.Errorf("%s: error %v, want the file and %q", c.name, err, c.want)
		}
	}
}

func TestLikeTheReference(t *testing.T) {
	mine, err := load(t, `
name: mine
like: reference
launch:
  environment: {WHERE: "x ${COUNTERSIGN_TEST_WORD} $HOME {data}"}
deviations: [{rule: PA-034, issue: i, expires: 2027-01-31T00:00:00Z}]
`)
	if err != nil {
		t.Fatal(err)
	}
	base := target.Reference("program")
	got := mine.Over(base)
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
	if got.Name != "mine" || got.Version != base.Version || got.Launch.Command[0] != "program" || len(got.Deviations) != 1 || !got.Declares("usermanager") {
		t.Errorf("Over returned %+v", got)
	}
	if where := got.Launch.Environment["WHERE"]; where != "x a$b{id} $HOME {data}" {
		t.Errorf("WHERE = %q: only ${NAME} is a variable", where)
	}
	if base.Launch.Environment != nil {
		t.Error("Over changed the base")
	}
}

func TestKeyFromTheEnvironment(t *testing.T) {
	const text = "name: x\nseat: server\nrunning: {url: 'http://127.0.0.1:1/', config: x.gcfg, key: '%s'}\n"
	for written, want := range map[string]string{
		"literal": "literal", "${COUNTERSIGN_TEST_WORD}": "a$b{id}", "$COUNTERSIGN_TEST_WORD": "$COUNTERSIGN_TEST_WORD",
	} {
		got, err := load(t, fmt.Sprintf(text, written))
		if err != nil || got.Running.Key != want {
			t.Errorf("key %s: %q, %v; want %q", written, got.Running.Key, err, want)
		}
	}
	_, err := load(t, fmt.Sprintf(text, "${COUNTERSIGN_NO_SUCH}"))
	if err == nil || !strings.Contains(err.Error(), "running.key: COUNTERSIGN_NO_SUCH is not set") {
		t.Errorf("a variable that is not set: %v, want an error", err)
	}
}

func TestReferenceIsValid(t *testing.T) {
	if err := target.Reference("countersign-server").Validate(); err != nil {
		t.Error(err)
	}
}

func TestArguments(t *testing.T) {
	reference := target.Reference("program")
	got, ok := reference.Arguments("unique id", map[string]string{"guid": "{base64}", "base64": "NDI="})
	want := "program usermanager --config {config} alter --user-guid {base64} --new-unique-id NDI="
	if !ok || strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q: a value that looks like a placeholder must not be replaced", got, want)
	}
	if _, ok := reference.Arguments("audit", nil); ok {
		t.Error("an undefined action has arguments")
	}
	if _, ok := (target.Target{}).Arguments("role", nil); ok {
		t.Error("a target without the tool has arguments")
	}
}

func TestProbe(t *testing.T) {
	mine, err := load(t, `
name: mine
seat: server
launch:
  command: [mine, --content, "{probe} serve"]
  environment: {PROBE: "{probe}", OTHER: "{data}"}
debug_log: |
  [Log]
  Level = debug
`)
	if err != nil {
		t.Fatal(err)
	}
	if !mine.Launch.UsesProbe() || mine.DebugLog != "[Log]\nLevel = debug\n" {
		t.Errorf("Load returned %+v", mine)
	}
	filled := mine.Launch.WithProbe("/opt/probe")
	if filled.UsesProbe() || filled.Command[2] != "/opt/probe serve" || filled.Environment["PROBE"] != "/opt/probe" || filled.Environment["OTHER"] != "{data}" {
		t.Errorf("WithProbe returned %+v", filled)
	}
	if !mine.Launch.UsesProbe() {
		t.Error("WithProbe changed the target")
	}
	var none *target.Launch
	if none.UsesProbe() || (&target.Launch{Command: []string{"mine"}}).UsesProbe() {
		t.Error("UsesProbe reports a launch without the placeholder")
	}
}
