package scenario

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// A Group is one that the scenario has created, or has found in the listing, or speaks of.
type Group struct {
	called  string // in the feature: the unique id if the group has one, since names need not differ
	groups  *Groups
	name    string // on the wire
	guid    string // "" until the group is known
	removed bool
	listed  bool // the listing has shown it
}

// Groups is what a scenario knows of groups.
type Groups struct {
	state  *State
	known  map[string]*Group
	member bool              // a listing has shown a membership
	opened map[*Content]bool // was opened by a person who may view it
	prefix string            // of the names of the groups in [Person.SignInWithManyGroups]
	sent   int               // how many these were
}

// Group returns the group that a feature calls so. It need not exist.
func (s *State) Group(called string) *Group {
	if g := s.Groups.known[called]; g != nil {
		return g
	}
	return &Group{called: called, groups: &s.Groups, name: s.groupName(called)}
}

// free reports whether a new group that is called so would hide no other.
func (gs *Groups) free(called string) bool {
	g := gs.known[called]
	return g == nil || g.removed
}

// A GroupName is the name of a group that is created.
type GroupName string

// create has the administrator create a group. id is its unique id, "" for none.
func (gs *Groups) create(ctx context.Context, name GroupName, id string) (*driver.Reply, error) {
	called, uniqueID := string(name), ""
	if id != "" {
		called, uniqueID = id, gs.state.groupName(id)
	}
	g := &Group{called: called, groups: gs, name: gs.state.groupName(string(name))}
	reply, err := gs.state.Operator().CreateGroup(ctx, g.name, uniqueID)
	if err != nil {
		return nil, err
	}
	if g.guid = reply.Text("guid"); reply.Is(2) && g.guid != "" && gs.free(called) {
		gs.known[called] = g
	}
	return reply, nil
}

// Require creates a group. Later requests are compared with that call.
func (gs *Groups) Require(ctx context.Context, name GroupName, id string) error {
	return gs.state.Compared.Require("creating the group " + string(name))(gs.create(ctx, name, id))
}

// Create tries to create a group.
func (gs *Groups) Create(ctx context.Context, name GroupName, id string) error {
	return gs.state.Compared.Try(gs.create(ctx, name, id))
}

// find returns the group if it exists: one that the scenario has created, else one of its name in
// the listing. It returns nil if there is none.
func (g *Group) find(ctx context.Context) (*Group, error) {
	if g.guid != "" && !g.removed {
		return g, nil
	}
	name := g.groups.state.groupName(g.called)
	found, err := g.groups.state.Operator().FindGroups(ctx, name)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	other := &Group{called: g.called, groups: g.groups, name: name, guid: found[0].GUID, listed: true}
	g.groups.known[g.called] = other
	return other, nil
}

// require returns the group. It blocks the scenario if the group does not exist.
func (g *Group) require(ctx context.Context) (*Group, error) {
	found, err := g.find(ctx)
	if err == nil && found == nil {
		err = &verdict.Block{Reason: "there is no group " + g.groups.state.groupName(g.called), BySubject: true}
	}
	return found, err
}

// Rename has the administrator rename the group. A renaming that is granted is compared with later
// ones.
func (g *Group) Rename(ctx context.Context, to GroupName) error {
	g, err := g.require(ctx)
	if err != nil {
		return err
	}
	gs := g.groups
	name := gs.state.groupName(string(to))
	reply, err := gs.state.Operator().RenameGroup(ctx, g.guid, name)
	if err == nil && reply.Is(2) {
		gs.state.Compared.Granted = reply
		g.name = name
		if gs.free(string(to)) {
			gs.known[string(to)] = g
		}
	}
	return gs.state.Compared.Try(reply, err)
}

// Remove has the administrator remove the group.
func (g *Group) Remove(ctx context.Context) error {
	g, err := g.require(ctx)
	if err != nil {
		return err
	}
	reply, err := g.groups.state.Operator().DeleteGroup(ctx, g.guid)
	g.removed = err == nil && reply.Is(2)
	return g.groups.state.Compared.Try(reply, err)
}

// AddMember has the administrator add a person to the group.
func (g *Group) AddMember(ctx context.Context, p *Person) error {
	return g.changeMember(ctx, p, (*driver.Persona).AddMember)
}

