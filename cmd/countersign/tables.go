package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"countersign/features"
	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/rules"
	"countersign/steps/tables"
)

// The formats of tables. An HTML table in a block of a file comes without a page around it.
var (
	tableWriters = map[string]func(io.Writer, []tables.Table) error{
		"md": tables.WriteMarkdown, "html": tables.WriteHTML, "csv": tables.WriteCSV, "json": tables.WriteJSON,
	}
	blockWriters = map[string]func(io.Writer, []tables.Table) error{
		"md": tables.WriteMarkdown, "html": tables.WriteFragment,
	}
)

// tableFlags are the flags of countersign tables.
type tableFlags struct {
	reports      []string
	format, into string
	check        bool
}

func newTables() *cobra.Command {
	var f tableFlags
	var kinds []string
	for _, k := range tables.Kinds() {
		kinds = append(kinds, string(k))
	}
	cmd := &cobra.Command{
		Use:   "tables [support|rules|options|errors|proxies]...",
		Short: "Write tables of the documented behaviour, for documentation",
		Long: `Writes tables that are generated from the features and the rule catalogue:

  support  which content and which access each type of integration supports
  rules    every rule with its document line, statement, scenarios and result
  options  every option with type, default, meaning, and the rules that exercise it
  errors   refusals with their status and code, as the run has seen them
  proxies  the rules about proxies, with a column for each tested proxy

Each --report adds the results of a run: of one server, and of one or more proxies.
A table names the runs on which it rests, and marks what they did not prove. Without
--report it shows what the features expect.

--into replaces the blocks of a Markdown or Quarto file and nothing else. A block of
the table support begins with the line
  <!-- countersign:tables support -->
and ends with the line
  <!-- /countersign:tables -->
Without the name of a table, --into replaces all blocks of the file. With --check the
command writes nothing, and exits with code 1 if a block is out of date.`,
		Example: `  countersign tables support --report report
  countersign tables --report report --format html > tables.html
  countersign tables rules --report report --into docs/rules.qmd
  countersign tables --report report --into docs/rules.qmd --check
  countersign tables proxies --report documented --report hardened --report mine`,
		ValidArgs: kinds,
		Args:      cobra.ArbitraryArgs,
		RunE:      func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.reports, "report", nil, "folder or report.json of a run that proves the tables; may be repeated")
	flags.StringVar(&f.format, "format", "md", "output format: md, html, csv or json")
	flags.StringVar(&f.into, "into", "", "replace the blocks of this Markdown or Quarto file, with md or html")
	flags.BoolVar(&f.check, "check", false, "with --into: write nothing; exit with code 1 if a block is out of date")
	cmd.AddCommand(newTablesSite())
	return cmd
}

func (f *tableFlags) run(cmd *cobra.Command, args []string) error {
	kinds, err := f.validate(args)
	if err != nil {
		return err
	}
	if f.into != "" {
		return f.replaceBlocks(cmd, kinds)
	}
	sources, err := tableSources(f.reports)
	if err != nil {
		return err
	}
	if len(kinds) == 0 {
		kinds = tables.Kinds()
	}
	var all []tables.Table
	for _, kind := range kinds {
		built, err := sources.Build(kind)
		if err != nil {
			return err
		}
		all = append(all, built...)
	}
	return tableWriters[f.format](cmd.OutOrStdout(), all)
}

