package plan

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	messages "github.com/cucumber/messages/go/v21"
)

// documented lists the options that a table may set, in the spelling of the documents.
var documented = []string{
	"Authentication.Provider",
	"Authorization.AdministratorRoleMapping", "Authorization.DefaultUserRole", "Authorization.PublisherRoleMapping",
	"Authorization.UserGroups", "Authorization.UserInfoEditableBy", "Authorization.UserRoleGroupMapping",
	"Authorization.UserRoleMapping", "Authorization.UserRoleMappingRestrictive", "Authorization.ViewerRoleMapping",
	"ProxyAuth.EmailHeader", "ProxyAuth.FirstNameHeader", "ProxyAuth.GroupsAutoProvision", "ProxyAuth.GroupsByUniqueId",
	"ProxyAuth.GroupsHeader", "ProxyAuth.GroupsHeaderSeparator", "ProxyAuth.LastNameHeader", "ProxyAuth.Logging",
	"ProxyAuth.LoginURL", "ProxyAuth.LogoutURL", "ProxyAuth.RegisterOnFirstLogin", "ProxyAuth.RoleHeader",
	"ProxyAuth.UniqueIdHeader", "ProxyAuth.UsernameHeader",
	"SAML.GroupsAutoProvision", "Server.Address",
	debugLogOption,
}

// notSet is the value of an option in a table that is not written into the file: a column of an
// outline can have it for the default.
const notSet = "(not set)"

// OptionNames returns the options of the documents, in their spelling.
func OptionNames() []string {
	return slices.DeleteFunc(slices.Clone(documented), func(name string) bool { return name == debugLogOption })
}

// Options returns the options of the documents that the configurations of the scenario set, or
// leave out on purpose, in the order of [OptionNames].
func (s *Scenario) Options() []string {
	named := map[string]bool{}
	for _, step := range s.Steps {
		if !TakesConfiguration(step.Text) || step.Argument == nil {
			continue
		}
		if table := step.Argument.DataTable; table != nil {
			for _, row := range table.Rows {
				named[strings.ToLower(row.Cells[0].Value)] = true
			}
		}
		if text := step.Argument.DocString; text != nil {
			c, _ := ParseConfiguration(text.Content) // was parsed when the feature was read
			for _, o := range c.options {
				named[o.section+"."+o.key] = true
			}
		}
	}
	return slices.DeleteFunc(OptionNames(), func(name string) bool { return !named[strings.ToLower(name)] })
}

const (
	providerOption = "Authentication.Provider"
	debugLogOption = "DebugLog" // its only value is on; see DebugLog
)

// defaults is the configuration of a scenario without one. A table adds options to it.
const defaults = "[Authentication]\nProvider = proxy\n"

// ReadArgument reads the argument of a step that takes a configuration: a table of options and
// values, which are added to the defaults, or a docstring with a whole configuration. Values are
// copied into the configuration unchanged. An option in several rows is set several times.
func ReadArgument(below *messages.PickleStepArgument) (Configuration, error) {
	switch {
	case below != nil && below.DocString != nil:
		return ParseConfiguration(below.DocString.Content)
	case below == nil || below.DataTable == nil:
		return Configuration{}, fmt.Errorf("the step has neither a table nor a docstring; add a table of options and values, or a docstring with a configuration")
	}
	var (
		rows     [][2]string
		problems []string
	)
	for _, row := range below.DataTable.Rows {
		if len(row.Cells) != 2 {
			problems = append(problems, fmt.Sprintf("a row of the table has %d cells; write an option and its value", len(row.Cells)))
			continue
		}
		name, value := row.Cells[0].Value, row.Cells[1].Value
		if !slices.Contains(documented, name) {
			problems = append(problems, unknownOption(name).Error())
		}
		if value != notSet {
			rows = append(rows, [2]string{name, value})
		}
	}
	if len(problems) > 0 {
		return Configuration{}, errors.New(strings.Join(problems, "; "))
	}
	return ParseConfiguration(textOf(rows))
}

// ConfigurationOf returns the configuration with these options and values, which are added to the
// defaults. The error names the options that the documents do not have.
func ConfigurationOf(rows [][2]string) (Configuration, error) {
	var problems []error
	for _, row := range rows {
		if !slices.Contains(documented, row[0]) {
			problems = append(problems, unknownOption(row[0]))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return Configuration{}, err
	}
	return ParseConfiguration(textOf(slices.Clone(rows)))
}

func unknownOption(name string) error {
	return fmt.Errorf("the documents have no option %q; did you mean %q?", name, nearest(name))
}

// textOf returns the options as gcfg, sorted by name, so that the order of the rows does not
// matter.
func textOf(rows [][2]string) string {
	if !slices.ContainsFunc(rows, func(r [2]string) bool { return r[0] == providerOption }) {
		rows = append(rows, [2]string{providerOption, "proxy"})
	}
	slices.SortStableFunc(rows, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	var b strings.Builder
	section := ""
	for _, r := range rows {
		if r[0] == debugLogOption {
			continue
		}
		in, key, _ := strings.Cut(r[0], ".")
		if in != section {
			section = in
			fmt.Fprintf(&b, "[%s]\n", section)
		}
		fmt.Fprintf(&b, "%s = %s\n", key, r[1])
	}
	if slices.ContainsFunc(rows, func(r [2]string) bool { return r[0] == debugLogOption }) {
		b.WriteString(DebugLog + "\n")
	}
	return b.String()
}

// nearest returns the documented option with the smallest edit distance to name.
func nearest(name string) string {
	edits := func(option string) int {
		return levenshtein.Distance(strings.ToLower(name), strings.ToLower(option), nil)
	}
	return slices.MinFunc(documented, func(a, b string) int { return cmp.Compare(edits(a), edits(b)) })
}
