package scenario

import (
	"context"
	"slices"
	"strings"
	"time"

	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/instance"
	"countersign/steps/verdict"
)

// A Person is one of the people of a scenario: an identity that the proxy knows, a browser, and
// what the server has told about the person's account.
type Person struct {
	Name string // in the feature; also the account at the provider

	state    *State
	identity *driver.Identity // as the scenario has changed it, nil if it has not
	browser  *driver.Persona  // nil until the person has signed in or was given an account
	tried    *driver.Persona  // the browser of the last attempt to sign in
	others   []driver.Identity

	guid     string        // of the account
	earlier  string        // guid of the account before the last sign-in
	signedIn *driver.Reply // to the last sign-in that was granted
	refused  *driver.Reply // to the last sign-in, if that was refused
	view     *driver.Reply // what the server has last told the person about their account

	keyExpiry time.Time // of the API key that was created to expire

	credentials *driver.Credentials // of the person's deployment client
	signsBelow  *bool               // whether it signs paths below the base URL; nil until that is known
	signedDate  string              // the Date that its signed requests with a flaw repeat
}

// Person returns the person with a name.
func (s *State) Person(name string) *Person {
	p := s.people[name]
	if p == nil {
		p = &Person{Name: name, state: s}
		s.people[name] = p
	}
	return p
}

// Identity returns what the proxy knows of the person: all attributes, each with a value of its
// own. Roles and groups are empty unless the scenario says so.
func (p *Person) Identity() driver.Identity {
	if p.identity != nil {
		return *p.identity
	}
	name := p.state.WireName(p.Name)
	return driver.Identity{
		Username:  name,
		UniqueID:  "id-" + name,
		FirstName: strings.ToUpper(p.Name[:1]) + p.Name[1:],
		LastName:  "Of-" + p.state.Suffix,
		Email:     name + "@example.com",
	}
}

// ChangeIdentity changes what the proxy knows of the person, from the next sign-in on.
func (p *Person) ChangeIdentity(change func(*driver.Identity)) {
	i := p.Identity()
	change(&i)
	p.identity = &i
}

// SetGroups changes the groups that the proxy knows of the person.
func (p *Person) SetGroups(list GroupList) {
	var names []string
	for _, short := range list {
		names = append(names, p.state.groupName(short))
	}
	p.ChangeIdentity(func(i *driver.Identity) { i.Groups = names })
}

// A GroupList is names of groups.
type GroupList []string

