package content

import (
	"context"
	"time"
)

// Filter selects items for a list. An empty field selects all items.
type Filter struct {
	Name      string
	OwnerGUID string
	// VisibleTo selects the items that a user may see: items that the user owns, items with a permission for the user
	// or one of their groups, and items that are open to every user.
	VisibleTo string
}

// Store is the database of this package. All methods are safe for concurrent use by several nodes.
type Store interface {
	ExecutionStore
	TaskStore

	// CreateItem stores i and sets its ID. It returns ErrNameTaken if the owner has an item of that name.
	CreateItem(ctx context.Context, i *Item) error
	// Item returns dberr.NotFound.
	Item(ctx context.Context, guid string) (*Item, error)
	// Items lists items, oldest first.
	Items(ctx context.Context, f Filter) ([]*Item, error)
	// UpdateItem changes an item under a lock. It returns the error of change, dberr.NotFound or ErrNameTaken.
	UpdateItem(ctx context.Context, guid string, change func(*Item) error) (*Item, error)
	// DeleteItem deletes an item with all its data. It returns dberr.NotFound if there is no such item.
	DeleteItem(ctx context.Context, guid string) error

	// Permissions returns the permissions of an item, oldest first.
	Permissions(ctx context.Context, guid string) ([]Permission, error)
	// PutPermission stores p, or changes the role of the existing permission of the principal, and sets p.ID. It
	// returns dberr.NotFound if the item does not exist.
	PutPermission(ctx context.Context, p *Permission) error
	// SetPermissionRole and DeletePermission return dberr.NotFound.
	SetPermissionRole(ctx context.Context, guid string, id int64, role PermissionRole) (Permission, error)
	DeletePermission(ctx context.Context, guid string, id int64) error

	// CreateBundle stores an archive and sets b.ID. It returns dberr.NotFound if the item does not exist.
	CreateBundle(ctx context.Context, b *Bundle, archive []byte) error
	// Bundle, LatestBundle, Archive and DeleteBundle return dberr.NotFound. DeleteBundle returns ErrActive for the active
	// bundle of the item, which it does not delete.
	Bundle(ctx context.Context, guid string, id int64) (*Bundle, error)
	LatestBundle(ctx context.Context, guid string) (*Bundle, error)
	Bundles(ctx context.Context, guid string) ([]*Bundle, error)
	Archive(ctx context.Context, guid string, id int64) ([]byte, error)
	DeleteBundle(ctx context.Context, guid string, id int64) error

	// Activate activates a bundle, with its mode and, for rendered content, its render. It returns dberr.NotFound.
	Activate(ctx context.Context, guid string, bundle int64, mode Mode, render *Render, now time.Time) error
	// Render returns the last render, or dberr.NotFound.
	Render(ctx context.Context, guid string) (*Render, error)

	// CreateShareLink stores a link with the hash of its token.
	CreateShareLink(ctx context.Context, l *ShareLink, tokenHash string) error
	ShareLinks(ctx context.Context, guid string) ([]ShareLink, error)
	// ShareLinkHolds reports whether the item has a link with that token.
	ShareLinkHolds(ctx context.Context, guid, tokenHash string) (bool, error)
	// DeleteShareLink returns dberr.NotFound.
	DeleteShareLink(ctx context.Context, guid, link string) error
}

// An Execution is one run of the program of an item: a process that replies to visits, or a render. It is stored
// until it ends, so that its tokens are valid until then on every node.
type Execution struct {
	ID          string
	ContentGUID string
	OwnerGUID   string // the owner of the API key of the execution
	BundleID    int64
	Node        string
	Class       Class
	KeyID       int64  // of the API key of the execution; 0 if there is none
	SessionHash string // of its content session token
	StartedTime time.Time
}

// ExecutionStore stores executions.
type ExecutionStore interface {
	// StartExecution stores e. It returns dberr.NotFound if the item does not exist.
	StartExecution(ctx context.Context, e *Execution) error
	// EndExecution deletes an execution and its API key. It returns nil if the execution does not exist.
	EndExecution(ctx context.Context, id string) error
	// EndExecutions deletes all executions of a node, with their keys.
	EndExecutions(ctx context.Context, node string) error
	// Execution and ExecutionBySession return dberr.NotFound.
	Execution(ctx context.Context, id string) (*Execution, error)
	ExecutionBySession(ctx context.Context, sessionHash string) (*Execution, error)
}

// A Task is a running or finished deployment, which clients poll.
type Task struct {
	ID          string
	UserGUID    string
	ContentGUID string
	Node        string
	Output      []string
	Finished    bool
	Code        int    // 0, or an error code of Connect
	Error       string // "" on success
	CreatedTime time.Time
}

// TaskStore stores tasks.
type TaskStore interface {
	CreateTask(ctx context.Context, t *Task) error
	// Task returns dberr.NotFound.
	Task(ctx context.Context, id string) (*Task, error)
	// SaveTask replaces output, end, code and error.
	SaveTask(ctx context.Context, t *Task) error
	// FailTasks marks all unfinished tasks of a node as failed.
	FailTasks(ctx context.Context, node, reason string) error
}
