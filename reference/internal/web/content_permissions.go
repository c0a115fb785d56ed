package web

import (
	"errors"
	"net/http"
	"strconv"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
	"countersign/reference/internal/dberr"
)

// permissionView is a permission in the form of the API.
type permissionView struct {
	ID            string                 `json:"id"`
	ContentGUID   string                 `json:"content_guid"`
	PrincipalGUID string                 `json:"principal_guid"`
	PrincipalType content.PrincipalType  `json:"principal_type"`
	Role          content.PermissionRole `json:"role"`
}

func viewPermission(p content.Permission) permissionView {
	return permissionView{strconv.FormatInt(p.ID, 10), p.ContentGUID, p.PrincipalGUID, p.PrincipalType, p.Role}
}

func (s *Server) listPermissions(w http.ResponseWriter, r *http.Request) error {
	item, _, err := s.viewable(r)
	if err != nil {
		return err
	}
	permissions, err := s.Content.Permissions(r.Context(), item.GUID)
	if err != nil {
		return err
	}
	views := []permissionView{}
	for _, p := range permissions {
		views = append(views, viewPermission(p))
	}
	return writeJSON(w, http.StatusOK, views)
}

func (s *Server) getPermission(w http.ResponseWriter, r *http.Request) error {
	item, _, err := s.viewable(r)
	if err != nil {
		return err
	}
	p, err := s.permission(r, item)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewPermission(p))
}

func (s *Server) permission(r *http.Request, item *content.Item) (content.Permission, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return content.Permission{}, err
	}
	permissions, err := s.Content.Permissions(r.Context(), item.GUID)
	if err != nil {
		return content.Permission{}, err
	}
	for _, p := range permissions {
		if p.ID == id {
			return p, nil
		}
	}
	return content.Permission{}, errNotFound
}

// permissionBody is the body of a request. PUT repeats the principal, which must not change.
type permissionBody struct {
	PrincipalGUID string                 `json:"principal_guid"`
	PrincipalType content.PrincipalType  `json:"principal_type"`
	Role          content.PermissionRole `json:"role"`
}

func (s *Server) putPermission(w http.ResponseWriter, r *http.Request) error {
	item, _, err := s.editable(r)
	if err != nil {
		return err
	}
	var body permissionBody
	if err := decode(w, r, &body); err != nil {
		return err
	}
	p := content.Permission{ContentGUID: item.GUID, PrincipalGUID: body.PrincipalGUID, PrincipalType: body.PrincipalType, Role: body.Role}
	if err := s.checkPermission(r, item, p); err != nil {
		return err
	}
	if err := s.Content.PutPermission(r.Context(), &p); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewPermission(p))
}

func (s *Server) changePermission(w http.ResponseWriter, r *http.Request) error {
	item, _, err := s.editable(r)
	if err != nil {
		return err
	}
	p, err := s.permission(r, item)
	if err != nil {
		return err
	}
	body := permissionBody{p.PrincipalGUID, p.PrincipalType, ""}
	if err := decode(w, r, &body); err != nil {
		return err
	}
	if body.PrincipalGUID != p.PrincipalGUID || body.PrincipalType != p.PrincipalType {
		return errImmutableField
	}
	p.Role = body.Role
	if err := s.checkPermission(r, item, p); err != nil {
		return err
	}
	if p, err = s.Content.SetPermissionRole(r.Context(), item.GUID, p.ID, p.Role); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewPermission(p))
}

// checkPermission returns an error if the principal of p does not exist or cannot have the role.
func (s *Server) checkPermission(r *http.Request, item *content.Item, p content.Permission) error {
	if p.Role != content.RoleViewer && p.Role != content.RoleCollaborator {
		return errInvalidParameter.withText("The parameter is invalid: role wants viewer or owner.")
	}
	switch p.PrincipalType {
	case content.PrincipalUser:
		user, err := s.Accounts.FindUser(r.Context(), p.PrincipalGUID)
		if errors.Is(err, dberr.NotFound) {
			return errNoUser
		}
		if err != nil {
			return err
		}
		if user.GUID == item.OwnerGUID {
			return errOwnerPermission
		}
		if p.Role == content.RoleCollaborator && !user.Role.AtLeast(account.Publisher) {
			return errCollaboratorRole
		}
		return nil
	case content.PrincipalGroup:
		_, err := s.Accounts.FindGroup(r.Context(), p.PrincipalGUID)
		return err
	}
	return errPrincipalType
}

func (s *Server) deletePermission(w http.ResponseWriter, r *http.Request) error {
	item, _, err := s.editable(r)
	if err != nil {
		return err
	}
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	return noContent(w, s.Content.DeletePermission(r.Context(), item.GUID, id))
}