// validate returns the kinds that the arguments name, without duplicates, and an error for each
// argument and flag that is wrong.
func (f *tableFlags) validate(args []string) ([]tables.Kind, error) {
	var wrong problems
	var kinds []tables.Kind
	for _, arg := range args {
		kind, err := tables.ParseKind(arg)
		wrong.join(err)
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	if tableWriters[f.format] == nil {
		wrong.add("--format %q is not known; use --format md, html, csv or json", f.format)
	}
	switch {
	case f.check && f.into == "":
		wrong.add("--check compares the blocks of a file; name the file with --into")
	case f.into != "" && tableWriters[f.format] != nil && blockWriters[f.format] == nil:
		wrong.add("--into writes Markdown or HTML into a file, and not %s; leave out one of the two flags", f.format)
	case f.into == "" && f.format == "csv" && len(kinds) != 1:
		wrong.add("--format csv writes one kind of table, because each has other columns; name one of support, rules, options, errors, proxies")
	}
	return kinds, wrong.err()
}

// tableSources reads the embedded features and the given reports.
func tableSources(names []string) (tables.Sources, error) {
	catalogue, err := rules.Load(features.FS())
	documents, err2 := plan.Read(features.FS())
	options, err3 := rules.LoadOptions(features.FS())
	s := tables.Sources{Catalogue: catalogue, Documents: documents, Options: options, Features: report.Digest(features.FS())}
	all := []error{err, err2, err3}
	for _, name := range names {
		r, err := loadReport(name)
		all = append(all, err)
		if err == nil {
			s.Reports = append(s.Reports, r)
		}
	}
	if err := errors.Join(all...); err != nil {
		return s, err
	}
	return s, s.Validate()
}

// maxDocument bounds the size of a file with blocks.
const maxDocument = 64 << 20

// replaceBlocks replaces the blocks of a file, or compares them with --check. The file is replaced as
// a whole, and only if a block changes.
func (f *tableFlags) replaceBlocks(cmd *cobra.Command, kinds []tables.Kind) error {
	name, document, err := f.readDocument(kinds)
	if err != nil {
		return err
	}
	sources, err := tableSources(f.reports)
	if err != nil {
		return err
	}
	if len(kinds) == 0 {
		for _, b := range document.Blocks {
			kinds = append(kinds, b.Kind)
		}
	}
	content := map[tables.Kind][]byte{}
	for _, kind := range kinds {
		built, err := sources.Build(kind)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := blockWriters[f.format](&b, built); err != nil {
			return err
		}
		content[kind] = b.Bytes()
	}
	text, changed := document.Replace(content)
	if f.check {
		return f.report(cmd.OutOrStdout(), changed)
	}
	if len(changed) > 0 {
		if err := rewriteFile(name, text); err != nil {
			return withHint(fmt.Errorf("%s is unchanged: %w", f.into, err), "make the file and its folder writable")
		}
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: %d of %d blocks changed\n", f.into, len(changed), len(content))
	return nil
}

// readDocument reads the file of --into, and returns its name without symbolic links. The file has
// to be a regular one that can be written.
func (f *tableFlags) readDocument(kinds []tables.Kind) (string, *tables.Document, error) {
	name, err := filepath.EvalSymlinks(f.into)
	if err != nil {
		return "", nil, withHint(fmt.Errorf("--into: %w", err), "give an existing Markdown or Quarto file")
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return "", nil, fmt.Errorf("--into: %w", err)
	case !info.Mode().IsRegular():
		return "", nil, withHint(fmt.Errorf("--into: %s is not a regular file", f.into), "give a Markdown or Quarto file")
	case info.Size() > maxDocument:
		return "", nil, fmt.Errorf("--into: %s has %d bytes; the limit is %d", f.into, info.Size(), maxDocument)
	case !f.check && info.Mode().Perm()&0o222 == 0:
		return "", nil, withHint(fmt.Errorf("--into: %s is read-only, and is unchanged", f.into), "make the file writable")
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return "", nil, fmt.Errorf("--into: %w", err)
	}
	document, err := tables.ParseDocument(raw)
	if err == nil {
		err = document.Require(kinds)
	}
	if err != nil {
		return "", nil, fmt.Errorf("%s is unchanged: %w", f.into, err)
	}
	return name, document, nil
}

// report prints the blocks that are out of date, and returns an error with the exit code 1 if there
// are any.
func (f *tableFlags) report(out io.Writer, changed []tables.Block) error {
	if len(changed) == 0 {
		fmt.Fprintf(out, "%s: all blocks are up to date\n", f.into)
		return nil
	}
	var names []string
	for _, b := range changed {
		names = append(names, fmt.Sprintf("%s:%d: the table %s is out of date", f.into, b.Line, b.Kind))
	}
	return &exitError{code: exitViolation, err: withHint(errors.New(strings.Join(names, "\n")), "run the command without --check to replace it")}
}

// rewriteFile replaces the content of an existing file completely or not at all, and keeps its
// permissions.
func rewriteFile(name string, text []byte) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	// Renaming replaces a file that this user must not write.
	if file, err := os.OpenFile(name, os.O_WRONLY, 0); err != nil {
		return err
	} else if err := file.Close(); err != nil {
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = draft.Write(text)
	err = errors.Join(err, draft.Chmod(info.Mode().Perm()), draft.Close())
	if err == nil {
		err = os.Rename(draft.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(draft.Name()))
	}
	return nil
}
