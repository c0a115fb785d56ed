package steps

import (
	"context"
	"slices"
	"strings"

	"countersign/steps/driver"
)

// sayAssociations: which integrations content has, and how a publisher changes that through the API.
var sayAssociations = []sentence{
	{`the associations of {who} are {value}`, func(w *World, ctx context.Context, a []string) error {
		return w.associationsAre(ctx, a[0], a[1])
	}},
	{`{who} associates {who} with {who} by the documented command`, func(w *World, ctx context.Context, a []string) error {
		return w.associateAsDocumented(ctx, a[0], a[1], a[2])
	}},
	{`{who} associates content that does not exist with {who}`, func(w *World, ctx context.Context, a []string) error {
		p, i, err := w.pair(ctx, a[0], a[1])
		if err != nil {
			return err
		}
		return w.attempt(p.WithKey().Associate(ctx, nothing, i.guid))
	}},
	{`{who} associates {who} with an integration that does not exist`, func(w *World, ctx context.Context, a []string) error {
		i, err := w.item(a[1])
		if err != nil {
			return err
		}
		return w.attempt(i.owner.WithKey().Associate(ctx, i.guid, nothing))
	}},
	{`{who} asks for the list of integrations`, func(w *World, ctx context.Context, a []string) error {
		p, err := w.user(ctx, a[0])
		if err != nil {
			return err
		}
		_, reply, err := p.Integrations(ctx)
		if n, _ := reply.Entries(); n > 0 {
			w.attempts.granted = reply
		}
		w.attempts.item = nil
		return w.attempt(reply, err)
	}},
}

// nothing is a guid that nothing has.
const nothing = "00000000-0000-4000-8000-000000000000"

// associateAsDocumented sends what curl sends for the documented command: JSON under the media type of a form.
func (w *World) associateAsDocumented(ctx context.Context, who, short, with string) error {
	p, integration, err := w.pair(ctx, who, with)
	if err != nil {
		return err
	}
	i, err := w.item(short)
	if err != nil {
		return err
	}
	body := "[\n    {\"oauth_integration_guid\": \"" + integration.guid + "\"}\n]"
	return w.attempt(p.WithKey().AssociateAs(ctx, i.guid, "application/x-www-form-urlencoded", body))
}

// associationsAre compares the associations of an item with a list of names.
func (w *World) associationsAre(ctx context.Context, short, list string) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	var wanted []string
	for _, name := range strings.Split(list, ", ") {
		integration, err := w.integration(name)
		if err != nil {
			return err
		}
		wanted = append(wanted, integration.guid)
	}
	associated, reply, err := i.owner.WithKey().Associations(ctx, i.guid)
	if err != nil {
		return err
	}
	return compareAssociations(associated, wanted, reply)
}

// compareAssociations returns a violation unless the associations are those with the wanted integrations and no others.
func compareAssociations(associated []driver.Association, wanted []string, reply *driver.Reply) error {
	var got []string
	for _, a := range associated {
		got = append(got, a.IntegrationGUID)
	}
	slices.Sort(got)
	slices.Sort(wanted)
	if !slices.Equal(got, wanted) {
		return fail("associations with "+strings.Join(wanted, ", "), "%q: %s", got, reply.Summary())
	}
	return nil
}
