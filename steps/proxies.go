package steps

import (
	"context"
	"errors"
	"fmt"

	messages "github.com/cucumber/messages/go/v21"

	"countersign/steps/check"
	"countersign/steps/scenario"
	"countersign/steps/vocabulary"
)

// proxySteps send requests through a proxy under test and judge what reaches the recording server
// behind it. In paths and headers <prefix> stands for the public path that the proxy removes.
var proxySteps = []vocabulary.Definition{
	vocabulary.Action(`{caller} sends {request kind} through the proxy`, func(ctx context.Context, s *scenario.State, c scenario.Caller, kind scenario.RequestKind) error {
		return s.Proxied.Request(ctx, c, kind)
	}),
	vocabulary.Action(`the documented {printed example} example is under test`, func(_ context.Context, s *scenario.State, kind scenario.PrintedExample) error {
		return s.Proxied.RequirePrinted(kind)
	}),
	vocabulary.Action(`{caller} requests the path {string} through the proxy`, func(ctx context.Context, s *scenario.State, c scenario.Caller, path string) error {
		return s.Proxied.RequestPath(ctx, c, path, false)
	}),
	vocabulary.Action(`{caller} opens a WebSocket at the path {string} through the proxy`, func(ctx context.Context, s *scenario.State, c scenario.Caller, path string) error {
		return s.Proxied.RequestPath(ctx, c, path, true)
	}),
	vocabulary.Action(`{caller} requests a page through the proxy with the headers:`, func(ctx context.Context, s *scenario.State, c scenario.Caller, headers []scenario.HeaderText) error {
		return s.Proxied.RequestWith(ctx, c, headers, false)
	}),
	vocabulary.Action(`{caller} requests a page through the proxy by {HTTP version} with the headers:`, func(ctx context.Context, s *scenario.State, c scenario.Caller, v scenario.HTTPVersion, headers []scenario.HeaderText) error {
		return s.Proxied.RequestWith(ctx, c, headers, v == scenario.HTTP2)
	}),
	vocabulary.Action(`{caller} sends a request with {framing oddity} and a hidden request through the proxy`,
		func(ctx context.Context, s *scenario.State, c scenario.Caller, oddity scenario.FramingOddity) error {
			return s.Proxied.Hide(ctx, c, oddity)
		}),
	vocabulary.Action(`{caller} sends a request through the proxy to a server that accepts no connections`, func(ctx context.Context, s *scenario.State, c scenario.Caller) error {
		return s.Proxied.RequestUnanswered(ctx, c)
	}, "alone"),
	vocabulary.Action(`a visitor with {int} octets of other cookies sends a request through the proxy`, func(ctx context.Context, s *scenario.State, n int) error {
		return s.Proxied.RequestWithCookies(ctx, n)
	}),
	vocabulary.Action(`these clients send requests through the proxy on one connection:`, func(ctx context.Context, s *scenario.State, callers []scenario.Caller) error {
		return s.Proxied.ShareConnection(ctx, callers)
	}),
	vocabulary.Action(`{int} requests of the users {string} and {string} pass the proxy at the same time`,
		func(ctx context.Context, s *scenario.State, n int, one, other string) error {
			return s.Proxied.RequestTogether(ctx, n, one, other)
		}),
	vocabulary.Action(`the server behind the proxy is restarted`, func(ctx context.Context, s *scenario.State) error {
		return s.Proxied.Restart(ctx)
	}, "quiet"),

	vocabulary.Check(`the request reaches the server behind the proxy`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.Check(check.ReachedServer)
	}),
	vocabulary.Check(`the request does not reach the server behind the proxy`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.Check(check.HeldBack)
	}),
	vocabulary.Check(`the proxy asks the client to log in or refuses the request`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.Check(check.AskedToLogIn)
	}),
	vocabulary.Check(`the headers reach the server behind the proxy unchanged`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.Check(check.Unchanged)
	}),
	vocabulary.Check(`the proxy refuses the request without a redirect`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.Check(check.RefusedByProxy)
	}),
	vocabulary.Check(`the proxy gives up after {int} seconds`, func(_ context.Context, s *scenario.State, seconds int) error {
		return s.Proxied.CheckGaveUp(seconds)
	}),
	vocabulary.Check(`the hidden request does not reach the server as the client wrote it`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.CheckNotSmuggled()
	}),
	vocabulary.Check(`the server behind the proxy receives the path {string}, or the proxy refuses the request`, func(_ context.Context, s *scenario.State, path string) error {
		return s.Proxied.CheckPathKeptOrRefused(path)
	}),
	vocabulary.Check(`the server behind the proxy receives the original URL {string} in X-RSC-Request, or the proxy refuses the request`,
		func(_ context.Context, s *scenario.State, path string) error {
			return s.Proxied.CheckOriginalURLOrRefused(path)
		}),
	vocabulary.Check(`the proxy answers {int} with a redirect to {string}`, func(_ context.Context, s *scenario.State, status int, to string) error {
		return s.Proxied.CheckAnswered(status, to)
	}),
	vocabulary.Check(`the server behind the proxy receives the request line {string}`, func(_ context.Context, s *scenario.State, line string) error {
		return s.Proxied.Check(func(p check.Passage) error { return check.LineReceived(p, line) })
	}),
	vocabulary.Check(`the server behind the proxy receives the header {string} with the value {string}, once`,
		func(_ context.Context, s *scenario.State, name, value string) error {
			return s.Proxied.Check(func(p check.Passage) error { return check.ReceivedExactly(p, name, s.OnTheWire(value)) })
		}),
	vocabulary.Check(`the server behind the proxy receives the path {string}`, func(_ context.Context, s *scenario.State, path string) error {
		return s.Proxied.CheckPathKept(path)
	}),
	vocabulary.Check(`the server behind the proxy receives no header {string}, which it does not read`, func(_ context.Context, s *scenario.State, name string) error {
		return s.Proxied.CheckUnread(name)
	}),
	vocabulary.Check(`no header with {string} reaches the server behind the proxy`, func(_ context.Context, s *scenario.State, text string) error {
		return s.Proxied.CheckAbsent(text)
	}),
	vocabulary.Check(`the server behind the proxy receives the original URL {string} in X-RSC-Request`, func(_ context.Context, s *scenario.State, path string) error {
		return s.Proxied.CheckOriginalURL(path)
	}),
	vocabulary.Check(`the reply does not repeat the headers of the request`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.CheckNotEchoed()
	}),
}