// RemoveMember has the administrator remove a person from the group.
func (g *Group) RemoveMember(ctx context.Context, p *Person) error {
	return g.changeMember(ctx, p, (*driver.Persona).RemoveMember)
}

func (g *Group) changeMember(ctx context.Context, p *Person,
	change func(by *driver.Persona, ctx context.Context, group, user string) (*driver.Reply, error),
) error {
	if _, err := p.User(ctx); err != nil {
		return err
	}
	g, err := g.require(ctx)
	if err != nil {
		return err
	}
	s := g.groups.state
	return s.Compared.Try(change(s.Operator(), ctx, g.guid, p.guid))
}

// CheckMember requires that the person is a member of the groups, or of none of them, as the
// administrator lists them. That a person is no member proves something once a listing has shown
// a membership.
func (p *Person) CheckMember(ctx context.Context, list GroupList, want bool) error {
	gs := &p.state.Groups
	if p.guid == "" {
		if tried := p.state.Compared.Tried; tried != nil {
			return verdict.Broken("a sign-in of "+p.Name+" that gives the guid of the user", "%s", tried.Summary())
		}
		return missing("%s has not signed in", p.Name)
	}
	for _, called := range list {
		g, err := p.state.Group(called).require(ctx)
		if err != nil {
			return err
		}
		members, err := p.state.Operator().Members(ctx, g.guid)
		if err != nil {
			return err
		}
		gs.member = gs.member || check.Member(members, p.guid, g.name, true) == nil
		if err := check.Member(members, p.guid, g.name, want); err != nil {
			return err
		}
	}
	if !gs.member {
		return &verdict.Block{Reason: "no listing has shown a member of a group, so nothing follows from a listing without one", BySubject: true}
	}
	return nil
}

// CheckExists requires that the group can be read, and that the listing contains it.
func (g *Group) CheckExists(ctx context.Context) error {
	s := g.groups.state
	found, err := g.find(ctx)
	if tried := s.Compared.Tried; err != nil && tried.Is(4) {
		return verdict.Broken("a group "+g.name, "%s", tried.Summary()) // it was not created, and cannot be looked for
	}
	if err != nil {
		return err
	}
	if found == nil {
		return verdict.Broken("a group "+s.groupName(g.called), "none of that name")
	}
	reply, err := s.Operator().Group(ctx, found.guid)
	if err != nil {
		return err
	}
	if err := check.GroupDescribed(reply, found.guid, found.name); err != nil {
		return err
	}
	listed, err := s.Operator().FindGroups(ctx, found.name)
	if err != nil {
		return err
	}
	err = check.GroupListed(listed, found.guid, found.name)
	found.listed = err == nil
	return err
}

// CheckMissing requires that the listing contains no group of the name, once the listing has shown
// a group of the scenario; and that the group cannot be read, if the scenario knows its guid.
func (g *Group) CheckMissing(ctx context.Context) error {
	s := g.groups.state
	if err := g.groups.requireListing(ctx, g.called); err != nil {
		return err
	}
	name := g.called
	if name != "" {
		name = s.groupName(name)
	}
	found, err := s.Operator().FindGroups(ctx, name)
	if err != nil {
		return err
	}
	if err := check.NoGroup(found, name); err != nil || !g.removed {
		return err
	}
	reply, err := s.Operator().Group(ctx, g.guid)
	if err != nil {
		return err
	}
	return check.GroupRemoved(reply, g.guid)
}

// requireListing blocks the scenario unless the listing of groups has shown a group of the
// scenario. A group other than the given one is looked for if necessary.
func (gs *Groups) requireListing(ctx context.Context, except string) error {
	for called, g := range gs.known {
		if g.listed || called != except && !g.removed && g.CheckExists(ctx) == nil {
			return nil
		}
	}
	return &verdict.Block{Reason: "the listing has shown no group of the scenario, so nothing follows from a listing without one", BySubject: true}
}

// CheckNoOwner requires that the group has no owner.
func (g *Group) CheckNoOwner(ctx context.Context) error { return g.checkOwner(ctx, nil) }

