package scenario

import (
	"context"
	"slices"

	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/probe"
	"countersign/steps/verdict"
)

// Content is an item that a person has published, and what its last visit or render reported.
type Content struct {
	Name string // in the feature

	state    *State
	guid     string
	mode     string
	owner    *Person
	share    string        // URL of a share link
	visit    *driver.Visit // the last
	before   *driver.Visit // the one before
	answered bool          // the content itself answered last
	atOnce   []*driver.Visit
	since    int // entries of the provider's journal when it was associated

	opened string        // URL with which a login at the page of the proxy began
	back   *driver.Reply // the last reply after it

	associated *Integration // the first of those with which it was associated last
	earlier    *sealedToken // of an earlier visit, nil unless the content sealed it
}

// Content returns the content with a name.
func (s *State) Content(name string) (*Content, error) {
	if c := s.contents[name]; c != nil {
		return c, nil
	}
	return nil, missing("no content is called %q in this scenario", name)
}

// A ContentName is the name of content that is published.
type ContentName string

// Publish has a publisher deploy content by API key, which has to succeed.
func (p *Person) Publish(ctx context.Context, mode string, name ContentName) error {
	reply, err := p.publish(ctx, mode, name, false, 0)
	if err == nil && p.state.contents[string(name)].guid == "" {
		return notGranted("publishing "+mode+" content", reply)
	}
	return err
}

// TryPublishSigned has a publisher deploy content by requests that are signed with deployment
// credentials, with a bundle of at least the given number of octets. If that is refused, a later step
// visits content that does not exist.
func (p *Person) TryPublishSigned(ctx context.Context, mode string, name ContentName, octets int) error {
	_, err := p.publish(ctx, mode, name, true, octets)
	return err
}

func (p *Person) publish(ctx context.Context, mode string, name ContentName, signed bool, octets int) (*driver.Reply, error) {
	s := p.state
	if !s.Target.Runs(mode) {
		return nil, &verdict.Inapplicable{Reason: "the target does not run " + mode + " content"}
	}
	owner, err := p.Publisher(ctx)
	if err != nil {
		return nil, err
	}
	client := owner.WithKey()
	if signed {
		below, err := p.signsPathBelow(ctx)
		if err != nil {
			return nil, err
		}
		client = owner.WithCredentials(p.credentials, below)
	}
	bundle, err := driver.LargeBundle(mode, s.Questions(), octets)
	if err != nil {
		return nil, &verdict.Trouble{Op: "make a bundle", Err: err}
	}
	guid, reply, err := client.PublishBundle(ctx, s.WireName(string(name)), bundle)
	if err != nil {
		return nil, err
	}
	s.contents[string(name)] = &Content{Name: string(name), state: s, guid: guid, mode: mode, owner: p}
	return reply, s.Compared.Try(reply, nil)
}

// byOwner returns the owner's client, which identifies itself by API key.
func (c *Content) byOwner() *driver.Persona { return c.owner.browser.WithKey() }

// Permit has the owner give a person a role for the content: "viewer" or "owner".
func (c *Content) Permit(ctx context.Context, p *Person, role string) error {
	if _, err := p.User(ctx); err != nil {
		return err
	}
	return require("to permit " + p.Name + " as " + role + " of " + c.Name)(c.byOwner().Permit(ctx, c.guid, p.guid, role))
}

// Forbid has the owner take a person off the access list of the content.
func (c *Content) Forbid(ctx context.Context, p *Person) error {
	if _, err := p.User(ctx); err != nil {
		return err
	}
	return require("to take " + p.Name + " off the access list of " + c.Name)(c.byOwner().Forbid(ctx, c.guid, p.guid))
}

// An AccessType says who may view content, as the API spells it.
type AccessType string

// The access types that scenarios use.
const (
	Anyone    AccessType = "all"
	EveryUser AccessType = "logged_in"
)

// SetAccess has the owner change who may view the content.
func (c *Content) SetAccess(ctx context.Context, a AccessType) error {
	return require("giving " + c.Name + " the access type " + string(a))(c.byOwner().SetAccess(ctx, c.guid, string(a)))
}

// Share has the owner make a share link to the content.
func (c *Content) Share(ctx context.Context) error {
	url, reply, err := c.makeShareLink(ctx, c.byOwner())
	if err == nil && url == "" {
		return notGranted("making a share link to "+c.Name, reply)
	}
	c.share = url
	return err
}