// proxyIdentitySteps are about the identity that the server behind the proxy receives.
var proxyIdentitySteps = []vocabulary.Definition{
	vocabulary.Action(`the {identity header} header is forged {header forgery} by:`,
		func(ctx context.Context, s *scenario.State, h scenario.IdentityHeader, f scenario.Forgery, callers []scenario.Caller) error {
			return s.Proxied.Forge(ctx, h, f, callers)
		}),
	vocabulary.Action(`{caller} names the {identity header} header in {connection form}`,
		func(ctx context.Context, s *scenario.State, c scenario.Caller, h scenario.IdentityHeader, form scenario.ConnectionForm) error {
			return s.Proxied.CompareIdentity(ctx, c, h, form)
		}),
	vocabulary.Action(`{caller} names the header {string} in {connection form}`, func(ctx context.Context, s *scenario.State, c scenario.Caller, header string, form scenario.ConnectionForm) error {
		return s.Proxied.CompareConnection(ctx, c, header, form)
	}),
	vocabulary.Check(`no forged {identity header} reaches the server behind the proxy`, func(_ context.Context, s *scenario.State, h scenario.IdentityHeader) error {
		return s.Proxied.CheckNothingForged(h)
	}),
	vocabulary.Check(`the server behind the proxy receives the header as without Connection`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.CheckHeaderKept()
	}),
	vocabulary.Check(`the server behind the proxy receives the {identity header} of the signed-in visitor, once`, func(_ context.Context, s *scenario.State, h scenario.IdentityHeader) error {
		return s.Proxied.CheckIdentity(h, scenario.SignedInVisitor)
	}),
	vocabulary.Check(`the server behind the proxy receives no identity`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.CheckNoIdentity()
	}),
	vocabulary.Check(`the server behind the proxy is not told that the client is {string}`, func(_ context.Context, s *scenario.State, user string) error {
		return s.Proxied.CheckNotTold(user)
	}),
	vocabulary.Check(`the server behind the proxy receives the username {string}, or the proxy holds the request back`, func(_ context.Context, s *scenario.State, username string) error {
		return s.Proxied.CheckUsernameKept(username)
	}),
	vocabulary.Check(`only the requests of the signed-in visitor have the identity of the visitor`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.CheckOwnIdentities()
	}),
	vocabulary.Check(`each request has the identity of the user who sent it`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.CheckEachOwn()
	}),
	vocabulary.Check(`the proxy redirects to its own login page or refuses the request`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.CheckLoginAtOwnOrigin()
	}),
}

