package scenario

import (
	"context"
	"net/url"
	"sync"

	"countersign/steps/check"
	"countersign/steps/driver"
)

// BeginLogin starts the login of the person to an integration.
func (p *Person) BeginLogin(ctx context.Context, i *Integration) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	return p.state.Compared.Try(b.BeginLogin(ctx, i.guid))
}

// RequireLoginBegun is [Person.BeginLogin] for a login that has to lead somewhere. Later requests
// are compared with it.
func (p *Person) RequireLoginBegun(ctx context.Context, i *Integration) error {
	if err := p.BeginLogin(ctx, i); err != nil {
		return err
	}
	c := &p.state.Compared
	if c.Granted = c.Tried; !c.Tried.Is(3) {
		return notGranted("beginning to log in to "+i.Name, c.Tried)
	}
	return nil
}

// BeginAnonymousLogin starts the login to the integration in a browser in which no user is signed in.
func (i *Integration) BeginAnonymousLogin(ctx context.Context) error {
	p := i.state.Person("anonymous")
	p.tried = i.state.Anonymous()
	return i.state.Compared.tryBy(p)(p.tried.BeginLogin(ctx, i.guid))
}

// BeginUnknownLogin starts the login to an integration that does not exist.
func (p *Person) BeginUnknownLogin(ctx context.Context) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	p.tried = b
	return p.state.Compared.tryBy(p)(b.BeginLogin(ctx, unknownGUID))
}

// CheckLoginEndsBefore requires that the browser is not sent to the provider.
func (s *State) CheckLoginEndsBefore(ctx context.Context) error {
	c := &s.Compared
	if c.person == nil {
		return missing("no person has begun to log in")
	}
	chain, err := c.person.tried.Follow(ctx, c.Tried)
	if err != nil {
		return err
	}
	return check.LoginEndsBefore(c.Granted, chain, s.ProviderURL)
}

// CheckSentToProvider requires that the browser was sent to the provider's authorization endpoint
// as the client of the integration.
func (i *Integration) CheckSentToProvider() error {
	return check.LeadsToProvider(i.state.Compared.Tried, i.state.issuer.url+"/authorize", i.clientID)
}

// TryLogin takes the person's browser through the whole login to an integration.
func (p *Person) TryLogin(ctx context.Context, i *Integration) error {
	b, err := p.atProvider(ctx)
	if err != nil {
		return err
	}
	return p.state.Compared.Try(b.CompleteLogin(ctx, i.guid, p.state.issuer.url, p.Name))
}

// atProvider returns the browser of the person, who has an account at the provider.
func (p *Person) atProvider(ctx context.Context) (*driver.Persona, error) {
	b, err := p.User(ctx)
	if err != nil {
		return nil, err
	}
	return b, p.state.issuer.account(ctx, p.Name)
}

// LogIn is [Person.TryLogin] for a login that has to succeed. How many sessions there are then is
// left to the rules about that.
func (p *Person) LogIn(ctx context.Context, i *Integration) error {
	if err := p.TryLogin(ctx, i); err != nil {
		return err
	}
	last := p.state.Compared.Tried
	if last.Is(4) || last.Is(5) {
		return notGranted(p.Name+" logging in to "+i.Name, last)
	}
	found, err := p.sessions(ctx, i)
	if err != nil {
		return err
	}
	return check.SomeLoggedIn(found, last.Summary())
}

// LogInFrom takes the person's browser through a login that begins at a departure, and keeps each
// reply.
func (p *Person) LogInFrom(ctx context.Context, i *Integration, from driver.Departure) error {
	b, err := p.atProvider(ctx)
	if err != nil {
		return err
	}
	p.state.loginChain, err = b.LoginChainFrom(ctx, i.guid, p.state.issuer.url, p.Name, from)
	return err
}

// CheckStayedAtServer requires that the redirects of that login led to the server and the provider
// only.
func (s *State) CheckStayedAtServer() error {
	return check.StaysAtServer(s.loginChain, s.Instance.Address(), s.ProviderURL+"/")
}

// CheckLoginEndsAtServer requires that the last login ended with a reply of the server.
func (s *State) CheckLoginEndsAtServer() error {
	return check.EndsAtServer(s.Compared.Tried, s.Instance.Address(), s.callback())
}

// LogInAtOnce takes several browsers of the person through the login at the same time. The server
// may refuse the callback of a login that another one has overtaken.
func (p *Person) LogInAtOnce(ctx context.Context, i *Integration, n int) error {
	first, err := p.atProvider(ctx)
	if err != nil {
		return err
	}
	browsers := []*driver.Persona{first}
	for len(browsers) < n {
		b, err := p.newSignedInBrowser(ctx)
		if err != nil {
			return err
		}
		browsers = append(browsers, b)
	}
	errs := make([]error, n)
	var wait sync.WaitGroup
	for k, b := range browsers {
		wait.Go(func() { _, errs[k] = b.CompleteLogin(ctx, i.guid, p.state.issuer.url, p.Name) })
	}
	wait.Wait()
	return firstError(errs)
}

// newSignedInBrowser returns another browser of the person, signed in.
func (p *Person) newSignedInBrowser(ctx context.Context) (*driver.Persona, error) {
	b := p.newBrowser()
	_, err := signInAsCaller(ctx, b)
	return b, err
}

// Authenticate takes the person's browser as far as the answer of the provider, which is kept.
func (p *Person) Authenticate(ctx context.Context, i *Integration) error {
	b, err := p.atProvider(ctx)
	if err != nil {
		return err
	}
	p.state.answerFor, p.state.answerBefore = p, p.state.answer
	p.state.answer, err = b.Authorize(ctx, i.guid, p.state.issuer.url, p.Name)
	return err
}

