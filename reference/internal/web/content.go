package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
)

// A route is a pattern with the role that it requires.
type route struct {
	pattern string
	need    account.Role
	serve   handler
}

// contentRoutes returns the routes of the API of content: items, permissions, bundles, deployment, tasks, share
// links.
func (s *Server) contentRoutes() []route {
	const one = "/__api__/v1/content/{guid}"
	return []route{
		{"GET /__api__/v1/content", signedIn, s.listContent},
		{"POST /__api__/v1/content", publisher, s.createContent},
		{"GET " + one, signedIn, s.getContent},
		{"PATCH " + one, publisher, s.changeContent},
		{"DELETE " + one, publisher, s.deleteContent},
		{"GET " + one + "/permissions", signedIn, s.listPermissions},
		{"POST " + one + "/permissions", publisher, s.putPermission},
		{"GET " + one + "/permissions/{id}", signedIn, s.getPermission},
		{"PUT " + one + "/permissions/{id}", publisher, s.changePermission},
		{"DELETE " + one + "/permissions/{id}", publisher, s.deletePermission},
		{"GET " + one + "/bundles", publisher, s.listBundles},
		{"POST " + one + "/bundles", publisher, s.uploadBundle},
		{"GET " + one + "/bundles/{id}", publisher, s.getBundle},
		{"GET " + one + "/bundles/{id}/download", publisher, s.downloadBundle},
		{"DELETE " + one + "/bundles/{id}", publisher, s.deleteBundle},
		{"POST " + one + "/deploy", publisher, s.deployContent},
		{"GET /__api__/v1/tasks/{id}", signedIn, s.getTask},
		{"GET " + one + "/share_links", publisher, s.listShareLinks},
		{"POST " + one + "/share_links", publisher, s.createShareLink},
		{"DELETE " + one + "/share_links/{link}", publisher, s.deleteShareLink},
	}
}

// visitor converts the caller to the form that package content uses.
func (s *Server) visitor(ctx context.Context, c caller) (content.Visitor, error) {
	if !c.SignedIn() {
		return content.Visitor{}, nil
	}
	groups, err := s.Accounts.GroupsOf(ctx, c.User.GUID)
	if err != nil {
		return content.Visitor{}, err
	}
	v := content.Visitor{UserGUID: c.User.GUID, Publisher: c.Role.AtLeast(account.Publisher), Admin: c.Role == account.Administrator}
	for _, g := range groups {
		v.Groups = append(v.Groups, g.GUID)
	}
	return v, nil
}

// item returns the item in the path and the role of the caller on it.
func (s *Server) item(r *http.Request) (*content.Item, content.Visitor, content.AppRole, error) {
	item, err := s.Content.Item(r.Context(), r.PathValue("guid"))
	if err != nil {
		return nil, content.Visitor{}, "", err
	}
	visitor, role, err := s.roleOn(r.Context(), item, callerOf(r))
	return item, visitor, role, err
}

func (s *Server) roleOn(ctx context.Context, item *content.Item, c caller) (content.Visitor, content.AppRole, error) {
	visitor, err := s.visitor(ctx, c)
	if err != nil {
		return visitor, "", err
	}
	permissions, err := s.Content.Permissions(ctx, item.GUID)
	if err != nil {
		return visitor, "", err
	}
	return visitor, content.RoleOf(item, permissions, visitor), nil
}

// viewable returns the item if the caller may see it. Administrators may see the properties of an item without a role
// on it.
func (s *Server) viewable(r *http.Request) (*content.Item, content.AppRole, error) {
	item, visitor, role, err := s.item(r)
	if err != nil {
		return nil, "", err
	}
	if !role.CanView() && !visitor.Admin {
		return nil, "", errNoAccess
	}
	return item, role, nil
}

// editable returns the item if the caller may change it.
func (s *Server) editable(r *http.Request) (*content.Item, content.AppRole, error) {
	item, visitor, role, err := s.item(r)
	if err != nil {
		return nil, "", err
	}
	if role.CanEdit(visitor) {
		return item, role, nil
	}
	if !role.CanView() {
		return nil, "", errNoAccess
	}
	return nil, "", errNotEditor
}

