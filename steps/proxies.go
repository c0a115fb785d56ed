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
		return s.Proxied.RequestWith(ctx, c, headers)
	}),
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
	vocabulary.Action(`{caller} names the {identity header} header in Connection`,
		func(ctx context.Context, s *scenario.State, c scenario.Caller, h scenario.IdentityHeader) error {
			return s.Proxied.CompareIdentity(ctx, c, h)
		}),
	vocabulary.Action(`{caller} names the header {string} in Connection`, func(ctx context.Context, s *scenario.State, c scenario.Caller, header string) error {
		return s.Proxied.CompareConnection(ctx, c, header)
	}),
	vocabulary.Action(`the user {string} opens the path {string} and signs in at the login page of the proxy`,
		func(ctx context.Context, s *scenario.State, user, path string) error {
			return s.Proxied.OpenAndLogIn(ctx, user, path)
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
	vocabulary.Check(`only the requests of the signed-in visitor have the identity of the visitor`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.CheckOwnIdentities()
	}),
	vocabulary.Check(`each request has the identity of the user who sent it`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.CheckEachOwn()
	}),
	vocabulary.Check(`the login returns to the URL with which it began`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.CheckReturned()
	}),
	vocabulary.Check(`the proxy redirects to its own login page or refuses the request`, func(_ context.Context, s *scenario.State) error {
		return s.Proxied.CheckLoginAtOwnOrigin()
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
	vocabulary.Action(`{caller} opens a stream that ends with {stream framing}`, func(ctx context.Context, s *scenario.State, c scenario.Caller, f scenario.StreamFraming) error {
		return s.Proxied.OpenStream(ctx, c, f)
	}),
	vocabulary.Action(`{caller} asks for the protocol {string}, which the server behind the proxy accepts`,
		func(ctx context.Context, s *scenario.State, c scenario.Caller, protocol string) error {
			return s.Proxied.ChangeProtocol(ctx, c, protocol)
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
