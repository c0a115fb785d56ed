package account

import (
	"context"
	"time"
)

// UserQuery selects users for a list.
type UserQuery struct {
	Prefix string   // of the username, first or last name, or the whole unique id
	Roles  []Role   // any of these roles; empty means all
	Status []string // any of "locked", "licensed", "inactive"; empty means all
	Sort   string   // API field name; "" means first name, last name, username, email
	Desc   bool
	Limit  int
	Offset int
}

// GroupQuery selects groups for a list, which is sorted by name.
type GroupQuery struct {
	Prefix string // of the name, ignoring case
	Desc   bool
	Limit  int
	Offset int
}

// Reader reads accounts. Methods that return one object return dberr.NotFound if it does not exist. Lists may be empty.
type Reader interface {
	UserByGUID(ctx context.Context, guid string) (User, error)
	UserByID(ctx context.Context, id int64) (User, error)
	UserByUniqueID(ctx context.Context, id string) (User, error)
	// UsersByUsername returns all users with that username. There can be several only if a unique id is the identity.
	UsersByUsername(ctx context.Context, username string) ([]User, error)
	// Users returns one page and the number of users that match.
	Users(ctx context.Context, q UserQuery) ([]User, int, error)
	// CountUsers returns the number of users, but 2 for more than that: callers ask only whether there are any.
	CountUsers(ctx context.Context) (int, error)
	CountActiveAdministrators(ctx context.Context) (int, error)

	GroupByGUID(ctx context.Context, guid string) (Group, error)
	GroupByUniqueID(ctx context.Context, id string) (Group, error)
	// GroupsByName returns all groups with that name. There can be several only with GroupsByUniqueId.
	GroupsByName(ctx context.Context, name string) ([]Group, error)
	// GroupsByNames and GroupsByUniqueIDs look up many groups, in any number of reads.
	GroupsByNames(ctx context.Context, names []string) ([]Group, error)
	GroupsByUniqueIDs(ctx context.Context, ids []string) ([]Group, error)
	// Groups returns one page and the number of groups that match.
	Groups(ctx context.Context, q GroupQuery) ([]Group, int, error)
	GroupsOfUser(ctx context.Context, userGUID string) ([]Group, error)
	MembersOfGroup(ctx context.Context, groupGUID string, limit, offset int) ([]User, int, error)

	// SessionUser returns a session and its user in one read.
	SessionUser(ctx context.Context, sessionID string) (Session, User, error)
	// KeyUser returns the key with that hash and its user, in one read.
	KeyUser(ctx context.Context, hash string) (APIKey, User, error)
	// KeysOfUser returns the keys of kind UserKey, oldest first.
	KeysOfUser(ctx context.Context, userGUID string) ([]APIKey, error)

	// TokenUser returns a deployment token and the user who claimed it, or the zero User if it is unclaimed.
	TokenUser(ctx context.Context, token string) (Token, User, error)
}

// Tx reads and writes in one transaction.
type Tx interface {
	Reader
	// InsertUser sets u.ID. It returns dberr.Exists if the unique id is taken.
	InsertUser(ctx context.Context, u *User) error
	UpdateUser(ctx context.Context, u User) error
	// OwnsContent reports whether a user owns content. From then on no other transaction changes content until this one
	// ends.
	OwnsContent(ctx context.Context, guid string) (bool, error)
	// DeleteUser deletes a user who owns no content, with everything that refers to the user.
	DeleteUser(ctx context.Context, guid string) error
	// TransferOwnership gives content and groups of one user to another. It returns dberr.Exists if both own content of
	// the same name.
	TransferOwnership(ctx context.Context, from, to string) error

	// InsertGroup sets g.ID.
	InsertGroup(ctx context.Context, g *Group) error
	// InsertGroups inserts many groups without setting their IDs.
	InsertGroups(ctx context.Context, groups []Group) error
	UpdateGroup(ctx context.Context, g Group) error
	DeleteGroup(ctx context.Context, guid string) error
	// AddMember returns dberr.Exists if the user is already a member.
	AddMember(ctx context.Context, groupGUID, userGUID string) error
	// RemoveMember returns dberr.NotFound if the user is not a member.
	RemoveMember(ctx context.Context, groupGUID, userGUID string) error
	// Join and Leave create and end memberships of a user in many groups. They ignore memberships that already exist,
	// or that do not exist.
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
	// DeleteKey deletes a key of that user. It returns dberr.NotFound if the user has no such key.
	DeleteKey(ctx context.Context, userGUID string, id int64) error
	TouchKey(ctx context.Context, id int64, used time.Time) error

	// InsertToken returns dberr.Exists if the token exists.
	InsertToken(ctx context.Context, t Token) error
	// ClaimToken returns dberr.NotFound if there is no unclaimed token of that name.
	ClaimToken(ctx context.Context, token, userGUID string, claimed time.Time) error
	CountUnclaimedTokens(ctx context.Context) (int, error)
	DeleteUnclaimedTokensBefore(ctx context.Context, created time.Time) error
}

// Store stores accounts.
type Store interface {
	Reader
	// Update calls do in one transaction. It commits if do returns nil; otherwise it rolls back and returns the error
	// of do. Only one Update of accounts runs at a time, on all nodes, so that what do has read stays true until it
	// ends: that a user is the first one, that a username is free, that an administrator remains. do must use only the
	// Tx, and must return after an error of the Tx other than those that the methods document.
	Update(ctx context.Context, do func(Tx) error) error
}
