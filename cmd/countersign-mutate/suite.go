package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"countersign/proxies/process"
)

// runLimit limits the time of one run of the suite. The suite stops using a broken server
// much earlier; the limit is for a server that is only slow.
const runLimit = 5 * time.Minute

// A suiteRun is one execution of countersign against one server.
type suiteRun struct {
	countersign string
	active      int      // number of the active change; 0 for none
	trace       string   // folder for the trace of executed places, or ""
	rules       []string // ids of rules to select; empty selects all
	scenarios   []string // ids of scenarios to select; empty selects all
	failFast    bool
	oneByOne    bool // run one scenario at a time
}

// A suiteReport contains the members of report.json that this program reads.
type suiteReport struct {
	Verdict  string        `json:"verdict"`
	Exit     int           `json:"exit_code"`
	Problems []string      `json:"problems"`
	Results  []suiteResult `json:"results"`
}

type suiteResult struct {
	ID        string    `json:"id"`
	Scenario  string    `json:"scenario"`
	Instance  string    `json:"instance"`
	Rules     []string  `json:"rules"`
	Class     string    `json:"class"`
	Outcome   string    `json:"outcome"`
	Reason    string    `json:"reason"`
	BySubject bool      `json:"by_subject"`
	Started   time.Time `json:"started"`
	Duration  int64     `json:"duration_ns"`

	Violations []struct {
		Rule string `json:"rule"`
	} `json:"violations"`
}

// broken returns the rules that the server broke: the rules of the violations or, if there
// are none, all rules that the scenario cites.
func (r suiteResult) broken() []string {
	if !r.failed() {
		return nil
	}
	var ids []string
	for _, v := range r.Violations {
		if v.Rule != "" && !slices.Contains(ids, v.Rule) {
			ids = append(ids, v.Rule)
		}
	}
	if ids == nil {
		return r.Rules
	}
	return ids
}

// failed reports whether the server broke a rule of the scenario.
func (r suiteResult) failed() bool { return r.Outcome == "fail" || r.Outcome == "advice" }

// blockedBySubject reports whether the server blocked the scenario.
func (r suiteResult) blockedBySubject() bool { return r.Outcome == "blocked" && r.BySubject }

// ran reports whether the scenario was selected and has an outcome.
func (r suiteResult) ran() bool {
	return r.Outcome != "skipped" && r.Outcome != "not applicable" && r.Outcome != "not run"
}

// run executes countersign in a folder of its own and returns the report. An
// error means that there is no report: the run did not start or did not finish.
func (s suiteRun) run(ctx context.Context, dir string) (*suiteReport, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	report := filepath.Join(dir, "report")
	args := []string{"run", "--front", "direct", "--strict", "--report", report}
	if len(s.rules) > 0 {
		args = append(args, "--rule", strings.Join(s.rules, ","))
	}
	if len(s.scenarios) > 0 {
		list := filepath.Join(dir, "scenarios.txt")
		if err := os.WriteFile(list, []byte(strings.Join(s.scenarios, "\n")+"\n"), 0o644); err != nil {
			return nil, err
		}
		args = append(args, "--scenario", "@"+list)
	}
	if s.failFast {
		args = append(args, "--fail-fast")
	}
	if s.oneByOne {
		args = append(args, "--parallel", "1")
	}
	limited, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	cmd := exec.Command(s.countersign, args...)
	cmd.Dir = dir
	cmd.Env = s.environment()
	var out tailBuffer
	cmd.Stdout, cmd.Stderr = &out, &out
	runErr := runUntil(limited, cmd)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return readSuiteReport(filepath.Join(report, "report.json"), runErr, &out)
}

// runUntil runs a command. When ctx is done it interrupts the command, which then has the
// time stopLimit to stop its processes.
func runUntil(ctx context.Context, cmd *exec.Cmd) error {
	const stopLimit = 30 * time.Second
	cmd.WaitDelay = stopLimit
	child, err := process.Start(cmd, process.Options{Signal: syscall.SIGINT, LeaderOnly: true})
	if err != nil {
		return err
	}
	select {
	case <-child.Exited():
		return child.ExitError()
	case <-ctx.Done():
	}
	_, err = child.Stop(context.WithoutCancel(ctx), stopLimit)
	return errors.Join(ctx.Err(), err, child.ExitError())
}

func (s suiteRun) environment() []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, activeVariable+"=") || strings.HasPrefix(v, traceVariable+"=")
	})
	if s.active > 0 {
		env = append(env, fmt.Sprintf("%s=%d", activeVariable, s.active))
	}
	if s.trace != "" {
		env = append(env, traceVariable+"="+s.trace)
	}
	return env
}

func readSuiteReport(file string, runErr error, out *tailBuffer) (*suiteReport, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("countersign wrote no report (%w); its output ends with:\n%s", errors.Join(runErr, err), out)
	}
	var r suiteReport
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return &r, nil
}

// A tailBuffer keeps the last bytes that were written to it.
type tailBuffer struct{ tail []byte }

// tailSize is how many bytes a tailBuffer keeps.
const tailSize = 8 << 10

// Write never fails.
func (b *tailBuffer) Write(p []byte) (int, error) {
	b.tail = append(b.tail, p...)
	if len(b.tail) > tailSize {
		b.tail = bytes.Clone(b.tail[len(b.tail)-tailSize:])
	}
	return len(p), nil
}

func (b *tailBuffer) String() string { return string(b.tail) }
