package steps

import (
	"context"

	"countersign/steps/check"
	"countersign/steps/scenario"
	"countersign/steps/vocabulary"
)

// signInSteps sign people in through the proxy, and send headers that no correct proxy sends. A
// refusal is compared with a request of the same scenario that was granted.
var signInSteps = []vocabulary.Definition{
	vocabulary.Action(`{person} has signed in`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.RequireSignedIn(ctx)
	}),
	vocabulary.Action(`{person} signs in( again)`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.SignIn(ctx)
	}),
	vocabulary.Action(`{person} signs in( again) with a second {attribute} header for {person}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, a scenario.Attribute, other *scenario.Person) error {
			return p.SignInTwice(ctx, a, "", other)
		}),
	vocabulary.Action(`{person} signs in( again) with a second {attribute} header spelled {string} for {person}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, a scenario.Attribute, spelling string, other *scenario.Person) error {
			return p.SignInTwice(ctx, a, spelling, other)
		}),
	vocabulary.Action(`{person} makes a request with a second {attribute} header for {person}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, a scenario.Attribute, other *scenario.Person) error {
			return p.ContinueTwice(ctx, a, other)
		}),
	vocabulary.Action(`{person} signs in( again) with a {attribute} that is {malformation}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, a scenario.Attribute, m scenario.Malformation) error {
			return p.SignInMalformed(ctx, a, m)
		}),
	vocabulary.Action(`{person} signs in( again) with a {attribute} that is {framing}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, a scenario.Attribute, f scenario.Framing) error {
			return p.SignInFramed(ctx, a, f)
		}),
	vocabulary.Action(`{person} signs in( again) with a group that is {malformation}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, m scenario.Malformation) error {
			return p.SignInWithMalformedGroup(ctx, m)
		}),
	vocabulary.Action(`{person} signs in( again) with the username header spelled {string}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, spelling string) error {
			return p.SignInSpelled(ctx, spelling)
		}),
	vocabulary.Action(`{person} signs in( again) with her/his/their {attribute} alone`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, a scenario.Attribute) error {
			return p.SignInWithOnly(ctx, a)
		}),
	vocabulary.Action(`{person} signs in( again) with the further header {header line}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, h scenario.HeaderText) error {
			return p.SignInWith(ctx, h)
		}),
	vocabulary.Action(`{person} signs in( again) with her/his/their key and the further header {header line}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, h scenario.HeaderText) error {
			return p.SignInWithKey(ctx, h)
		}),
	vocabulary.Action(`{person} signs in as {person} in the same browser with the further header {header line}`,
		func(ctx context.Context, _ *scenario.State, p, other *scenario.Person, h scenario.HeaderText) error {
			return p.SignInAs(ctx, other, h)
		}),
	vocabulary.Action(`{person} signs in with {int} groups`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, n int) error {
		return p.SignInWithManyGroups(ctx, n)
	}),
	vocabulary.Action(`a user has signed in with the username {string}`, func(ctx context.Context, s *scenario.State, name string) error {
		return s.RequireSignInAsUsername(ctx, name)
	}),
	vocabulary.Action(`a user signs in with the username {string}`, func(ctx context.Context, s *scenario.State, name string) error {
		return s.SignInAsUsername(ctx, name)
	}),
	vocabulary.Action(`{person} has the cookie {string} in her/his/their browser`,
		func(_ context.Context, _ *scenario.State, p *scenario.Person, cookie string) error {
			return p.Bring(cookie)
		}),
	vocabulary.Action(`the administrator locks {person}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.Lock(ctx)
	}),

	vocabulary.Check(`{person} is signed in`, func(_ context.Context, _ *scenario.State, p *scenario.Person) error { return p.CheckSignedIn() }),
	vocabulary.Check(`the request is granted`, func(_ context.Context, s *scenario.State) error { return s.Compared.CheckGranted() }),
	vocabulary.Check(`the sign-in is granted to {string}`, func(_ context.Context, s *scenario.State, name string) error {
		return check.AnsweredTo(s.Compared.Tried, name)
	}),
	vocabulary.Check(`the request is answered to {person}`, func(_ context.Context, s *scenario.State, p *scenario.Person) error {
		return check.AnsweredTo(s.Compared.Tried, p.Identity().Username)
	}),
	vocabulary.Check(`the request is refused`, func(_ context.Context, s *scenario.State) error {
		return s.Compared.Refused()
	}),
	vocabulary.Check(`the request is refused or the client is asked to log in`, func(_ context.Context, s *scenario.State) error {
		return s.Compared.CheckAskedToLogIn()
	}),
	vocabulary.Check(`the request is refused without a redirect to a login page`, func(ctx context.Context, s *scenario.State) error {
		return s.CheckKeptHere(ctx)
	}),
	vocabulary.Check(`the request is refused with an error of the API`, func(_ context.Context, s *scenario.State) error {
		return s.Compared.APIError()
	}),
	vocabulary.Check(`the request is refused or shows nothing`, func(_ context.Context, s *scenario.State) error {
		return s.Compared.RefusedOrEmpty()
	}),
	vocabulary.Check(`the refusal repeats neither the name of the header nor a value`, func(_ context.Context, s *scenario.State) error {
		return s.Compared.CheckGeneric()
	}),
	vocabulary.Check(`the refusal sets no session cookie`, func(_ context.Context, s *scenario.State) error {
		return s.Compared.NoSessionCookie()
	}),
	vocabulary.Check(`the refusals look alike`, func(_ context.Context, s *scenario.State) error { return check.Alike(s.Compared.All) }),
	vocabulary.Check(`a following request without identity headers is anonymous`, func(ctx context.Context, s *scenario.State) error {
		return s.CheckNextAnonymous(ctx)
	}),
	vocabulary.Check(`a following request without identity headers from a new browser is anonymous`, func(ctx context.Context, s *scenario.State) error {
		return s.CheckNewBrowserAnonymous(ctx)
	}),
	vocabulary.Check(`the cookies that the server sets are {protection}`, func(_ context.Context, s *scenario.State, p check.CookieProperty) error {
		return check.Cookies(s.Compared.Tried, p)
	}),
}
