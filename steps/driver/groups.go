package driver

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// Group is what the verbs read of a group. OwnerGUID is "" for a group that nobody owns.
type Group struct {
	GUID      string `json:"guid"`
	Name      string `json:"name"`
	OwnerGUID string `json:"owner_guid"`
}

// CreateGroup makes a group. A unique id is sent only where there is one: servers that
// match groups by their names refuse the member.
func (p *Persona) CreateGroup(ctx context.Context, name, uniqueID string) (*Reply, error) {
	body := map[string]string{"name": name}
	if uniqueID != "" {
		body["unique_id"] = uniqueID
	}
	return p.json(ctx, http.MethodPost, api("groups"), body)
}

// Group reads a group.
func (p *Persona) Group(ctx context.Context, guid string) (*Reply, error) {
	return p.Get(ctx, api("groups", guid))
}

// ListGroups reads the first page of the listing.
func (p *Persona) ListGroups(ctx context.Context) (*Reply, error) { return p.Get(ctx, api("groups")) }

// RenameGroup gives a group another name, by POST: every version of the API has it, and
// only newer ones PATCH.
func (p *Persona) RenameGroup(ctx context.Context, guid, name string) (*Reply, error) {
	return p.json(ctx, http.MethodPost, api("groups", guid), map[string]string{"name": name})
}

// DeleteGroup removes a group.
func (p *Persona) DeleteGroup(ctx context.Context, guid string) (*Reply, error) {
	return p.Call(ctx, http.MethodDelete, api("groups", guid), nil)
}

// AddMember makes a user a member of a group.
func (p *Persona) AddMember(ctx context.Context, groupGUID, userGUID string) (*Reply, error) {
	return p.json(ctx, http.MethodPost, api("groups", groupGUID, "members"), map[string]string{"user_guid": userGUID})
}

// RemoveMember ends the membership of a user.
func (p *Persona) RemoveMember(ctx context.Context, groupGUID, userGUID string) (*Reply, error) {
	return p.Call(ctx, http.MethodDelete, api("groups", groupGUID, "members", userGUID), nil)
}

// FindGroups returns the groups with exactly this name. A listing that cannot be read is an
// error.
func (p *Persona) FindGroups(ctx context.Context, name string) ([]Group, error) {
	return matching(ctx, p, api("groups"), name, func(g Group) bool { return g.Name == name })
}

// GroupsWithPrefix returns the groups whose name begins so.
func (p *Persona) GroupsWithPrefix(ctx context.Context, prefix string) ([]Group, error) {
	return matching(ctx, p, api("groups"), prefix, func(g Group) bool { return strings.HasPrefix(g.Name, prefix) })
}

// MemberPage reads the first page of a group's members.
func (p *Persona) MemberPage(ctx context.Context, groupGUID string) (*Reply, error) {
	return p.Get(ctx, api("groups", groupGUID, "members"))
}

// Members returns the members of a group, all pages of them.
func (p *Persona) Members(ctx context.Context, groupGUID string) ([]User, error) {
	users, _, err := listed[User](ctx, p, api("groups", groupGUID, "members"), nil, maxPages)
	return users, err
}

// Permission is who may do what with an item.
type Permission struct {
	ID            any    `json:"id"` // a text or a number: published replies have both
	PrincipalGUID string `json:"principal_guid"`
	PrincipalType string `json:"principal_type"`
	Role          string `json:"role"`
}

// PermitGroup gives the members of a group a role on an item, "viewer" or "owner".
func (p *Persona) PermitGroup(ctx context.Context, guid, groupGUID, role string) (*Reply, error) {
	return p.json(ctx, http.MethodPost, api("content", guid, "permissions"),
		map[string]string{"principal_guid": groupGUID, "principal_type": "group", "role": role})
}

// Forbid takes a user or a group off the access list of an item. The reply is that of the list if the principal is not on it.
func (p *Persona) Forbid(ctx context.Context, guid, principalGUID string) (*Reply, error) {
	permissions, err := p.Permissions(ctx, guid)
	if err != nil {
		return nil, err
	}
	for _, one := range permissions {
		if one.PrincipalGUID == principalGUID {
			return p.Call(ctx, http.MethodDelete, api("content", guid, "permissions", fmt.Sprint(one.ID)), nil)
		}
	}
	return nil, &NoAnswer{Op: "find the user on the access list", BySubject: true, Err: described("the list does not name the user")}
}

// Permissions reads the access list of an item. One that cannot be read is an error.
func (p *Persona) Permissions(ctx context.Context, guid string) ([]Permission, error) {
	reply, err := p.Get(ctx, api("content", guid, "permissions"))
	if err != nil {
		return nil, err
	}
	var permissions []Permission
	if !reply.Is(2) || reply.Decode(&permissions) != nil || permissions == nil {
		return nil, unusable(reply, "read the access list")
	}
	return permissions, nil
}
