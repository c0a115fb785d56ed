package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// A group is one that the scenario has made, or has found in the listing. Names and unique
// ids are the scenario's own, like those of personas.
type group struct {
	name, guid string
	removed    bool
	listed     bool // the listing has shown it
}

// groupBook is what a scenario knows of groups: by what it calls them, which is the unique
// id where they have one, since names then need not differ.
type groupBook struct {
	known  map[string]*group
	member bool           // somebody was found to be a member of something
	opened map[*item]bool // somebody was let in
	prefix string         // of the groups that were sent in masses
	sent   int            // how many they were
}

func newGroupBook() groupBook {
	return groupBook{known: map[string]*group{}, opened: map[*item]bool{}}
}

// free says whether a group that is called so would not hide another.
func (b groupBook) free(called string) bool {
	g := b.known[called]
	return g == nil || g.removed
}

// sayGroups: groups, who is in them, what they may see.
var sayGroups = []sentence{
	{`a group {who}{identified}`, func(w *World, ctx context.Context, a []string) error {
		reply, err := w.makeGroup(ctx, a[0], a[1])
		w.attempts.granted = reply
		return granted("creating the group "+a[0])(reply, err)
	}},
	{`the administrator creates a group {who}{identified}`, func(w *World, ctx context.Context, a []string) error {
		return w.attempt(w.makeGroup(ctx, a[0], a[1]))
	}},
	{`the administrator renames the group {who} to {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.renameGroup(ctx, a[0], a[1])
	}},
	{`the administrator removes the group {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.removeGroup(ctx, a[0])
	}},
	{`the administrator adds {who} to the group {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.withMember(ctx, a[0], a[1], (*driver.Persona).AddMember)
	}},
	{`the administrator takes {who} out of the group {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.withMember(ctx, a[0], a[1], (*driver.Persona).RemoveMember)
	}},
	{`{who} {is} a member of {value}`, func(w *World, ctx context.Context, a []string) error {
		return w.memberships(ctx, a[0], a[2], a[1] == "is")
	}},
	{`there is {a} group {value}`, func(w *World, ctx context.Context, a []string) error {
		if a[0] == "no" {
			return w.groupIsGone(ctx, a[1])
		}
		return w.groupIsThere(ctx, a[1])
	}},
	{`the owner of the group {who} is {words}`, func(w *World, ctx context.Context, a []string) error {
		return w.groupOwner(ctx, a[0], a[1])
	}},
	{`the group {who} may view {who}`, func(w *World, ctx context.Context, a []string) error {
		return granted("the group " + a[0] + " may view " + a[1])(w.permitGroup(ctx, a[0], a[1]))
	}},
	{`the group {who} {is} on the access list of {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.onAccessList(ctx, a[0], a[2], a[1] == "is")
	}},
	{`{who} {can} open {who}{further}`, func(w *World, ctx context.Context, a []string) error {
		return w.opens(ctx, a[0], a[2], a[1] == "can", a[3])
	}},
	{`the administrator can {words}`, func(w *World, ctx context.Context, a []string) error {
		reply, err := w.manageGroups(ctx, a[0])
		w.attempts.granted = reply
		return granted("to "+a[0])(reply, err)
	}},
	{`the administrator tries to {words}`, func(w *World, ctx context.Context, a []string) error {
		return w.attempt(w.manageGroups(ctx, a[0]))
	}},
	{`{who} signs in with {n} groups`, func(w *World, ctx context.Context, a []string) error {
		return w.signInWithMany(ctx, a[0], a[1])
	}},
	{`most of the groups were not created`, func(w *World, ctx context.Context, _ []string) error { return w.mostWereNotCreated(ctx) }},
}

// makeGroup creates a group through the API and remembers it.
func (w *World) makeGroup(ctx context.Context, short, id string) (*driver.Reply, error) {
	called, uniqueID := short, ""
	if id != "" {
		called, uniqueID = id, w.group(id)
	}
	g := &group{name: w.group(short)}
	reply, err := w.operator().CreateGroup(ctx, g.name, uniqueID)
	if err != nil {
		return nil, err
	}
	if g.guid = reply.Text("guid"); reply.Is(2) && g.guid != "" && w.book.free(called) {
		w.book.known[called] = g
	}
	return reply, nil
}

// seek finds a group: one that the scenario has made, else one of that name in the
// listing. It is nil if there is none.
func (w *World) seek(ctx context.Context, short string) (*group, error) {
	if g := w.book.known[short]; g != nil && !g.removed {
		return g, nil
	}
	name := w.group(short)
	found, err := w.operator().FindGroups(ctx, name)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	g := &group{name: name, guid: found[0].GUID, listed: true}
	w.book.known[short] = g
	return g, nil
}

// mustSeek finds a group that a sentence builds on.
func (w *World) mustSeek(ctx context.Context, short string) (*group, error) {
	g, err := w.seek(ctx, short)
	if err == nil && g == nil {
		err = &verdict.Block{Reason: "there is no group " + w.group(short), BySubject: true}
	}
	return g, err
}

func (w *World) renameGroup(ctx context.Context, short, to string) error {
	g, err := w.mustSeek(ctx, short)
	if err != nil {
		return err
	}
	name := w.group(to)
	reply, err := w.operator().RenameGroup(ctx, g.guid, name)
	if err == nil && reply.Is(2) {
		w.attempts.granted = reply // what a renaming that is refused is held against
		g.name = name
		if w.book.free(to) {
			w.book.known[to] = g
		}
	}
	return w.attempt(reply, err)
}

func (w *World) removeGroup(ctx context.Context, short string) error {
	g, err := w.mustSeek(ctx, short)
	if err != nil {
		return err
	}
	reply, err := w.operator().DeleteGroup(ctx, g.guid)
	g.removed = err == nil && reply.Is(2)
	return w.attempt(reply, err)
}

func (w *World) withMember(ctx context.Context, who, short string,
	do func(*driver.Persona, context.Context, string, string) (*driver.Reply, error),
) error {
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	g, err := w.mustSeek(ctx, short)
	if err != nil {
		return err
	}
	return w.attempt(do(w.operator(), ctx, g.guid, p.guid))
}

// memberships compares the members of groups, as the administrator lists them. That
// somebody is no member is believed once the listing has shown that it shows members.
func (w *World) memberships(ctx context.Context, who, list string, want bool) error {
	p := w.personas[who]
	if p == nil || p.guid == "" {
		if tried := w.attempts.tried; tried != nil {
			return fail("a sign-in of "+who+" that gives the guid of the user", "%s", tried.Summary())
		}
		return &verdict.Trouble{Op: who + " has not signed in"}
	}
	for _, short := range strings.Split(list, ",") {
		short = strings.TrimSpace(short)
		g, err := w.mustSeek(ctx, short)
		if err != nil {
			return err
		}
		members, err := w.operator().Members(ctx, g.guid)
		if err != nil {
			return err
		}
		is := slices.ContainsFunc(members, func(u driver.User) bool { return u.GUID == p.guid })
		w.book.member = w.book.member || is
		switch {
		case is && !want:
			return fail(who+" is not a member of "+g.name, "a member")
		case !is && want:
			return fail(who+" is a member of "+g.name, "not among its %d members", len(members))
		}
	}
	if !w.book.member {
		return &verdict.Block{Reason: "nobody was seen to be a member of a group, so nothing follows from not being one", BySubject: true}
	}
	return nil
}

// groupIsThere reads the group, and finds it in the listing.
func (w *World) groupIsThere(ctx context.Context, short string) error {
	g, err := w.seek(ctx, short)
	if tried := w.attempts.tried; err != nil && tried.Is(4) {
		return fail("a group "+w.group(short), "%s", tried.Summary()) // it was not made, and cannot be looked for
	}
	if err != nil {
		return err
	}
	if g == nil {
		return fail("a group "+w.group(short), "none of that name")
	}
	reply, err := w.operator().Group(ctx, g.guid)
	if err != nil {
		return err
	}
	if !reply.Is(2) || reply.Text("guid") != g.guid || reply.Text("name") != g.name {
		return fail("the group "+g.name, "%s, called %q", reply.Summary(), reply.Text("name"))
	}
	found, err := w.operator().FindGroups(ctx, g.name)
	if err != nil {
		return err
	}
	g.listed = slices.ContainsFunc(found, func(f driver.Group) bool { return f.GUID == g.guid })
	if !g.listed {
		return fail("the group "+g.name+" in the listing", "%d others of that name", len(found))
	}
	return nil
}

// groupIsGone looks for a name in the listing, once the listing has shown a group of the
// scenario; and for the guid, if the scenario knows it.
func (w *World) groupIsGone(ctx context.Context, short string) error {
	if err := w.listingWorks(ctx, short); err != nil {
		return err
	}
	name := short
	if short != "" {
		name = w.group(short)
	}
	found, err := w.operator().FindGroups(ctx, name)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return fail(fmt.Sprintf("no group %q", name), "one with the guid %s", found[0].GUID)
	}
	g := w.book.known[short]
	if g == nil || !g.removed {
		return nil
	}
	reply, err := w.operator().Group(ctx, g.guid)
	if err == nil && !reply.Is(4) {
		return fail("no group with the guid "+g.guid, "%s", reply.Summary())
	}
	return err
}

// listingWorks proves that the listing of groups finds what is there.
func (w *World) listingWorks(ctx context.Context, but string) error {
	for short, g := range w.book.known {
		if g.listed {
			return nil
		}
		if short != but && !g.removed && w.groupIsThere(ctx, short) == nil {
			return nil
		}
	}
	return &verdict.Block{Reason: "the listing has shown no group of the scenario, so nothing follows from one that it does not show", BySubject: true}
}

// groupOwner wants "the administrator" or "nobody" for the owner of a group.
func (w *World) groupOwner(ctx context.Context, short, owner string) error {
	switch owner {
	case "nobody":
		return w.ownerIs(ctx, short, nil)
	case "the administrator":
		me, err := w.operator().Whoami(ctx)
		if err != nil {
			return err
		}
		return w.ownerIs(ctx, short, me.Text("guid"))
	}
	return &verdict.Trouble{Op: "no owner is known that is " + owner}
}

// ownerIs reads the guid of a group's owner, nil for none.
func (w *World) ownerIs(ctx context.Context, short string, want any) error {
	g, err := w.mustSeek(ctx, short)
	if err != nil {
		return err
	}
	reply, err := w.operator().Group(ctx, g.guid)
	if err != nil {
		return err
	}
	got, shown := reply.Object()["owner_guid"]
	if !reply.Is(2) || reply.Text("guid") != g.guid || !shown {
		return fail("a group that tells its owner", "%s", reply.Summary())
	}
	if got != want {
		return fail(fmt.Sprintf("the owner %v", want), "%v", got)
	}
	return nil
}

func (w *World) permitGroup(ctx context.Context, short, content string) (*driver.Reply, error) {
	i, err := w.item(content)
	if err != nil {
		return nil, err
	}
	g, err := w.mustSeek(ctx, short)
	if err != nil {
		return nil, err
	}
	return i.owner.WithKey().PermitGroup(ctx, i.guid, g.guid, "viewer")
}

func (w *World) onAccessList(ctx context.Context, short, content string, want bool) error {
	i, err := w.item(content)
	if err != nil {
		return err
	}
	g := w.book.known[short] // also one that is removed
	if g == nil {
		if g, err = w.seek(ctx, short); err != nil {
			return err
		}
	}
	switch {
	case g == nil && want:
		return fail("an access list with the group "+w.group(short), "no group of that name")
	case g == nil:
		return nil // what does not exist is on no list
	}
	permissions, err := i.owner.WithKey().Permissions(ctx, i.guid)
	if err != nil {
		return err
	}
	is := slices.ContainsFunc(permissions, func(p driver.Permission) bool {
		return p.PrincipalGUID == g.guid && p.PrincipalType == "group"
	})
	switch {
	case is && !want:
		return fail("an access list without the group "+g.name, "it is there")
	case !is && want:
		return fail("an access list with the group "+g.name, "%d others", len(permissions))
	}
	return nil
}

// opens makes a request to content. That somebody is kept out is believed once somebody
// was let in.
func (w *World) opens(ctx context.Context, who, content string, want bool, further string) error {
	i, err := w.item(content)
	if err != nil {
		return err
	}
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	lines, err := w.further(further)
	if err != nil {
		return err
	}
	visit, err := p.VisitWith(ctx, i.guid, lines...)
	if err != nil {
		return err
	}
	switch {
	case want && visit.Report == nil:
		return fail(content+", opened by "+who, "%s", visit.Reply.Summary())
	case want:
		w.book.opened[i] = true
	case !w.book.opened[i]:
		return &verdict.Block{Reason: "nobody has opened " + content + ", so nothing follows from being kept out", BySubject: true}
	case !visit.Reply.Refuses():
		return fail("a refusal (4xx or 501) of "+who, "%s", visit.Reply.Summary())
	}
	return nil
}

// further reads a header line that a client sends by itself. In its value <app> stands for
// the address of content that is called so, else for a name on the wire.
func (w *World) further(line string) ([]driver.HeaderLine, error) {
	if line == "" {
		return nil, nil
	}
	name, value, ok := strings.Cut(line, ": ")
	if !ok {
		return nil, &verdict.Trouble{Op: "read the header line " + line}
	}
	for short, i := range w.items {
		value = strings.ReplaceAll(value, "<"+short+">", w.instance.Address()+driver.ContentPath(i.guid))
	}
	return []driver.HeaderLine{{Name: name, Value: w.onTheWire(value)}}, nil
}

// manageGroups does something with groups that a server without groups does not do. Each
// time it is the same request, but for a name that must be new.
func (w *World) manageGroups(ctx context.Context, what string) (*driver.Reply, error) {
	if what == "create a group" {
		return w.operator().CreateGroup(ctx, w.group(fmt.Sprintf("new%d", w.recorder.Len())), "")
	}
	if what == "list the groups" {
		return w.operator().ListGroups(ctx)
	}
	for short, g := range w.book.known {
		switch what {
		case "read a group":
			return w.operator().Group(ctx, g.guid)
		case "list the members of a group":
			return w.operator().MemberPage(ctx, g.guid)
		case "let a group view content":
			for content := range w.items {
				return w.permitGroup(ctx, short, content)
			}
		}
	}
	return nil, &verdict.Trouble{Op: "the administrator cannot " + what}
}

// signInWithMany signs in with so many groups more. Whether that is granted is the server's
// affair; what comes of it is not. A server may also close the connection before it has
// read all of the groups: the limit is what the scenario is about.
func (w *World) signInWithMany(ctx context.Context, who, number string) error {
	n, err := strconv.Atoi(number)
	if err != nil {
		return &verdict.Trouble{Op: "count groups", Err: err}
	}
	w.book.prefix, w.book.sent = w.group("one-of-many")+"-", n
	lines := make([]driver.HeaderLine, n)
	for i := range lines {
		lines[i] = driver.HeaderLine{Name: w.instance.Configuration.Headers.Groups, Value: w.book.prefix + strconv.Itoa(i)}
	}
	p := w.stranger(who)
	reply, err := p.SignInWith(ctx, lines...)
	var silence *driver.NoAnswer
	if errors.As(err, &silence) && silence.CutOff() {
		return nil
	}
	return w.enter(p)(reply, err)
}

func (w *World) mostWereNotCreated(ctx context.Context) error {
	if err := w.listingWorks(ctx, ""); err != nil {
		return err
	}
	found, err := w.operator().GroupsWithPrefix(ctx, w.book.prefix)
	if err != nil {
		return err
	}
	distinct := map[string]bool{} // other scenarios create groups too, so a group may move to the next page of the listing
	for _, g := range found {
		distinct[g.GUID] = true
	}
	if 2*len(distinct) > w.book.sent {
		return fail(fmt.Sprintf("far fewer groups than the %d that were sent", w.book.sent), "%d", len(distinct))
	}
	return nil
}
