package main

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"countersign/fakeidp/control"
	"countersign/proxies/process"
	"countersign/steps/target"
)

func TestEquipmentStartsAndStops(t *testing.T) {
	t.Parallel()
	run, _, err := openRun(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e, err := newEquipment(target.Target{Name: "sleeper", Launch: &target.Launch{Command: []string{"sleep", "1000"}}}, "process", run)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()

	made, err := e.Provider().CreateIssuer(ctx, control.Issuer{Name: "one", Accounts: []control.Account{{Name: "alice"}}})
	if err != nil || made.Name != "one" {
		t.Errorf("CreateIssuer() = %+v, %v", made, err)
	}
	u, err := url.Parse(e.ProviderURL())
	if err != nil || canBind("127.0.0.2") && u.Hostname() != "127.0.0.2" {
		t.Errorf("ProviderURL() = %q, want a host other than that of the instances", e.ProviderURL())
	}
	if e.ProviderURL() == e.Provider().Base {
		t.Error("protocol and management use one listener, want two")
	}

	spec := specIn(run.Path)
	i, err := e.Launch(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	// Launch returns when the kernel has closed the files of this program in the new
	// one. /proc shows the environment of the new program later.
	for !process.HasMark(i.PID(), run.Mark) {
		if ctx.Err() != nil {
			t.Fatalf("the process does not have %s in its environment", run.Mark)
		}
		time.Sleep(time.Millisecond)
	}
	if journal := read(t, run.Journal()); !strings.Contains(journal, serverLabel) {
		t.Errorf("the journal does not contain %q: %q", serverLabel, journal)
	}
	if err := e.close(ctx); err != nil {
		t.Errorf("close() = %v", err)
	}
	awaitGone(t, i.PID())
	if _, err := e.Provider().CreateIssuer(ctx, control.Issuer{Name: "two"}); err == nil {
		t.Error("the provider still answers after close")
	}
	if err := run.Close(); err != nil {
		t.Error(err)
	}
}

func TestARunningServerIsNotLaunched(t *testing.T) {
	t.Parallel()
	run, _, err := openRun(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const reached = "http://provider.example:9000"
	e, err := newEquipment(target.Target{Name: "theirs", Running: &target.Running{
		URL: "http://127.0.0.1:1/", ProviderURL: reached, Listen: "127.0.0.1:0",
	}}, "process", run)
	if err != nil {
		t.Fatal(err)
	}
	if e.ProviderURL() != reached {
		t.Errorf("ProviderURL() = %q, want %q from the target file", e.ProviderURL(), reached)
	}
	if _, err := e.Launch(t.Context(), specIn(run.Path)); err == nil {
		t.Error("Launch() started a server without a launch command")
	}
	if err := e.close(t.Context()); err != nil {
		t.Error(err)
	}
}
