package target

import (
	"regexp"
	"sort"
	"strings"
)

// Usermanager describes how to run the command-line tool usermanager while an instance is stopped.
// No document lists all of its flags, so the target defines each action. Scenarios that need an
// undefined action are not applicable.
type Usermanager struct {
	// Command is the program and its first arguments. It may contain {config} and {data}.
	Command []string `yaml:"command"`
	// Actions holds the further arguments by the name of the action. They may contain {config},
	// {data} and the placeholders of the action.
	Actions map[string][]string `yaml:"actions"`
}

// The placeholders of the actions. Of a user: {username}, {guid}, and a new {value}, which {base64}
// holds in Base64. Of a group: {group}, {group_guid}, {owner} and {owner_guid}.
var (
	ofUser  = []string{"username", "guid", "value", "base64"}
	ofGroup = []string{"group", "group_guid"}
	ofOwner = append([]string{"owner", "owner_guid"}, ofGroup...)
)

// usermanagerActions maps the actions that scenarios use to their placeholders.
var usermanagerActions = map[string][]string{
	"username": ofUser, "unique id": ofUser, "first name": ofUser, "last name": ofUser, "email": ofUser, "role": ofUser,
	"new owner": ofOwner, "drop owner": ofGroup, "delete group": ofGroup, "normalize groups": nil,
}

var placeholder = regexp.MustCompile(`\{[a-z_0-9]+\}`)

// Arguments returns the command line of an action, in which only {config} and {data} are not
// replaced. ok is false if the target does not define the action.
func (t Target) Arguments(action string, values map[string]string) (args []string, ok bool) {
	if t.Usermanager == nil || t.Usermanager.Actions[action] == nil {
		return nil, false
	}
	args = append(args, t.Usermanager.Command...)
	for _, a := range t.Usermanager.Actions[action] {
		// Replace all placeholders in one pass: a value may look like a placeholder.
		args = append(args, placeholder.ReplaceAllStringFunc(a, func(p string) string {
			if v, known := values[strings.Trim(p, "{}")]; known {
				return v
			}
			return p
		}))
	}
	return args, true
}

func (u Usermanager) validate(bad func(string, ...any)) {
	if len(u.Command) == 0 {
		bad("usermanager.command: missing; give the program and its first arguments")
	}
	checkPlaceholders("usermanager.command", u.Command, nil, bad)
	for action, args := range u.Actions {
		allowed, known := usermanagerActions[action]
		if !known {
			bad("usermanager.actions: %q is not known; use any of %s", action, strings.Join(actionNames(), ", "))
			continue
		}
		if args == nil {
			bad("usermanager.actions.%s: missing; give the arguments", action)
		}
		checkPlaceholders("usermanager.actions."+action, args, allowed, bad)
	}
}

func checkPlaceholders(where string, args, allowed []string, bad func(string, ...any)) {
	allowed = append([]string{"config", "data"}, allowed...)
	for _, a := range args {
		for _, p := range placeholder.FindAllString(a, -1) {
			if !contains(allowed, strings.Trim(p, "{}")) {
				bad("%s: %s is not known here; use any of {%s}", where, p, strings.Join(allowed, "} {"))
			}
		}
	}
}

func actionNames() []string {
	var names []string
	for name := range usermanagerActions {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// referenceUsermanager returns the usermanager actions of the reference server's program.
func referenceUsermanager(program string) *Usermanager {
	user := func(flag, value string) []string { return []string{"alter", "--user-guid", "{guid}", flag, value} }
	return &Usermanager{
		Command: []string{program, "usermanager", "--config", "{config}"},
		Actions: map[string][]string{
			"username":         user("--new-username", "{value}"),
			"unique id":        user("--new-unique-id", "{base64}"),
			"first name":       user("--new-first-name", "{value}"),
			"last name":        user("--new-last-name", "{value}"),
			"email":            user("--new-email", "{value}"),
			"role":             user("--new-role", "{value}"),
			"new owner":        {"alter", "--groups", "--group-name", "{group}", "--new-owner", "{owner}"},
			"drop owner":       {"alter", "--groups", "--group-name", "{group}", "--drop-owner"},
			"delete group":     {"delete", "--groups", "--group-name", "{group}"},
			"normalize groups": {"--groups", "--normalize-ids"},
		},
	}
}
