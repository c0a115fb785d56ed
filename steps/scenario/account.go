package scenario

import (
	"context"
	"net/http"

	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// account reads the person's account as the administrator sees it. A person without an account
// signs in first.
func (p *Person) account(ctx context.Context) (driver.User, error) {
	if !p.hasAccount() {
		if _, err := p.User(ctx); err != nil {
			return driver.User{}, err
		}
	}
	if p.refused != nil {
		return driver.User{}, p.refusal()
	}
	reply, err := p.state.Operator().User(ctx, p.guid)
	if err != nil {
		return driver.User{}, err
	}
	if reply.Status == http.StatusNotFound {
		return driver.User{}, verdict.Broken("an account of "+p.browser.Identity.Username+" with the guid "+p.guid, "%s", reply.Summary())
	}
	var user driver.User
	if !reply.Is(2) || reply.Decode(&user) != nil || user.GUID != p.guid {
		return driver.User{}, notGranted("reading the account of "+p.browser.Identity.Username, reply)
	}
	return user, nil
}

// CheckFoundByGUID requires that the person's account can be read by its guid.
func (p *Person) CheckFoundByGUID(ctx context.Context) error {
	if p.guid == "" {
		return missing("no account is known of %s", p.Name)
	}
	reply, err := p.state.Operator().User(ctx, p.guid)
	if err != nil {
		return err
	}
	return check.AccountOf(reply, p.guid)
}

// CheckAttribute requires that an attribute of the person's account has a value, as the
// administrator sees it, and a username also as the server told it to the person.
func (p *Person) CheckAttribute(ctx context.Context, a Attribute, want string) error {
	return p.checkViews(ctx, a, func(got string) error { return check.Value(string(a), want, got) })
}

// CheckNumbered is [Person.CheckAttribute] for a value with a number behind it.
func (p *Person) CheckNumbered(ctx context.Context, a Attribute, want string) error {
	return p.checkViews(ctx, a, func(got string) error { return check.Numbered(string(a), want, got) })
}

func (p *Person) checkViews(ctx context.Context, a Attribute, judge func(got string) error) error {
	user, err := p.account(ctx)
	if err != nil {
		return err
	}
	if err := judge(a.read(user)); err != nil {
		return err
	}
	if a == Username && p.view != nil {
		return judge(p.view.Text("username"))
	}
	return nil
}

// CheckSameAccount requires that the person has the same account as before the last sign-in.
func (p *Person) CheckSameAccount() error { return p.compareEarlier(check.SameAccount) }

// CheckNewAccount requires that the person has another account than before the last sign-in.
func (p *Person) CheckNewAccount() error { return p.compareEarlier(check.DifferentAccounts) }

func (p *Person) compareEarlier(compare func(guid, other string) error) error {
	guid, err := p.accountGUID()
	if err != nil {
		return err
	}
	if p.earlier == "" {
		return &verdict.Block{Reason: "there was no account of " + p.Name + " before, so there is nothing to compare with", BySubject: true}
	}
	return compare(guid, p.earlier)
}

// CheckOtherAccount requires that the person has another account than another person.
func (p *Person) CheckOtherAccount(other *Person) error {
	guid, err := p.accountGUID()
	if err != nil {
		return err
	}
	theirs, err := other.accountGUID()
	if err != nil {
		return err
	}
	return check.DifferentAccounts(guid, theirs)
}

// CheckNamesakes requires a number of accounts with the username of the person's account.
func (p *Person) CheckNamesakes(ctx context.Context, want int) error {
	user, err := p.account(ctx)
	if err != nil {
		return err
	}
	if user.Username == "" {
		return verdict.Broken("an account with a username", "none for the guid %s", user.GUID)
	}
	got, err := p.state.Operator().CountUsers(ctx, user.Username)
	if err != nil {
		return err
	}
	return check.AccountsNamed(user.Username, want, got)
}

// A NewAccount is an account that the administrator creates for a person. Role and UniqueID may
// be empty.
type NewAccount struct{ Role, UniqueID string }

// createAccount has the administrator create an account for the person as the proxy knows them,
// with a unique id if that is the identity or if the account says so.
func (p *Person) createAccount(ctx context.Context, a NewAccount) (b *driver.Persona, reply *driver.Reply, err error) {
	b = p.newBrowser()
	u := driver.NewUser{Username: b.Identity.Username, Role: a.Role}
	if b.Headers.UniqueID != "" {
		u.UniqueID = b.Identity.UniqueID
	}
	if a.UniqueID != "" {
		u.UniqueID = p.state.Unique(UniqueID, a.UniqueID)
	}
	reply, err = p.state.Operator().CreateUser(ctx, u)
	return b, reply, err
}

// CreateAccount has the administrator create an account for the person.
func (p *Person) CreateAccount(ctx context.Context, a NewAccount) error {
	b, reply, err := p.createAccount(ctx, a)
	if err := p.state.Compared.Try(reply, err); err != nil {
		return err
	}
	p.recordAccount(b, reply)
	return nil
}

// RequireAccount is [Person.CreateAccount] for an account that has to be created.
func (p *Person) RequireAccount(ctx context.Context, a NewAccount) error {
	b, reply, err := p.createAccount(ctx, a)
	if err := p.state.requireNamed("creating an account for "+p.Name, b.Identity.Username)(reply, err); err != nil {
		return err
	}
	p.recordAccount(b, reply)
	return nil
}

func (p *Person) recordAccount(b *driver.Persona, reply *driver.Reply) {
	if p.hasAccount() {
		return
	}
	p.browser = b
	if p.guid = reply.Text("guid"); !reply.Is(2) {
		p.refused = reply // later steps find that there is no account
	}
}

// CreateUser has the administrator create an account with a literal username.
func (s *State) CreateUser(ctx context.Context, username string) error {
	return s.Compared.Try(s.Operator().CreateUser(ctx, driver.NewUser{Username: username}))
}

// RequireUser is [State.CreateUser] for an account that has to be created.
func (s *State) RequireUser(ctx context.Context, username string) error {
	reply, err := s.Operator().CreateUser(ctx, driver.NewUser{Username: username})
	return s.requireNamed("creating the user "+username, username)(reply, err)
}

// CheckUniqueIDHasNoEffect requires that the server rejected the unique id with which an account
// was created, or ignores it when it looks up accounts.
func (p *Person) CheckUniqueIDHasNoEffect(ctx context.Context, id string) error {
	made := p.state.Compared.Tried
	if !made.Is(2) {
		return p.state.Compared.Refused()
	}
	b := p.newBrowser()
	b.Identity.Username = p.state.Unique(UniqueID, id)
	reply, err := b.SignIn(ctx)
	if err == nil && reply.Is(2) && reply.Text("guid") == made.Text("guid") {
		return verdict.Broken("a unique id that identifies no account", "a sign-in by it: %s", reply.Summary())
	}
	return err
}

// CheckNoAccount requires that no account has a literal username. It first requires that the
// administrator's listing finds an account that exists.
func (s *State) CheckNoAccount(ctx context.Context, username string) error {
	if s.Compared.Granted == nil {
		return &verdict.Block{Reason: "no request was granted, so no account is known that the listing should find", BySubject: true}
	}
	known := s.Compared.Granted.Text("username")
	if known == "" { // what was granted was no account
		me, err := s.Operator().Whoami(ctx)
		if err != nil {
			return err
		}
		known = me.Text("username")
	}
	if _, found, err := s.Operator().FindUser(ctx, known); err != nil || !found {
		if err == nil {
			err = notGranted("finding the user "+known, s.Compared.Granted)
		}
		return err
	}
	user, found, err := s.Operator().FindUser(ctx, username)
	if err != nil {
		return err
	}
	return check.NoAccount(username, user, found)
}

// A change is an attempt to change an attribute of a person's account.
type change struct {
	person    *Person
	attribute Attribute
	check.Change
	made bool // it was read afterwards
}

// read reads the value of the attribute after the change.
func (c *change) read(ctx context.Context) error {
	user, err := c.person.account(ctx)
	if err == nil {
		c.After = c.attribute.read(user)
		c.made = c.Made() == nil
	}
	return err
}

// ChangeAttribute has a user change an attribute of the person's account to a value.
func (p *Person) ChangeAttribute(ctx context.Context, by *driver.Persona, a Attribute, value string) error {
	user, err := p.account(ctx)
	if err != nil {
		return err
	}
	c := &change{person: p, attribute: a, Change: check.Change{Name: string(a), Before: a.read(user), To: value}}
	if c.Before == value {
		return &verdict.Block{Reason: "the " + c.Name + " is " + value + " before it is changed", BySubject: true}
	}
	if c.Reply, err = by.ChangeUser(ctx, user.GUID, a.field(), value); err != nil {
		return err
	}
	if c.Reply.Is(2) {
		p.view = nil // is no longer what it was
	}
	p.state.changes = append(p.state.changes, c)
	return nil
}

// RequireChange is [Person.ChangeAttribute] for a change that has to be made.
func (p *Person) RequireChange(ctx context.Context, by *driver.Persona, a Attribute, value string) error {
	if err := p.ChangeAttribute(ctx, by, a, value); err != nil {
		return err
	}
	return p.state.CheckChangeMade(ctx)
}

// lastChange reads what became of the last change.
func (s *State) lastChange(ctx context.Context) (*change, error) {
	if len(s.changes) == 0 {
		return nil, missing("nothing was changed")
	}
	c := s.changes[len(s.changes)-1]
	return c, c.read(ctx)
}

// CheckChangeMade requires that the last change was made.
func (s *State) CheckChangeMade(ctx context.Context) error {
	c, err := s.lastChange(ctx)
	if err != nil {
		return err
	}
	return c.Made()
}

// CheckChangeRefused requires that the last change was not made, compared with the change before
// it that was made, or with the same change by the administrator.
func (s *State) CheckChangeRefused(ctx context.Context) error {
	c, err := s.lastChange(ctx)
	if err != nil {
		return err
	}
	if err := c.Refused(true); err != nil {
		return err
	}
	n := len(s.changes)
	made := n > 1 && s.changes[n-2].made
	if !made {
		made, err = c.repeat(ctx, s.Operator())
	}
	if err != nil {
		return err
	}
	return s.Compared.note(c.Reply, c.Refused(made))
}

// repeat has another user make the same change, and reports whether it was made.
func (c *change) repeat(ctx context.Context, by *driver.Persona) (made bool, err error) {
	again := *c
	if again.Reply, err = by.ChangeUser(ctx, c.person.guid, c.attribute.field(), c.To); err != nil {
		return false, err
	}
	err = again.read(ctx)
	return again.made, err
}

// Accounts and pages that a person without rights tries to use. Each returns the reply.

// An Intrusion is what a person tries who may not: the browser is that of the person.
type Intrusion func(ctx context.Context, b *driver.Persona) (*driver.Reply, error)

// Intrude signs the person in, which may be refused, and has them try something.
func (p *Person) Intrude(ctx context.Context, do Intrusion) error {
	b := p.newBrowser()
	if err := p.trySignIn(b)(b.SignIn(ctx)); err != nil { // at the proxy, if nowhere else
		return err
	}
	return p.state.Compared.Try(do(ctx, b))
}

// IntrudeCompared is [Person.Intrude], after which the administrator makes the same request: it is
// the one that the refusal is compared with. A request that the person is granted has no such
// twin, since it has changed the server.
func (p *Person) IntrudeCompared(ctx context.Context, do Intrusion) error {
	if err := p.Intrude(ctx, do); err != nil {
		return err
	}
	c := &p.state.Compared
	if c.Granted = c.Tried; c.Tried.Is(2) {
		return nil
	}
	granted, err := do(ctx, p.state.Operator())
	c.Granted = granted
	return err
}

// OpenDashboardPage is the [Intrusion] of a person who opens the dashboard.
func OpenDashboardPage(ctx context.Context, b *driver.Persona) (*driver.Reply, error) {
	return b.Get(ctx, "connect/")
}

// CreateOwnAccount is the [Intrusion] of a person who creates an account for themselves.
func CreateOwnAccount(ctx context.Context, b *driver.Persona) (*driver.Reply, error) {
	return b.CreateUser(ctx, driver.NewUser{Username: b.Identity.Username})
}

// CreateOwnContent is the [Intrusion] of a person who creates content.
func CreateOwnContent(ctx context.Context, b *driver.Persona) (*driver.Reply, error) {
	body := []byte(`{"name":"` + b.Identity.Username + `"}`)
	return b.Call(ctx, http.MethodPost, "__api__/v1/content", body, driver.HeaderLine{Name: "Content-Type", Value: "application/json"})
}

// ReadAccount has the person read the account of another person and the list of users in which it
// stands.
func (p *Person) ReadAccount(ctx context.Context, other *Person) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	if _, err := other.User(ctx); err != nil {
		return err
	}
	for _, path := range []string{"__api__/v1/users/" + other.guid, "__api__/v1/users?page_size=100&prefix=" + other.Identity().Username} {
		if err := p.state.Compared.Try(b.Get(ctx, path)); err != nil {
			return err
		}
	}
	return nil
}

// CheckHoldsNoUniqueID requires that no reply to a tried request contains the person's unique id.
func (s *State) CheckHoldsNoUniqueID(p *Person) error {
	return check.HoldsNo(s.Compared.All, "the unique id of "+p.Name, p.Identity().UniqueID)
}
