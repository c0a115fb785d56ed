package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

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

// contentView returns an item in the form of the API. It has every field of the schema; fields without a value on
// this server are null.
func (s *Server) contentView(i content.View) map[string]any {
	view := map[string]any{
		"guid": i.GUID, "id": strconv.FormatInt(i.ID, 10), "name": i.Name, "title": i.Title, "description": i.Description,
		"access_type": i.Access, "owner_guid": i.OwnerGUID, "app_mode": i.Mode, "app_role": i.Role, "bundle_id": nil,
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

// include lists the objects that the parameter include requests. This server has no tags and no vanity URLs; the API
// omits their members if there are none.
type include struct{ owner bool }

func parseInclude(r *http.Request) (include, error) {
	var in include
	for name := range strings.SplitSeq(r.URL.Query().Get("include"), ",") {
		switch name {
		case "owner":
			in.owner = true
		case "", "tags", "vanity_url", "bookmarked", "schedule":
		default:
			return include{}, errInvalidInclude
		}
	}
	return in, nil
}

// includedView returns contentView with the objects that a request includes.
func (s *Server) includedView(i content.View, in include) map[string]any {
	view := s.contentView(i)
	if in.owner {
		view["owner"] = map[string]any{
			"guid": i.Owner.GUID, "username": i.Owner.Username, "first_name": i.Owner.FirstName, "last_name": i.Owner.LastName,
		}
	}
	return view
}

func (s *Server) listContent(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	in, err := parseInclude(r)
	if err != nil {
		return err
	}
	items, err := s.Content.Items(r.Context(), callerOf(r).actor(), content.Filter{Name: query.Get("name"), OwnerGUID: query.Get("owner_guid")})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewsOf(items, func(item content.View) map[string]any { return s.includedView(item, in) }))
}

func (s *Server) createContent(w http.ResponseWriter, r *http.Request) error {
	change, err := decodeChange(w, r)
	if err != nil {
		return err
	}
	item, err := s.Content.Create(r.Context(), callerOf(r).actor(), change)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, s.contentView(item))
}

func (s *Server) getContent(w http.ResponseWriter, r *http.Request) error {
	item, err := s.Content.View(r.Context(), callerOf(r).actor(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	in, err := parseInclude(r)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, s.includedView(item, in))
}

// checkEditor returns an error if the caller may not change the item in the path. Handlers call it before they read a
// body, so that the body decides nothing for other callers.
func (s *Server) checkEditor(r *http.Request) error {
	_, err := s.Content.Editable(r.Context(), callerOf(r).actor(), r.PathValue("guid"))
	return err
}

// editedID returns the number in the path of something that belongs to the item, for callers who may change the
// item.
func (s *Server) editedID(r *http.Request) (int64, error) {
	if err := s.checkEditor(r); err != nil {
		return 0, err
	}
	return pathID(r, "id")
}

func (s *Server) changeContent(w http.ResponseWriter, r *http.Request) error {
	if err := s.checkEditor(r); err != nil {
		return err
	}
	change, err := decodeChange(w, r)
	if err != nil {
		return err
	}
	item, err := s.Content.Change(r.Context(), callerOf(r).actor(), r.PathValue("guid"), change)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, s.contentView(item))
}

func (s *Server) deleteContent(w http.ResponseWriter, r *http.Request) error {
	return noContent(w, s.Content.Delete(r.Context(), callerOf(r).actor(), r.PathValue("guid")))
}

// decodeChange reads the body of a request that creates or changes an item. It checks the types of the fields.
func decodeChange(w http.ResponseWriter, r *http.Request) (content.Change, error) {
	var fields map[string]json.RawMessage
	if err := decode(w, r, &fields); err != nil {
		return content.Change{}, err
	}
	change := content.Change{Settings: content.Settings{}}
	texts := map[string]**string{"name": &change.Name, "title": &change.Title, "description": &change.Description,
		"access_type": &change.Access, "owner_guid": &change.OwnerGUID}
	for name, value := range fields {
		target, isText := texts[name]
		if !isText {
			if err := content.CheckSetting(name, value); err != nil {
				return content.Change{}, errInvalidJSON.withText("The request JSON is invalid: %s.", err)
			}
			change.Settings[name] = value
			continue
		}
		// null leaves a field unchanged, because some clients send null for fields that they do not set.
		if err := json.Unmarshal(value, target); err != nil {
			return content.Change{}, errInvalidJSON.withText("The request JSON is invalid: field %s wants a string.", name)
		}
	}
	return change, nil
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
