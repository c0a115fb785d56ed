package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// faultsFolder contains the named faults, in a YAML file for each topic, and the list of
// accepted survivors.
const (
	faultsFolder = "reference/faults"
	acceptedFile = faultsFolder + "/accepted.yaml"
)

// A Fault is a mistake that a vendor could make, expressed as one replacement
// in one file of the reference server.
type Fault struct {
	Name    string   `yaml:"name"`    // unique, lower case with hyphens
	Mistake string   `yaml:"mistake"` // what a vendor may have misread or forgotten
	Rules   []string `yaml:"rules"`   // ids of the rules whose scenarios must fail
	Blocks  bool     `yaml:"blocks"`  // a scenario of the rules that the server blocks counts as failed
	File    string   `yaml:"file"`    // below reference/
	Replace string   `yaml:"replace"` // text that occurs exactly once in File
	With    string   `yaml:"with"`

	place string // file and line of the entry
}

var faultName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// loadFaults reads every fault of a checkout. The error names all problems, each
// with its file and line.
func loadFaults(root string, catalogue *catalogue) ([]Fault, error) {
	names, err := filepath.Glob(filepath.Join(root, faultsFolder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	var faults []Fault
	var problems []error
	for _, name := range names {
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return nil, err
		}
		if filepath.ToSlash(rel) == acceptedFile {
			continue
		}
		read, err := readFaults(root, filepath.ToSlash(rel))
		faults = append(faults, read...)
		problems = append(problems, err)
	}
	if len(faults) == 0 && errors.Join(problems...) == nil {
		problems = append(problems, fmt.Errorf("%s contains no fault; each file there must be a list of entries with name, mistake, rules, file, replace and with", faultsFolder))
	}
	seen := map[string]string{}
	for _, f := range faults {
		if first, ok := seen[f.Name]; ok {
			problems = append(problems, fmt.Errorf("%s: the name %q is used by %s; choose another name", f.place, f.Name, first))
		}
		seen[f.Name] = f.place
		problems = append(problems, f.validate(root, catalogue)...)
	}
	return faults, errors.Join(problems...)
}

// readFaults reads one file of faults.
func readFaults(root, file string) ([]Fault, error) {
	raw, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		return nil, err
	}
	var faults []Fault
	lines, err := decodeList(raw, &faults)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for n := range faults {
		faults[n].place = fmt.Sprintf("%s:%d", file, lines[n])
	}
	return faults, nil
}

// decodeList decodes a YAML list strictly, and returns the line on which each
// entry begins.
func decodeList[T any](raw []byte, into *[]T) (lines []int, err error) {
	if err := yaml.UnmarshalWithOptions(raw, into, yaml.Strict()); err != nil {
		return nil, errors.New(yaml.FormatError(err, false, true))
	}
	file, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return nil, err
	}
	for _, doc := range file.Docs {
		if list, ok := doc.Body.(*ast.SequenceNode); ok {
			for _, entry := range list.Values {
				lines = append(lines, entry.GetToken().Position.Line)
			}
		}
	}
	if len(file.Docs) > 1 || len(lines) != len(*into) {
		return nil, errors.New("the file must contain one document, which is a list")
	}
	return lines, nil
}

// validate returns all errors in the fault.
func (f Fault) validate(root string, catalogue *catalogue) []error {
	var problems []error
	wrong := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: fault %q: %s", f.place, f.Name, fmt.Sprintf(format, args...)))
	}
	if !faultName.MatchString(f.Name) {
		wrong("name: use only lower case letters, digits and hyphens")
	}
	if strings.TrimSpace(f.Mistake) == "" {
		wrong("mistake: the text is empty; describe what a vendor may have misread or forgotten")
	}
	if len(f.Rules) == 0 {
		wrong("rules: the list is empty; name at least one rule whose scenarios must fail")
	}
	for n, id := range f.Rules {
		switch rule, known := catalogue.rules[id]; {
		case !known:
			wrong("rules: %s is not in %s", id, catalogueFile)
		case !rule.done:
			wrong("rules: %s has no scenario yet (state %q in %s)", id, rule.state, catalogueFile)
		case slices.Contains(f.Rules[:n], id):
			wrong("rules: %s is listed twice", id)
		}
	}
	if err := f.checkText(root); err != nil {
		wrong("%v", err)
	}
	return problems
}

// checkText returns an error unless the text to replace occurs exactly once in a source
// file of the reference server.
func (f Fault) checkText(root string) error {
	if f.File != path.Clean(f.File) || !strings.HasPrefix(f.File, "reference/") || strings.HasPrefix(f.File, faultsFolder+"/") || strings.HasSuffix(f.File, "_test.go") {
		return fmt.Errorf("file: %q is not a source file below reference/", f.File)
	}
	raw, err := os.ReadFile(filepath.Join(root, f.File))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("file: %s does not exist", f.File)
	}
	if err != nil {
		return err
	}
	if f.Replace == f.With {
		return errors.New("with: the replacement equals the text in replace")
	}
	switch n := bytes.Count(raw, []byte(f.Replace)); {
	case f.Replace == "":
		return errors.New("replace: the text is empty")
	case n == 0:
		return fmt.Errorf("replace: the text does not occur in %s; the fault is stale: correct it for the current source", f.File)
	case n > 1:
		return fmt.Errorf("replace: the text occurs %d times in %s; extend it until it occurs once", n, f.File)
	}
	return nil
}

// apply returns the source of the file with the fault.
func (f Fault) apply(root string) ([]byte, error) {
	raw, err := os.ReadFile(filepath.Join(root, f.File))
	if err != nil {
		return nil, err
	}
	return bytes.Replace(raw, []byte(f.Replace), []byte(f.With), 1), nil
}