// contentView returns an item in the form of the API. It has every field of the schema; fields without a value on
// this server are null.
func (s *Server) contentView(r *http.Request, i *content.Item, role content.AppRole) map[string]any {
	view := map[string]any{
		"guid": i.GUID, "id": strconv.FormatInt(i.ID, 10), "name": i.Name, "title": i.Title, "description": i.Description,
		"access_type": i.Access, "owner_guid": i.OwnerGUID, "app_mode": i.Mode, "app_role": role, "bundle_id": nil,
		"created_time": apiTime(i.CreatedTime), "last_deployed_time": apiTime(i.DeployedTime),
		"content_url":   s.Base + "content/" + i.GUID + "/",
		"dashboard_url": s.Base + "connect/#/apps/" + i.GUID,

		"content_category": "", "run_as_current_user": false, "locked": false, "locked_message": "", "parameterized": false,
		"draft_marker_enabled": false, "metrics_collection_enabled": true, "notify_on_share": false, "otel_enabled": false,
	}
	for _, name := range []string{"connection_timeout", "read_timeout", "init_timeout", "idle_timeout", "max_processes",
		"min_processes", "max_conns_per_process", "load_factor", "cpu_request", "cpu_limit", "memory_request", "memory_limit",
		"amd_gpu_limit", "nvidia_gpu_limit", "service_account_name", "default_image_name", "default_environment_guid",
		"default_r_environment_management", "default_py_environment_management", "cluster_name", "image_name",
		"environment_guid", "r_version", "r_environment_management", "py_version", "py_environment_management",
		"quarto_version", "node_version", "run_as", "public_content_status"} {
		view[name] = nil
	}
	if i.BundleID != 0 {
		view["bundle_id"] = strconv.FormatInt(i.BundleID, 10)
	}
	for name, value := range i.Settings {
		view[name] = value
	}
	return view
}

func (s *Server) listContent(w http.ResponseWriter, r *http.Request) error {
	c, query := callerOf(r), r.URL.Query()
	filter := content.Filter{Name: query.Get("name"), OwnerGUID: query.Get("owner_guid")}
	if c.Role != account.Administrator {
		filter.VisibleTo = c.User.GUID
	}
	items, err := s.Content.Items(r.Context(), filter)
	if err != nil {
		return err
	}
	views := []map[string]any{}
	for _, item := range items {
		_, role, err := s.roleOn(r.Context(), item, c)
		if err != nil {
			return err
		}
		if filter.VisibleTo != "" && !role.CanView() {
			continue // a permission of a group, while groups are switched off
		}
		view := s.contentView(r, item, role)
		if err := s.include(r, item, view); err != nil {
			return err
		}
		views = append(views, view)
	}
	return writeJSON(w, http.StatusOK, views)
}

// include adds the objects that the parameter include requests. This server has no tags and no vanity URLs; the API
// omits their members if there are none.
func (s *Server) include(r *http.Request, item *content.Item, view map[string]any) error {
	asked := strings.Split(r.URL.Query().Get("include"), ",")
	for _, name := range asked {
		if !slices.Contains([]string{"", "tags", "owner", "vanity_url", "bookmarked", "schedule"}, name) {
			return errInvalidInclude
		}
	}
	if !slices.Contains(asked, "owner") {
		return nil
	}
	owner, err := s.Accounts.FindUser(r.Context(), item.OwnerGUID)
	if err != nil {
		return err
	}
	view["owner"] = map[string]any{
		"guid": owner.GUID, "username": owner.Username, "first_name": owner.FirstName, "last_name": owner.LastName,
	}
	return nil
}

func (s *Server) createContent(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r)
	guid := uuid.NewString()
	item := &content.Item{
		GUID: guid, OwnerGUID: c.User.GUID, Access: content.AccessACL, Mode: content.ModeUnknown, CreatedTime: s.Now(),
		Name: "content-" + guid[:8], Settings: content.Settings{}, // a client may omit all fields
	}
	change, err := s.contentChange(w, r)
	if err != nil {
		return err
	}
	if change.owner != nil {
		return errNotEditor.withText("The owner of new content is whoever creates it.")
	}
	if err := change.apply(item); err != nil {
		return err
	}
	if err := s.Content.CreateItem(r.Context(), item); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, s.contentView(r, item, content.AppOwner))
}

