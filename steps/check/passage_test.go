package check

import (
	"time"

	"countersign/steps/arrival"
	"countersign/steps/verdict"
)

// passage returns a request that reached the server with these header lines.
func passage(lines ...string) Passage {
	return Passage{What: "a request", Reply: reply(200, "ok"), Arrived: []arrival.Request{{Line: "GET /page HTTP/1.1", Fields: lines, Length: 3, Digest: "abc"}}}
}

func passageRows() []row {
	held := Passage{What: "a request", Reply: reply(307, "", "Location: /auth/login")}
	closed := Passage{What: "a request"}
	twice := passage()
	twice.Arrived = append(twice.Arrived, twice.Arrived[0])
	trailer := passage()
	trailer.Arrived[0].Trailer = []string{"x-user: evil"}
	sent := passage("X-A: 1")
	sent.Sent = []string{"X-A: 1"}
	changed := passage("X-A: 2")
	changed.Sent = sent.Sent
	dropped := passage()
	dropped.Sent = sent.Sent
	doubled := passage("X-A: 1", "X-A: 1")
	doubled.Sent = sent.Sent
	smuggled := []arrival.Request{{Line: "GET /hidden HTTP/1.1", Fields: []string{"X-User: evil"}}}
	failed := Passage{What: "a request", Reply: reply(504, "")}
	cookies := Passage{Reply: reply(200, "", "Set-Cookie: a=1; Path=/", "Set-Cookie: b=2")}
	return []row{
		{"RefusedByProxy", "refused", RefusedByProxy(Passage{Reply: reply(404, "")}), holds},
		{"RefusedByProxy", "redirected", RefusedByProxy(held), violation},
		{"RefusedByProxy", "passed", RefusedByProxy(passage()), violation},
		{"RefusedByProxy", "closed", RefusedByProxy(closed), violation},
		{"UnlessHeldBack", "redirected", UnlessHeldBack(held, never), holds},
		{"UnlessHeldBack", "closed", UnlessHeldBack(closed, never), holds},
		{"UnlessHeldBack", "failed", UnlessHeldBack(failed, never), violation},
		{"UnlessHeldBack", "passed", UnlessHeldBack(passage(), ReachedServer), holds},
		{"UnlessHeldBack", "passed and judged", UnlessHeldBack(passage(), never), violation},
		{"GaveUp", "in time", GaveUp(failed, 5*time.Second, 4*time.Second, 6*time.Second), holds},
		{"GaveUp", "too early", GaveUp(failed, time.Second, 4*time.Second, 6*time.Second), violation},
		{"GaveUp", "too late", GaveUp(failed, 7*time.Second, 4*time.Second, 6*time.Second), violation},
		{"GaveUp", "no error", GaveUp(passage(), 5*time.Second, 4*time.Second, 6*time.Second), violation},
		{"NotSmuggled", "nothing", NotSmuggled(nil, []string{"GET /hidden HTTP/1.1", "X-User: evil"}), holds},
		{"NotSmuggled", "read by the proxy", NotSmuggled([]arrival.Request{{Line: "GET /hidden HTTP/1.1"}}, []string{"GET /hidden HTTP/1.1", "X-User: evil"}), holds},
		{"NotSmuggled", "as the client wrote it", NotSmuggled(smuggled, []string{"GET /hidden HTTP/1.1", "X-User: evil"}), violation},
		{"CookiesKept", "kept", CookiesKept(cookies, "a=1; Path=/", "b=2"), holds},
		{"CookiesKept", "changed", CookiesKept(cookies, "a=1; Path=/x", "b=2"), violation},
		{"CookiesKept", "closed", CookiesKept(closed, "a=1"), violation},
		{"LoginPageAt", "there", LoginPageAt(reply(200, ""), ""), holds},
		{"LoginPageAt", "elsewhere", LoginPageAt(reply(200, ""), "http://127.0.0.1/auth/login"), violation},
		{"LoginPageAt", "no page", LoginPageAt(reply(404, ""), ""), violation},
		{"BackAt", "the page", BackAt(reply(200, ""), ""), holds},
		{"BackAt", "another page", BackAt(reply(200, ""), "http://127.0.0.1/page"), violation},
		{"BackAt", "an error", BackAt(reply(500, ""), ""), violation},
		{"BackAt", "nothing", BackAt(nil, "http://127.0.0.1/page"), violation},
		{"SetsCookie", "set", SetsCookie(cookies.Reply, "a", "1"), holds},
		{"SetsCookie", "another value", SetsCookie(cookies.Reply, "a", "2"), violation},
		{"SetsCookie", "not set", SetsCookie(cookies.Reply, "c", "1"), violation},
		{"SetsCookie", "no reply", SetsCookie(nil, "c", "1"), violation},
		{"SetsHTTPOnly", "set", SetsHTTPOnly(reply(200, "", "Set-Cookie: a=1; HttpOnly"), "a"), holds},
		{"SetsHTTPOnly", "without it", SetsHTTPOnly(cookies.Reply, "a"), violation},
		{"SetsHTTPOnly", "not set", SetsHTTPOnly(cookies.Reply, "c"), violation},
		{"ReachedServer", "once", ReachedServer(passage()), holds},
		{"ReachedServer", "held back", ReachedServer(held), violation},
		{"ReachedServer", "closed", ReachedServer(closed), violation},
		{"ReachedServer", "twice", ReachedServer(twice), violation},
		{"HeldBack", "held back", HeldBack(held), holds},
		{"HeldBack", "passed", HeldBack(passage()), violation},
		{"AskedToLogIn", "redirected", AskedToLogIn(held), holds},
		{"AskedToLogIn", "refused", AskedToLogIn(Passage{Reply: reply(400, "")}), holds},
		{"AskedToLogIn", "failed", AskedToLogIn(Passage{Reply: reply(500, "")}), violation},
		{"AskedToLogIn", "closed", AskedToLogIn(closed), violation},
		{"AskedToLogIn", "passed", AskedToLogIn(passage()), violation},
		{"ReceivedExactly", "one line", ReceivedExactly(passage("x-user: alice"), "X-User", "alice"), holds},
		{"ReceivedExactly", "none", ReceivedExactly(passage(), "X-User"), holds},
		{"ReceivedExactly", "two lines", ReceivedExactly(passage("X-User: alice", "X-User: alice"), "X-User", "alice"), violation},
		{"ReceivedExactly", "another value", ReceivedExactly(passage("X-User: bob"), "X-User", "alice"), violation},
		{"ReceivedExactly", "held back", ReceivedExactly(held, "X-User"), violation},
		{"NoForgery", "the proxy's own", NoForgery(passage("X-User: alice"), "X-User", []string{"alice"}), holds},
		{"NoForgery", "deleted", NoForgery(passage(), "X-User", []string{"alice"}), holds},
		{"NoForgery", "held back", NoForgery(held, "X-User", nil), holds},
		{"NoForgery", "beside the proxy's own", NoForgery(passage("X-User: evil", "X-User: alice"), "X-User", []string{"alice"}), violation},
		{"NoForgery", "another spelling", NoForgery(passage("X_User: evil"), "X-User", nil), violation},
		{"NoForgery", "in a trailer", NoForgery(trailer, "X-User", nil), violation},
		{"NotTold", "another user", NotTold(passage("X-User: alice"), []string{"X-User"}, "mallory"), holds},
		{"NotTold", "the user", NotTold(passage("X-User: alice, mallory"), []string{"X-User"}, "mallory"), violation},
		{"Told", "the user", Told(passage("X-User: alice"), []string{"X-Other", "X-User"}, "alice"), holds},
		{"Told", "another user", Told(passage("X-User: alice"), []string{"X-User"}, "bob"), violation},
		{"Told", "held back", Told(held, []string{"X-User"}, "bob"), violation},
		{"Unchanged", "unchanged", Unchanged(sent), holds},
		{"Unchanged", "changed", Unchanged(changed), violation},
		{"Unchanged", "dropped", Unchanged(dropped), violation},
		{"Unchanged", "doubled", Unchanged(doubled), violation},
		{"Unchanged", "held back", Unchanged(held), violation},
		{"BodyUnchanged", "unchanged", BodyUnchanged(passage(), 3, "abc"), holds},
		{"BodyUnchanged", "another body", BodyUnchanged(passage(), 3, "def"), violation},
		{"BodyUnchanged", "held back", BodyUnchanged(held, 3, "abc"), violation},
		{"TargetReceived", "as written", TargetReceived(passage(), "/page"), holds},
		{"TargetReceived", "another", TargetReceived(passage(), "/p%61ge"), violation},
		{"TargetReceived", "held back", TargetReceived(held, "/page"), violation},
		{"LineReceived", "as wanted", LineReceived(passage(), "GET /page HTTP/1.1"), holds},
		{"LineReceived", "another", LineReceived(passage(), "GET /page HTTP/1.0"), violation},
		{"LineReceived", "held back", LineReceived(held, "GET /page HTTP/1.1"), violation},
		{"Answered", "as wanted", Answered(held, 307, "/auth/login"), holds},
		{"Answered", "another status", Answered(held, 302, "/auth/login"), violation},
		{"Answered", "another URL", Answered(held, 307, "/login"), violation},
		{"Answered", "passed", Answered(passage(), 307, "/auth/login"), violation},
		{"Answered", "closed", Answered(closed, 307, "/auth/login"), violation},
		{"LeadsTo", "the URL", LeadsTo(held, "https://a.example/auth/login", "/auth/login"), holds},
		{"LeadsTo", "another URL", LeadsTo(held, "/other"), violation},
		{"LeadsTo", "no redirect", LeadsTo(passage(), "/other"), violation},
	}
}

// never is a check that nothing meets.
func never(Passage) error { return verdict.Broken("nothing", "a request") }
