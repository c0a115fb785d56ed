package store

import (
	"context"
	"fmt"

	"countersign/reference/internal/account"
	"countersign/reference/internal/dberr"
)

const selectGroup = `SELECT g.guid, g.id, g.unique_id, g.name, g.owner_guid, g.created FROM groups g `

func scanGroup(row scanner) (g account.Group, err error) {
	return g, row.Scan(&g.GUID, &g.ID, optional{&g.UniqueID}, &g.Name, optional{&g.OwnerGUID}, stamp(&g.Created))
}

// GroupByGUID implements account.Reader.
func (r accountReader) GroupByGUID(ctx context.Context, guid string) (account.Group, error) {
	return one(ctx, r.q, "group by guid", selectGroup+`WHERE g.guid = $1`, []any{guid}, scanGroup)
}

// GroupByUniqueID implements account.Reader.
func (r accountReader) GroupByUniqueID(ctx context.Context, id string) (account.Group, error) {
	return one(ctx, r.q, "group by unique id", selectGroup+`WHERE g.unique_id = $1`, []any{id}, scanGroup)
}

// GroupsByName implements account.Reader.
func (r accountReader) GroupsByName(ctx context.Context, name string) ([]account.Group, error) {
	return list(ctx, r.q, "groups by name", selectGroup+`WHERE g.name = $1 ORDER BY g.id`, []any{name}, scanGroup)
}

// Groups implements account.Reader.
func (r accountReader) Groups(ctx context.Context, q account.GroupQuery) ([]account.Group, int, error) {
	const where = `WHERE LOWER(g.name) LIKE $1 ESCAPE '\'`
	total, err := count(ctx, r.q, "count groups", `SELECT COUNT(*) FROM groups g `+where, likePrefix(q.Prefix))
	if err != nil {
		return nil, 0, err
	}
	order := ` ORDER BY g.name, g.id LIMIT $2 OFFSET $3`
	if q.Desc {
		order = ` ORDER BY g.name DESC, g.id DESC LIMIT $2 OFFSET $3`
	}
	groups, err := list(ctx, r.q, "list groups", selectGroup+where+order, []any{likePrefix(q.Prefix), q.Limit, q.Offset}, scanGroup)
	return groups, total, err
}

// GroupsOfUser implements account.Reader.
func (r accountReader) GroupsOfUser(ctx context.Context, userGUID string) ([]account.Group, error) {
	return list(ctx, r.q, "groups of user", selectGroup+`JOIN group_members m ON m.group_guid = g.guid
		WHERE m.user_guid = $1 ORDER BY g.name, g.id`, []any{userGUID}, scanGroup)
}

// MembersOfGroup implements account.Reader.
func (r accountReader) MembersOfGroup(ctx context.Context, groupGUID string, limit, offset int) ([]account.User, int, error) {
	total, err := count(ctx, r.q, "count members", `SELECT COUNT(*) FROM group_members WHERE group_guid = $1`, groupGUID)
	if err != nil {
		return nil, 0, err
	}
	users, err := list(ctx, r.q, "list members", selectUser+`JOIN group_members m ON m.user_guid = u.guid WHERE m.group_guid = $1
		ORDER BY u.first_name, u.last_name, u.username, u.id LIMIT $2 OFFSET $3`, []any{groupGUID, limit, offset}, scanUser)
	return users, total, err
}

// CountGroupsByOwnership returns how many groups have an owner and how many have none.
func (s *Accounts) CountGroupsByOwnership(ctx context.Context) (owned, ownerless int, err error) {
	_, err = one(ctx, s.q, "count groups by ownership", `SELECT COUNT(owner_guid), COUNT(*) - COUNT(owner_guid) FROM groups`, nil,
		func(row scanner) (struct{}, error) { return struct{}{}, row.Scan(&owned, &ownerless) })
	return owned, ownerless, err
}

// InsertGroup implements account.Tx.
func (t *accountTx) InsertGroup(ctx context.Context, g *account.Group) error {
	inserted := []account.Group{*g}
	err := t.InsertGroups(ctx, inserted)
	g.ID = inserted[0].ID
	return err
}