// ParseGroupList reads names with commas between them.
func ParseGroupList(text string) GroupList {
	var list GroupList
	for _, part := range strings.Split(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// An Attribute is one of the attributes of an identity and of an account.
type Attribute string

// The attributes of an identity, as features call them.
const (
	Username  Attribute = "username"
	UniqueID  Attribute = "unique id"
	FirstName Attribute = "first name"
	LastName  Attribute = "last name"
	Email     Attribute = "email"
	Role      Attribute = "role"
)

// of returns the place of the attribute in an identity.
func (a Attribute) of(i *driver.Identity) *string {
	switch a {
	case Username:
		return &i.Username
	case UniqueID:
		return &i.UniqueID
	case FirstName:
		return &i.FirstName
	case LastName:
		return &i.LastName
	case Email:
		return &i.Email
	}
	return &i.Role
}

// header returns the name of the header that carries the attribute.
func (a Attribute) header(s *State) string {
	names := s.Instance.Configuration.Headers
	return map[Attribute]string{
		Username: names.Username, UniqueID: names.UniqueID, FirstName: names.FirstName, LastName: names.LastName,
		Email: names.Email, Role: names.Role,
	}[a]
}

// field returns the member of an account in the API.
func (a Attribute) field() string {
	return map[Attribute]string{
		Username: "username", FirstName: "first_name", LastName: "last_name", Email: "email", Role: "user_role",
	}[a]
}

// read returns the value of the attribute of an account.
func (a Attribute) read(u driver.User) string {
	return map[Attribute]string{
		Username: u.Username, UniqueID: u.ExternalID, FirstName: u.FirstName, LastName: u.LastName, Email: u.Email, Role: u.Role,
	}[a]
}

// Unique returns the value that the scenario uses on the wire for a value in a feature. A
// username, a unique id and the local part of an email identify a person, so that they are made
// unique; other values are literal.
func (s *State) Unique(a Attribute, value string) string {
	local, domain, isEmail := strings.Cut(value, "@")
	switch {
	case value == "":
	case a == Username, a == UniqueID:
		return s.WireName(value)
	case a == Email && isEmail:
		return s.WireName(local) + "@" + domain
	}
	return value
}

// SetIdentity changes an attribute that the proxy knows of the person.
func (p *Person) SetIdentity(a Attribute, value string) {
	p.ChangeIdentity(func(i *driver.Identity) { *a.of(i) = value })
}

// HeaderLine returns the header line that carries an attribute of the person.
func (p *Person) HeaderLine(a Attribute) driver.HeaderLine {
	i := p.Identity()
	return driver.HeaderLine{Name: a.header(p.state), Value: *a.of(&i)}
}

// groupName returns the name on the wire of a group. A group that a configuration of the scenario
// maps to a role has the name that the configuration gives it, and that of the administrator
// has the same name everywhere; the names of other groups are made unique.
func (s *State) groupName(short string) string {
	if short == instance.OperatorGroup || s.maps(short) {
		return short
	}
	return s.WireName(short)
}

// maps reports whether a configuration of the scenario maps a group to a role.
func (s *State) maps(group string) bool {
	for _, c := range s.Configurations() {
		if c.Maps(group) {
			return true
		}
	}
	return false
}

// newBrowser returns a browser of the person that was not used before: it has no cookies.
func (p *Person) newBrowser() *driver.Persona {
	c := p.state.Instance.Configuration
	b := driver.NewPersona(p.state.Instance.Subject, p.Name, p.Identity(), c.Headers, p.state.Recorder)
	b.GroupsSeparator = c.GroupsSeparator
	return b
}

// User returns the browser of the person, who signs in first unless they are signed in.
func (p *Person) User(ctx context.Context) (*driver.Persona, error) {
	if p.signedIn != nil {
		return p.browser, nil
	}
	if p.browser == nil {
		p.browser = p.newBrowser()
	}
	return p.browser, p.requireSignIn(ctx)
}

func (p *Person) requireSignIn(ctx context.Context) error {
	reply, err := signInAsCaller(ctx, p.browser)
	if err == nil {
		p.recordSignIn(reply)
	}
	return err
}

// signInAsCaller signs in from a browser. It blocks the scenario unless the server answers the
// identity of the browser.
func signInAsCaller(ctx context.Context, b *driver.Persona) (*driver.Reply, error) {
	reply, err := b.SignIn(ctx)
	if err == nil && !b.IsCaller(reply) {
		err = notGranted("signing in as "+b.Identity.Username, reply)
	}
	return reply, err
}

// recordSignIn records what the server has told in reply to a sign-in that was granted.
func (p *Person) recordSignIn(reply *driver.Reply) {
	p.earlier, p.guid = p.guid, reply.Text("guid")
	p.signedIn, p.view, p.refused = reply, reply, nil
}

// hasAccount reports whether the person has signed in, or tried to, or was given an account.
func (p *Person) hasAccount() bool { return p.browser != nil }

// accountGUID returns the guid of the person's account, created by signing in or by the
// administrator. It returns a violation if the server refused to create it.
func (p *Person) accountGUID() (string, error) {
	switch {
	case !p.hasAccount():
		return "", missing("%s has neither signed in nor been given an account", p.Name)
	case p.refused != nil:
		return "", p.refusal()
	case p.guid == "":
		return "", verdict.Broken("an account with a guid for "+p.Name, "none")
	}
	return p.guid, nil
}

// refusal returns the violation of a server that has refused the last sign-in.
func (p *Person) refusal() error {
	return verdict.Broken("an account in which "+p.Name+" is signed in", "%s", p.refused.Summary())
}

// RequireSignedIn signs the person in unless they are signed in. Later requests are compared with
// that sign-in.
func (p *Person) RequireSignedIn(ctx context.Context) error {
	_, err := p.User(ctx)
	if err == nil {
		p.state.Compared.Granted = p.signedIn
	}
	return err
}

// SignIn signs the person in from a new browser, as the proxy knows them now.
func (p *Person) SignIn(ctx context.Context) error {
	b := p.newBrowser()
	return p.trySignIn(b)(b.SignIn(ctx))
}

// trySignIn records the reply to a sign-in from a browser. The first one that is granted is
// compared with later requests.
func (p *Person) trySignIn(b *driver.Persona) func(*driver.Reply, error) error {
	return func(reply *driver.Reply, err error) error {
		c := &p.state.Compared
		p.tried = b
		if err := c.tryBy(p)(reply, err); err != nil {
			return err
		}
		if p.browser == nil {
			p.browser = b
		}
		if !reply.Is(2) {
			p.refused = reply
			return nil
		}
		p.browser = b
		p.recordSignIn(reply)
		if c.Granted == nil && b.IsCaller(reply) {
			c.Granted = reply
		}
		return nil
	}
}

// RequireKey creates an API key for the person, as its owner does in the browser, unless they
// have one.
func (p *Person) RequireKey(ctx context.Context) error {
	b, err := p.User(ctx)
	if err != nil || b.HasKey() {
		return err
	}
	_, err = p.createKey(ctx, b)
	return err
}

// CreateKey creates an API key, with which later requests are compared.
func (p *Person) CreateKey(ctx context.Context) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	p.state.Compared.Granted, err = p.createKey(ctx, b)
	return err
}

// createKey creates an API key in the person's browser. It blocks the scenario if there is none
// then.
func (p *Person) createKey(ctx context.Context, b *driver.Persona) (*driver.Reply, error) {
	reply, err := b.CreateKey(ctx, p.guid, "made by "+p.Name)
	if err == nil && !b.HasKey() {
		err = notGranted("creating an API key for "+b.Identity.Username, reply)
	}
	return reply, err
}

// Publisher returns the browser of the person after the administrator has made them a publisher
// and they have created an API key.
func (p *Person) Publisher(ctx context.Context) (*driver.Persona, error) {
	b, err := p.User(ctx)
	if err != nil {
		return nil, err
	}
	if err := require("making " + b.Identity.Username + " a publisher")(p.state.Operator().SetRole(ctx, p.guid, "publisher")); err != nil {
		return nil, err
	}
	return b, p.RequireKey(ctx)
}

// Lock has the administrator lock the person's account.
func (p *Person) Lock(ctx context.Context) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	return require("locking " + b.Identity.Username)(p.state.Operator().LockUser(ctx, p.guid, true))
}

// CheckSignedIn requires that the last sign-in was granted and is one of the person.
func (p *Person) CheckSignedIn() error {
	reply := p.state.Compared.Tried
	switch {
	case reply == nil:
		return missing("no person has tried to sign in")
	case !reply.Is(2) || !p.hasAccount():
		return verdict.Broken("a sign-in of "+p.state.WireName(p.Name), "%s", reply.Summary())
	}
	return check.SignedInAs(reply, p.browser)
}

// Bring gives the person's browser, which was not used before, a cookie that is not the server's.
func (p *Person) Bring(cookie string) error {
	if p.hasAccount() {
		return missing("%s has used the browser before", p.Name)
	}
	p.browser = p.newBrowser()
	name, value, _ := strings.Cut(cookie, "=")
	p.browser.Bring(name, value)
	return nil
}

// sessionCookies returns the names of the cookies that the server has set in replies to sign-ins.
func (s *State) sessionCookies() []string {
	var names []string
	for _, p := range s.people {
		for name := range p.signedIn.SetCookies() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
