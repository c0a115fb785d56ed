package check

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"countersign/fakeidp/control"
	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// NumberOfSessions requires a number of OAuth sessions. of names their user and integration.
func NumberOfSessions(found []driver.Session, n int, of string) error {
	if len(found) != n {
		return verdict.Broken(fmt.Sprintf("%d sessions of %s", n, of), "%d", len(found))
	}
	return nil
}

// OneSession requires exactly one session and returns it.
func OneSession(found []driver.Session, of string) (driver.Session, error) {
	if len(found) != 1 {
		return driver.Session{}, verdict.Broken("one session of "+of, "%d", len(found))
	}
	return found[0], nil
}

// SomeLoggedIn requires a session that holds a refresh token. end describes how the login ended.
func SomeLoggedIn(found []driver.Session, end string) error {
	if !slices.ContainsFunc(found, func(s driver.Session) bool { return s.HasRefreshToken }) {
		return verdict.Broken("a session that holds a refresh token", "%d sessions after the login ended with %s", len(found), end)
	}
	return nil
}

// LoggedIn requires one session, which shows whether its user is logged in.
func LoggedIn(found []driver.Session, loggedIn bool, of string) error {
	session, err := OneSession(found, of)
	if err != nil {
		return err
	}
	if session.HasRefreshToken != loggedIn {
		return verdict.Broken(fmt.Sprintf("a session with has_refresh_token %v", loggedIn), "has_refresh_token %v", session.HasRefreshToken)
	}
	return nil
}

// NoneLoggedIn requires that no session holds a refresh token.
func NoneLoggedIn(found []driver.Session) error {
	for _, s := range found {
		if s.HasRefreshToken {
			return verdict.Broken("no refresh token", "a session with has_refresh_token true")
		}
	}
	return nil
}

// OwnSessions requires sessions of one user, at least one, and none of another user.
func OwnSessions(sessions []driver.Session, user string) error {
	if len(sessions) == 0 {
		return verdict.Broken("a list with the OAuth sessions of the user "+user, "an empty one")
	}
	for _, s := range sessions {
		if s.UserGUID != user {
			return verdict.Broken("only sessions of the user "+user, "one of the user %s", s.UserGUID)
		}
	}
	return nil
}

// SessionsOf requires at least one session of each user.
func SessionsOf(sessions []driver.Session, users ...string) error {
	for _, user := range users {
		if !slices.ContainsFunc(sessions, func(s driver.Session) bool { return s.UserGUID == user }) {
			return verdict.Broken("a session of the user "+user+" in the list", "%d others", len(sessions))
		}
	}
	return nil
}

// DescribesSession requires a reply that describes the session of a user with an integration.
func DescribesSession(reply *driver.Reply, user, integration string) error {
	if !reply.Is(2) || reply.Text("user_guid") != user || reply.Text("oauth_integration_guid") != integration {
		return verdict.Broken("a description of the session of the user "+user, "%s, of the user %q", reply.Summary(), reply.Text("user_guid"))
	}
	return nil
}

// DescribesWithout requires a reply that describes a session and has no member for a secret of
// a kind.
func DescribesWithout(reply *driver.Reply, kind string) error {
	if !reply.Is(2) || reply.Text("oauth_integration_guid") == "" {
		return verdict.Broken("a description of the session", "%s", reply.Summary())
	}
	if strings.Contains(reply.Everything(), `"`+kind+`"`) {
		return verdict.Broken("no member "+kind, "one")
	}
	return nil
}

// LoginRefused requires that the start of a login was refused, compared with one that was not.
func LoginRefused(granted, tried *driver.Reply) error {
	if !granted.Is(3) {
		return nothingGranted("no login was started")
	}
	if !tried.Refuses() {
		return verdict.Broken("a refusal (4xx or 501)", "%s", tried.Summary())
	}
	return nil
}

// LoginEndsBefore requires that the last reply of a chain neither fails nor leads to the
// provider, compared with a login that was started.
func LoginEndsBefore(granted *driver.Reply, chain []*driver.Reply, provider string) error {
	if !granted.Is(3) {
		return nothingGranted("no login was started")
	}
	last := chain[len(chain)-1]
	if last.Is(5) || strings.HasPrefix(last.Location(), provider) {
		return verdict.Broken("an answer that does not lead to the provider", "%s", last.Summary())
	}
	return nil
}

// LeadsToProvider requires a redirect to an authorization endpoint as a client.
func LeadsToProvider(reply *driver.Reply, endpoint, clientID string) error {
	to, err := url.Parse(reply.Location())
	if !reply.Is(3) || err != nil {
		return verdict.Broken("a redirect to the provider", "%s", reply.Summary())
	}
	if place := to.Scheme + "://" + to.Host + to.Path; place != endpoint || to.Query().Get("client_id") != clientID {
		return verdict.Broken("a redirect to "+endpoint+" as "+clientID, "one to %s as %q", place, to.Query().Get("client_id"))
	}
	return nil
}