// proxyLoginSteps are about the login page of the proxy and the sessions that it begins and ends.
var proxyLoginSteps = []vocabulary.Definition{
	vocabulary.Action(`the user {string} opens the path {string} and signs in at the login page of the proxy`,
		func(ctx context.Context, s *scenario.State, user, path string) error {
			return s.Proxied.OpenAndLogIn(ctx, user, path)
		}),
	vocabulary.Action(`the user {string} follows the LoginURL from the page {string} and signs in`, func(ctx context.Context, s *scenario.State, user, page string) error {
		return s.Proxied.FollowLoginURL(ctx, user, page)
	}),
	vocabulary.Action(`the user {string} opens the LogoutURL`, func(ctx context.Context, s *scenario.State, user string) error {
		return s.Proxied.LogOut(ctx, user)
	}),
	vocabulary.Action(`the user {string} sends a request through the proxy`, func(ctx context.Context, s *scenario.State, user string) error {
		return s.Proxied.RequestOf(ctx, user)
	}),

	vocabulary.Check(`the login returns to the URL with which it began`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.CheckReturned()
	}),
	vocabulary.Check(`the login page is at the path {string} of the proxy`, func(_ context.Context, s *scenario.State, path string) error {
		return s.Proxied.CheckLoginPath(path)
	}),
	vocabulary.Check(`the login server sets the cookie {string} to {string}`, func(_ context.Context, s *scenario.State, name, value string) error {
		return s.Proxied.CheckCookieSet(name, value)
	}),
	vocabulary.Check(`the cookie {string} of the login server is HTTP-only`, func(_ context.Context, s *scenario.State, name string) error {
		return s.Proxied.CheckCookieHTTPOnly(name)
	}),
}