func (c *Content) makeShareLink(ctx context.Context, by *driver.Persona) (string, *driver.Reply, error) {
	target := c.state.Target
	if !target.Declares("share-links") {
		return "", nil, &verdict.Inapplicable{Reason: "the target declares no share links"}
	}
	return by.CreateShareLink(ctx, target.Endpoints.ShareLinks, c.guid)
}

// associate has a client put integrations on the content, and remembers where the provider's
// journal stood.
func (c *Content) associate(ctx context.Context, by *driver.Persona, with ...*Integration) (*driver.Reply, error) {
	var guids []string
	for _, i := range with {
		guids = append(guids, i.guid)
	}
	journal, err := c.state.journal(ctx)
	if err != nil {
		return nil, err
	}
	c.since = len(journal)
	if len(with) > 0 {
		c.associated = with[0]
	}
	return by.Associate(ctx, c.guid, guids...)
}

// RequireAssociation has the owner associate the content with integrations. Later requests are
// compared with that call.
func (c *Content) RequireAssociation(ctx context.Context, with ...*Integration) error {
	return c.state.Compared.Require("associating " + c.Name)(c.associate(ctx, c.byOwner(), with...))
}

// Associate has a person try to associate the content with an integration, by API key.
func (c *Content) Associate(ctx context.Context, p *Person, with *Integration) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	return c.state.Compared.Try(c.associate(ctx, b.WithKey(), with))
}

// ClearAssociations removes the associations of the content.
func (c *Content) ClearAssociations(ctx context.Context) error {
	return require("clearing the associations of " + c.Name)(c.byOwner().Associate(ctx, c.guid))
}

// unknownGUID is a guid that nothing has.
const unknownGUID = "00000000-0000-4000-8000-000000000000"

// AssociateUnknown has a person try to associate the content with an integration that does not
// exist.
func (c *Content) AssociateUnknown(ctx context.Context, p *Person) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	return c.state.Compared.Try(b.WithKey().Associate(ctx, c.guid, unknownGUID))
}

// AssociateUnknownContent tries to associate content that does not exist with an integration.
func (p *Person) AssociateUnknownContent(ctx context.Context, with *Integration) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	return p.state.Compared.Try(b.WithKey().Associate(ctx, unknownGUID, with.guid))
}

// AssociateAsDocumented sends what curl sends for the documented command: JSON under the media
// type of a form.
func (c *Content) AssociateAsDocumented(ctx context.Context, p *Person, with *Integration) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	body := "[\n    {\"oauth_integration_guid\": \"" + with.guid + "\"}\n]"
	return c.state.Compared.Try(b.WithKey().AssociateAs(ctx, c.guid, "application/x-www-form-urlencoded", body))
}

// CheckAssociations requires that the content is associated with these integrations and no others.
func (c *Content) CheckAssociations(ctx context.Context, with ...*Integration) error {
	associated, reply, err := c.byOwner().Associations(ctx, c.guid)
	if err != nil {
		return err
	}
	if !reply.Is(2) {
		return notGranted("listing the associations of "+c.Name, reply)
	}
	var wanted []string
	for _, i := range with {
		wanted = append(wanted, i.guid)
	}
	return check.Associations(associated, wanted, reply)
}

// report returns what the content reported of its last execution.
func (c *Content) report() (*probe.Report, error) { return check.Reported(c.visit, c.Name) }

// CheckAnswered requires that the content itself answered last.
func (c *Content) CheckAnswered() error {
	if !c.answered {
		return verdict.Broken("an answer of the content "+c.Name, "%s", c.state.Compared.Tried.Summary())
	}
	return nil
}

// CheckRows requires that the content got exactly these rows for its tokens.
func (c *Content) CheckRows(rows ...string) error {
	report, err := c.report()
	if err != nil {
		return err
	}
	return check.Rows(report, c.Name, rows)
}

// CheckReport judges the report of the content's last execution.
func (c *Content) CheckReport(judge func(*probe.Report) error) error {
	report, err := c.report()
	if err != nil {
		return err
	}
	return judge(report)
}

// CheckListed requires that a person finds the content in the list of content, or does not. That
// content is missing proves something once a request about content was granted.
func (c *Content) CheckListed(ctx context.Context, p *Person, want bool) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	listed, reply, err := b.Contents(ctx)
	if err != nil {
		return err
	}
	found, compared := slices.Contains(listed, c.guid), &c.state.Compared
	switch {
	case want && !found:
		return verdict.Broken(c.Name+" in the list of content", "%d others: %s", len(listed), reply.Summary())
	case want:
		compared.Granted = reply
	case compared.Granted == nil:
		return &verdict.Block{Reason: "no list has shown content, so nothing follows from a list without it", BySubject: true}
	case found || reply.Is(5):
		return verdict.Broken("no "+c.Name+" in the list of content of "+p.Name, "%s", reply.Summary())
	}
	return nil
}

