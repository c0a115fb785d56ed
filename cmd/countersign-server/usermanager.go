package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"countersign/reference"
)

// A managerFlag is one flag of usermanager. Those whose spelling no document and no public page
// gives are ours.
type managerFlag struct {
	name  string
	value string // what it takes, "" for a flag that stands alone
	help  string
	ours  bool
}

// managerFlags are all flags, in the order of the help.
var managerFlags = []managerFlag{
	{"config", "file", "configuration of the server, which must be stopped while SQLite is used", false},
	{"users", "", "act on users (the default)", false},
	{"groups", "", "act on groups", false},
	{"include-locked", "", "list locked users as well", false},
	{"username", "name", "the user to act on", false},
	{"user-id", "number", "the same, by the id that list shows", false},
	{"user-guid", "guid", "the same, by GUID", false},
	{"new-role", "role", "viewer, publisher or administrator", false},
	{"role", "role", "older name of --new-role", false},
	{"new-unique-id", "base64", "the unique id as it is stored: printf %s ID | base64", false},
	{"new-username", "name", "another username", true},
	{"new-first-name", "name", "another first name", true},
	{"new-last-name", "name", "another last name", true},
	{"new-email", "address", "another email address", true},
	{"lock", "", "lock the user; sessions end, keys are refused", true},
	{"unlock", "", "unlock the user", true},
	{"group-name", "name", "the group to act on", true},
	{"group-guid", "guid", "the same, by GUID", true},
	{"new-group-name", "name", "another name for the group; access to content stays", true},
	{"new-owner", "user", "the group's new owner, by username or GUID", false},
	{"drop-owner", "", "leave the group without an owner", false},
	{"normalize-ids", "", "with --groups: make every group functional under GroupsByUniqueId as it is configured", false},
	{"source-username", "name", "transfer: whose content and groups", false},
	{"target-username", "name", "transfer: to whom", false},
	{"force", "", "even if no administrator remains", false},
}

var managerActions = []string{"list", "alter", "delete", "transfer", "help"}

func usermanagerCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "usermanager [--config FILE] list|alter|delete|transfer [flags]",
		Short: "List and alter users and groups while the server is stopped",
		Long: `List and alter users and groups of a server that is stopped. Flags take one dash or
two. Whatever it refuses, it changes nothing and exits with a code other than 0.

Flags (those marked * are spelled as this program chose; no document gives them):

` + managerHelp() + `
Without a command, flags that alter something mean alter.`,
		Example: `  countersign-server usermanager --config connect.gcfg list --include-locked
  countersign-server usermanager --config connect.gcfg alter --username ada --new-role administrator
  countersign-server usermanager --config connect.gcfg alter --username ada --new-unique-id "$(printf %s 4711 | base64)"
  countersign-server usermanager --config connect.gcfg alter --groups --group-name engineers --drop-owner
  countersign-server usermanager --config connect.gcfg --groups --normalize-ids
  countersign-server usermanager --config connect.gcfg delete --groups --group-name strangers`,
		DisableFlagParsing: true, // pflag reads -users as -u -s -e -r -s
		RunE:               manage,
	}
}

func managerHelp() string {
	var b strings.Builder
	for _, f := range managerFlags {
		mark := " "
		if f.ours {
			mark = "*"
		}
		fmt.Fprintf(&b, "  %s --%-25s %s\n", mark, strings.TrimSpace(f.name+" "+strings.ToUpper(f.value)), f.help)
	}
	return b.String()
}

func manage(cmd *cobra.Command, args []string) error {
	action, given, err := readManager(args)
	switch {
	case errors.Is(err, flag.ErrHelp) || action == "help" || err == nil && action == "" && len(given) == 0:
		return cmd.Help()
	case err != nil:
		return usageError{fmt.Errorf("usermanager: %w", err)}
	}
	command, err := managerCommand(action, given)
	if err != nil {
		return usageError{fmt.Errorf("usermanager: %w", err)}
	}
	file := given["config"]
	if file == "" {
		file = installedConfig
	}
	err = reference.Manage(cmd.Context(), reference.Config{
		File: file, Environ: os.Environ(), Stdout: cmd.OutOrStdout(), Stderr: cmd.ErrOrStderr(),
	}, command)
	var misuse reference.UserCommandError
	if errors.As(err, &misuse) {
		return usageError{fmt.Errorf("usermanager: %w", err)}
	}
	if err != nil {
		return atWork(fmt.Errorf("usermanager: %w", err))
	}
	return nil
}

// readManager takes a command line apart: flags may stand before and behind the command.
func readManager(args []string) (action string, given map[string]string, err error) {
	given = map[string]string{}
	set := flag.NewFlagSet("usermanager", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	for _, f := range managerFlags {
		note := func(value string) error {
			if _, twice := given[f.name]; twice {
				return errors.New("given twice")
			}
			given[f.name] = value
			return nil
		}
		if f.value == "" {
			set.BoolFunc(f.name, f.help, func(value string) error {
				if value != "true" {
					return errors.New("takes no value")
				}
				return note(value)
			})
			continue
		}
		set.Func(f.name, f.help, note)
	}
	for {
		if err := set.Parse(args); err != nil {
			return "", nil, err
		}
		if set.NArg() == 0 {
			return action, given, nil
		}
		switch word := set.Arg(0); {
		case action != "":
			return "", nil, fmt.Errorf("unexpected %q", word)
		case !slices.Contains(managerActions, word):
			return "", nil, fmt.Errorf("unknown command %q; commands: %s", word, strings.Join(managerActions, ", "))
		default:
			action = word
		}
		args = set.Args()[1:]
	}
}

// managerCommand gives the flags their meaning.
func managerCommand(action string, given map[string]string) (reference.UserCommand, error) {
	var c reference.UserCommand
	text := func(names ...string) *string {
		for _, n := range names {
			if v, ok := given[n]; ok {
				return &v
			}
		}
		return nil
	}
	is := func(name string) bool { return given[name] == "true" }
	if is("users") && is("groups") {
		return c, errors.New("give one of --users and --groups")
	}
	if text("new-role") != nil && text("role") != nil {
		return c, errors.New("--role is the older name of --new-role; give one")
	}
	c.Action = reference.UserAction(action)
	c.Groups = is("groups")
	c.IncludeLocked = is("include-locked")
	c.User.Username, c.User.GUID = given["username"], given["user-guid"]
	if id, ok := given["user-id"]; ok {
		var err error
		if c.User.ID, err = strconv.ParseInt(id, 10, 64); err != nil || c.User.ID < 1 {
			return c, fmt.Errorf("--user-id: %q is no number of a user", id)
		}
	}
	c.Group.Name, c.Group.GUID = given["group-name"], given["group-guid"]
	c.NewUsername, c.NewFirstName, c.NewLastName, c.NewEmail = text("new-username"), text("new-first-name"), text("new-last-name"), text("new-email")
	c.NewRole, c.NewUniqueID, c.NewGroupName, c.NewOwner = text("new-role", "role"), text("new-unique-id"), text("new-group-name"), text("new-owner")
	c.Lock, c.Unlock, c.DropOwner, c.NormalizeIDs, c.Force = is("lock"), is("unlock"), is("drop-owner"), is("normalize-ids"), is("force")
	c.Source.Username, c.Target.Username = given["source-username"], given["target-username"]
	if action == "" {
		c.Action = "alter" // document line 432 prints no command before --groups --normalize-ids
	}
	return c, nil
}
