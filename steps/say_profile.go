package steps

import (
	"context"

	"countersign/steps/driver"
)

// sayProfile: what the proxy knows of somebody, and what the server makes of it
// when they sign in.
var sayProfile = []sentence{
	{`{who} has the {header} {value} at the proxy`, func(w *World, _ context.Context, a []string) error {
		w.alter(a[0], func(i *driver.Identity) { set(i, a[1], w.own(a[1], a[2])) })
		return nil
	}},
	{`{who} is in the groups {value} at the proxy`, func(w *World, _ context.Context, a []string) error {
		w.alter(a[0], func(i *driver.Identity) { i.Groups = w.groups(a[1]) })
		return nil
	}},
	{`the {header} of {who} is {value}`, func(w *World, ctx context.Context, a []string) error {
		return w.attributeIs(ctx, a[1], a[0], w.own(a[0], a[2]))
	}},
}

// stored reads an account as the administrator sees it.
func (w *World) stored(ctx context.Context, short string) (driver.User, error) {
	p, err := w.user(ctx, short)
	if err != nil {
		return driver.User{}, err
	}
	reply, err := w.operator().User(ctx, p.guid)
	if err != nil {
		return driver.User{}, err
	}
	var user driver.User
	if !reply.Is(2) || reply.Decode(&user) != nil || user.GUID != p.guid {
		return driver.User{}, refused("reading the account of "+p.Identity.Username, reply)
	}
	return user, nil
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

func (w *World) attributeIs(ctx context.Context, who, name, want string) error {
	user, err := w.stored(ctx, who)
	if err != nil {
		return err
	}
	if got := attribute(user, name); got != want {
		return fail("the "+name+" "+want, "%q", got)
	}
	return nil
}
