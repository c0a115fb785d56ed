package steps

import (
	"context"
	"net/http"

	"countersign/steps/probe"
	"countersign/steps/verdict"
)

// sayExchanges: exchanges that differ from the usual one in one thing.
var sayExchanges = []sentence{
	{`{who} visits {who}, whose exchange {differs}`, func(w *World, ctx context.Context, a []string) error {
		value, field := a[2], a[3]
		switch field {
		case "": // made with another key
			p, err := w.publisher(ctx, a[4])
			if err != nil {
				return err
			}
			return w.visitsAsking(ctx, a[0], a[1], func(exchange *probe.Action) { exchange.Headers["Authorization"] = "Key " + p.Key() })
		case "audience":
			i, err := w.integration(value)
			if err != nil {
				return err
			}
			value = i.guid
		}
		return w.visitsAsking(ctx, a[0], a[1], func(exchange *probe.Action) { exchange.Form[field] = value })
	}},
	{`{who} visits {who}, and the administrator locks {who} between two exchanges`, func(w *World, ctx context.Context, a []string) error {
		return w.locksBetween(ctx, a[0], a[1], a[2])
	}},
	{`{who} obtains a token in the first exchange and none in the second`, func(w *World, _ context.Context, a []string) error {
		i, err := w.item(a[0])
		if err != nil {
			return err
		}
		report, err := i.report()
		if err != nil {
			return err
		}
		return tokenThenNone(report)
	}},
}

// visitsAsking is a visit whose exchanges are changed.
func (w *World) visitsAsking(ctx context.Context, who, short string, change func(exchange *probe.Action)) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	visitor, err := w.visitor(ctx, who)
	if err != nil {
		return err
	}
	actions := w.questions()
	for n := range actions {
		if actions[n].As == probe.AsExchange {
			change(&actions[n])
		}
	}
	visit, err := visitor.Visit(ctx, i.guid, actions)
	i.saw(visit)
	return w.visited(i, err)
}

// locksBetween is one visit during which content asks for the token of its visitor, the administrator locks an account,
// and content asks again. The call of the administrator is made by the content too, so that it falls between the two.
func (w *World) locksBetween(ctx context.Context, who, short, locked string) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	visitor, err := w.visitor(ctx, who)
	if err != nil {
		return err
	}
	account, err := w.user(ctx, locked)
	if err != nil {
		return err
	}
	ask := w.questions()[:1]
	lock := probe.Action{
		Do: probe.DoCall, Method: http.MethodPost, URL: "{env.CONNECT_SERVER}__api__/v1/users/" + account.guid + "/lock",
		Headers: map[string]string{"Authorization": "Key " + w.operator().Key(), "Content-Type": "application/json"},
		Body:    `{"locked":true}`,
	}
	visit, err := visitor.Visit(ctx, i.guid, append(append(ask, lock), w.questions()[:1]...))
	i.saw(visit)
	return w.visited(i, err)
}

// tokenThenNone judges the report of locksBetween.
func tokenThenNone(report *probe.Report) error {
	results := report.Results
	if len(results) != 3 {
		return &verdict.Trouble{Op: "the visit was not one with a change between two exchanges"}
	}
	before, change, after := results[0], results[1], results[2]
	switch {
	case before.Token == "" || change.Status/100 != 2:
		return &verdict.Block{Reason: "the first exchange, or the change after it, was not granted", BySubject: true}
	case after.Token != "":
		return fail("no token in the second exchange", "one")
	case after.Status/100 != 4 && after.Status != http.StatusNotImplemented:
		return fail("a refusal of the second exchange (4xx or 501)", "status %d", after.Status)
	}
	return nil
}
