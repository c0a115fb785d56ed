package steps

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// sayProfile: what the proxy knows of somebody, what the server keeps of it, and
// who may change that there. A change that is refused is held against one of the
// same scenario that was made.
var sayProfile = []sentence{
	{`{who} has {exactly}the {header} {value} at the proxy`, func(w *World, _ context.Context, a []string) error {
		value := a[3]
		if a[1] == "" {
			value = w.own(a[2], value)
		}
		w.alter(a[0], func(i *driver.Identity) { set(i, a[2], value) })
		return nil
	}},
	{`the {header} of {who} is {value}{suffixed}`, func(w *World, ctx context.Context, a []string) error {
		return w.attributeIs(ctx, a[1], a[0], w.own(a[0], a[2]), a[3] != "")
	}},
	{`{who} {changes} {their} {header} to {exactly}{value}`, func(w *World, ctx context.Context, a []string) error {
		return w.editBy(ctx, a[0], w.newEdit(a[0], a[1], a[2], a[3]))
	}},
	{`{manager} {changes} the {header} of {who} to {exactly}{value}`, func(w *World, ctx context.Context, a []string) error {
		return w.editBy(ctx, a[0], w.newEdit(a[2], a[1], a[3], a[4]))
	}},
	{`the account of {who} is found by its guid`, func(w *World, ctx context.Context, a []string) error { return w.foundByGUID(ctx, a[0]) }},
	{`the change is made`, func(w *World, ctx context.Context, _ []string) error { return w.changeIsMade(ctx) }},
	{`the change is refused`, func(w *World, ctx context.Context, _ []string) error { return w.changeIsRefused(ctx) }},
}

// stored reads an account as the administrator sees it. Whoever has neither
// signed in nor been given an account signs in first.
func (w *World) stored(ctx context.Context, short string) (driver.User, error) {
	p := w.personas[short]
	if p == nil {
		var err error
		if p, err = w.user(ctx, short); err != nil {
			return driver.User{}, err
		}
	}
	if p.refused != nil {
		return driver.User{}, fail("an account in which "+short+" is signed in", "%s", p.refused.Summary())
	}
	reply, err := w.operator().User(ctx, p.guid)
	if err != nil {
		return driver.User{}, err
	}
	if reply.Status == http.StatusNotFound {
		return driver.User{}, fail("an account of "+p.Identity.Username+" with the guid "+p.guid, "%s", reply.Summary())
	}
	var user driver.User
	if !reply.Is(2) || reply.Decode(&user) != nil || user.GUID != p.guid {
		return driver.User{}, refused("reading the account of "+p.Identity.Username, reply)
	}
	return user, nil
}

// foundByGUID reads an account as [World.stored] does. Here it is the server that fails if there is none.
func (w *World) foundByGUID(ctx context.Context, short string) error {
	p := w.personas[short]
	if p == nil || p.guid == "" {
		return &verdict.Trouble{Op: "no account is known of " + short}
	}
	reply, err := w.operator().User(ctx, p.guid)
	if err == nil && (!reply.Is(2) || reply.Text("guid") != p.guid) {
		return fail("the account with the guid "+p.guid, "%s", reply.Summary())
	}
	return err
}

// attribute is the value that an account has.
func attribute(u driver.User, name string) string {
	switch name {
	case "username":
		return u.Username
	case "unique id":
		return u.ExternalID
	case "first name":
		return u.FirstName
	case "last name":
		return u.LastName
	case "email":
		return u.Email
	}
	return u.Role
}

// attributeIs compares an attribute of an account as the administrator sees it,
// and a username also as the server has told it to whoever has it.
func (w *World) attributeIs(ctx context.Context, who, name, want string, suffixed bool) error {
	user, err := w.stored(ctx, who)
	if err != nil {
		return err
	}
	views := []string{attribute(user, name)}
	if view := w.personas[who].view; name == "username" && view != nil {
		views = append(views, view.Text("username"))
	}
	for _, got := range views {
		switch rest, found := strings.CutPrefix(got, want); {
		case suffixed && !(found && number.MatchString(rest)):
			return fail("the "+name+" "+want+" with a number behind it", "%q", got)
		case !suffixed && got != want:
			return fail("the "+name+" "+want, "%q", got)
		}
	}
	return nil
}

// number is what a server puts behind a username that is taken.
var number = regexp.MustCompile(`^[0-9]+$`)

// fields are the members of an account in the API, by what features call them.
var fields = map[string]string{
	"username": "username", "first name": "first_name", "last name": "last_name", "email": "email", "role": "user_role",
}

// An edit is somebody's attempt to change an attribute of an account.
type edit struct {
	who, name, value string // whose, what, to what
	before           string
	reply            *driver.Reply
	made             bool // it was found to be done
}

// newEdit is one to a value that is the scenario's own, or exactly the one said.
func (w *World) newEdit(who, name, exactly, value string) *edit {
	if exactly == "" {
		value = w.own(name, value)
	}
	return &edit{who: who, name: name, value: value}
}

// result reads what came of an edit.
func (e *edit) result(ctx context.Context, w *World) (string, error) {
	user, err := w.stored(ctx, e.who)
	if err != nil {
		return "", err
	}
	got := attribute(user, e.name)
	e.made = e.reply.Is(2) && got == e.value
	return got, nil
}

func (w *World) editBy(ctx context.Context, by string, e *edit) error {
	p, err := w.manager(ctx, by)
	if err != nil {
		return err
	}
	return w.edit(ctx, p, e)
}

// edit tries a change. What a scenario is given has to be done.
func (w *World) edit(ctx context.Context, by *driver.Persona, e *edit) error {
	user, err := w.stored(ctx, e.who)
	if err != nil {
		return err
	}
	if e.before = attribute(user, e.name); e.before == e.value {
		return &verdict.Block{Reason: "the " + e.name + " is " + e.value + " before it is changed", BySubject: true}
	}
	if e.reply, err = by.ChangeUser(ctx, user.GUID, fields[e.name], e.value); err != nil {
		return err
	}
	if e.reply.Is(2) {
		w.personas[e.who].view = nil // is no longer what it was
	}
	w.edits = append(w.edits, e)
	if w.step.Type == "Context" {
		return w.changeIsMade(ctx)
	}
	return nil
}

func (w *World) lastEdit() (*edit, error) {
	if len(w.edits) == 0 {
		return nil, &verdict.Trouble{Op: "nothing was changed"}
	}
	return w.edits[len(w.edits)-1], nil
}

func (w *World) changeIsMade(ctx context.Context) error {
	e, err := w.lastEdit()
	if err != nil {
		return err
	}
	got, err := e.result(ctx, w)
	if err == nil && !e.made {
		return fail("the "+e.name+" "+e.value, "%q after %s", got, e.reply.Summary())
	}
	return err
}

// changeIsRefused wants the value to stay. How the server says so is its own
// affair: it may answer that it has changed what may be changed, which is nothing.
func (w *World) changeIsRefused(ctx context.Context) error {
	e, err := w.lastEdit()
	if err != nil {
		return err
	}
	if len(w.edits) < 2 || !w.edits[len(w.edits)-2].made {
		return &verdict.Block{Reason: "no change was made that the refusal could be compared with", BySubject: true}
	}
	got, err := e.result(ctx, w)
	switch {
	case err != nil:
		return err
	case got != e.before:
		return fail("the "+e.name+" as it was, "+e.before, "%q after %s", got, e.reply.Summary())
	case !e.reply.Refuses() && !e.reply.Is(2):
		return fail("a refusal (4xx or 501), or an answer (2xx) that leaves the "+e.name, "%s", e.reply.Summary())
	}
	return nil
}
