// Package account knows what a user, a group, a role, a session and an API key
// are, and the rules that hold between them. It does no I/O of its own: what it
// needs to remember goes through the Store interface, which package store
// implements for SQLite and Postgres.
package account

import "time"

// Role is what a user may do on the server as a whole.
type Role string

// The three roles, in the spelling of the API (wire form "user_role").
const (
	Viewer        Role = "viewer"
	Publisher     Role = "publisher"
	Administrator Role = "administrator"
)

// ParseRole returns the role spelled s. Letter case counts.
func ParseRole(s string) (Role, bool) {
	switch r := Role(s); r {
	case Viewer, Publisher, Administrator:
		return r, true
	}
	return "", false
}

// Rank orders roles by privilege; an unknown role ranks below viewer.
func (r Role) Rank() int {
	switch r {
	case Viewer:
		return 1
	case Publisher:
		return 2
	case Administrator:
		return 3
	}
	return 0
}

// AtLeast reports whether r has the privileges of want.
func (r Role) AtLeast(want Role) bool { return r.Rank() >= want.Rank() }

// User is one account. UniqueID is the identity by which sign-in finds it: the
// username itself, unless ProxyAuth.UniqueIdHeader is configured. It is never
// empty and no two users share one.
type User struct {
	ID         int64
	GUID       string
	UniqueID   string
	Username   string
	FirstName  string
	LastName   string
	Email      string
	Role       Role
	Confirmed  bool
	Locked     bool
	Created    time.Time
	Updated    time.Time
	Active     time.Time // zero: never signed in
	Credential string    // encoded password hash of the password provider; "" otherwise
}

// Group is a named set of users. OwnerGUID is empty for groups made by automatic
// provisioning. UniqueID is empty unless ProxyAuth.GroupsByUniqueId is on.
type Group struct {
	ID        int64
	GUID      string
	UniqueID  string
	Name      string
	OwnerGUID string
	Created   time.Time
}

// Session is one signed-in browser. ID is the SHA-256 of the cookie's value, so a
// copy of the database opens no session.
type Session struct {
	ID       string
	UserGUID string
	XSRF     string
	// HeadersDigest is the digest of the proxy's header values the session was made
	// from: other values make the next request a new login attempt.
	HeadersDigest string
	Created       time.Time
	Expires       time.Time
}

// KeyKind tells apart who holds an API key.
type KeyKind string

const (
	UserKey    KeyKind = "user"    // made by a user, listed among theirs
	ContentKey KeyKind = "content" // given to a content process as CONNECT_API_KEY; never listed
	VisitorKey KeyKind = "visitor" // short-lived, result of an exchange; never listed
)

// APIKey is the stored form of a key: its hash and last characters, never the key.
type APIKey struct {
	ID          int64
	Kind        KeyKind
	UserGUID    string
	ContentGUID string // of a content key: the item whose process holds it
	Name        string
	Hash        string
	Tail        string // last four characters, for recognition
	Role        Role   // what the key may do at most
	Created     time.Time
	Used        time.Time // zero: never
	Expires     time.Time // zero: never
}
