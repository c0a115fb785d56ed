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
			s, err := SignInAtProxy(ctx, i.Subject, how, driver.Identity{Username: "passage", UniqueID: "id-passage"}, "", nil)
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
	values := map[string]string{
		"username": i.Username, "unique_id": i.UniqueID, "first_name": i.FirstName, "last_name": i.LastName, "email": i.Email, "role": i.Role,
		"group1": "", "group2": "",
	}
	for n, group := range i.Groups {
		values[fmt.Sprintf("group%d", n+1)] = group
	}
	if len(how.Form) == 0 {
		var session ProxySession
		for _, name := range slices.Sorted(maps.Keys(how.Headers)) {
			session.Lines = append(session.Lines, driver.HeaderLine{Name: name, Value: how.Fill(how.Headers[name], values)})
		}
		return session, nil
	}
	form := url.Values{}
	for name, template := range how.Form {
		for value := range strings.SplitSeq(how.Fill(template, values), "\n") {
			if value != "" {
				form.Add(name, value)
			}
		}
	}
	login, err := driver.NewPersona(s, i.Username, i, plan.HeaderNames{}, r).WithoutIdentity().LogIn(ctx, page, how.Page, form)
	if err != nil {
		return ProxySession{}, err
	}
	session := ProxySession{Login: login}
	if login.Cookie != "" {
		session.Lines = []driver.HeaderLine{{Name: "Cookie", Value: login.Cookie}}
	}
	return session, nil
}
