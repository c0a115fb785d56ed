package usermanager

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"unicode"

	"countersign/reference/internal/account"
)

// listUsers writes one line for each user, with fields separated by tabs, in the order of ids. The format is a choice
// of this project, because the format of the tool of Connect is not documented.
func listUsers(ctx context.Context, accounts *account.Service, locked bool, out io.Writer) error {
	w := bufio.NewWriter(out)
	row(w, "id", "guid", "unique_id", "username", "first_name", "last_name", "email", "role", "locked")
	err := accounts.EachUser(ctx, locked, func(u account.User) error {
		row(w, fmt.Sprint(u.ID), u.GUID, account.EncodeUniqueID(u.UniqueID), u.Username, u.FirstName, u.LastName, u.Email, string(u.Role), yesNo(u.Locked))
		return nil
	})
	if err != nil {
		return err
	}
	return w.Flush()
}

// listGroups writes one line for each group, in the order of names.
func listGroups(ctx context.Context, accounts *account.Service, out io.Writer) error {
	w := bufio.NewWriter(out)
	row(w, "id", "guid", "unique_id", "name", "owner_guid")
	err := accounts.EachGroup(ctx, func(g account.Group) error {
		row(w, fmt.Sprint(g.ID), g.GUID, account.EncodeUniqueID(g.UniqueID), g.Name, g.OwnerGUID)
		return nil
	})
	if err != nil {
		return err
	}
	return w.Flush()
}

// row writes one line. The writer keeps an error until it is flushed.
func row(w *bufio.Writer, fields ...string) {
	for i, f := range fields {
		if i > 0 {
			w.WriteByte('\t') //nolint:errcheck // see above
		}
		w.WriteString(escaped(f)) //nolint:errcheck // see above
	}
	w.WriteByte('\n') //nolint:errcheck // see above
}

// escaped replaces characters of a stored value that would end a field or a line, or control a terminal.
func escaped(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// differences describes the fields whose values differ. Each field has a name, an old and a new value.
func differences(fields ...[3]string) string {
	var all []string
	for _, f := range fields {
		if f[1] != f[2] {
			all = append(all, fmt.Sprintf("%s %q -> %q", f[0], f[1], f[2]))
		}
	}
	if len(all) == 0 {
		return "nothing to change"
	}
	return strings.Join(all, ", ")
}

func printf(out io.Writer, format string, args ...any) error {
	_, err := fmt.Fprintf(out, format, args...)
	return err
}
