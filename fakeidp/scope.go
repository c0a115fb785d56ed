package fakeidp

import (
	"slices"
	"strings"
)

// The scopes that the provider interprets.
const (
	scopeOpenID  = "openid"
	scopeProfile = "profile"
	scopeOffline = "offline_access"
)

// defaultScopes are the scopes of clients that are registered without scopes.
var defaultScopes = []string{scopeOpenID, scopeProfile, scopeOffline}

// A scope is a set of scope tokens in the requested order.
type scope []string

// parseScope parses the syntax of RFC 6749, section 3.3: single blanks between tokens of printable ASCII without
// quote and backslash.
func parseScope(text string) (scope, error) {
	if text == "" {
		return nil, nil
	}
	var s scope
	for token := range strings.SplitSeq(text, " ") {
		if !scopeToken(token) {
			return nil, invalidScope("the scope is not well-formed")
		}
		if !s.has(token) {
			s = append(s, token)
		}
	}
	return s, nil
}

func scopeToken(token string) bool {
	return token != "" && visible(token) && !strings.ContainsAny(token, ` "\`)
}

func (s scope) has(token string) bool { return slices.Contains(s, token) }

// within reports whether every token of s is in t.
func (s scope) within(t scope) bool {
	return !slices.ContainsFunc(s, func(token string) bool { return !t.has(token) })
}

// without returns s without the given tokens.
func (s scope) without(tokens ...string) scope {
	return slices.DeleteFunc(slices.Clone(s), func(token string) bool { return slices.Contains(tokens, token) })
}

func (s scope) String() string { return strings.Join(s, " ") }
