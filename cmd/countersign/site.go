package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"countersign/steps/tables"
)

// siteManifest is the file of a site that lists the others. It marks a folder as one that the next
// site may replace.
const (
	siteManifest = "countersign-site.json"
	siteSchema   = "countersign.site/1"
)

// A siteList is the content of the manifest.
type siteList struct {
	Schema string   `json:"schema"`
	Files  []string `json:"files"`
}

func newTablesSite() *cobra.Command {
	var reports []string
	var mutation string
	cmd := &cobra.Command{
		Use:   "site DIR",
		Short: "Write a static site of the rules, with their scenarios, results and faults",
		Long: `Writes a small site into DIR: an index with a search, a page for each section of the
documents with its rules, their scenarios in Gherkin, the results of a run and the
faults that prove each rule, and the tables. The pages need no server and request
nothing but each other. The address of a rule is its id, as in index.html#PA-034.

DIR is a new or empty folder, or one with an earlier site.`,
		Example: `  countersign tables site site --report report --mutation report/mutation/mutation.json
  countersign tables site site --report report --report report-of-my-proxy`,
		Args: exactly("the folder of the site", 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := buildSite(reports, mutation)
			if err != nil {
				return err
			}
			if err := writeSite(args[0], files); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %d pages\n", filepath.Join(args[0], "index.html"), len(files))
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&reports, "report", nil, "folder or report.json of a run that proves the rules; may be repeated")
	flags.StringVar(&mutation, "mutation", "", "mutation.json of the mutation tester, which names the faults that prove the rules")
	return cmd
}

// buildSite returns the files of a site.
func buildSite(reports []string, mutation string) (map[string][]byte, error) {
	sources, err := tableSources(reports)
	faults, err2 := loadMutation(mutation)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	return sources.Site(faults)
}

// loadMutation reads a report of the mutation tester. Without a name it returns nil.
func loadMutation(name string) (*tables.Mutation, error) {
	if name == "" {
		return nil, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, withHint(fmt.Errorf("read mutation report: %w", err), "give the mutation.json that countersign-mutate has written with --out")
	}
	defer file.Close()
	m, err := tables.ReadMutation(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// writeSite writes the files of a site, each completely or not at all, and removes those that only
// the earlier site had.
func writeSite(dir string, files map[string][]byte) error {
	before, err := earlierSite(dir)
	if err != nil {
		return err
	}
	hint := "give a folder that you can write"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return withHint(fmt.Errorf("create the folder of the site: %w", err), "%s", hint)
	}
	names := slices.Sorted(maps.Keys(files))
	// Until all pages are written, the manifest lists those of both sites, so that the folder stays
	// one of this program if it is killed.
	all := siteList{siteSchema, slices.Concat(names, before)}
	if err := writeManifest(dir, all); err != nil {
		return withHint(fmt.Errorf("write the site: %w", err), "%s", hint)
	}
	var problems []error
	for _, name := range names {
		problems = append(problems, replaceFile(filepath.Join(dir, name), func(w io.Writer) error {
			_, err := w.Write(files[name])
			return err
		}))
	}
	for _, name := range before {
		if _, again := files[name]; !again {
			if err := os.Remove(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
				problems = append(problems, err)
			}
		}
	}
	if err := errors.Join(problems...); err != nil {
		return withHint(fmt.Errorf("write the site: %w", err), "%s", hint)
	}
	return writeManifest(dir, siteList{siteSchema, names})
}

func writeManifest(dir string, list siteList) error {
	return replaceFile(filepath.Join(dir, siteManifest), func(w io.Writer) error {
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		return out.Encode(list)
	})
}

// earlierSite returns the files of the earlier site in a folder. It returns an error for a folder that
// contains something and no site.
func earlierSite(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(entries) == 0:
		return nil, nil
	case err != nil:
		return nil, withHint(fmt.Errorf("read the folder of the site: %w", err), "give a folder that you can read, or a new one")
	}
	const hint = "give a new folder, or one with an earlier site"
	raw, err := os.ReadFile(filepath.Join(dir, siteManifest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, withHint(fmt.Errorf("the folder %s contains %s and no site of this program", dir, entries[0].Name()), hint)
	}
	if err != nil {
		return nil, fmt.Errorf("read the folder of the site: %w", err)
	}
	var list siteList
	if err := json.Unmarshal(raw, &list); err != nil || list.Schema != siteSchema {
		return nil, withHint(fmt.Errorf("%s is no list of a site of this program (schema %s)", filepath.Join(dir, siteManifest), siteSchema), hint)
	}
	for _, name := range list.Files {
		if name != filepath.Base(name) || !strings.HasSuffix(name, ".html") {
			return nil, withHint(fmt.Errorf("%s lists %q, which is no page of a site", filepath.Join(dir, siteManifest), name), hint)
		}
	}
	return list.Files, nil
}
