package store

import (
	"context"
	"database/sql"
	"fmt"

	"countersign/reference/internal/account"
	"countersign/reference/internal/dberr"
)

const groupColumns = `g.guid, g.id, g.unique_id, g.name, g.owner_guid, g.created`

func scanGroup(scan func(...any) error) (account.Group, error) {
	var g account.Group
	var uniqueID, owner sql.NullString
	var created int64
	err := scan(&g.GUID, &g.ID, &uniqueID, &g.Name, &owner, &created)
	g.UniqueID, g.OwnerGUID, g.Created = uniqueID.String, owner.String, fromMicros(created)
	return g, err
}

func (s queries) oneGroup(ctx context.Context, op, query string, arg any) (account.Group, error) {
	g, err := scanGroup(s.q.QueryRowContext(ctx, query, arg).Scan)
	return g, readError(op, err)
}

func (s queries) manyGroups(ctx context.Context, op, query string, args ...any) ([]account.Group, error) {
	return collect(ctx, s.q, op, query, args, func(rows *sql.Rows) (account.Group, error) { return scanGroup(rows.Scan) })
}

// GroupByGUID implements account.Reader.
func (s queries) GroupByGUID(ctx context.Context, guid string) (account.Group, error) {
	return s.oneGroup(ctx, "group by guid", `SELECT `+groupColumns+` FROM groups g WHERE g.guid = $1`, guid)
}

// GroupByUniqueID implements account.Reader.
func (s queries) GroupByUniqueID(ctx context.Context, id string) (account.Group, error) {
	return s.oneGroup(ctx, "group by unique id", `SELECT `+groupColumns+` FROM groups g WHERE g.unique_id = $1`, id)
}

// GroupsByName implements account.Reader.
func (s queries) GroupsByName(ctx context.Context, name string) ([]account.Group, error) {
	return s.manyGroups(ctx, "groups by name", `SELECT `+groupColumns+` FROM groups g WHERE g.name = $1 ORDER BY g.id`, name)
}

// Groups implements account.Reader.
func (s queries) Groups(ctx context.Context, q account.GroupQuery) ([]account.Group, int, error) {
	const where = ` FROM groups g WHERE LOWER(g.name) LIKE $1 ESCAPE '\'`
	total, err := s.count(ctx, "count groups", `SELECT COUNT(*)`+where, likePrefix(q.Prefix))
	if err != nil {
		return nil, 0, err
	}
	order := ` ORDER BY g.name, g.id LIMIT $2 OFFSET $3`
	if q.Desc {
		order = ` ORDER BY g.name DESC, g.id DESC LIMIT $2 OFFSET $3`
	}
	groups, err := s.manyGroups(ctx, "list groups", `SELECT `+groupColumns+where+order, likePrefix(q.Prefix), q.Limit, q.Offset)
	return groups, total, err
}

// GroupsOfUser implements account.Reader.
func (s queries) GroupsOfUser(ctx context.Context, userGUID string) ([]account.Group, error) {
	return s.manyGroups(ctx, "groups of user", `SELECT `+groupColumns+` FROM groups g
		JOIN group_members m ON m.group_guid = g.guid WHERE m.user_guid = $1 ORDER BY g.name, g.id`, userGUID)
}

// MembersOfGroup implements account.Reader.
func (s queries) MembersOfGroup(ctx context.Context, groupGUID string, limit, offset int) ([]account.User, int, error) {
	total, err := s.count(ctx, "count members", `SELECT COUNT(*) FROM group_members WHERE group_guid = $1`, groupGUID)
	if err != nil {
		return nil, 0, err
	}
	users, err := s.manyUsers(ctx, "list members", `SELECT `+userColumns+` FROM users u
		JOIN group_members m ON m.user_guid = u.guid WHERE m.group_guid = $1
		ORDER BY u.first_name, u.last_name, u.username, u.id LIMIT $2 OFFSET $3`, groupGUID, limit, offset)
	return users, total, err
}

// CountGroupsByOwnership returns how many groups have an owner and how many have none.
func (s queries) CountGroupsByOwnership(ctx context.Context) (owned, ownerless int, err error) {
	err = s.q.QueryRowContext(ctx, `SELECT COUNT(owner_guid), COUNT(*) - COUNT(owner_guid) FROM groups`).Scan(&owned, &ownerless)
	if err != nil {
		return 0, 0, fmt.Errorf("count groups by ownership: %w", named(err))
	}
	return owned, ownerless, nil
}

