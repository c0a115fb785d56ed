// Package usermanager implements the command-line tool of the same name, which lists and changes users and groups
// while the server is stopped. Each command is one transaction. Package account decides which changes are allowed;
// package cmd reads the flags.
package usermanager

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"countersign/reference/internal/account"
)

// Action is the first word of a command.
type Action string

// The actions.
const (
	List     Action = "list"
	Alter    Action = "alter"
	Delete   Action = "delete"
	Transfer Action = "transfer"
)

// A Command is a parsed command line. Empty strings and nil pointers are options that were not given.
type Command struct {
	Action        Action
	Groups        bool // the command is about groups; otherwise about users
	IncludeLocked bool

	User  account.UserRef
	Group account.GroupRef

	NewUsername, NewFirstName, NewLastName, NewEmail *string
	NewRole, NewUniqueID, NewGroupName, NewOwner     *string
	Lock, Unlock, DropOwner, NormalizeIDs, Force     bool

	Source, Target account.UserRef // used by a transfer
}

// A UsageError reports a command line that is wrong for all data.
type UsageError string

func (e UsageError) Error() string { return string(e) }

// Check reports problems of a command that do not depend on the data.
func (c Command) Check() error {
	_, badID := c.uniqueID()
	user, group := c.User != account.UserRef{}, c.Group != account.GroupRef{}
	userChange := c.NewUsername != nil || c.NewFirstName != nil || c.NewLastName != nil || c.NewEmail != nil || c.NewRole != nil || c.Lock || c.Unlock
	groupChange := c.NewGroupName != nil || c.NewOwner != nil || c.DropOwner
	change := userChange || groupChange || c.NewUniqueID != nil
	one := func(names ...string) bool {
		given := 0
		for _, n := range names {
			if n != "" {
				given++
			}
		}
		return given == 1
	}
	id := ""
	if c.User.ID != 0 {
		id = "given"
	}
	for _, p := range []struct {
		bad  bool
		text string
	}{
		{c.Groups && user, "--groups goes with --group-name or --group-guid, not with a user"},
		{!c.Groups && group, "--group-name and --group-guid go with --groups"},
		{user && !one(c.User.Username, c.User.GUID, id), "give one of --username, --user-guid and --user-id"},
		{group && !one(c.Group.Name, c.Group.GUID), "give one of --group-name and --group-guid"},
		{c.Groups && userChange, "a group has no username, names, email, role or lock"},
		{!c.Groups && groupChange, "--new-group-name, --new-owner and --drop-owner go with --groups"},
		{!c.Groups && c.NormalizeIDs, "--normalize-ids goes with --groups"},
		{c.NormalizeIDs && (group || change), "--normalize-ids is for all groups and goes with no other change"},
		{c.Action != Alter && (change || c.NormalizeIDs), "only alter changes anything"},
		{c.Action == Alter && !change && !c.NormalizeIDs, "nothing to alter: give what is to be changed"},
		{c.Action == Alter && !c.NormalizeIDs && !user && !group || c.Action == Delete && !user && !group, "say which user or which group"},
		{(c.Action == List || c.Action == Transfer) && (user || group), "it takes no user or group but its own"},
		{c.IncludeLocked && (c.Action != List || c.Groups), "--include-locked goes with a list of users"},
		{c.Lock && c.Unlock, "give one of --lock and --unlock"},
		{c.DropOwner && c.NewOwner != nil, "give one of --new-owner and --drop-owner"},
		{c.Action == Transfer && (c.Source == account.UserRef{} || c.Target == account.UserRef{}), "transfer wants --source-username and --target-username"},
		{c.Action != Transfer && (c.Source != account.UserRef{} || c.Target != account.UserRef{}), "--source-username and --target-username go with transfer"},
		{c.Action == Transfer && c.Groups, "transfer is for users; their groups go along"},
		{badID != nil, "--new-unique-id takes the unique id as it is stored, in Base64: printf %s THE-ID | base64"},
	} {
		if p.bad {
			return UsageError(p.text)
		}
	}
	return nil
}

// uniqueID decodes the new unique id, which is given as it is stored.
func (c Command) uniqueID() (*string, error) {
	if c.NewUniqueID == nil {
		return nil, nil
	}
	id, err := account.DecodeUniqueID(*c.NewUniqueID)
	return &id, err
}

