package driver

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
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

// FindGroups returns the groups with exactly this name: among those with the prefix, and
// if there are more of these than one page shows, in the whole listing. A listing that
// cannot be read is an error.
func (p *Persona) FindGroups(ctx context.Context, name string) ([]Group, error) {
	return p.groups(ctx, name, func(g Group) bool { return g.Name == name })
}

// GroupsWithPrefix returns the groups whose name begins so.
func (p *Persona) GroupsWithPrefix(ctx context.Context, prefix string) ([]Group, error) {
	return p.groups(ctx, prefix, func(g Group) bool { return len(g.Name) >= len(prefix) && g.Name[:len(prefix)] == prefix })
}

func (p *Persona) groups(ctx context.Context, prefix string, wanted func(Group) bool) ([]Group, error) {
	short, whole, err := listed[Group](ctx, p, api("groups"), url.Values{"prefix": {prefix}}, 1)
	if err == nil && !whole {
		short, _, err = listed[Group](ctx, p, api("groups"), nil, maxPages)
	}
	var found []Group
	for _, g := range short {
		if wanted(g) {
			found = append(found, g)
		}
	}
	return found, err
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

// listed reads up to so many pages of a listing. whole is false where one page was asked
// for and there are more; where a listing of many pages does not end, that is an error, as
// is a page that is none.
func listed[T any](ctx context.Context, p *Persona, path string, query url.Values, pages int) (all []T, whole bool, err error) {
	if query == nil {
		query = url.Values{}
	}
	query.Set("page_size", "500")
	for number := 1; number <= pages; number++ {
		query.Set("page_number", strconv.Itoa(number))
		reply, err := p.Get(ctx, path+"?"+query.Encode())
		if err != nil {
			return nil, false, err
		}
		var page struct {
			Results []T `json:"results"`
			Total   int `json:"total"`
		}
		if !reply.Is(2) || reply.Decode(&page) != nil || page.Results == nil {
			return nil, false, unusable(reply, "read a listing")
		}
		all = append(all, page.Results...)
		if len(page.Results) == 0 || len(all) >= page.Total {
			return all, true, nil
		}
	}
	if pages == 1 {
		return all, false, nil
	}
	return nil, false, &NoAnswer{Op: "read a listing", BySubject: true, Err: described("it does not end after " + strconv.Itoa(pages) + " pages")}
}

// Permission is who may do what with an item.
type Permission struct {
	PrincipalGUID string `json:"principal_guid"`
	PrincipalType string `json:"principal_type"`
	Role          string `json:"role"`
}

// PermitGroup gives the members of a group a role on an item, "viewer" or "owner".
func (p *Persona) PermitGroup(ctx context.Context, guid, groupGUID, role string) (*Reply, error) {
	return p.json(ctx, http.MethodPost, api("content", guid, "permissions"),
		map[string]string{"principal_guid": groupGUID, "principal_type": "group", "role": role})
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
