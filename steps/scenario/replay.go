package scenario

import (
	"context"

	"countersign/fakeidp/control"
	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/probe"
	"countersign/steps/verdict"
)

// visitToken is the placeholder of the probe for the session token of a visit.
const visitToken = "{header.Posit-Connect-User-Session-Token}"

// A sealedToken is the session token of a visit as the content has sealed it. The suite carries it to a later visit
// and never has the token itself.
type sealedToken struct{ key, sealed, digest string }

// VisitSealing is a visit during which the content obtains a token and seals the session token of the visit, for
// [Content.VisitReplaying].
func (c *Content) VisitSealing(ctx context.Context, visitor *driver.Persona) error {
	key := probe.NewSealKey()
	exchange := c.state.Questions()[0]
	err := c.VisitActing(ctx, visitor, []probe.Action{exchange, {Do: probe.DoSeal, Value: visitToken, Key: key}})
	if err != nil {
		return err
	}
	if err := c.RequireToken(); err != nil {
		return err
	}
	report, err := c.report()
	if err != nil {
		return err
	}
	if len(report.Results) != 2 || report.Results[1].Sealed == "" {
		reason := c.Name + " did not seal the token of its visit: " + report.Results[len(report.Results)-1].Error
		return &verdict.Block{Reason: reason, BySubject: true}
	}
	sealing := report.Results[1]
	c.earlier = &sealedToken{key: key, sealed: sealing.Sealed, digest: sealing.Digest}
	return nil
}

// VisitReplaying is a visit during which the content exchanges the token of the visit, and then that of the visit of
// [Content.VisitSealing].
func (c *Content) VisitReplaying(ctx context.Context, visitor *driver.Persona) error {
	if c.earlier == nil {
		return missing("%s has sealed no token of an earlier visit", c.Name)
	}
	return c.VisitActing(ctx, visitor, []probe.Action{
		c.state.Questions()[0],
		{Do: probe.DoOpen, Value: c.earlier.sealed, Key: c.earlier.key},
		driver.ExchangeAction("{opened}", driver.UserSessionToken),
	})
}

// Redeploy has the owner deploy the bundle of the content again, which has to succeed.
func (c *Content) Redeploy(ctx context.Context) error {
	return require("deploying " + c.Name + " again")(c.byOwner().Redeploy(ctx, c.guid, c.mode, c.state.Questions()))
}

// CheckReplayRefused requires that the last visit obtained a token of the account for itself, and none for the token of
// the earlier visit.
func (c *Content) CheckReplayRefused(ctx context.Context, account string) error {
	report, err := c.replayed()
	if err != nil {
		return err
	}
	if err := check.ReplayRefused(report, c.earlier.digest); err != nil {
		return err
	}
	return c.state.CheckJournal(ctx, func(journal []control.Entry) error { return check.OwnTokenOf(report, journal, account) })
}

// CheckReplayOf requires that the last visit obtained a token of the account for itself, and for the token of the earlier
// visit one of the earlier account or none.
func (c *Content) CheckReplayOf(ctx context.Context, account, earlier string) error {
	report, err := c.replayed()
	if err != nil {
		return err
	}
	return c.state.CheckJournal(ctx, func(journal []control.Entry) error {
		if err := check.ReplayOf(report, c.earlier.digest, journal, earlier); err != nil {
			return err
		}
		return check.OwnTokenOf(report, journal, account)
	})
}

// replayed returns the report of the last visit if the content sealed a token before.
func (c *Content) replayed() (*probe.Report, error) {
	if c.earlier == nil {
		return nil, missing("%s has sealed no token of an earlier visit", c.Name)
	}
	return c.report()
}

// CheckDifferentVisits requires that the last two visits were given different session tokens.
func (c *Content) CheckDifferentVisits() error {
	return check.DifferentVisitTokens(c.before, c.visit, c.Name)
}
