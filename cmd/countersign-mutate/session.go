package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
)

// options are the flags.
type options struct {
	out      string
	parallel int
	faults   []string
	quick    bool
	seed     int64
	sample   int
	pkg      string
	mutants  []string
	tries    int
	score    float64
}

// A session contains what both kinds of faulty server use: the builder and the output for
// progress messages.
type session struct {
	builder  *builder
	parallel int

	mu  sync.Mutex
	out io.Writer
}

// show prints a line of progress.
func (s *session) show(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintln(s.out, line)
}

// conforming runs the suite against the unchanged server. It returns an error unless the
// server conforms.
func (s *session) conforming(ctx context.Context, run suiteRun) (*suiteReport, error) {
	report, err := run.run(ctx, filepath.Join(s.builder.dir, "runs", "unchanged"))
	if err != nil {
		return nil, noVerdict(ctx, err)
	}
	if report.Exit != 0 {
		return nil, &exitError{exitNoVerdict, fmt.Errorf("the unchanged server does not conform, so the results of faulty servers would have no meaning: %s %v", report.Verdict, report.Problems)}
	}
	return report, nil
}

// coverage runs every scenario, one at a time, against the unchanged server and
// returns which scenario executes which place.
func (s *session) coverage(ctx context.Context, countersign string) (*coverage, error) {
	s.show("running each scenario once to record which places it executes")
	trace := filepath.Join(s.builder.dir, "trace")
	if err := os.MkdirAll(trace, 0o755); err != nil {
		return nil, err
	}
	defer os.RemoveAll(trace)
	report, err := s.conforming(ctx, suiteRun{countersign: countersign, trace: trace, oneByOne: true})
	if err != nil {
		return nil, err
	}
	return readCoverage(trace, report)
}

// noVerdict adds the exit code for a failed build or run to an error without an exit code.
func noVerdict(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || errors.As(err, new(*exitError)) {
		return err
	}
	return &exitError{exitNoVerdict, err}
}

// inputs are the files that are read before anything is built.
type inputs struct {
	root      string
	catalogue *catalogue
	faults    []Fault
	accepted  []Accepted
	mutants   []*mutant
}

// read reads and checks the inputs. The error contains all problems.
func (o *options) read(faults, generated bool) (*inputs, error) {
	root, err := checkout()
	if err != nil {
		return nil, err
	}
	in := &inputs{root: root}
	if in.catalogue, err = loadCatalogue(root); err != nil {
		return nil, err
	}
	var problems []error
	if faults {
		in.faults, err = loadFaults(root, in.catalogue)
		problems = append(problems, err)
	}
	if generated {
		in.accepted, err = loadAccepted(root)
		problems = append(problems, err)
		if in.mutants, err = generate(root); err != nil {
			return nil, errors.Join(append(problems, err)...)
		}
		problems = append(problems, staleEntries(in.accepted, in.mutants)...)
	}
	if o.parallel < 1 || o.parallel > 64 {
		problems = append(problems, fmt.Errorf("--parallel %d is not allowed; use 1 to 64", o.parallel))
	}
	return in, errors.Join(problems...)
}

// checkout returns the root of the checkout that contains the working folder.
func checkout() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		raw, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil && strings.HasPrefix(string(raw), "module countersign\n") {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%s is not in a checkout of countersign; change to a checkout, because faulty servers are built from its source", dir)
		}
	}
}

// check reads and checks the inputs and prints their number.
func (o *options) check(cmd *cobra.Command) error {
	o.parallel = 1
	in, err := o.read(true, true)
	if err != nil {
		return err
	}
	missing := withoutFault(in.catalogue, in.faults)
	fmt.Fprintf(cmd.OutOrStdout(), "%d named faults, %d generated mutants, %d entries of accepted survivors\n", len(in.faults), len(in.mutants), len(in.accepted))
	if len(missing) > 0 {
		return &exitError{exitUnnoticed, fmt.Errorf("rules without a named fault: %s", strings.Join(missing, ", "))}
	}
	return nil
}

