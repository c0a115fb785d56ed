package steps

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"countersign/steps/driver"
	"countersign/steps/plan"
)

// A persona is one of the people of a scenario: a browser, an identity that the
// proxy knows, and what the server made of it.
type persona struct {
	*driver.Persona
	short       string              // what the feature calls it; its account at the provider
	guid        string              // of its user
	credentials *driver.Credentials // of its deployment client
	signsBelow  *bool               // the deployment client signs paths below the base URL; nil until it is known
	others      []driver.Identity   // that have signed in with its browser
	earlier     string              // guid of its user before the last sign-in
	signedIn    *driver.Reply       // the last sign-in that was granted
	refused     *driver.Reply       // the last sign-in, if that was refused
	view        *driver.Reply       // what the server has last told the person about themselves
}

// identity is that of the short name: all attributes, each its own, so that a
// value that turns up somewhere says whose it is. Nobody has a role or groups
// unless the scenario says so.
func (w *World) identity(short string) driver.Identity {
	if i, said := w.identities[short]; said {
		return i
	}
	name := w.name(short)
	return driver.Identity{
		Username:  name,
		UniqueID:  "id-" + name,
		FirstName: strings.ToUpper(short[:1]) + short[1:],
		LastName:  "Of-" + w.suffix,
		Email:     name + "@example.com",
	}
}

// alter changes what the proxy knows of somebody, from their next sign-in on.
func (w *World) alter(short string, change func(*driver.Identity)) {
	i := w.identity(short)
	change(&i)
	w.identities[short] = i
}

// own is a value of an attribute on the wire. Names by which somebody is found
// are the scenario's own, an email by its local part; the others are literal.
func (w *World) own(attribute, value string) string {
	local, domain, isEmail := strings.Cut(value, "@")
	switch {
	case value == "":
	case attribute == "username", attribute == "unique id":
		return w.name(value)
	case attribute == "email" && isEmail:
		return w.name(local) + "@" + domain
	}
	return value
}

// operators is the group that the administrator of each instance is in.
const operators = "operators"

// group is the name on the wire of a group. One that the configuration of the
// scenario maps to a role is called what the configuration calls it, and that of
// the administrator has one name everywhere; any other is the scenario's own.
func (w *World) group(short string) string {
	if w.maps(short) || short == operators {
		return short
	}
	return w.name(short)
}

// maps reports whether a configuration of the scenario maps a group to a role, be it one
// with which the server is restarted later.
func (w *World) maps(group string) bool {
	all := append([]plan.Configuration{w.instance.Configuration, w.job.Scenario.Configuration}, w.job.Scenario.Further...)
	return slices.ContainsFunc(all, func(c plan.Configuration) bool { return c.Maps(group) })
}

// groups are the names on the wire of a list with commas, "" for none.
func (w *World) groups(list string) []string {
	var names []string
	for _, short := range strings.Split(list, ",") {
		if short = strings.TrimSpace(short); short != "" {
			names = append(names, w.group(short))
		}
	}
	return names
}

// set gives an identity the value of an attribute.
func set(i *driver.Identity, attribute, value string) {
	switch attribute {
	case "username":
		i.Username = value
	case "unique id":
		i.UniqueID = value
	case "first name":
		i.FirstName = value
	case "last name":
		i.LastName = value
	case "email":
		i.Email = value
	case "role":
		i.Role = value
	}
}

// stranger is a browser of the named person that has not been used: no cookie,
// no session.
func (w *World) stranger(short string) *persona {
	p := driver.NewPersona(w.instance.subject, short, w.identity(short), driver.HeaderNames(w.instance.Configuration.Headers), w.recorder)
	p.GroupsSeparator = w.instance.Configuration.GroupsSeparator
	return &persona{Persona: p, short: short}
}

// user is the named person, signed in. The first call signs in.
func (w *World) user(ctx context.Context, short string) (*persona, error) {
	p := w.personas[short]
	if p != nil && p.signedIn != nil {
		return p, nil
	}
	if p == nil {
		p = w.stranger(short)
		w.personas[short] = p
	}
	return p, p.mustSignIn(ctx)
}

