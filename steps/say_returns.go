package steps

import (
	"context"
	"net/url"

	"countersign/steps/verdict"
)

// sayReturns: browsers that come back from the provider, with its answer or with another.
var sayReturns = []sentence{
	{`{who} has authenticated at the provider of {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.authenticates(ctx, a[0], a[1])
	}},
	{`{who} returns from the provider {altered}`, func(w *World, ctx context.Context, a []string) error {
		return w.returns(ctx, a[0], a[1])
	}},
}

// authenticates takes a browser as far as the answer of the provider, which it keeps.
func (w *World) authenticates(ctx context.Context, who, with string) error {
	p, i, err := w.pair(ctx, who, with)
	if err != nil {
		return err
	}
	if err := w.provider.account(ctx, who); err != nil {
		return err
	}
	w.answer, err = p.Authorize(ctx, i.guid, w.provider.url, who)
	return err
}

// returns opens the callback with the answer of the provider, altered as the words say. The browser that does so need
// not be the one that the answer is for.
func (w *World) returns(ctx context.Context, who, how string) error {
	if w.answer == nil {
		return &verdict.Trouble{Op: "nobody has authenticated at the provider"}
	}
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	if how == "in another browser" {
		p = w.stranger(who)
		if err := p.mustSignIn(ctx); err != nil {
			return err
		}
	}
	return w.attempt(p.ComeBack(ctx, alterAnswer(w.answer, w.provider.url, how)))
}

// alterAnswer returns the answer of the provider at issuer with the parameters that the words name changed.
func alterAnswer(answer *url.URL, issuer, how string) *url.URL {
	altered := *answer
	query := altered.Query()
	switch how {
	case "without the state":
		query.Del("state")
	case "with another state":
		query.Set("state", "0123456789abcdef0123456789abcdef")
	case "without the code":
		query.Del("code")
	case "with an error beside the code":
		query.Set("error", "access_denied")
	case "with the issuer of another provider":
		query.Set("iss", "https://provider.example.com/")
	case "with another issuer of the same provider":
		query.Set("iss", issuer+"-other")
	}
	altered.RawQuery = query.Encode()
	return &altered
}
