package content

import (
	"context"
	"time"
)

// Filter selects items for a list. Empty fields select nothing away.
type Filter struct {
	Name      string
	OwnerGUID string
	// VisibleTo limits the list to what a user may see: owned, permitted to them or to a group of theirs, or open to every
	// user. "": all items.
	VisibleTo string
}

// Store is what this package needs of a database. All methods are safe for concurrent use by several nodes.
type Store interface {
	ExecutionStore
	TaskStore

	// CreateItem stores i and sets its ID. ErrNameTaken if the owner has an item of that name.
	CreateItem(ctx context.Context, i *Item) error
	// Item returns ErrNotFound.
	Item(ctx context.Context, guid string) (*Item, error)
	// Items lists items, oldest first.
	Items(ctx context.Context, f Filter) ([]*Item, error)
	// UpdateItem changes an item under a lock. What change returns is returned. ErrNotFound, ErrNameTaken.
	UpdateItem(ctx context.Context, guid string, change func(*Item) error) (*Item, error)
	// DeleteItem deletes it with all that belongs to it. ErrNotFound.
	DeleteItem(ctx context.Context, guid string) error

	// Permissions lists an item's, oldest first.
	Permissions(ctx context.Context, guid string) ([]Permission, error)
	// PutPermission stores p, or gives the principal's existing permission p's role, and sets p.ID. ErrNotFound if the item is gone.
	PutPermission(ctx context.Context, p *Permission) error
	// SetPermissionRole and DeletePermission return ErrNotFound.
	SetPermissionRole(ctx context.Context, guid string, id int64, role PermissionRole) (Permission, error)
	DeletePermission(ctx context.Context, guid string, id int64) error

	// CreateBundle stores an archive and sets b.ID. ErrNotFound if the item is gone.
	CreateBundle(ctx context.Context, b *Bundle, archive []byte) error
	// Bundle, LatestBundle, Archive and DeleteBundle return ErrNotFound.
	Bundle(ctx context.Context, guid string, id int64) (*Bundle, error)
	LatestBundle(ctx context.Context, guid string) (*Bundle, error)
	Bundles(ctx context.Context, guid string) ([]*Bundle, error)
	Archive(ctx context.Context, guid string, id int64) ([]byte, error)
	DeleteBundle(ctx context.Context, guid string, id int64) error

	// Activate makes a bundle the one that is served, with its mode and, of rendered content, its render. ErrNotFound.
	Activate(ctx context.Context, guid string, bundle int64, mode Mode, render *Render, now time.Time) error
	// Render returns the last one, or ErrNotFound.
	Render(ctx context.Context, guid string) (*Render, error)

	// CreateShareLink stores a link by the hash of its token.
	CreateShareLink(ctx context.Context, l *ShareLink, tokenHash string) error
	ShareLinks(ctx context.Context, guid string) ([]ShareLink, error)
	// ShareLinkHolds says whether the token's link is one of this item.
	ShareLinkHolds(ctx context.Context, guid, tokenHash string) (bool, error)
	// DeleteShareLink returns ErrNotFound.
	DeleteShareLink(ctx context.Context, guid, link string) error
}

// An Execution is one run of an item's program: a process that answers visits, or a render. It is remembered while it
// lasts, so that its tokens hold exactly that long, on every node.
type Execution struct {
	ID          string
	ContentGUID string
	OwnerGUID   string // whose API key it was given
	BundleID    int64
	Node        string
	Class       Class
	KeyID       int64  // of the API key it was given, 0: none
	SessionHash string // of its content session token
	StartedTime time.Time
}

// ExecutionStore remembers executions.
type ExecutionStore interface {
	// StartExecution remembers e. ErrNotFound if the item is gone.
	StartExecution(ctx context.Context, e *Execution) error
	// EndExecution forgets it and its API key; it is no error if it is forgotten already.
	EndExecution(ctx context.Context, id string) error
	// EndExecutions forgets those that a node left behind, with their keys.
	EndExecutions(ctx context.Context, node string) error
	// Execution and ExecutionBySession return ErrNotFound.
	Execution(ctx context.Context, id string) (*Execution, error)
	ExecutionBySession(ctx context.Context, sessionHash string) (*Execution, error)
}

// A Task is a deployment under way or done, as clients poll it.
type Task struct {
	ID          string
	UserGUID    string
	ContentGUID string
	Node        string
	Output      []string
	Finished    bool
	Code        int    // 0, or Connect's error code
	Error       string // "" on success
	CreatedTime time.Time
}

// TaskStore remembers tasks.
type TaskStore interface {
	CreateTask(ctx context.Context, t *Task) error
	// Task returns ErrNotFound.
	Task(ctx context.Context, id string) (*Task, error)
	// SaveTask replaces output, end, code and error.
	SaveTask(ctx context.Context, t *Task) error
	// FailTasks ends the unfinished tasks that a node left behind.
	FailTasks(ctx context.Context, node, reason string) error
}
