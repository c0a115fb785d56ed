// Package content holds published items, the permissions of users for them, their bundles and their execution.
//
// It does not handle HTTP status codes, which package web does. Package execution runs the programs. The interface
// [Store] is the database of this package.
package content

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"
	"unicode/utf8"
)

// An Item is a published piece of content. The server identifies it by GUID; ID is a number that clients show to
// users.
type Item struct {
	ID           int64
	GUID         string
	OwnerGUID    string
	Name         string
	Title        string
	Description  string
	Access       Access
	Mode         Mode
	BundleID     int64 // the active bundle, 0 before the first deployment
	Settings     Settings
	CreatedTime  time.Time
	DeployedTime time.Time
}

// Settings are the fields of an item that clients set and read back and that have no effect on this server: limits of
// processes, images, versions. An absent field means null. The names are those of the API.
type Settings map[string]json.RawMessage

// Access is who may see an item without a permission (the API reference: all, logged_in, acl; new items are acl).
type Access string

const (
	AccessAll      Access = "all"       // every visitor, without login
	AccessLoggedIn Access = "logged_in" // every user of the server
	AccessACL      Access = "acl"       // users with a permission
)

// Valid reports whether a is one of the three values.
func (a Access) Valid() bool { return a == AccessAll || a == AccessLoggedIn || a == AccessACL }

// Errors for requests that the rules refuse. Package web decides which status and which text a client receives for
// each of them.
var (
	ErrNotViewer        = errors.New("no permission to see the item")
	ErrNotEditor        = errors.New("no permission to change the item")
	ErrNameTaken        = errors.New("an object with that name already exists")
	ErrNewOwner         = errors.New("a new item belongs to the user who creates it")
	ErrOwnerChange      = errors.New("only administrators change the owner")
	ErrInvalidOwner     = errors.New("the user cannot own content")
	ErrPermissionRole   = errors.New("the role of the permission is invalid")
	ErrPrincipalType    = errors.New("the principal is neither a user nor a group")
	ErrPrincipalFixed   = errors.New("the principal of a permission cannot be changed")
	ErrOwnerPermission  = errors.New("the owner needs no permission")
	ErrCollaboratorRole = errors.New("a collaborator must be a publisher")
	ErrActive           = errors.New("the bundle is active")
	ErrNoBundle         = errors.New("there is no such bundle to deploy")
	ErrNoTask           = errors.New("there is no such task")
)

// A FieldError reports a field of an item with a value that is not allowed.
type FieldError struct{ Field, Problem string }

func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

// itemName matches the characters of the names that Connect allows. Their number, 3 to 64, is not part of the
// expression: compiling a counted repetition took a twentieth of the time of a start.
var itemName = regexp.MustCompile(`^[A-Za-z0-9._-]*$`)

// Validate checks the fields that a client may write. Title and description may be empty.
func (i *Item) Validate() error {
	if len(i.Name) < 3 || len(i.Name) > 64 || !itemName.MatchString(i.Name) {
		return &FieldError{"name", "wants 3 to 64 letters, digits, '.', '-' or '_'"}
	}
	if n := utf8.RuneCountInString(i.Title); i.Title != "" && (n < 3 || n > 1024) {
		return &FieldError{"title", "wants 3 to 1024 characters"}
	}
	if utf8.RuneCountInString(i.Description) > 4096 {
		return &FieldError{"description", "wants at most 4096 characters"}
	}
	if !i.Access.Valid() {
		return &FieldError{"access_type", "wants all, logged_in or acl"}
	}
	return nil
}

// settingKinds maps the settings that a client may write to the JSON type that each accepts besides null. They come
// from the content schema of the API reference, without its read-only fields (ids, urls, times, versions found in the
// manifest).
var settingKinds = map[string]string{
	"connection_timeout": "number", "read_timeout": "number", "init_timeout": "number", "idle_timeout": "number",
	"max_processes": "number", "min_processes": "number", "max_conns_per_process": "number", "load_factor": "number",
	"cpu_request": "number", "cpu_limit": "number", "memory_request": "number", "memory_limit": "number",
	"amd_gpu_limit": "number", "nvidia_gpu_limit": "number", "service_account_name": "string", "default_image_name": "string",
	"default_environment_guid": "string", "default_r_environment_management": "bool", "default_py_environment_management": "bool",
	"run_as": "string", "run_as_current_user": "bool", "content_category": "string", "locked": "bool", "locked_message": "string",
	"draft_marker_enabled": "bool", "metrics_collection_enabled": "bool", "notify_on_share": "bool", "otel_enabled": "bool",
}

// CheckSetting returns an error if a client may not write value to the setting name.
func CheckSetting(name string, value json.RawMessage) error {
	kind, known := settingKinds[name]
	if !known {
		return &FieldError{name, "is not a field that can be set"}
	}
	var v any
	if err := json.Unmarshal(value, &v); err != nil {
		return &FieldError{name, "is not JSON"}
	}
	ok := v == nil
	switch v.(type) {
	case bool:
		ok = kind == "bool"
	case float64:
		ok = kind == "number"
	case string:
		ok = kind == "string"
	}
	if !ok {
		return &FieldError{name, fmt.Sprintf("wants a %s or null", kind)}
	}
	return nil
}

// A Bundle is an uploaded archive of an item.
type Bundle struct {
	ID          int64
	ContentGUID string
	CreatedBy   string // the guid of a user
	CreatedTime time.Time
	Size        int64
	MD5, SHA1   string // hex, of the uploaded archive
	Metadata    map[string]string

	// The store reads these from other tables. It ignores them in a new bundle.
	CreatorName string // the username of CreatedBy; "" if the user was deleted
	Active      bool   // whether it is the active bundle of the item
}

// A Permission gives a user or a group a role on an item.
type Permission struct {
	ID            int64
	ContentGUID   string
	PrincipalGUID string
	PrincipalType PrincipalType
	Role          PermissionRole
}

// PrincipalType is user or group.
type PrincipalType string

const (
	PrincipalUser  PrincipalType = "user"
	PrincipalGroup PrincipalType = "group"
)

// PermissionRole is the role that a permission gives: viewer, or owner, which the documents call collaborator.
type PermissionRole string

const (
	RoleViewer       PermissionRole = "viewer"
	RoleCollaborator PermissionRole = "owner"
)

// A ShareLink permits every visitor with its token to view one item. It does not identify a user (OI-018). Share
// links are an invention of this server: the documents mention them and describe no API for them.
type ShareLink struct {
	GUID        string
	ContentGUID string
	CreatedBy   string
	CreatedTime time.Time
}

// A Render is the output of the last render of an item. Visits are served from it without an execution.
type Render struct {
	ContentGUID string
	BundleID    int64
	Body        []byte
	CreatedTime time.Time
}