// InsertGroup implements account.Tx.
func (t *Tx) InsertGroup(ctx context.Context, g *account.Group) error {
	id, err := t.nextID(ctx, "group")
	if err != nil {
		return err
	}
	g.ID = id
	_, err = t.q.ExecContext(ctx, `INSERT INTO groups (guid, id, unique_id, name, owner_guid, created) VALUES ($1, $2, $3, $4, $5, $6)`,
		g.GUID, g.ID, nullable(g.UniqueID), g.Name, nullable(g.OwnerGUID), toMicros(g.Created))
	return writeError("insert group", err)
}

// UpdateGroup implements account.Tx.
func (t *Tx) UpdateGroup(ctx context.Context, g account.Group) error {
	res, err := t.q.ExecContext(ctx, `UPDATE groups SET unique_id = $2, name = $3, owner_guid = $4 WHERE guid = $1`,
		g.GUID, nullable(g.UniqueID), g.Name, nullable(g.OwnerGUID))
	return requireAffected("update group", res, err)
}

// DeleteGroup implements account.Tx. It deletes the memberships and the permissions of the group (document line 364).
func (t *Tx) DeleteGroup(ctx context.Context, guid string) error {
	if err := t.deletePermissionsOf(ctx, "group", guid); err != nil {
		return err
	}
	res, err := t.q.ExecContext(ctx, `DELETE FROM groups WHERE guid = $1`, guid)
	return requireAffected("delete group", res, err)
}

// AddMember implements account.Tx.
func (t *Tx) AddMember(ctx context.Context, groupGUID, userGUID string) error {
	res, err := t.q.ExecContext(ctx, `INSERT INTO group_members (group_guid, user_guid) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
		groupGUID, userGUID)
	if err != nil {
		return writeError("add member", err)
	}
	// A failed INSERT would end the whole transaction in Postgres.
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fmt.Errorf("add member: %w", dberr.Exists)
	}
	return nil
}

// RemoveMember implements account.Tx.
func (t *Tx) RemoveMember(ctx context.Context, groupGUID, userGUID string) error {
	res, err := t.q.ExecContext(ctx, `DELETE FROM group_members WHERE group_guid = $1 AND user_guid = $2`, groupGUID, userGUID)
	return requireAffected("remove member", res, err)
}

// GroupsByNames implements account.Reader.
func (s queries) GroupsByNames(ctx context.Context, names []string) ([]account.Group, error) {
	return s.groupsWhere(ctx, "groups by names", "name", names)
}

// GroupsByUniqueIDs implements account.Reader.
func (s queries) GroupsByUniqueIDs(ctx context.Context, ids []string) ([]account.Group, error) {
	return s.groupsWhere(ctx, "groups by unique ids", "unique_id", ids)
}

func (s queries) groupsWhere(ctx context.Context, op, column string, values []string) ([]account.Group, error) {
	var all []account.Group
	err := inBatches(values, func(some []string) error {
		groups, err := s.manyGroups(ctx, op, `SELECT `+groupColumns+` FROM groups g WHERE g.`+column+` IN `+placeholders(1, 1, len(some))+
			` ORDER BY g.id`, texts(some)...)
		all = append(all, groups...)
		return err
	})
	return all, err
}

// InsertGroups implements account.Tx.
func (t *Tx) InsertGroups(ctx context.Context, groups []account.Group) error {
	if len(groups) == 0 {
		return nil
	}
	id, err := t.nextIDs(ctx, "group", len(groups))
	if err != nil {
		return err
	}
	return inBatches(groups, func(some []account.Group) error {
		var args []any
		for i := range some {
			g := &some[i]
			g.ID = id
			id++
			args = append(args, g.GUID, g.ID, nullable(g.UniqueID), g.Name, nullable(g.OwnerGUID), toMicros(g.Created))
		}
		_, err := t.q.ExecContext(ctx, `INSERT INTO groups (guid, id, unique_id, name, owner_guid, created) VALUES `+
			placeholders(1, len(some), 6), args...)
		return writeError("insert groups", err)
	})
}

// Join implements account.Tx.
func (t *Tx) Join(ctx context.Context, userGUID string, groupGUIDs []string) error {
	return inBatches(groupGUIDs, func(some []string) error {
		var args []any
		for _, guid := range some {
			args = append(args, guid, userGUID)
		}
		_, err := t.q.ExecContext(ctx, `INSERT INTO group_members (group_guid, user_guid) VALUES `+placeholders(1, len(some), 2)+
			` ON CONFLICT DO NOTHING`, args...)
		return writeError("join groups", err)
	})
}

// Leave implements account.Tx.
func (t *Tx) Leave(ctx context.Context, userGUID string, groupGUIDs []string) error {
	return inBatches(groupGUIDs, func(some []string) error {
		_, err := t.q.ExecContext(ctx, `DELETE FROM group_members WHERE user_guid = $1 AND group_guid IN `+placeholders(2, 1, len(some)),
			append([]any{userGUID}, texts(some)...)...)
		return writeError("leave groups", err)
	})
}