// Give makes another person the owner of the content. A call that is granted is compared with
// later ones.
func (c *Content) Give(ctx context.Context, by *driver.Persona, to *Person) error {
	if _, err := to.User(ctx); err != nil {
		return err
	}
	reply, err := by.ChangeContent(ctx, c.guid, "owner_guid", to.guid)
	if err == nil && reply.Is(2) {
		c.state.Compared.Granted, c.owner = reply, to
	}
	return c.state.Compared.TryExcused(reply, err, check.Resource) // a transfer takes the content away
}

// An Operation is what a user does with content other than to visit it.
type Operation struct {
	do func(ctx context.Context, by *driver.Persona, c *Content) (*driver.Reply, error)
	// fresh are the parts of a request that need a value of their own each time.
	fresh []check.Part
}

// Require has a user do something with the content, which has to be granted. Later requests are
// compared with it.
func (c *Content) Require(ctx context.Context, by *driver.Persona, o Operation) error {
	return c.state.Compared.Require("an operation on " + c.Name)(o.do(ctx, by, c))
}

// Try has a user try something with the content.
func (c *Content) Try(ctx context.Context, by *driver.Persona, o Operation) error {
	reply, err := o.do(ctx, by, c)
	return c.state.Compared.TryExcused(reply, err, o.fresh...)
}

// Operations are those that scenarios try.
var Operations = map[string]Operation{
	"read": {do: func(ctx context.Context, by *driver.Persona, c *Content) (*driver.Reply, error) {
		return by.Content(ctx, c.guid)
	}},
	"rename": {do: func(ctx context.Context, by *driver.Persona, c *Content) (*driver.Reply, error) {
		return by.ChangeContent(ctx, c.guid, "title", c.state.WireName("renamed"))
	}},
	"open to everybody": {do: func(ctx context.Context, by *driver.Persona, c *Content) (*driver.Reply, error) {
		return by.SetAccess(ctx, c.guid, "all")
	}},
	"delete": {do: func(ctx context.Context, by *driver.Persona, c *Content) (*driver.Reply, error) {
		return by.DeleteContent(ctx, c.guid)
	}, fresh: []check.Part{check.Resource}},
	"clear the associations of": {do: func(ctx context.Context, by *driver.Persona, c *Content) (*driver.Reply, error) {
		return by.Associate(ctx, c.guid)
	}},
	"let a guest view": {do: func(ctx context.Context, by *driver.Persona, c *Content) (*driver.Reply, error) {
		guest := c.state.Person("guest")
		if _, err := guest.User(ctx); err != nil {
			return nil, err
		}
		return by.Permit(ctx, c.guid, guest.guid, "viewer")
	}},
	"share": {do: func(ctx context.Context, by *driver.Persona, c *Content) (*driver.Reply, error) {
		_, reply, err := c.makeShareLink(ctx, by)
		return reply, err
	}},
	"upload a bundle to":     {do: upload},
	"deploy":                 {do: deploy, fresh: []check.Part{check.Body}},               // the id of a new bundle
	"follow a deployment of": {do: followDeployment, fresh: []check.Part{check.Resource}}, // a new task
}

func upload(ctx context.Context, by *driver.Persona, c *Content) (*driver.Reply, error) {
	bundle, err := driver.Bundle(c.mode, c.state.Questions())
	if err != nil {
		return nil, &verdict.Trouble{Op: "make a bundle", Err: err}
	}
	return by.UploadBundle(ctx, c.guid, bundle)
}

// deploy deploys a bundle that the owner has uploaded.
func deploy(ctx context.Context, by *driver.Persona, c *Content) (*driver.Reply, error) {
	uploaded, err := upload(ctx, c.byOwner(), c)
	if err := require("uploading a bundle to "+c.Name)(uploaded, err); err != nil {
		return nil, err
	}
	return by.Deploy(ctx, c.guid, uploaded.Text("id"))
}

// followDeployment reads the task of a deployment that the owner has started.
func followDeployment(ctx context.Context, by *driver.Persona, c *Content) (*driver.Reply, error) {
	deployed, err := deploy(ctx, c.owner.browser, c)
	if err := require("deploying "+c.Name)(deployed, err); err != nil {
		return nil, err
	}
	return by.Task(ctx, deployed.Text("task_id"))
}