// list prints the generated mutants.
func (o *options) list(cmd *cobra.Command) error {
	o.parallel = 1
	in, err := o.read(false, true)
	if err != nil {
		return err
	}
	for _, m := range in.mutants {
		if o.pkg == "" || m.Package == o.pkg {
			fmt.Fprintf(cmd.OutOrStdout(), "%s  %s:%d  %s\n", m.ID, m.File, m.Line, m.Source)
		}
	}
	return nil
}

// chosenFaults returns the faults that --fault names, or all faults.
func (o *options) chosenFaults(all []Fault) ([]Fault, error) {
	if len(o.faults) == 0 {
		return all, nil
	}
	var chosen []Fault
	var problems []error
	for _, name := range o.faults {
		n := slices.IndexFunc(all, func(f Fault) bool { return f.Name == name })
		if n < 0 {
			problems = append(problems, fmt.Errorf("--fault %q: there is no fault with this name in %s", name, faultsFolder))
			continue
		}
		chosen = append(chosen, all[n])
	}
	return chosen, errors.Join(problems...)
}

// chosenMutants returns the mutants that --mutant names, or a sample.
func (o *options) chosenMutants(all []*mutant) ([]*mutant, error) {
	if len(o.mutants) == 0 {
		if o.sample < 0 {
			return nil, fmt.Errorf("--sample %d: use a number of mutants, or 0 for all", o.sample)
		}
		of := all
		if o.pkg != "" {
			of = slices.DeleteFunc(slices.Clone(all), func(m *mutant) bool { return m.Package != o.pkg })
		}
		if len(of) == 0 {
			return nil, fmt.Errorf("--package %q has no mutants; countersign-mutate list prints all mutants", o.pkg)
		}
		return sample(of, o.sample, o.seed), nil
	}
	var chosen []*mutant
	var problems []error
	for _, id := range o.mutants {
		n := slices.IndexFunc(all, func(m *mutant) bool { return m.ID == id })
		if n < 0 {
			problems = append(problems, fmt.Errorf("--mutant %q: there is no mutant with this id; countersign-mutate list prints all ids", id))
			continue
		}
		chosen = append(chosen, all[n])
	}
	return chosen, errors.Join(problems...)
}

// run builds and runs the selected faults and mutants, and writes the report.
func (o *options) run(cmd *cobra.Command, faults, generated bool) error {
	in, err := o.read(faults, generated)
	if err != nil {
		return err
	}
	chosenFaults, err1 := o.chosenFaults(in.faults)
	chosen, err2 := []*mutant(nil), error(nil)
	if generated {
		chosen, err2 = o.chosenMutants(in.mutants)
	}
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	ctx := cmd.Context()
	b, err := newBuilder(in.root)
	if err != nil {
		return noVerdict(ctx, err)
	}
	defer b.close()
	s := &session{builder: b, parallel: o.parallel, out: cmd.OutOrStdout()}
	r := &mutationReport{Schema: schemaID, Started: time.Now().UTC(), Seed: o.seed, Score: o.score, catalogue: in.catalogue, accepted: in.accepted}
	r.fillRun(faults, generated, in)
	runErr := b.buildSuite(ctx)
	if runErr == nil && faults {
		fs := &faultSession{session: s, catalogue: in.catalogue, faults: chosenFaults, quick: o.quick, tries: o.tries}
		r.Faults, runErr = fs.run(ctx)
		r.complete = r.complete && len(o.faults) == 0
	}
	if runErr == nil && generated {
		ms := &mutantSession{session: s, all: in.mutants, chosen: chosen, accepted: in.accepted, tries: o.tries}
		r.Mutants, runErr = ms.run(ctx)
		r.addDefects(ms.defects)
	}
	r.Finished = time.Now().UTC()
	r.conclude()
	return errors.Join(noVerdict(ctx, runErr), r.publish(cmd.OutOrStdout(), o.out))
}
