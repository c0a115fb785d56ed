package instance

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"countersign/steps/arrival"
	"countersign/steps/driver"
	"countersign/steps/plan"
	"countersign/steps/target"
	"countersign/steps/transcript"
	"countersign/steps/verdict"
)

// joinProxy connects the instance to a proxy under test. A proxy that the suite does not configure
// serves only the scenarios of the configuration that its target describes.
func (i *Instance) joinProxy(ctx context.Context, p target.Proxy, behind arrival.Server) error {
	if !p.IsOwn() {
		own, err := p.Configuration()
		if err != nil {
			return &verdict.Trouble{Op: "read the options of the server behind the proxy", Err: err}
		}
		if !own.Same(i.Configuration) {
			return &verdict.Inapplicable{Reason: "the server behind the proxy has another configuration"}
		}
		i.address = p.Address(i.FrontListen)
	}
	if p.Flavour == documented && !isPrinted(i.Configuration.Headers.Username) {
		return &verdict.Inapplicable{Reason: "the documented examples send the username in another header"}
	}
	subject, err := driver.NewSubject(i.Address(), "", i.Front)
	if err != nil {
		return &verdict.Trouble{Op: "reach the proxy under test", Err: err}
	}
	i.Subject, i.Behind = subject, behind
	return i.checkPassage(ctx, *p.SignIn)
}

// documented is the flavour of the printed examples, which send the username in the header that is
// the default of the server.
const documented = "documented"

func isPrinted(username string) bool { return strings.EqualFold(username, "X-Auth-Username") }

// checkPassage returns a block unless a request with an API key, with a deployment token or of a
// user who is signed in passes the proxy and reaches the recording server with its id. Every
// scenario builds on that.
func (i *Instance) checkPassage(ctx context.Context, how target.SignIn) error {
	var last *driver.Reply
	for n, lines := range [][]driver.HeaderLine{{{Name: "Authorization", Value: "Key passage"}}, {{Name: "X-Auth-Token", Value: "passage"}}, nil} {
		if lines == nil {
			user, known := UserOf(how, 0)
			if !known {
				user = driver.Identity{Username: "passage", UniqueID: "id-passage"}
			}
			s, err := SignInAtProxy(ctx, i.Subject, how, user, "", nil)
			if err != nil {
				return i.passageFailed(ctx, err)
			}
			lines = s.Lines
		}
		id := fmt.Sprintf("passage-%s-%d", i.ID, n)
		client := driver.NewPersona(i.Subject, "client", driver.Identity{}, plan.HeaderNames{}, nil).WithoutIdentity()
		reply, err := client.Call(ctx, "GET", "passage", nil, append(lines, driver.HeaderLine{Name: arrival.HeaderID, Value: id})...)
		if err != nil {
			return i.passageFailed(ctx, err)
		}
		if len(i.Behind.Received(id)) > 0 {
			return nil
		}
		last = reply
	}
	return i.blockedBySubject("no request with an API key, with a deployment token or of a user who is signed in reaches the recording server at %s with its header %s: the last one got %s; correct the upstream of the proxy and the sign-in of the target",
		i.Behind.Address(), arrival.HeaderID, last.Summary())
}

func (i *Instance) passageFailed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return waitEnded(ctx, "send a request through the proxy under test")
	}
	return i.blockedBySubject("the proxy gives no answer: %v", err)
}

// A ProxySession is what a user has after signing in at a proxy.
type ProxySession struct {
	Lines []driver.HeaderLine // of each request of the user
	Login *driver.ProxyLogin  // the login at the page of the proxy, nil if there is no page
}

// SignInAtProxy signs a user in. page is the target of the request that leads to the login page; ""
// is the public address. The session has no lines if the proxy does not let the user in.
func SignInAtProxy(ctx context.Context, s driver.Subject, how target.SignIn, i driver.Identity, page string, r *transcript.Recorder) (ProxySession, error) {
	if len(how.Form) == 0 {
		var session ProxySession
		values := valuesOf(how, i)
		for _, name := range slices.Sorted(maps.Keys(how.Headers)) {
			session.Lines = append(session.Lines, driver.HeaderLine{Name: name, Value: how.Fill(how.Headers[name], values)})
		}
		return session, nil
	}
	return sessionOf(browserOf(s, i, r).LogIn(ctx, page, how.Page, formOf(how, i)))
}

// SignInFrom signs a user in at the login page of a proxy that has one, to which the browser comes from
// another page by a link. referer is the URL of that page, and page the path of the login page.
func SignInFrom(ctx context.Context, s driver.Subject, how target.SignIn, i driver.Identity, referer, page string, r *transcript.Recorder) (ProxySession, error) {
	return sessionOf(browserOf(s, i, r).LogInFrom(ctx, referer, page, formOf(how, i)))
}

// UserOf returns the identity of a user that the target names, and whether it names that many.
func UserOf(how target.SignIn, n int) (driver.Identity, bool) {
	if n < 0 || n >= len(how.Users) {
		return driver.Identity{}, false
	}
	u := how.Users[n]
	return driver.Identity{
		Username: u.Username, UniqueID: u.UniqueID, FirstName: u.FirstName, LastName: u.LastName,
		Email: u.Email, Role: u.Role, Groups: u.Groups,
	}, true
}

// browserOf returns the browser of a user, without cookies.
func browserOf(s driver.Subject, i driver.Identity, r *transcript.Recorder) *driver.Persona {
	return driver.NewPersona(s, i.Username, i, plan.HeaderNames{}, r).WithoutIdentity()
}

// sessionOf returns the session of a user after a login.
func sessionOf(login *driver.ProxyLogin, err error) (ProxySession, error) {
	if err != nil {
		return ProxySession{}, err
	}
	session := ProxySession{Login: login}
	if login.Cookie != "" {
		session.Lines = []driver.HeaderLine{{Name: "Cookie", Value: login.Cookie}}
	}
	return session, nil
}

// valuesOf returns the values of the placeholders of a sign-in for an identity.
func valuesOf(how target.SignIn, i driver.Identity) map[string]string {
	values := map[string]string{
		"username": i.Username, "unique_id": i.UniqueID, "first_name": i.FirstName, "last_name": i.LastName, "email": i.Email, "role": i.Role,
		"group1": "", "group2": "",
	}
	for _, u := range how.Users {
		if u.Username == i.Username && u.UniqueID == i.UniqueID {
			values["password"], values["basic"] = u.Password, u.Basic()
		}
	}
	for n, group := range i.Groups {
		values[fmt.Sprintf("group%d", n+1)] = group
	}
	return values
}

// formOf returns the fields of the login page for an identity.
func formOf(how target.SignIn, i driver.Identity) url.Values {
	values := valuesOf(how, i)
	form := url.Values{}
	for name, template := range how.Form {
		for value := range strings.SplitSeq(how.Fill(template, values), "\n") {
			if value != "" {
				form.Add(name, value)
			}
		}
	}
	return form
}