// CheckOwnedByOperator requires that the administrator owns the group.
func (g *Group) CheckOwnedByOperator(ctx context.Context) error {
	me, err := g.groups.state.Operator().Whoami(ctx)
	if err != nil {
		return err
	}
	return g.checkOwner(ctx, me.Text("guid"))
}

// CheckOwnedBy requires that a person owns the group.
func (g *Group) CheckOwnedBy(ctx context.Context, p *Person) error {
	guid, err := p.accountGUID()
	if err != nil {
		return err
	}
	return g.checkOwner(ctx, guid)
}

func (g *Group) checkOwner(ctx context.Context, guid any) error {
	g, err := g.require(ctx)
	if err != nil {
		return err
	}
	reply, err := g.groups.state.Operator().Group(ctx, g.guid)
	if err != nil {
		return err
	}
	return check.Owner(reply, g.guid, guid)
}

// Permit has the owner of content let the members of the group view it.
func (g *Group) Permit(ctx context.Context, c *Content) error {
	return require("the group " + g.called + " may view " + c.Name)(g.permit(ctx, c))
}

func (g *Group) permit(ctx context.Context, c *Content) (*driver.Reply, error) {
	g, err := g.require(ctx)
	if err != nil {
		return nil, err
	}
	return c.byOwner().PermitGroup(ctx, c.guid, g.guid, "viewer")
}

// CheckOnAccessList requires that the group is on the access list of content, or is not.
func (g *Group) CheckOnAccessList(ctx context.Context, c *Content, want bool) error {
	if g.guid == "" { // a removed group has one
		found, err := g.find(ctx)
		switch {
		case err != nil:
			return err
		case found == nil && want:
			return verdict.Broken("an access list with the group "+g.name, "no group of that name")
		case found == nil:
			return nil // a group that does not exist is on no list
		}
		g = found
	}
	permissions, err := c.byOwner().Permissions(ctx, c.guid)
	if err != nil {
		return err
	}
	return check.OnAccessList(permissions, g.guid, g.name, want)
}

// CheckOpens requires that a person can open content.
func (c *Content) CheckOpens(ctx context.Context, p *Person, lines ...driver.HeaderLine) error {
	visit, err := c.open(ctx, p, lines)
	if err != nil {
		return err
	}
	if visit.Report == nil {
		return verdict.Broken(c.Name+", opened by "+p.Name, "%s", visit.Reply.Summary())
	}
	c.state.Groups.opened[c] = true
	return nil
}

// CheckClosed requires that a person cannot open content, once a person could.
func (c *Content) CheckClosed(ctx context.Context, p *Person, lines ...driver.HeaderLine) error {
	visit, err := c.open(ctx, p, lines)
	switch {
	case err != nil:
		return err
	case !c.state.Groups.opened[c]:
		return &verdict.Block{Reason: "no person has opened " + c.Name + ", so nothing follows from a refusal", BySubject: true}
	case !visit.Reply.Refuses():
		return verdict.Broken("a refusal (4xx or 501) of "+p.Name, "%s", visit.Reply.Summary())
	}
	return nil
}

func (c *Content) open(ctx context.Context, p *Person, lines []driver.HeaderLine) (*driver.Visit, error) {
	b, err := p.User(ctx)
	if err != nil {
		return nil, err
	}
	return b.VisitWith(ctx, c.guid, lines...)
}

// HeaderLine returns a header line on the wire.
func (s *State) HeaderLine(h HeaderText) driver.HeaderLine { return s.line(h) }

// A GroupOperation is what the administrator does with groups and a server without groups does
// not do. Each time it is the same request, but for a name that must be new.
type GroupOperation func(ctx context.Context, s *State) (*driver.Reply, error)

// GroupOperations are those that scenarios try.
var GroupOperations = map[string]GroupOperation{
	"create a group": func(ctx context.Context, s *State) (*driver.Reply, error) {
		return s.Operator().CreateGroup(ctx, s.groupName(fmt.Sprintf("new%d", s.Recorder.Len())), "")
	},
	"list the groups": func(ctx context.Context, s *State) (*driver.Reply, error) { return s.Operator().ListGroups(ctx) },
	"read a group": withGroup(func(ctx context.Context, s *State, g *Group) (*driver.Reply, error) {
		return s.Operator().Group(ctx, g.guid)
	}),
	"list the members of a group": withGroup(func(ctx context.Context, s *State, g *Group) (*driver.Reply, error) {
		return s.Operator().MemberPage(ctx, g.guid)
	}),
	"let a group view content": withGroup(func(ctx context.Context, s *State, g *Group) (*driver.Reply, error) {
		for _, c := range s.contents {
			return g.permit(ctx, c)
		}
		return nil, missing("the scenario has no content")
	}),
}