// LeadsToLogin requires a redirect to a login endpoint of the server.
func LeadsToLogin(reply *driver.Reply, endpoint string) error {
	to, err := url.Parse(reply.Location())
	if err != nil || !reply.Is(3) || to.Scheme+"://"+to.Host+to.Path != endpoint {
		return verdict.Broken("a redirect to "+endpoint, "%s", reply.Summary())
	}
	return nil
}

// EndsAtServer requires that the last reply of a login is one of the server, and that the
// callback does not redirect away from it. The browser of the suite follows redirects to the
// server and the provider only.
func EndsAtServer(reply *driver.Reply, server, callback string) error {
	if !strings.HasPrefix(reply.URL(), server) || !(reply.Is(2) || reply.Is(3)) {
		return verdict.Broken("an end at "+server, "%s", reply.Summary())
	}
	if strings.HasPrefix(reply.URL(), callback) && reply.Is(3) && !strings.HasPrefix(reply.Location(), server) {
		return verdict.Broken("a redirect to "+server, "%s", reply.Summary())
	}
	return nil
}

// Authorizations returns the entries of a provider's journal that are authorization requests.
func Authorizations(journal []control.Entry) []control.Entry {
	var found []control.Entry
	for _, e := range journal {
		if e.Endpoint == "authorize" {
			found = append(found, e)
		}
	}
	return found
}

// AuthenticatedOnce requires that the provider authenticated an account once.
func AuthenticatedOnce(journal []control.Entry, account string) error {
	n := 0
	for _, e := range Authorizations(journal) {
		if e.Account == account {
			n++
		}
	}
	if n != 1 {
		return verdict.Broken("one authorization of "+account, "%d", n)
	}
	return nil
}

// TokenIssued requires that the provider has issued an access token to a client.
func TokenIssued(journal []control.Entry, clientID string) error {
	for _, e := range journal {
		for _, issued := range e.Issued {
			if e.ClientID == clientID && issued.Kind == control.KindAccessToken {
				return nil
			}
		}
	}
	return verdict.Broken("an access token that the provider issued to "+clientID, "none")
}

// NoAuthorization requires that the provider has seen no authorization request of a client.
func NoAuthorization(journal []control.Entry, clientID string) error {
	for _, e := range Authorizations(journal) {
		if e.ClientID == clientID {
			return verdict.Broken("no authorization request", "one")
		}
	}
	return nil
}

// NoTokenRequest requires that the provider has seen no token request.
func NoTokenRequest(journal []control.Entry) error {
	for _, e := range journal {
		if e.Endpoint == "token" {
			return verdict.Broken("no request to the provider", "a %s request with outcome %s", e.GrantType, e.Outcome)
		}
	}
	return nil
}

// NoneRenewed requires that the provider has seen no request with a refresh token.
func NoneRenewed(journal []control.Entry) error {
	for _, e := range journal {
		if e.GrantType == control.GrantRefreshToken {
			return verdict.Broken("no request with a refresh token", "one with the outcome %s", e.Outcome)
		}
	}
	return nil
}

// RenewalsAccepted requires that refresh tokens were used and that the provider accepted each:
// it refuses a refresh token that it has replaced and ends the grant.
func RenewalsAccepted(journal []control.Entry) error {
	accepted := 0
	for _, e := range journal {
		if e.GrantType != control.GrantRefreshToken {
			continue
		}
		if e.Outcome != "ok" {
			return verdict.Broken("only refresh tokens that the provider accepts", "%s %s", e.Outcome, e.Detail)
		}
		accepted++
	}
	if accepted == 0 {
		return verdict.Broken("a renewal with the refresh token", "none in %d requests to the provider", len(journal))
	}
	return nil
}

// Issued returns a block unless the provider has issued a secret of a kind: without one there
// is nothing to look for.
func Issued(journal []control.Entry, kind string) error {
	for _, e := range journal {
		for _, issued := range e.Issued {
			if issued.Kind == kind {
				return nil
			}
		}
	}
	return &verdict.Block{Reason: "the provider has issued no " + Words(kind) + " that could be looked for", BySubject: true}
}

// Associations requires that content has associations with these integrations and no others.
// Both are given by guid.
func Associations(associated []driver.Association, wanted []string, reply *driver.Reply) error {
	got := []string{}
	for _, a := range associated {
		got = append(got, a.IntegrationGUID)
	}
	slices.Sort(got)
	wanted = slices.Sorted(slices.Values(wanted))
	if !slices.Equal(got, wanted) {
		return verdict.Broken(fmt.Sprintf("associations with %q", wanted), "%q: %s", got, reply.Summary())
	}
	return nil
}

// Listed requires that an integration is in a list with a type: "Viewer" or "Service Account".
func Listed(listed []driver.Integration, guid, kind string, reply *driver.Reply) error {
	for _, i := range listed {
		if i.GUID == guid && i.AuthType == kind {
			return nil
		}
	}
	return verdict.Broken(fmt.Sprintf("the %s integration %s in the list", kind, guid), "%s with %d integrations", reply.Summary(), len(listed))
}
