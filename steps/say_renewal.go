package steps

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"countersign/fakeidp/control"
	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// sayRenewal: access tokens that expire, and what the server does with the refresh token then.
var sayRenewal = []sentence{
	{`the access tokens of the provider expire after {n} seconds`, func(w *World, ctx context.Context, a []string) error {
		return w.shortTokens(ctx, a[0])
	}},
	{`the provider does not say when access tokens expire`, func(w *World, ctx context.Context, _ []string) error {
		if w.provider != nil {
			return &verdict.Trouble{Op: "change what the provider says before the first integration"}
		}
		_, err := w.newIssuer(ctx, control.Issuer{OmitExpiresIn: true})
		return err
	}},
	{`the provider answers renewals {renewals}`, func(w *World, ctx context.Context, a []string) error {
		n, _ := strconv.Atoi(a[1]) // 0, which ends the trouble, where the provider answers again
		return w.troubles(ctx, control.Trouble{Status: n, Error: a[0], PlainText: a[2] != ""})
	}},
	{`the provider has renewed no access token`, func(w *World, ctx context.Context, _ []string) error {
		entries, err := w.journal(ctx)
		if err != nil {
			return err
		}
		return noneRenewed(entries)
	}},
	{`the access token of {who} has expired`, func(w *World, ctx context.Context, a []string) error {
		return w.tokenExpires(ctx, a[0])
	}},
	{`the provider ends what {who} has granted`, func(w *World, ctx context.Context, a []string) error {
		if w.provider == nil {
			return &verdict.Trouble{Op: "the scenario has no provider"}
		}
		_, err := w.provider.control.RevokeGrants(ctx, w.provider.issuer, a[0])
		return trouble("end the grants of an account", err)
	}},
	{`{who} visits {who} {n} times at once`, func(w *World, ctx context.Context, a []string) error {
		n, _ := strconv.Atoi(a[2])
		return w.visitsAtOnce(ctx, a[0], a[1], n)
	}},
	{`each visit of {who} obtains a token of {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.eachObtains(ctx, a[0], a[1])
	}},
	{`the provider has accepted each refresh token that was presented`, func(w *World, ctx context.Context, _ []string) error {
		return w.refreshesAccepted(ctx)
	}},
}

// shortTokens creates the scenario's issuer, which is not possible after an integration has been created.
func (w *World) shortTokens(ctx context.Context, seconds string) error {
	n, err := strconv.Atoi(seconds)
	if err != nil || w.provider != nil {
		return &verdict.Trouble{Op: "set the lifetime of access tokens before the first integration", Err: err}
	}
	p, err := w.newIssuer(ctx, control.Issuer{AccessTokenLifetime: n})
	if err == nil {
		p.lifetime = time.Duration(n) * time.Second
	}
	return err
}

// tokenExpires waits for the end of the access token that the provider issued last to an account.
func (w *World) tokenExpires(ctx context.Context, account string) error {
	entries, err := w.journal(ctx)
	if err != nil {
		return err
	}
	var issued time.Time
	for _, e := range entries {
		for _, one := range e.Issued {
			if one.Kind == control.KindAccessToken && e.Account == account {
				issued = e.Time
			}
		}
	}
	if issued.IsZero() || w.provider.lifetime == 0 {
		return &verdict.Block{Reason: "the provider has issued no token to " + account + " that expires soon", BySubject: true}
	}
	timer := time.NewTimer(time.Until(issued.Add(w.provider.lifetime)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return &verdict.Trouble{Op: "wait for the access token to expire", Err: context.Cause(ctx)}
	}
}

func (w *World) troubles(ctx context.Context, t control.Trouble) error {
	if w.provider == nil {
		return &verdict.Trouble{Op: "the scenario has no provider"}
	}
	return trouble("script the provider", w.provider.control.SetTrouble(ctx, w.provider.issuer, t))
}

// noneRenewed finds requests with a refresh token.
func noneRenewed(entries []entry) error {
	for _, e := range entries {
		if e.GrantType == control.GrantRefreshToken {
			return fail("no request with a refresh token", "one with the outcome %s", e.Outcome)
		}
	}
	return nil
}

func (w *World) visitsAtOnce(ctx context.Context, who, short string, n int) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	i.atOnce = make([]*driver.Visit, n)
	errs := make([]error, n)
	var wait sync.WaitGroup
	for k := range n {
		wait.Go(func() { i.atOnce[k], errs[k] = p.Visit(ctx, i.guid, w.questions()) })
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *World) eachObtains(ctx context.Context, short, account string) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	if len(i.atOnce) == 0 {
		return &verdict.Trouble{Op: short + " was not visited several times at once"}
	}
	for _, visit := range i.atOnce {
		i.saw(visit)
		if err := w.obtains(ctx, short, account); err != nil {
			return err
		}
	}
	return nil
}

// refreshesAccepted wants refresh tokens used, and none used that the provider has replaced: it takes the second use of one for
// theft and ends the grant.
func (w *World) refreshesAccepted(ctx context.Context) error {
	entries, err := w.journal(ctx)
	if err != nil {
		return err
	}
	accepted := 0
	for _, e := range entries {
		if e.GrantType != control.GrantRefreshToken {
			continue
		}
		if e.Outcome != "ok" {
			return fail("only refresh tokens that the provider accepts", "%s %s", e.Outcome, e.Detail)
		}
		accepted++
	}
	if accepted == 0 {
		return fail("a renewal with the refresh token", "%s", fmt.Sprintf("none in %d requests to the provider", len(entries)))
	}
	return nil
}