// An AnswerChange changes the parameters of the provider's answer. issuer is its issuer.
type AnswerChange func(query url.Values, issuer string)

// unchanged leaves the answer as it is.
func unchanged(url.Values, string) {}

// AnswerChanges are those that scenarios make.
var AnswerChanges = map[string]AnswerChange{
	"with the answer unchanged":     unchanged,
	"without the state":             func(q url.Values, _ string) { q.Del("state") },
	"with another state":            func(q url.Values, _ string) { q.Set("state", "0123456789abcdef0123456789abcdef") },
	"with an empty state":           func(q url.Values, _ string) { q.Set("state", "") },
	"with a second state":           func(q url.Values, _ string) { q.Add("state", "0123456789abcdef0123456789abcdef") },
	"without the code":              func(q url.Values, _ string) { q.Del("code") },
	"with an empty code":            func(q url.Values, _ string) { q.Set("code", "") },
	"with a second code":            func(q url.Values, _ string) { q.Add("code", "0123456789abcdef0123456789abcdef") },
	"with markup as the error":      func(q url.Values, _ string) { q.Del("code"); q.Set("error", check.ProviderMarkup) },
	"with an error beside the code": func(q url.Values, _ string) { q.Set("error", "access_denied") },
	"with the issuer of another provider": func(q url.Values, _ string) {
		q.Set("iss", "https://provider.example.com/")
	},
	"with another issuer of the same provider": func(q url.Values, issuer string) { q.Set("iss", issuer+"-other") },
}

// Return opens the callback with the changed answer of the provider, in the person's browser.
func (p *Person) Return(ctx context.Context, change AnswerChange) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	return p.returnIn(ctx, b, change)
}

// ReturnAnonymously takes the provider's answer to the server in a browser in which no user is
// signed in.
func (s *State) ReturnAnonymously(ctx context.Context) error {
	return s.Person("anonymous").returnIn(ctx, s.Anonymous(), unchanged)
}

// ReturnFor opens the callback in the person's browser with the answer that the provider gave
// another person.
func (p *Person) ReturnFor(ctx context.Context, other *Person) error {
	if p.state.answerFor != other {
		return missing("%s has not authenticated at the provider", other.Name)
	}
	return p.Return(ctx, unchanged)
}

// ReturnByPost submits the answer of the provider to the callback as a form with the method POST.
func (p *Person) ReturnByPost(ctx context.Context) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	if p.state.answer == nil {
		return missing("no person has authenticated at the provider")
	}
	return p.state.Compared.Try(b.ComeBackByPost(ctx, p.state.answer))
}

// ReturnWithStateBefore opens the callback with the last answer of the provider and the state of the answer before it,
// which belongs to another login.
func (p *Person) ReturnWithStateBefore(ctx context.Context) error {
	before := p.state.answerBefore
	if before == nil {
		return missing("no person has authenticated at the provider twice")
	}
	return p.Return(ctx, func(query url.Values, _ string) { query.Set("state", before.Query().Get("state")) })
}

// ReturnInNewBrowser opens the callback with the answer of the provider in another browser of the
// person.
func (p *Person) ReturnInNewBrowser(ctx context.Context) error {
	b, err := p.newSignedInBrowser(ctx)
	if err != nil {
		return err
	}
	return p.returnIn(ctx, b, unchanged)
}

func (p *Person) returnIn(ctx context.Context, b *driver.Persona, change AnswerChange) error {
	if p.state.answer == nil {
		return missing("no person has authenticated at the provider")
	}
	changed := *p.state.answer
	query := changed.Query()
	change(query, p.state.issuer.url)
	changed.RawQuery = query.Encode()
	return p.state.Compared.Try(b.ComeBack(ctx, &changed))
}

// LogOut logs the person out of an integration.
func (p *Person) LogOut(ctx context.Context, i *Integration) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	return p.state.Compared.Try(b.Logout(ctx, i.guid))
}

// LogOutAnonymously opens the logout endpoint in a browser in which no user is signed in.
func (i *Integration) LogOutAnonymously(ctx context.Context) error {
	return i.state.Compared.Try(i.state.Anonymous().Logout(ctx, i.guid))
}

// LoadLogout has a page of another site make the person's browser load the logout of an
// integration.
func (p *Person) LoadLogout(ctx context.Context, i *Integration) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	return p.state.Compared.Try(b.LoadLogout(ctx, i.guid))
}

// CheckSentToLogIn requires that the content redirects the person's browser to the login to an
// integration.
func (c *Content) CheckSentToLogIn(ctx context.Context, p *Person, i *Integration) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	visit, err := b.Navigate(ctx, c.guid)
	if err != nil {
		return err
	}
	return check.LeadsToLogin(visit.Reply, c.state.Instance.Address()+"__oauth__/integrations/"+i.guid+"/login")
}

// CheckOpenedAtOnce requires that the content itself answers a top-level navigation.
func (c *Content) CheckOpenedAtOnce(ctx context.Context, visitor *driver.Persona) error {
	visit, err := visitor.Navigate(ctx, c.guid)
	if err != nil {
		return err
	}
	_, err = check.Reported(visit, c.Name)
	return err
}

// OpenAndLogIn opens the content as a browser does, and goes through the login to which that leads.
func (c *Content) OpenAndLogIn(ctx context.Context, p *Person) error {
	b, err := p.atProvider(ctx)
	if err != nil {
		return err
	}
	issuer := c.state.issuer.url
	if err := b.SignInAtProvider(ctx, issuer, p.Name); err != nil {
		return err
	}
	provider, err := url.Parse(issuer)
	if err != nil {
		return err
	}
	return c.tryVisit(b.NavigateAndFollow(ctx, c.guid, provider))
}
