package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// number matches what a server appends to a username that is taken: the documents require a numeric
// suffix and say nothing about a separator before it.
var number = regexp.MustCompile(`^[-_.]?[0-9]+$`)

// Value requires that an attribute has a value. name is that of the attribute.
func Value(name, want, got string) error {
	if got != want {
		return verdict.Broken("the "+name+" "+want, "%q", got)
	}
	return nil
}

// Numbered requires that an attribute has a value with a number behind it.
func Numbered(name, want, got string) error {
	if rest, found := strings.CutPrefix(got, want); !found || !number.MatchString(rest) {
		return verdict.Broken("the "+name+" "+want+" with a number behind it", "%q", got)
	}
	return nil
}

// SameAccount requires that two guids are those of the same account.
func SameAccount(guid, other string) error {
	if guid != other {
		return verdict.Broken("the account "+other, "the account %s", guid)
	}
	return nil
}

// DifferentAccounts requires that two guids are those of different accounts.
func DifferentAccounts(guid, other string) error {
	if guid == other {
		return verdict.Broken("another account than "+other, "the same")
	}
	return nil
}

// AccountsNamed requires a number of accounts with a username.
func AccountsNamed(username string, want, got int) error {
	if want != got {
		return verdict.Broken(fmt.Sprintf("%d accounts with the username %s", want, username), "%d", got)
	}
	return nil
}

// NoAccount requires that no account was found.
func NoAccount(username string, found driver.User, ok bool) error {
	if ok {
		return verdict.Broken("no account with the username "+username, "one with the guid %s", found.GUID)
	}
	return nil
}

// AccountOf requires a reply that describes the account with a guid.
func AccountOf(reply *driver.Reply, guid string) error {
	if !reply.Is(2) || reply.Text("guid") != guid {
		return verdict.Broken("the account with the guid "+guid, "%s", reply.Summary())
	}
	return nil
}

// SignedInAs requires a reply that describes a persona as the caller.
func SignedInAs(reply *driver.Reply, p *driver.Persona) error {
	if !p.IsCaller(reply) {
		return verdict.Broken("a sign-in of "+p.Identity.Username, "%s, %q", reply.Summary(), reply.Text("username"))
	}
	return nil
}

// ShowsUser requires a page of the dashboard that asks for no password and names a user. A page
// that a script fills in can be judged in a browser only.
func ShowsUser(page *driver.Reply, username string) error {
	switch text := page.Everything(); {
	case !page.Is(2):
		return verdict.Broken("the dashboard", "%s", page.Summary())
	case strings.Contains(text, `type="password"`):
		return verdict.Broken("a dashboard that asks for no password", "a form with one: %s", page.Summary())
	case !strings.Contains(text, username):
		return &verdict.Inapplicable{Reason: "the first page of the dashboard names no user without a browser"}
	}
	return nil
}

// A Change is an attempt to change an attribute of an account.
type Change struct {
	Name   string // of the attribute
	Before string
	To     string
	After  string        // the value that was read afterwards
	Reply  *driver.Reply // to the attempt
}

// Made requires that a change was made.
func (c Change) Made() error {
	if !c.Reply.Is(2) || c.After != c.To {
		return verdict.Broken("the "+c.Name+" "+c.To, "%q after %s", c.After, c.Reply.Summary())
	}
	return nil
}

// Refused requires that the value is what it was. made reports whether another change of the
// scenario was made, to compare with. A server may answer with success that it has changed what
// may be changed, which is nothing.
func (c Change) Refused(made bool) error {
	switch {
	case !made:
		return nothingGranted("no change was made")
	case c.After != c.Before:
		return verdict.Broken("the "+c.Name+" as it was, "+c.Before, "%q after %s", c.After, c.Reply.Summary())
	case !c.Reply.Refuses() && !c.Reply.Is(2):
		return verdict.Broken("a refusal (4xx or 501), or an answer (2xx) that leaves the "+c.Name, "%s", c.Reply.Summary())
	}
	return nil
}

// Member requires that a user is a member of a group, or is not. Users are compared by guid.
func Member(members []driver.User, user, group string, want bool) error {
	is := slices.ContainsFunc(members, func(u driver.User) bool { return u.GUID == user })
	switch {
	case is && !want:
		return verdict.Broken("no membership in "+group, "a member")
	case !is && want:
		return verdict.Broken("a membership in "+group, "not among its %d members", len(members))
	}
	return nil
}

// GroupDescribed requires a reply that describes a group.
func GroupDescribed(reply *driver.Reply, guid, name string) error {
	if !reply.Is(2) || reply.Text("guid") != guid || reply.Text("name") != name {
		return verdict.Broken("the group "+name, "%s, called %q", reply.Summary(), reply.Text("name"))
	}
	return nil
}

// GroupListed requires a group with a guid in a listing.
func GroupListed(found []driver.Group, guid, name string) error {
	if !slices.ContainsFunc(found, func(g driver.Group) bool { return g.GUID == guid }) {
		return verdict.Broken("the group "+name+" in the listing", "%d others of that name", len(found))
	}
	return nil
}

// NoGroup requires that a listing found no group of a name.
func NoGroup(found []driver.Group, name string) error {
	if len(found) > 0 {
		return verdict.Broken(fmt.Sprintf("no group %q", name), "one with the guid %s", found[0].GUID)
	}
	return nil
}

// GroupRemoved requires that a group cannot be read any more.
func GroupRemoved(reply *driver.Reply, guid string) error {
	if !reply.Is(4) {
		return verdict.Broken("no group with the guid "+guid, "%s", reply.Summary())
	}
	return nil
}

// Owner requires a reply that describes a group with an owner, by guid; nil means none.
func Owner(reply *driver.Reply, group string, want any) error {
	got, shown := reply.Object()["owner_guid"]
	if !reply.Is(2) || reply.Text("guid") != group || !shown {
		return verdict.Broken("a group that tells its owner", "%s", reply.Summary())
	}
	if got != want {
		return verdict.Broken(fmt.Sprintf("the owner %v", want), "%v", got)
	}
	return nil
}

// OnAccessList requires that a group is on an access list, or is not.
func OnAccessList(permissions []driver.Permission, guid, name string, want bool) error {
	is := slices.ContainsFunc(permissions, func(p driver.Permission) bool {
		return p.PrincipalGUID == guid && p.PrincipalType == "group"
	})
	switch {
	case is && !want:
		return verdict.Broken("an access list without the group "+name, "it is there")
	case !is && want:
		return verdict.Broken("an access list with the group "+name, "%d others", len(permissions))
	}
	return nil
}

// FewGroups requires that at most half of the groups that were sent exist. A group may be
// listed twice, since other scenarios create groups too.
func FewGroups(found []driver.Group, sent int) error {
	distinct := map[string]bool{}
	for _, g := range found {
		distinct[g.GUID] = true
	}
	if 2*len(distinct) > sent {
		return verdict.Broken(fmt.Sprintf("far fewer groups than the %d that were sent", sent), "%d", len(distinct))
	}
	return nil
}