func (p *persona) mustSignIn(ctx context.Context) error {
	reply, err := p.SignIn(ctx)
	if err != nil {
		return err
	}
	if !p.isIn(reply) {
		return refused("signing in as "+p.Identity.Username, reply)
	}
	p.entered(reply)
	return nil
}

// isIn says whether a reply describes the persona as the caller. Where the proxy
// sends no username the server makes one.
func (p *persona) isIn(reply *driver.Reply) bool {
	name := reply.Text("username")
	return reply.Is(2) && reply.Text("guid") != "" && name != "" && (name == p.Identity.Username || p.Headers.Username == "")
}

// entered notes what the server made of somebody who has signed in.
func (p *persona) entered(reply *driver.Reply) {
	p.earlier, p.guid = p.guid, reply.Text("guid")
	p.signedIn, p.view, p.refused = reply, reply, nil
}

// makeKey gives the persona an API key, as its owner does in the browser.
func (p *persona) makeKey(ctx context.Context) error {
	if p.HasKey() {
		return nil
	}
	reply, err := p.CreateKey(ctx, p.guid, "made by "+p.short)
	if err == nil && !p.HasKey() {
		return refused("making an API key for "+p.Identity.Username, reply)
	}
	return err
}

// publisher is a user whom the administrator has made a publisher, with a key.
func (w *World) publisher(ctx context.Context, short string) (*persona, error) {
	p, err := w.user(ctx, short)
	if err != nil {
		return nil, err
	}
	reply, err := w.operator().SetRole(ctx, p.guid, "publisher")
	if err != nil {
		return nil, err
	}
	if !reply.Is(2) {
		return nil, refused("making "+p.Identity.Username+" a publisher", reply)
	}
	return p, p.makeKey(ctx)
}

// An operator is the administrator of an instance, known by an API key.
type operator struct{ persona *driver.Persona }

// operator acts by its key, on the record of the scenario.
func (w *World) operator() *driver.Persona {
	return w.instance.operator.persona.On(w.recorder)
}

// manager is the named person, or the administrator where nobody is named.
func (w *World) manager(ctx context.Context, short string) (*driver.Persona, error) {
	if short == "" {
		return w.operator(), nil
	}
	p, err := w.user(ctx, short)
	if err != nil {
		return nil, err
	}
	return p.Persona, nil
}

// hire signs the operator in for the first time on a fresh instance and has it
// make an API key. It never signs in by header again. Every identity header
// that the configuration names is sent.
func (i *instance) hire(ctx context.Context, c plan.Configuration) error {
	identity := driver.Identity{
		Username: "operator", UniqueID: "id-operator", FirstName: "Olga", LastName: "Operator",
		Email: "operator@example.com", Role: "administrator", Groups: []string{operators},
	}
	p := &persona{Persona: driver.NewPersona(i.subject.WithoutProxy(), "operator", identity, driver.HeaderNames(c.Headers), nil), short: "operator"}
	switch err := p.mustSignIn(ctx); {
	case err != nil && ctx.Err() != nil:
		return waitEnded(ctx, "sign the operator in at "+i.Name())
	case err != nil:
		return i.blockedBySubject("the operator cannot sign in: %v", err)
	}
	switch err := p.makeKey(ctx); {
	case err != nil && ctx.Err() != nil:
		return waitEnded(ctx, "make the operator's API key at "+i.Name())
	case err != nil:
		return i.blockedBySubject("the operator cannot make an API key: %v", err)
	}
	i.operator = &operator{persona: p.WithKey().Through(i.subject)}
	return nil
}

// item, integration: see say_content.go and say_integrations.go.

func (w *World) item(short string) (*item, error) {
	if i := w.items[short]; i != nil {
		return i, nil
	}
	return nil, fmt.Errorf("no content is called %q in this scenario", short)
}

func (w *World) integration(short string) (*integration, error) {
	if i := w.integrations[short]; i != nil {
		return i, nil
	}
	return nil, fmt.Errorf("no integration is called %q in this scenario", short)
}
