package main

import (
	"fmt"
	"slices"
	"strings"
)

// markdown returns the report as a page of documentation.
func (r *mutationReport) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Mutation report\n\n%s.\n\nStarted %s, finished %s.\n", r.Verdict, r.Started.Format("2006-01-02 15:04:05 UTC"), r.Finished.Format("2006-01-02 15:04:05 UTC"))
	if r.faults {
		r.markdownRules(&b)
		r.markdownFaults(&b)
	}
	if r.generated {
		r.markdownMutants(&b)
	}
	return b.String()
}

// markdownRules writes the faults of each rule, after the rules without a fault.
func (r *mutationReport) markdownRules(b *strings.Builder) {
	b.WriteString("\n## Rules by fault\n\nThe suite tests a rule if scenarios that cite the rule fail against a server with a fault of the rule.\n\n| rule | statement | fault | scenarios that fail |\n|---|---|---|---|\n")
	for _, id := range r.WithoutFault {
		fmt.Fprintf(b, "| %s | %s | **none** | |\n", id, cell(r.catalogue.rules[id].statement))
	}
	for _, id := range r.catalogue.ids {
		for _, f := range r.Faults {
			if !slices.Contains(f.Rules, id) {
				continue
			}
			scenarios := strings.Join(f.Noticed[id], ", ")
			if scenarios == "" {
				scenarios = "**none: the fault was not noticed**"
			}
			fmt.Fprintf(b, "| %s | %s | %s | %s |\n", id, cell(r.catalogue.rules[id].statement), f.Name, scenarios)
		}
	}
}

func (r *mutationReport) markdownFaults(b *strings.Builder) {
	b.WriteString("\n## Named faults\n\n| fault | mistake | rules | other rules that failed |\n|---|---|---|---|\n")
	for _, f := range r.Faults {
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", f.Name, cell(f.Mistake), strings.Join(f.Rules, ", "), strings.Join(f.Others, ", "))
	}
}

func (r *mutationReport) markdownMutants(b *strings.Builder) {
	fmt.Fprintf(b, "\n## Generated mutants\n\nThe sample contains %d of %d mutants; its seed is %d. For each mutant, the scenarios that execute the changed place run until one of them fails.\n\n| package | sampled | noticed by must rules | by advice rules only | survived | not executed | accepted | without result | score |\n|---|---|---|---|---|---|---|---|---|\n", len(r.Mutants), r.Generated, r.Seed)
	for _, p := range append(slices.Clone(r.Packages), r.total()) {
		fmt.Fprintf(b, "| %s | %d | %d | %d | %d | %d | %d | %d | %.1f %% |\n", p.Package, p.Sampled, p.Must, p.Advice, p.Survived, p.NotExecuted, p.Accepted, p.Errors, p.percent())
	}
	r.markdownSurvivors(b, "Survivors", func(m mutantResult) bool { return !m.noticed() && m.Accepted == "" })
	r.markdownSurvivors(b, "Accepted survivors", func(m mutantResult) bool { return !m.noticed() && m.Accepted != "" })
}

func (r *mutationReport) markdownSurvivors(b *strings.Builder, title string, in func(mutantResult) bool) {
	fmt.Fprintf(b, "\n### %s\n\n| place | mutant | source | outcome | reason |\n|---|---|---|---|---|\n", title)
	for _, m := range r.Mutants {
		if in(m) {
			fmt.Fprintf(b, "| %s:%d | %s | `%s` | %s | %s |\n", m.File, m.Line, m.ID, strings.ReplaceAll(cell(m.Source), "`", "'"), m.Outcome, cell(strings.TrimPrefix(m.Accepted+": "+m.Why, ": ")+m.Error))
		}
	}
}

// cell escapes a text for a cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "<", "&lt;").Replace(strings.TrimSpace(text))
}
