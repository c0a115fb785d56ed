package account

import (
	"context"
	"errors"
	"time"
)

// Errors that a Store returns. Nothing else it returns is meant for decisions.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("already exists")
)

// UserQuery selects users for a list.
type UserQuery struct {
	Prefix string   // of username, first or last name; or the whole unique id
	Roles  []Role   // any of; empty: all
	Status []string // any of "locked", "licensed", "inactive"; empty: all
	Sort   string   // API field name; "" means first name, last name, username, email
	Desc   bool
	Limit  int
	Offset int
}

// GroupQuery selects groups for a list, which is by name.
type GroupQuery struct {
	Prefix string // of the name, in whatever letter case
	Desc   bool
	Limit  int
	Offset int
}

// Reader is what can be asked. Methods that return one thing return ErrNotFound
// when there is none; lists may be empty.
type Reader interface {
	UserByGUID(ctx context.Context, guid string) (User, error)
	UserByID(ctx context.Context, id int64) (User, error)
	UserByUniqueID(ctx context.Context, id string) (User, error)
	// UsersByUsername returns all users so named: several only where a unique id is the identity.
	UsersByUsername(ctx context.Context, username string) ([]User, error)
	// Users returns one page and the number of users that match.
	Users(ctx context.Context, q UserQuery) ([]User, int, error)
	CountUsers(ctx context.Context) (int, error)
	CountActiveAdministrators(ctx context.Context) (int, error)

	GroupByGUID(ctx context.Context, guid string) (Group, error)
	GroupByUniqueID(ctx context.Context, id string) (Group, error)
	// GroupsByName returns all groups so named: several only with GroupsByUniqueId.
	GroupsByName(ctx context.Context, name string) ([]Group, error)
	// GroupsByNames and GroupsByUniqueIDs are the same for many at once, which may be in any number of reads.
	GroupsByNames(ctx context.Context, names []string) ([]Group, error)
	GroupsByUniqueIDs(ctx context.Context, ids []string) ([]Group, error)
	// Groups returns one page and the number of groups that match.
	Groups(ctx context.Context, q GroupQuery) ([]Group, int, error)
	GroupsOfUser(ctx context.Context, userGUID string) ([]Group, error)
	MembersOfGroup(ctx context.Context, groupGUID string, limit, offset int) ([]User, int, error)

	// SessionUser returns a session and its user in one read.
	SessionUser(ctx context.Context, sessionID string) (Session, User, error)
	// KeyUser returns the key with that hash and its user in one read.
	KeyUser(ctx context.Context, hash string) (APIKey, User, error)
	// KeysOfUser lists keys of kind UserKey, oldest first.
	KeysOfUser(ctx context.Context, userGUID string) ([]APIKey, error)

	// TokenUser returns a deployment token and who claimed it, the zero User while nobody has.
	TokenUser(ctx context.Context, token string) (Token, User, error)
}

// Tx is a Reader that also writes, inside one transaction.
type Tx interface {
	Reader
	// HoldUsers makes concurrent transactions that call it wait for this one to end,
	// on every node: "is this the first user", "is this username free" need it.
	HoldUsers(ctx context.Context) error
	// InsertUser sets u.ID; ErrExists when the unique id is taken.
	InsertUser(ctx context.Context, u *User) error
	UpdateUser(ctx context.Context, u User) error
	// DeleteUser returns ErrOwnsContent while there is content that the user owns.
	DeleteUser(ctx context.Context, guid string) error
	// TransferOwnership gives content and groups of one user to another; ErrExists when both
	// own content of the same name.
	TransferOwnership(ctx context.Context, from, to string) error

	// InsertGroup sets g.ID.
	InsertGroup(ctx context.Context, g *Group) error
	// InsertGroups does so for many.
	InsertGroups(ctx context.Context, groups []Group) error
	UpdateGroup(ctx context.Context, g Group) error
	DeleteGroup(ctx context.Context, guid string) error
	// AddMember returns ErrExists when the user is a member already.
	AddMember(ctx context.Context, groupGUID, userGUID string) error
	// RemoveMember returns ErrNotFound when the user is no member.
	RemoveMember(ctx context.Context, groupGUID, userGUID string) error
	// Join and Leave make and end memberships of a user in many groups. Those that are, or are
	// not, there already are no error.
	Join(ctx context.Context, userGUID string, groupGUIDs []string) error
	Leave(ctx context.Context, userGUID string, groupGUIDs []string) error

	InsertSession(ctx context.Context, s Session) error
	DeleteSession(ctx context.Context, id string) error
	DeleteSessionsOfUser(ctx context.Context, userGUID string) error
	DeleteSessionsBefore(ctx context.Context, expiry time.Time) error
	// TrimSessions deletes all but the newest sessions of a user.
	TrimSessions(ctx context.Context, userGUID string, keep int) error

	// InsertKey sets k.ID.
	InsertKey(ctx context.Context, k *APIKey) error
	// DeleteKey removes a key of that user; ErrNotFound when it is not one.
	DeleteKey(ctx context.Context, userGUID string, id int64) error
	TouchKey(ctx context.Context, id int64, used time.Time) error

	// InsertToken returns ErrExists when there is such a token.
	InsertToken(ctx context.Context, t Token) error
	// ClaimToken returns ErrNotFound when no unclaimed token is so named.
	ClaimToken(ctx context.Context, token, userGUID string, claimed time.Time) error
	CountUnclaimedTokens(ctx context.Context) (int, error)
	DeleteUnclaimedTokensBefore(ctx context.Context, created time.Time) error
}

// Store remembers accounts.
type Store interface {
	Reader
	// Update runs do in one transaction: committed when do returns nil, else rolled back
	// and do's error returned.
	Update(ctx context.Context, do func(Tx) error) error
}