// proxyWireSteps are about bodies, streams, other protocols and redirects.
var proxyWireSteps = []vocabulary.Definition{
	vocabulary.Action(`a deployment client sends a body of {int} octets through the proxy`, func(ctx context.Context, s *scenario.State, n int) error {
		return s.Proxied.SendBody(ctx, n, false)
	}),
	vocabulary.Action(`a deployment client sends a body of {int} octets in chunks through the proxy`, func(ctx context.Context, s *scenario.State, n int) error {
		return s.Proxied.SendBody(ctx, n, true)
	}),
	vocabulary.Action(`a deployment client sends a body of {int} octets with the header {string} through the proxy`, func(ctx context.Context, s *scenario.State, n int, line string) error {
		return s.Proxied.SendBody(ctx, n, false, line)
	}),
	vocabulary.Action(`{caller} opens a stream that ends with {stream framing}`, func(ctx context.Context, s *scenario.State, c scenario.Caller, f scenario.StreamFraming) error {
		return s.Proxied.OpenStream(ctx, c, f)
	}),
	vocabulary.Action(`{caller} asks for the protocol {string}, which the server behind the proxy accepts`,
		func(ctx context.Context, s *scenario.State, c scenario.Caller, protocol string) error {
			return s.Proxied.ChangeProtocol(ctx, c, protocol)
		}),
	vocabulary.Action(`{caller} sends {int} octets through a WebSocket`, func(ctx context.Context, s *scenario.State, c scenario.Caller, n int) error {
		return s.Proxied.SendThroughWebSocket(ctx, c, n)
	}),
	vocabulary.Action(`{caller} asks for a WebSocket, to which the server behind the proxy answers {int}, and sends a hidden request`,
		func(ctx context.Context, s *scenario.State, c scenario.Caller, status int) error {
			return s.Proxied.RefuseWebSocket(ctx, c, status)
		}),
	vocabulary.Action(`the server behind the proxy sets the cookie {string} for {caller}`, func(ctx context.Context, s *scenario.State, cookie string, c scenario.Caller) error {
		return s.Proxied.SetCookies(ctx, c, []string{cookie})
	}),
	vocabulary.Action(`the server behind the proxy redirects {caller} to {string}`, func(ctx context.Context, s *scenario.State, c scenario.Caller, to string) error {
		return s.Proxied.Redirect(ctx, c, to)
	}),

	vocabulary.Check(`the body reaches the server behind the proxy unchanged`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.CheckBodyKept()
	}),
	vocabulary.Check(`each part of the stream arrives before the server sends the next`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.CheckStreamed()
	}),
	vocabulary.Check(`the connection is no tunnel to the server behind the proxy`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.CheckNoTunnel()
	}),
	vocabulary.Check(`the WebSocket carries data in both directions`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.CheckTunnel()
	}),
	vocabulary.Check(`the cookie of the server reaches the client unchanged`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.CheckCookiesKept()
	}),
	vocabulary.Check(`the client is redirected to {string}`, func(_ context.Context, s *scenario.State, to string) error {
		return s.Proxied.CheckRedirected(to)
	}),
}

// proxyParameters are the parameter types of steps about a proxy.
var proxyParameters = []vocabulary.Parameter{
	vocabulary.Choice("caller", scenario.Callers),
	vocabulary.Choice("request kind", scenario.RequestKinds),
	vocabulary.Choice("identity header", scenario.IdentityHeaders),
	vocabulary.Choice("header forgery", scenario.Forgeries),
	vocabulary.Choice("HTTP version", map[string]scenario.HTTPVersion{string(scenario.HTTP1): scenario.HTTP1, string(scenario.HTTP2): scenario.HTTP2}),
	vocabulary.Choice("framing oddity", scenario.FramingOddities),
	vocabulary.Choice("connection form", scenario.ConnectionForms),
	vocabulary.Choice("printed example", map[string]scenario.PrintedExample{"nginx": scenario.PrintedNginx, "Apache": scenario.PrintedApache}),
	vocabulary.Choice("stream framing", scenario.StreamFramings),
}

// readCallers reads a table with one caller in each row.
func readCallers(below *messages.PickleStepArgument) ([]scenario.Caller, error) {
	if below.DataTable == nil {
		return nil, errors.New("a docstring stands below the step; want a table of clients")
	}
	var callers []scenario.Caller
	for _, row := range below.DataTable.Rows {
		if len(row.Cells) != 1 {
			return nil, fmt.Errorf("a row has %d cells; want one client", len(row.Cells))
		}
		c, known := scenario.Callers[row.Cells[0].Value]
		if !known {
			return nil, fmt.Errorf("%q is not a client; use the words of {caller}", row.Cells[0].Value)
		}
		callers = append(callers, c)
	}
	return callers, nil
}