// withGroup gives an operation the group that the scenario has created.
func withGroup(do func(ctx context.Context, s *State, g *Group) (*driver.Reply, error)) GroupOperation {
	return func(ctx context.Context, s *State) (*driver.Reply, error) {
		for _, g := range s.Groups.known {
			return do(ctx, s, g)
		}
		return nil, missing("the scenario has no group")
	}
}

// SignInWithManyGroups signs the person in with so many further groups. Whether that is granted is
// left to the server, which may also close the connection before it has read all of them.
func (p *Person) SignInWithManyGroups(ctx context.Context, n int) error {
	gs := &p.state.Groups
	gs.prefix, gs.sent = p.state.groupName("one-of-many")+"-", n
	b := p.newBrowser()
	lines := make([]driver.HeaderLine, n)
	for i := range lines {
		lines[i] = driver.HeaderLine{Name: b.Headers.Groups, Value: gs.prefix + strconv.Itoa(i)}
	}
	reply, err := b.SignInWith(ctx, lines...)
	var silence *driver.NoAnswer
	if errors.As(err, &silence) && silence.CutOff() {
		return nil
	}
	return p.trySignIn(b)(reply, err)
}

// CheckFewCreated requires that most of these groups were not created.
func (gs *Groups) CheckFewCreated(ctx context.Context) error {
	if err := gs.requireListing(ctx, ""); err != nil {
		return err
	}
	found, err := gs.state.Operator().GroupsWithPrefix(ctx, gs.prefix)
	if err != nil {
		return err
	}
	return check.FewGroups(found, gs.sent)
}

// Group operations that a person without rights tries, as an [Intrusion].

// CreateGroup returns the [Intrusion] of a person who creates a group.
func (s *State) CreateGroup(name GroupName) Intrusion {
	return func(ctx context.Context, b *driver.Persona) (*driver.Reply, error) {
		return b.CreateGroup(ctx, s.groupName(string(name)), "")
	}
}

// CreateAccountOf returns the [Intrusion] of a person who creates an account for another one.
func CreateAccountOf(other *Person) Intrusion {
	return func(ctx context.Context, b *driver.Persona) (*driver.Reply, error) {
		return b.CreateUser(ctx, driver.NewUser{Username: other.Identity().Username})
	}
}

// LockAccountOf returns the [Intrusion] of a person who locks the account of another one.
func LockAccountOf(other *Person) Intrusion {
	return func(ctx context.Context, b *driver.Persona) (*driver.Reply, error) {
		return b.LockUser(ctx, other.guid, true)
	}
}

// RenameBy returns the [Intrusion] of a person who renames the group.
func (g *Group) RenameBy() Intrusion {
	return func(ctx context.Context, b *driver.Persona) (*driver.Reply, error) {
		return b.RenameGroup(ctx, g.guid, g.groups.state.groupName("renamed"))
	}
}

// RemoveBy returns the [Intrusion] of a person who removes the group.
func (g *Group) RemoveBy() Intrusion {
	return func(ctx context.Context, b *driver.Persona) (*driver.Reply, error) { return b.DeleteGroup(ctx, g.guid) }
}

// Add returns the [Intrusion] of a person who adds themselves or another person to the group.
func (g *Group) Add(p *Person) Intrusion {
	return func(ctx context.Context, b *driver.Persona) (*driver.Reply, error) {
		return b.AddMember(ctx, g.guid, p.guid)
	}
}

// RemoveMemberBy returns the [Intrusion] of a person who ends the membership of another one in the
// group.
func (g *Group) RemoveMemberBy(other *Person) Intrusion {
	return func(ctx context.Context, b *driver.Persona) (*driver.Reply, error) {
		return b.RemoveMember(ctx, g.guid, other.guid)
	}
}
