package content

import (
	"context"
	"time"

	"countersign/reference/internal/content/execution"
)

// Filter selects items for a list. An empty field selects all items.
type Filter struct {
	Name      string
	OwnerGUID string
}

// Entry is an item with the data that decides the access of one user.
type Entry struct {
	Item
	Owner Owner
	// Permissions are those of the user and of all groups that have the user as a member.
	Permissions []Permission
}

// Owner is the user who owns an item.
type Owner struct{ GUID, Username, FirstName, LastName string }

// Reader reads content. Methods that return one object return dberr.NotFound if it does not exist. Lists may be empty.
type Reader interface {
	Item(ctx context.Context, guid string) (*Item, error)
	// Entry returns an item for a user. An empty user has no permissions.
	Entry(ctx context.Context, guid, user string) (*Entry, error)
	// Entries lists items for a user, oldest first, in one read. It includes items that the user may not see.
	Entries(ctx context.Context, f Filter, user string) ([]*Entry, error)

	// Permissions returns the permissions of an item, oldest first.
	Permissions(ctx context.Context, guid string) ([]Permission, error)
	Permission(ctx context.Context, guid string, id int64) (Permission, error)

	Bundle(ctx context.Context, guid string, id int64) (*Bundle, error)
	LatestBundle(ctx context.Context, guid string) (*Bundle, error)
	// Bundles returns the bundles of an item, newest first.
	Bundles(ctx context.Context, guid string) ([]*Bundle, error)
	// Archive returns the archive of a bundle. It can have up to MaxBundle bytes.
	Archive(ctx context.Context, guid string, id int64) ([]byte, error)
	// Render returns the last render.
	Render(ctx context.Context, guid string) (*Render, error)

	ShareLinks(ctx context.Context, guid string) ([]ShareLink, error)
	// ShareLinkHolds reports whether the item has a link with that token.
	ShareLinkHolds(ctx context.Context, guid, tokenHash string) (bool, error)
}

// Tx reads and writes in one transaction.
type Tx interface {
	Reader
	// InsertItem stores i and sets its ID. It returns dberr.Exists if the owner has an item of that name, and
	// dberr.NotFound if there is no such owner.
	InsertItem(ctx context.Context, i *Item) error
	// UpdateItem stores the fields that clients can change. It returns the errors of InsertItem.
	UpdateItem(ctx context.Context, i *Item) error
	// DeleteItem deletes an item with all its data. It returns dberr.NotFound if there is no such item.
	DeleteItem(ctx context.Context, guid string) error

	// PutPermission stores p, or changes the role of the existing permission of the principal, and sets p.ID. It
	// returns dberr.NotFound if the item does not exist.
	PutPermission(ctx context.Context, p *Permission) error
	// DeletePermission returns dberr.NotFound.
	DeletePermission(ctx context.Context, guid string, id int64) error

	// DeleteBundle returns dberr.NotFound.
	DeleteBundle(ctx context.Context, guid string, id int64) error
	// SetActive makes a bundle with its mode the active one. It returns dberr.NotFound if the item does not exist.
	SetActive(ctx context.Context, guid string, bundle int64, mode Mode, now time.Time) error
	// PutRender stores the render of an item in place of the last one.
	PutRender(ctx context.Context, r *Render) error

	// InsertShareLink stores a link with the hash of its token. It returns dberr.NotFound if the item does not exist.
	InsertShareLink(ctx context.Context, l *ShareLink, tokenHash string) error
	// DeleteShareLink returns dberr.NotFound.
	DeleteShareLink(ctx context.Context, guid, link string) error
}

// Store stores content, with its executions and tasks. All methods are safe for concurrent use by several nodes.
type Store interface {
	Reader
	execution.Store
	// Update calls do in one transaction. It commits if do returns nil; otherwise it rolls back and returns the error
	// of do. Only one Update of content or integrations runs at a time, on all nodes, so that data that do has read
	// stays true until it ends.
	Update(ctx context.Context, do func(Tx) error) error
	// InsertBundle stores an archive and sets b.ID. It returns dberr.NotFound if the item does not exist. It does not
	// run within Update, because an archive is large.
	InsertBundle(ctx context.Context, b *Bundle, archive []byte) error
}
