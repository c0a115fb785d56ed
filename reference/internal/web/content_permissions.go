package web

import (
	"net/http"
	"strconv"

	"countersign/reference/internal/content"
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
	permissions, err := s.Content.Permissions(r.Context(), callerOf(r).actor(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewsOf(permissions, viewPermission))
}

func (s *Server) getPermission(w http.ResponseWriter, r *http.Request) error {
	p, err := s.permission(r)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewPermission(p))
}

// permission returns the permission in the path, for callers who may see the item.
func (s *Server) permission(r *http.Request) (content.Permission, error) {
	if _, err := s.Content.View(r.Context(), callerOf(r).actor(), r.PathValue("guid")); err != nil {
		return content.Permission{}, err
	}
	id, err := pathID(r, "id")
	if err != nil {
		return content.Permission{}, err
	}
	return s.Content.Permission(r.Context(), callerOf(r).actor(), r.PathValue("guid"), id)
}

// permissionBody is the body of a request. PUT repeats the principal, which must not change.
type permissionBody struct {
	PrincipalGUID string                 `json:"principal_guid"`
	PrincipalType content.PrincipalType  `json:"principal_type"`
	Role          content.PermissionRole `json:"role"`
}

func (s *Server) putPermission(w http.ResponseWriter, r *http.Request) error {
	if err := s.checkEditor(r); err != nil {
		return err
	}
	var body permissionBody
	if err := decode(w, r, &body); err != nil {
		return err
	}
	p := content.Permission{ContentGUID: r.PathValue("guid"), PrincipalGUID: body.PrincipalGUID, PrincipalType: body.PrincipalType, Role: body.Role}
	if err := s.Content.PutPermission(r.Context(), callerOf(r).actor(), &p); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewPermission(p))
}

func (s *Server) changePermission(w http.ResponseWriter, r *http.Request) error {
	if err := s.checkEditor(r); err != nil {
		return err
	}
	p, err := s.permission(r)
	if err != nil {
		return err
	}
	body := permissionBody{p.PrincipalGUID, p.PrincipalType, ""}
	if err := decode(w, r, &body); err != nil {
		return err
	}
	p.PrincipalGUID, p.PrincipalType, p.Role = body.PrincipalGUID, body.PrincipalType, body.Role
	if err := s.Content.ChangePermission(r.Context(), callerOf(r).actor(), p); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewPermission(p))
}

func (s *Server) deletePermission(w http.ResponseWriter, r *http.Request) error {
	id, err := s.editedID(r)
	if err != nil {
		return err
	}
	return noContent(w, s.Content.DeletePermission(r.Context(), callerOf(r).actor(), r.PathValue("guid"), id))
}
