package content

import "slices"

// A Visitor is a user who asks for an item, with the data for the decision. The zero Visitor is anonymous.
type Visitor struct {
	UserGUID  string
	Publisher bool     // the user's role is publisher or administrator
	Admin     bool     // the user's role is administrator
	Groups    []string // guids of the present groups of the user
}

// Anonymous reports whether the visitor is not signed in.
func (v Visitor) Anonymous() bool { return v.UserGUID == "" }

// AppRole is the role of a visitor on an item, in the spelling of the API.
type AppRole string

const (
	AppOwner  AppRole = "owner"
	AppEditor AppRole = "editor" // a collaborator
	AppViewer AppRole = "viewer"
	AppNone   AppRole = "none"
)

// RoleOf returns the role of a visitor on an item, from the owner, the permissions and the access type of the item.
// An administrator without any of these has the role "none", as in the API reference: administrators may manage an
// item without seeing its content. A viewer with the permission of a collaborator may only view.
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
		if !p.appliesTo(v) {
			continue
		}
		if p.Role == RoleCollaborator && v.Publisher {
			return AppEditor
		}
		role = AppViewer
	}
	return role
}

// appliesTo reports whether the permission is for the visitor or for one of their groups.
func (p Permission) appliesTo(v Visitor) bool {
	if p.PrincipalType == PrincipalGroup {
		return slices.Contains(v.Groups, p.PrincipalGUID)
	}
	return p.PrincipalGUID == v.UserGUID
}

// CanView reports whether the role permits viewing the content.
func (r AppRole) CanView() bool { return r != AppNone }

// CanRead reports whether a visitor with this role on an item may see its properties. Administrators may see them
// without a role on the item.
func (r AppRole) CanRead(v Visitor) bool { return v.Admin || r.CanView() }

// CanEdit reports whether a visitor with this role on an item may change it: owners and collaborators who are
// publishers, and administrators.
func (r AppRole) CanEdit(v Visitor) bool {
	return v.Admin || v.Publisher && (r == AppOwner || r == AppEditor)
}
