package driver

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// Group holds the members of a group that the suite reads. OwnerGUID is "" if the group has
// no owner.
type Group struct {
	GUID      string `json:"guid"`
	Name      string `json:"name"`
	OwnerGUID string `json:"owner_guid"`
}

// CreateGroup creates a group. It sends uniqueID only if it is not empty: servers that match
// groups by their names refuse the member.
func (p *Persona) CreateGroup(ctx context.Context, name, uniqueID string) (*Reply, error) {
	body := map[string]string{"name": name}
	if uniqueID != "" {
		body["unique_id"] = uniqueID
	}
	return p.json(ctx, http.MethodPost, APIPath("groups"), body)
}

// Group reads a group.
func (p *Persona) Group(ctx context.Context, guid string) (*Reply, error) {
	return p.Get(ctx, APIPath("groups", guid))
}

// ListGroups reads the first page of the list of groups.
func (p *Persona) ListGroups(ctx context.Context) (*Reply, error) {
	return p.Get(ctx, APIPath("groups"))
}

// RenameGroup renames a group. It uses POST, which every version of the API accepts; only
// newer versions accept PATCH.
func (p *Persona) RenameGroup(ctx context.Context, guid, name string) (*Reply, error) {
	return p.json(ctx, http.MethodPost, APIPath("groups", guid), map[string]string{"name": name})
}

// DeleteGroup deletes a group.
func (p *Persona) DeleteGroup(ctx context.Context, guid string) (*Reply, error) {
	return p.Call(ctx, http.MethodDelete, APIPath("groups", guid), nil)
}

// AddMember adds a user to a group.
func (p *Persona) AddMember(ctx context.Context, groupGUID, userGUID string) (*Reply, error) {
	return p.json(ctx, http.MethodPost, APIPath("groups", groupGUID, "members"), map[string]string{"user_guid": userGUID})
}

// RemoveMember removes a user from a group.
func (p *Persona) RemoveMember(ctx context.Context, groupGUID, userGUID string) (*Reply, error) {
	return p.Call(ctx, http.MethodDelete, APIPath("groups", groupGUID, "members", userGUID), nil)
}

// FindGroups returns the groups with exactly this name. It returns an error if the listing
// cannot be read.
func (p *Persona) FindGroups(ctx context.Context, name string) ([]Group, error) {
	return findListed(ctx, p, APIPath("groups"), name, func(g Group) bool { return g.Name == name })
}

// GroupsWithPrefix returns the groups whose names have the prefix.
func (p *Persona) GroupsWithPrefix(ctx context.Context, prefix string) ([]Group, error) {
	return findListed(ctx, p, APIPath("groups"), prefix, func(g Group) bool { return strings.HasPrefix(g.Name, prefix) })
}

// MemberPage reads the first page of a group's members.
func (p *Persona) MemberPage(ctx context.Context, groupGUID string) (*Reply, error) {
	return p.Get(ctx, APIPath("groups", groupGUID, "members"))
}

// Members returns all members of a group.
func (p *Persona) Members(ctx context.Context, groupGUID string) ([]User, error) {
	users, _, err := readListing[User](ctx, p, APIPath("groups", groupGUID, "members"), nil, maxPages)
	return users, err
}

// Permission is an entry of the access list of a content item.
type Permission struct {
	ID            any    `json:"id"` // a string or a number: published replies have both
	PrincipalGUID string `json:"principal_guid"`
	PrincipalType string `json:"principal_type"`
	Role          string `json:"role"`
}

// PermitGroup gives the members of a group a role on a content item, "viewer" or "owner".
func (p *Persona) PermitGroup(ctx context.Context, guid, groupGUID, role string) (*Reply, error) {
	return p.json(ctx, http.MethodPost, APIPath("content", guid, "permissions"),
		map[string]string{"principal_guid": groupGUID, "principal_type": "group", "role": role})
}

// Forbid removes a user or a group from the access list of a content item. It returns an
// error if the list does not name the principal.
func (p *Persona) Forbid(ctx context.Context, guid, principalGUID string) (*Reply, error) {
	path, err := p.PermissionPath(ctx, guid, principalGUID)
	if err != nil {
		return nil, err
	}
	return p.Call(ctx, http.MethodDelete, path, nil)
}

// PermissionPath returns the path of the entry of a user or a group in the access list of a content item. It returns an
// error if the list does not name the principal.
func (p *Persona) PermissionPath(ctx context.Context, guid, principalGUID string) (string, error) {
	permissions, err := p.Permissions(ctx, guid)
	if err != nil {
		return "", err
	}
	for _, one := range permissions {
		if one.PrincipalGUID == principalGUID {
			return APIPath("content", guid, "permissions", fmt.Sprint(one.ID)), nil
		}
	}
	return "", &NoAnswer{Op: "find the principal in the access list", BySubject: true, Err: publicError("the list does not name the principal")}
}

// Permissions reads the access list of a content item. It returns an error if the list cannot
// be read.
func (p *Persona) Permissions(ctx context.Context, guid string) ([]Permission, error) {
	reply, err := p.Get(ctx, APIPath("content", guid, "permissions"))
	if err != nil {
		return nil, err
	}
	var permissions []Permission
	if !reply.Is(2) || reply.Decode(&permissions) != nil || permissions == nil {
		return nil, unusable(reply, "read the access list")
	}
	return permissions, nil
}