// Run executes the command and writes a report to out. It returns a *UsageError or an error of package account, in
// which case nothing has changed.
func (c Command) Run(ctx context.Context, accounts *account.Service, out io.Writer) error {
	if err := c.Check(); err != nil {
		return err
	}
	switch {
	case c.Action == List && c.Groups:
		return listGroups(ctx, accounts, out)
	case c.Action == List:
		return listUsers(ctx, accounts, c.IncludeLocked, out)
	case c.Action == Transfer:
		source, target, err := accounts.Transfer(ctx, c.Source, c.Target)
		if err != nil {
			return err
		}
		return printf(out, "transferred content and groups of %s (%s) to %s (%s)\n", source.Username, source.GUID, target.Username, target.GUID)
	case c.Action == Delete && c.Groups:
		g, err := accounts.RemoveGroup(ctx, c.Group)
		if err != nil {
			return withName(c.groupName(), err)
		}
		return printf(out, "deleted group %s (%s)\n", g.Name, g.GUID)
	case c.Action == Delete:
		u, err := accounts.RemoveUser(ctx, c.User, c.Force)
		if err != nil {
			return withName(c.userName(), c.addHint(err))
		}
		return printf(out, "deleted user %s (%s)\n", u.Username, u.GUID)
	case c.Action == Alter && c.NormalizeIDs:
		return c.normalize(ctx, accounts, out)
	case c.Action == Alter && c.Groups:
		return c.alterGroup(ctx, accounts, out)
	case c.Action == Alter:
		return c.alterUser(ctx, accounts, out)
	}
	return UsageError(fmt.Sprintf("unknown command %q", c.Action))
}

func (c Command) alterUser(ctx context.Context, accounts *account.Service, out io.Writer) error {
	a := account.UserAlteration{Force: c.Force}
	a.Username, a.FirstName, a.LastName, a.Email = c.NewUsername, c.NewFirstName, c.NewLastName, c.NewEmail
	if c.NewRole != nil {
		role := account.Role(*c.NewRole)
		a.Role = &role
	}
	if c.Lock || c.Unlock {
		a.Locked = &c.Lock
	}
	var err error
	if a.UniqueID, err = c.uniqueID(); err != nil {
		return err
	}
	before, after, err := accounts.AlterUser(ctx, c.User, a)
	if err != nil {
		return withName(c.userName(), c.addHint(err))
	}
	changes := differences(
		[3]string{"username", before.Username, after.Username},
		[3]string{"unique id", account.EncodeUniqueID(before.UniqueID), account.EncodeUniqueID(after.UniqueID)},
		[3]string{"first name", before.FirstName, after.FirstName},
		[3]string{"last name", before.LastName, after.LastName},
		[3]string{"email", before.Email, after.Email},
		[3]string{"role", string(before.Role), string(after.Role)},
		[3]string{"locked", yesNo(before.Locked), yesNo(after.Locked)},
	)
	return printf(out, "user %s (%s): %s\n", before.Username, before.GUID, changes)
}

func (c Command) alterGroup(ctx context.Context, accounts *account.Service, out io.Writer) error {
	a := account.GroupAlteration{Name: c.NewGroupName, DropOwner: c.DropOwner}
	if c.NewOwner != nil {
		a.Owner = &account.UserRef{Username: *c.NewOwner}
		if _, err := uuid.Parse(*c.NewOwner); err == nil {
			a.Owner = &account.UserRef{GUID: *c.NewOwner} // a GUID, because users may share a username
		}
	}
	var err error
	if a.UniqueID, err = c.uniqueID(); err != nil {
		return err
	}
	before, after, err := accounts.AlterGroup(ctx, c.Group, a)
	if err != nil {
		return withName(c.groupName(), err)
	}
	return printf(out, "%s", groupLine(before, after))
}

func (c Command) normalize(ctx context.Context, accounts *account.Service, out io.Writer) error {
	before, after, err := accounts.NormalizeGroups(ctx)
	if err != nil {
		return err
	}
	for i := range before {
		if err := printf(out, "%s", groupLine(before[i], after[i])); err != nil {
			return err
		}
	}
	by := "name"
	if accounts.Policy.GroupsByUniqueID {
		by = "unique id"
	}
	return printf(out, "every group is functional by %s; changed: %d\n", by, len(after))
}

func groupLine(before, after account.Group) string {
	return fmt.Sprintf("group %s (%s): %s\n", escaped(before.Name), before.GUID, differences(
		[3]string{"name", before.Name, after.Name},
		[3]string{"unique id", account.EncodeUniqueID(before.UniqueID), account.EncodeUniqueID(after.UniqueID)},
		[3]string{"owner", before.OwnerGUID, after.OwnerGUID},
	))
}

// addHint adds advice to an error that --force would avoid.
func (c Command) addHint(err error) error {
	if errors.Is(err, account.ErrSoleAdministrator) {
		return fmt.Errorf("%w: make another administrator first, or give --force", err)
	}
	return err
}

func withName(whom string, err error) error { return fmt.Errorf("%s: %w", whom, err) }

func (c Command) userName() string {
	switch {
	case c.User.GUID != "":
		return "user " + c.User.GUID
	case c.User.ID != 0:
		return fmt.Sprintf("user %d", c.User.ID)
	}
	return "user " + escaped(c.User.Username)
}

func (c Command) groupName() string {
	if c.Group.GUID != "" {
		return "group " + c.Group.GUID
	}
	return "group " + escaped(c.Group.Name)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
