package steps

import (
	"context"
	"strings"

	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// sayRoles: groups as the proxy knows them, headers that nobody has configured,
// and people who are locked.
var sayRoles = []sentence{
	{`{who} is in the groups {value} at the proxy`, func(w *World, _ context.Context, a []string) error {
		w.alter(a[0], func(i *driver.Identity) { i.Groups = w.groups(a[1]) })
		return nil
	}},
	{`{who} signs in{again} with {keyand}the further header {value}`, func(w *World, ctx context.Context, a []string) error {
		if a[1] != "" {
			return w.signInBesideKey(ctx, a[0], a[2])
		}
		return w.signInBeside(ctx, a[0], a[2])
	}},
	{`{who} signs in as {who} in the same browser with the further header {value}`, func(w *World, ctx context.Context, a []string) error {
		p, err := w.user(ctx, a[0])
		if err != nil {
			return err
		}
		lines, err := w.further(a[2])
		if err != nil {
			return err
		}
		other := w.identity(a[1])
		p.others = append(p.others, other)
		return w.attempt(p.SignInAs(ctx, other, lines...))
	}},
	{`{who} is signed in`, func(w *World, _ context.Context, a []string) error { return w.isSignedIn(a[0]) }},
	{`the administrator locks {who}`, func(w *World, ctx context.Context, a []string) error {
		p, err := w.user(ctx, a[0])
		if err != nil {
			return err
		}
		reply, err := w.operator().LockUser(ctx, p.guid, true)
		if err == nil && !reply.Is(2) {
			return refused("locking "+p.Identity.Username, reply)
		}
		return err
	}},
}

// signInBeside signs in while the client sends a header line of its own, in which <engineers>
// stands for that name on the wire.
func (w *World) signInBeside(ctx context.Context, short, line string) error {
	lines, err := w.further(line)
	if err != nil {
		return err
	}
	p := w.stranger(short)
	if len(lines) == 1 && lines[0].Name == "Cookie" { // a browser sends one line with all its cookies
		name, value, _ := strings.Cut(lines[0].Value, "=")
		p.Bring(name, value)
		lines = nil
	}
	return w.enter(p)(p.SignInWith(ctx, lines...))
}

// signInBesideKey signs in from a new browser that sends the person's API key and a header
// line as well. Which of the two credentials counts is for the server to say.
func (w *World) signInBesideKey(ctx context.Context, short, line string) error {
	p, err := w.user(ctx, short)
	if err != nil {
		return err
	}
	lines, err := w.further(line)
	if err != nil {
		return err
	}
	lines = append(lines, driver.HeaderLine{Name: "Authorization", Value: "Key " + p.Key()})
	return w.attempt(w.stranger(short).SignInWith(ctx, lines...))
}

// isSignedIn wants the last sign-in to be one of that person.
func (w *World) isSignedIn(short string) error {
	reply, p := w.attempts.tried, w.personas[short]
	switch {
	case reply == nil:
		return &verdict.Trouble{Op: "nobody has tried to sign in"}
	case !reply.Is(2) || p == nil:
		return fail("a sign-in of "+w.name(short), "%s", reply.Summary())
	case !p.isIn(reply):
		return fail("a sign-in of "+p.Identity.Username, "%s, %q", reply.Summary(), reply.Text("username"))
	}
	return nil
}