func (s *Server) getContent(w http.ResponseWriter, r *http.Request) error {
	item, role, err := s.viewable(r)
	if err != nil {
		return err
	}
	view := s.contentView(r, item, role)
	if err := s.include(r, item, view); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, view)
}

func (s *Server) changeContent(w http.ResponseWriter, r *http.Request) error {
	item, _, err := s.editable(r)
	if err != nil {
		return err
	}
	change, err := s.contentChange(w, r)
	if err != nil {
		return err
	}
	if change.owner != nil {
		if err := s.checkOwner(r, *change.owner); err != nil {
			return err
		}
	}
	changed, err := s.Content.UpdateItem(r.Context(), item.GUID, change.apply)
	if err != nil {
		return err
	}
	if changed.OwnerGUID != item.OwnerGUID {
		s.Runtime.Stop(item.GUID) // its process has a key of the former owner
	}
	_, role, err := s.roleOn(r.Context(), changed, callerOf(r))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, s.contentView(r, changed, role))
}

// checkOwner returns an error if the caller may not make that user the owner of the item.
func (s *Server) checkOwner(r *http.Request, guid string) error {
	if callerOf(r).Role != account.Administrator {
		return errForbidden
	}
	user, err := s.Accounts.FindUser(r.Context(), guid)
	if errors.Is(err, account.ErrNoUser) {
		return errInvalidOwner.withCause(err)
	}
	if err != nil {
		return err
	}
	if user.Locked || !user.Role.AtLeast(account.Publisher) {
		return errInvalidOwner
	}
	return nil
}

func (s *Server) deleteContent(w http.ResponseWriter, r *http.Request) error {
	item, _, err := s.editable(r)
	if err != nil {
		return err
	}
	if err := s.Content.DeleteItem(r.Context(), item.GUID); err != nil {
		return err
	}
	return noContent(w, s.Runtime.Remove(item.GUID))
}

// contentChange is the body of a request that creates or changes an item: the fields that are present, with checked
// types.
type contentChange struct {
	name, title, description, access, owner *string
	settings                                content.Settings
}

func (s *Server) contentChange(w http.ResponseWriter, r *http.Request) (contentChange, error) {
	var fields map[string]json.RawMessage
	if err := decode(w, r, &fields); err != nil {
		return contentChange{}, err
	}
	change := contentChange{settings: content.Settings{}}
	texts := map[string]**string{"name": &change.name, "title": &change.title, "description": &change.description,
		"access_type": &change.access, "owner_guid": &change.owner}
	for name, value := range fields {
		target, isText := texts[name]
		if !isText {
			if err := content.CheckSetting(name, value); err != nil {
				return contentChange{}, errInvalidJSON.withText("The request JSON is invalid: %s.", err)
			}
			change.settings[name] = value
			continue
		}
		// null leaves a field unchanged, because some clients send null for fields that they do not set.
		if err := json.Unmarshal(value, target); err != nil {
			return contentChange{}, errInvalidJSON.withText("The request JSON is invalid: field %s wants a string.", name)
		}
	}
	return change, nil
}

// apply changes an item and validates the result.
func (c contentChange) apply(item *content.Item) error {
	for target, value := range map[*string]*string{&item.Name: c.name, &item.Title: c.title, &item.Description: c.description,
		&item.OwnerGUID: c.owner} {
		if value != nil {
			*target = *value
		}
	}
	if c.access != nil {
		item.Access = content.Access(*c.access)
	}
	maps.Copy(item.Settings, c.settings)
	return item.Validate()
}

// noContent writes an empty reply for success, or returns the error.
func noContent(w http.ResponseWriter, err error) error {
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

func pathID(r *http.Request, name string) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue(name), 10, 64)
	if err != nil {
		return 0, errInvalidID.withCause(fmt.Errorf("%s is not a number", name))
	}
	return id, nil
}
