package usermanager

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"unicode"

	"countersign/reference/internal/account"
)

// page is the number of rows in one read. A list may have a million users.
const page = 500

// listUsers writes one line for each user, with fields separated by tabs, in the order of ids. The format is a choice
// of this project, because the format of the tool of Connect is not documented.
func listUsers(ctx context.Context, r account.Reader, locked bool, out io.Writer) error {
	q := account.UserQuery{Sort: "created_time", Limit: page}
	if !locked {
		q.Status = []string{"licensed", "inactive"}
	}
	w := bufio.NewWriter(out)
	row(w, "id", "guid", "unique_id", "username", "first_name", "last_name", "email", "role", "locked")
	for {
		users, _, err := r.Users(ctx, q)
		if err != nil {
			return err
		}
		for _, u := range users {
			row(w, fmt.Sprint(u.ID), u.GUID, encodedUniqueID(u.UniqueID), u.Username, u.FirstName, u.LastName, u.Email, string(u.Role), yesNo(u.Locked))
		}
		if len(users) < page {
			return w.Flush()
		}
		q.Offset += page
	}
}

// listGroups writes one line for each group, in the order of names.
func listGroups(ctx context.Context, r account.Reader, out io.Writer) error {
	w := bufio.NewWriter(out)
	row(w, "id", "guid", "unique_id", "name", "owner_guid")
	for offset := 0; ; offset += page {
		groups, _, err := r.Groups(ctx, account.GroupQuery{Limit: page, Offset: offset})
		if err != nil {
			return err
		}
		for _, g := range groups {
			row(w, fmt.Sprint(g.ID), g.GUID, encodedUniqueID(g.UniqueID), g.Name, g.OwnerGUID)
		}
		if len(groups) < page {
			return w.Flush()
		}
	}
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

// encodedUniqueID returns a unique id as the database stores it and --new-unique-id accepts it.
func encodedUniqueID(id string) string { return base64.StdEncoding.EncodeToString([]byte(id)) }

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
