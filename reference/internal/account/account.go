// Package account defines users, groups, roles, sessions and API keys, and enforces the rules between them. It does
// no I/O of its own: it stores data through the interface Store, which package store implements for SQLite and
// Postgres.
package account

import (
	"encoding/base64"
	"time"
)

// Role is what a user may do on the server as a whole.
type Role string

// The three roles, in the spelling of the API (wire form "user_role").
const (
	Viewer        Role = "viewer"
	Publisher     Role = "publisher"
	Administrator Role = "administrator"
)

// ParseRole returns the role with the spelling s, which is case-sensitive.
func ParseRole(s string) (Role, bool) {
	switch r := Role(s); r {
	case Viewer, Publisher, Administrator:
		return r, true
	}
	return "", false
}

// Rank orders roles by privilege. An unknown role ranks below Viewer.
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

// User is one account. UniqueID is the identity by which a sign-in finds the account: the username, unless
// ProxyAuth.UniqueIdHeader is configured. It is never empty and is unique.
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
	Active     time.Time // zero if the user has never signed in
	Credential string    // encoded password hash of the password provider; "" otherwise
}

// EncodeUniqueID returns the stored form of a unique id. The documents say (line 208) that it is stored in Base64, and
// the command-line tools show and accept it in this form.
func EncodeUniqueID(id string) string { return base64.StdEncoding.EncodeToString([]byte(id)) }

// DecodeUniqueID returns the unique id with that stored form, or an error if the text is not Base64.
func DecodeUniqueID(stored string) (string, error) {
	id, err := base64.StdEncoding.Strict().DecodeString(stored)
	return string(id), err
}

// Actor is the user who makes a request. Role is the role with which the request acts: the role of the user, or less
// if the API key of the request has less. The zero Actor is anonymous.
type Actor struct {
	User User
	Role Role
	Key  KeyKind // of the API key of the request; "" if it has none
}

// Anonymous reports whether the request has no user.
func (a Actor) Anonymous() bool { return a.User.GUID == "" }

// Group is a named set of users. OwnerGUID is empty for groups that automatic provisioning created. UniqueID is empty
// unless ProxyAuth.GroupsByUniqueId is on.
type Group struct {
	ID        int64
	GUID      string
	UniqueID  string
	Name      string
	OwnerGUID string
	Created   time.Time
}

// Session is one signed-in browser. ID is the SHA-256 of the value of the cookie, so that a copy of the database
// opens no session.
type Session struct {
	ID       string
	UserGUID string
	// HeadersDigest is the digest of the header values from which the session was created. If the proxy sends other
	// values, the next request is a new login attempt.
	HeadersDigest string
	Created       time.Time
	Expires       time.Time
}

// KeyKind distinguishes API keys by their holder.
type KeyKind string

const (
	UserKey    KeyKind = "user"    // created by a user, and listed among the keys of this user
	ContentKey KeyKind = "content" // given to a content process as CONNECT_API_KEY; never listed
)

// APIKey is the stored form of a key: its hash and its last characters, but never the key itself.
type APIKey struct {
	ID          int64
	Kind        KeyKind
	UserGUID    string
	ContentGUID string // of a content key: the item whose process holds the key
	Name        string
	Hash        string
	Tail        string // last four characters, by which a user recognizes the key
	Role        Role   // the highest role that the key can act with
	Created     time.Time
	Used        time.Time // zero if never used
	Expires     time.Time // zero if the key does not expire
}
