package content

import "slices"

// A Visitor is whoever asks for an item, with what the decision needs. The zero Visitor is anonymous.
type Visitor struct {
	UserGUID  string
	Publisher bool     // the user's role is publisher or administrator
	Admin     bool     // the user's role is administrator
	Groups    []string // guids of the groups the user is in now
}

// Anonymous says whether nobody is signed in.
func (v Visitor) Anonymous() bool { return v.UserGUID == "" }

// AppRole is a visitor's standing on an item, as the API spells it.
type AppRole string

const (
	AppOwner  AppRole = "owner"
	AppEditor AppRole = "editor" // a collaborator
	AppViewer AppRole = "viewer"
	AppNone   AppRole = "none"
)

// RoleOf decides a visitor's standing on an item from the item's owner, its permissions and its access type. An
// administrator without any of these has none (app_role "none" in the API reference): they may manage the item and yet do not see what it shows.
// Being a collaborator takes a publisher; a viewer's permission of that role gives sight only.
func RoleOf(item *Item, permissions []Permission, v Visitor) AppRole {
	if v.Anonymous() {
		if item.Access == AccessAll {
			return AppViewer
		}
		return AppNone
	}
	if v.UserGUID == item.OwnerGUID {
		return AppOwner
	}
	role := AppNone
	if item.Access == AccessAll || item.Access == AccessLoggedIn {
		role = AppViewer
	}
	for _, p := range permissions {
		if !p.holds(v) {
			continue
		}
		if p.Role == RoleCollaborator && v.Publisher {
			return AppEditor
		}
		role = AppViewer
	}
	return role
}

// holds reports whether the permission is given to the visitor, or to a group of theirs.
func (p Permission) holds(v Visitor) bool {
	if p.PrincipalType == PrincipalGroup {
		return slices.Contains(v.Groups, p.PrincipalGUID)
	}
	return p.PrincipalGUID == v.UserGUID
}

// CanView says whether the role gives sight of the content itself.
func (r AppRole) CanView() bool { return r != AppNone }

// CanEdit says whether v may change an item on which they have this role: owners and collaborators who are publishers,
// and administrators.
func (r AppRole) CanEdit(v Visitor) bool {
	return v.Admin || v.Publisher && (r == AppOwner || r == AppEditor)
}