// UpdateGroup implements account.Tx.
func (t *accountTx) UpdateGroup(ctx context.Context, g account.Group) error {
	return execOne(ctx, t.q, "update group", `UPDATE groups SET unique_id = $2, name = $3, owner_guid = $4 WHERE guid = $1`,
		g.GUID, optional{&g.UniqueID}, g.Name, optional{&g.OwnerGUID})
}

// DeleteGroup implements account.Tx. It deletes the memberships and the permissions of the group (document line 364).
func (t *accountTx) DeleteGroup(ctx context.Context, guid string) error {
	if err := t.tx.deletePermissionsOf(ctx, "group", guid); err != nil {
		return err
	}
	return execOne(ctx, t.q, "delete group", `DELETE FROM groups WHERE guid = $1`, guid)
}

// AddMember implements account.Tx. A failed INSERT would end the whole transaction in Postgres.
func (t *accountTx) AddMember(ctx context.Context, groupGUID, userGUID string) error {
	n, err := exec(ctx, t.q, "add member", `INSERT INTO group_members (group_guid, user_guid) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
		groupGUID, userGUID)
	if err == nil && n == 0 {
		return fmt.Errorf("add member: %w", dberr.Exists)
	}
	return err
}

// RemoveMember implements account.Tx.
func (t *accountTx) RemoveMember(ctx context.Context, groupGUID, userGUID string) error {
	return execOne(ctx, t.q, "remove member", `DELETE FROM group_members WHERE group_guid = $1 AND user_guid = $2`, groupGUID, userGUID)
}

// GroupsByNames implements account.Reader.
func (r accountReader) GroupsByNames(ctx context.Context, names []string) ([]account.Group, error) {
	return r.groupsWhere(ctx, "groups by names", "name", names)
}

// GroupsByUniqueIDs implements account.Reader.
func (r accountReader) GroupsByUniqueIDs(ctx context.Context, ids []string) ([]account.Group, error) {
	return r.groupsWhere(ctx, "groups by unique ids", "unique_id", ids)
}

func (r accountReader) groupsWhere(ctx context.Context, op, column string, values []string) ([]account.Group, error) {
	var all []account.Group
	err := inBatches(values, func(some []string) error {
		groups, err := list(ctx, r.q, op, selectGroup+`WHERE g.`+column+` IN `+placeholders(1, 1, len(some))+` ORDER BY g.id`,
			texts(some), scanGroup)
		all = append(all, groups...)
		return err
	})
	return all, err
}

// InsertGroups implements account.Tx.
func (t *accountTx) InsertGroups(ctx context.Context, groups []account.Group) error {
	if len(groups) == 0 {
		return nil
	}
	id, err := t.tx.nextIDs(ctx, "group", len(groups))
	if err != nil {
		return err
	}
	return inBatches(groups, func(some []account.Group) error {
		var args []any
		for i := range some {
			g := &some[i]
			g.ID = id
			id++
			args = append(args, g.GUID, g.ID, optional{&g.UniqueID}, g.Name, optional{&g.OwnerGUID}, stamp(&g.Created))
		}
		_, err := exec(ctx, t.q, "insert groups", `INSERT INTO groups (guid, id, unique_id, name, owner_guid, created) VALUES `+
			placeholders(1, len(some), 6), args...)
		return err
	})
}

// Join implements account.Tx.
func (t *accountTx) Join(ctx context.Context, userGUID string, groupGUIDs []string) error {
	return inBatches(groupGUIDs, func(some []string) error {
		var args []any
		for _, guid := range some {
			args = append(args, guid, userGUID)
		}
		_, err := exec(ctx, t.q, "join groups", `INSERT INTO group_members (group_guid, user_guid) VALUES `+placeholders(1, len(some), 2)+
			` ON CONFLICT DO NOTHING`, args...)
		return err
	})
}

// Leave implements account.Tx.
func (t *accountTx) Leave(ctx context.Context, userGUID string, groupGUIDs []string) error {
	return inBatches(groupGUIDs, func(some []string) error {
		_, err := exec(ctx, t.q, "leave groups", `DELETE FROM group_members WHERE user_guid = $1 AND group_guid IN `+placeholders(2, 1, len(some)),
			append([]any{userGUID}, texts(some)...)...)
		return err
	})
}
