package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"countersign/steps/check"
	"countersign/steps/instance"
	"countersign/steps/verdict"
)

// OpenAndLogIn opens a path in a browser without cookies, which the proxy sends to the login page, and
// signs a user in there.
func (x *Proxied) OpenAndLogIn(ctx context.Context, short, path string) error {
	how := *x.state.Target.Proxy.SignIn
	if len(how.Form) == 0 {
		return &verdict.Inapplicable{Reason: "the target has no login page"}
	}
	if err := x.requireGate(); err != nil {
		return err
	}
	x.asked = strings.ReplaceAll(path, "<prefix>", x.prefix())
	session, err := instance.SignInAtProxy(ctx, x.state.Instance.Subject, how, x.identity(short), x.asked, x.state.Recorder)
	if err != nil {
		return err
	}
	x.keepLogin(short, session)
	return nil
}

// CheckReturned requires that the login has led back to the URL with which it began.
func (x *Proxied) CheckReturned() error {
	if x.asked == "" {
		return missing("no user has signed in at the login page")
	}
	if want := x.state.Instance.Subject.Origin() + x.asked; x.returned != want {
		return verdict.Broken("a login that returns to "+want, "one that returns to %s", x.returned)
	}
	return nil
}

// CheckLoginAtOwnOrigin requires that the proxy redirects to a login page at its own public origin.
func (x *Proxied) CheckLoginAtOwnOrigin() error {
	own := x.state.Instance.Subject.Origin()
	return x.Check(func(p check.Passage) error {
		if err := check.AskedToLogIn(p); err != nil {
			return err
		}
		if to := p.Reply.Header.Get("Location"); p.Reply.Is(3) && !strings.HasPrefix(to, "/") && !strings.HasPrefix(to, own+"/") {
			return verdict.Broken("a redirect to a page of "+own, "one to %s", to)
		}
		return nil
	})
}

// ShareConnection sends requests of callers and users one after another on one connection. It opens a
// new one if the proxy closes it.
func (x *Proxied) ShareConnection(ctx context.Context, callers []Caller) error {
	x.all = nil
	conn, err := x.client("one connection").Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { conn.Close() }()
	for _, c := range callers {
		lines, err := x.credentials(ctx, c)
		if err != nil {
			return err
		}
		id := x.newID()
		if err := conn.Send("GET", x.octets(RawRequest{Method: "GET", Lines: lines, Keep: true}, id)); err != nil {
			return err
		}
		got, err := conn.Reply()
		if err != nil {
			return err
		}
		x.last = check.Passage{What: "the request of " + string(c), Reply: got, Arrived: x.state.Instance.Behind.Received(id)}
		x.all = append(x.all, x.last)
		if strings.EqualFold(got.Header.Get("Connection"), "close") {
			conn.Close()
			if conn, err = x.client("one connection").Connect(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// CheckOwnIdentities requires that the requests of the signed-in visitor arrived with the visitor's
// username, and the others without any.
func (x *Proxied) CheckOwnIdentities() error {
	names := x.identityNames()
	own := x.identity(SignedInVisitor).Username
	for _, p := range x.all {
		if strings.HasSuffix(p.What, string(signedIn)) {
			if err := check.Told(p, names, own); err != nil {
				return err
			}
			continue
		}
		if err := check.NotTold(p, names, own); err != nil {
			return err
		}
	}
	return nil
}

// RequestTogether sends n requests of two users at the same time.
func (x *Proxied) RequestTogether(ctx context.Context, n int, one, other string) error {
	lines := map[string][]string{}
	for _, short := range []string{one, other} {
		own, err := x.signIn(ctx, short)
		if err != nil {
			return err
		}
		lines[short] = own
	}
	x.all = make([]check.Passage, n)
	problems := make([]error, n)
	var wait sync.WaitGroup
	for i := range n {
		short, id := []string{one, other}[i%2], x.newID()
		wait.Go(func() {
			x.all[i], problems[i] = x.sendID(ctx, short, id, RawRequest{Method: "GET", Lines: slices.Clone(lines[short])})
		})
	}
	wait.Wait()
	return errors.Join(problems...)
}

// CheckEachOwn requires that each request arrived with the name of the user who sent it.
func (x *Proxied) CheckEachOwn() error {
	if len(x.all) == 0 {
		return missing("no requests were sent at the same time")
	}
	for _, p := range x.all {
		if err := check.Told(p, x.identityNames(), x.identity(p.What).Username); err != nil {
			return err
		}
	}
	return nil
}

// Restart restarts the server behind the proxy.
func (x *Proxied) Restart(ctx context.Context) error {
	if err := x.state.Instance.Behind.Restart(ctx); err != nil {
		return &verdict.Trouble{Op: fmt.Sprintf("restart the recording server at %s", x.state.Instance.Behind.Address()), Err: err}
	}
	return nil
}
