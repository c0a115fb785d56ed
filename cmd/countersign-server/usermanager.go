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

// A managerFlag is a flag of usermanager.
type managerFlag struct {
	name         string
	value        string // name of the value, "" for a flag without one
	help         string
	undocumented bool // no document and no public page contains the name
}

// managerFlags are all flags in the order of the help.
var managerFlags = []managerFlag{
	{"config", "file", "configuration file of the server; with SQLite the server must be stopped", false},
	{"users", "", "manage users (the default)", false},
	{"groups", "", "manage groups", false},
	{"include-locked", "", "also list locked users", false},
	{"username", "name", "select the user with this username", false},
	{"user-id", "number", "select the user with this id in the output of list", false},
	{"user-guid", "guid", "select the user with this GUID", false},
	{"new-role", "role", "new role: viewer, publisher or administrator", false},
	{"role", "role", "older name of --new-role", false},
	{"new-unique-id", "base64", "new unique id in Base64, as it is stored: printf %s ID | base64", false},
	{"new-username", "name", "new username", true},
	{"new-first-name", "name", "new first name", true},
	{"new-last-name", "name", "new last name", true},
	{"new-email", "address", "new email address", true},
	{"lock", "", "lock the user: the server ends sessions and refuses API keys", true},
	{"unlock", "", "unlock the user", true},
	{"group-name", "name", "select the group with this name", true},
	{"group-guid", "guid", "select the group with this GUID", true},
	{"new-group-name", "name", "new name of the group; its access to content does not change", true},
	{"new-owner", "user", "new owner of the group, by username or GUID", false},
	{"drop-owner", "", "remove the owner of the group", false},
	{"normalize-ids", "", "with --groups: change all groups to match the current value of GroupsByUniqueId", false},
	{"source-username", "name", "transfer: the user who owns the content and groups", false},
	{"target-username", "name", "transfer: the new owner", false},
	{"force", "", "permit a change after which there is no administrator", false},
}

var managerActions = []string{"list", "alter", "delete", "transfer", "help"}

func usermanagerCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "usermanager [--config FILE] list|alter|delete|transfer [flags]",
		Short: "List and alter users and groups while the server is stopped",
		Long: `List and alter users and groups of a stopped server. Flags may begin with one dash
or two. If the command refuses a change, it changes nothing and exits with a code
other than 0.

Flags (no document gives the names of those marked *):

` + managerHelp() + `
Without a command, flags that change a user or a group select alter.`,
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
		if f.undocumented {
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
		return asRunError(fmt.Errorf("usermanager: %w", err))
	}
	return nil
}

// readManager parses a command line. Flags may precede and follow the command.
func readManager(args []string) (action string, given map[string]string, err error) {
	given = map[string]string{}
	set := flag.NewFlagSet("usermanager", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	for _, f := range managerFlags {
		note := func(value string) error {
			if _, twice := given[f.name]; twice {
				return errors.New("the flag is given twice")
			}
			given[f.name] = value
			return nil
		}
		if f.value == "" {
			set.BoolFunc(f.name, f.help, func(value string) error {
				if value != "true" {
					return errors.New("the flag takes no value")
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
			return "", nil, fmt.Errorf("unexpected argument %q; give one command, and flags", word)
		case !slices.Contains(managerActions, word):
			return "", nil, fmt.Errorf("unknown command %q; use one of %s", word, strings.Join(managerActions, ", "))
		default:
			action = word
		}
		args = set.Args()[1:]
	}
}

// managerCommand returns the command that the flags describe.
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
		return c, errors.New("--users and --groups are given; use one of --users and --groups")
	}
	if text("new-role") != nil && text("role") != nil {
		return c, errors.New("--role and --new-role are given; --role is the older name of --new-role, use one of them")
	}
	c.Action = reference.UserAction(action)
	c.Groups = is("groups")
	c.IncludeLocked = is("include-locked")
	c.User.Username, c.User.GUID = given["username"], given["user-guid"]
	if id, ok := given["user-id"]; ok {
		var err error
		if c.User.ID, err = strconv.ParseInt(id, 10, 64); err != nil || c.User.ID < 1 {
			return c, fmt.Errorf("--user-id: %q is not the id of a user; use a positive number from the output of list", id)
		}
	}
	c.Group.Name, c.Group.GUID = given["group-name"], given["group-guid"]
	c.NewUsername, c.NewFirstName, c.NewLastName, c.NewEmail = text("new-username"), text("new-first-name"), text("new-last-name"), text("new-email")
	c.NewRole, c.NewUniqueID, c.NewGroupName, c.NewOwner = text("new-role", "role"), text("new-unique-id"), text("new-group-name"), text("new-owner")
	c.Lock, c.Unlock, c.DropOwner, c.NormalizeIDs, c.Force = is("lock"), is("unlock"), is("drop-owner"), is("normalize-ids"), is("force")
	c.Source.Username, c.Target.Username = given["source-username"], given["target-username"]
	if action == "" {
		c.Action = "alter" // document line 432 has no command before --groups --normalize-ids
	}
	return c, nil
}
