package check

import (
	"countersign/fakeidp/control"
	"countersign/steps/driver"
	"countersign/steps/probe"
	"net/http"
)

// contentRows are calls of the checks of what content reports, and of what the provider records of it.
func contentRows() []row {
	result := func(token string) probe.Result { return probe.Result{Status: 200, Token: token} }
	report := func(results ...probe.Result) *probe.Report { return &probe.Report{Results: results} }
	rows := probe.Result{Status: 200, Body: `{"rows":["north"]}`}
	refused, failed := probe.Result{Status: 403, Code: 22}, probe.Result{Status: 500}
	journal := []control.Entry{
		{Endpoint: "authorize", Account: "alice", ClientID: "c"},
		{Endpoint: "token", GrantType: control.GrantAuthorizationCode, Account: "alice", Outcome: "ok", Issued: []control.Issued{{Kind: control.KindAccessToken, Digest: "a"}, {Kind: control.KindRefreshToken, Digest: "r"}}},
	}
	issue := func(client, endpoint, digest string) []control.Entry {
		return []control.Entry{{Endpoint: endpoint, ClientID: client, Issued: []control.Issued{{Kind: control.KindAccessToken, Digest: digest}}}}
	}
	renewal := func(outcome string) []control.Entry {
		return append(journal, control.Entry{Endpoint: "token", GrantType: control.GrantRefreshToken, Outcome: outcome})
	}
	visited := func(r *driver.Reply, report *probe.Report) *driver.Visit {
		return &driver.Visit{Reply: r, Report: report}
	}
	with := func(headers ...string) *probe.Report {
		h := http.Header{}
		for n := 0; n < len(headers); n += 2 {
			h.Add(headers[n], headers[n+1])
		}
		return &probe.Report{Request: &probe.Request{Headers: h}}
	}
	token := func(visit, execution string) *probe.Report {
		r := with("Posit-Connect-User-Session-Token", visit)
		r.Environment = map[string]string{"CONNECT_CONTENT_SESSION_TOKEN": execution}
		return r
	}
	opened := probe.Result{Digest: "kept"}
	replay := func(own, replayed probe.Result) *probe.Report { return report(own, opened, replayed) }
	visitWith := func(token string) *driver.Visit { return visited(ok, with("Posit-Connect-User-Session-Token", token)) }
	stored := result("a")
	stored.Headers = http.Header{"Cache-Control": {"No-Store"}}
	leaky := report(result("a"))
	leaky.Results[0].Members = []string{"access_token", "refresh_token"}
	seen := report()
	seen.Sightings = []probe.Sighting{{Kind: control.KindRefreshToken, Where: "header X", Encoding: "raw"}}
	described := with("Accept", "x")
	described.Environment = map[string]string{"A": "b"}
	_, notVisited := Reported(nil, "app")
	_, noReport := Reported(visited(ok, nil), "app")
	_, reported := Reported(visited(ok, report()), "app")
	return []row{
		{"Reported", "a report", reported, holds},
		{"Reported", "another reply", noReport, violation},
		{"Reported", "no visit", notVisited, trouble},
		{"SomeToken", "one", SomeToken(report(result("a"), rows)), holds},
		{"SomeToken", "none", SomeToken(report(refused)), violation},
		{"TokenOf", "of the account", TokenOf(report(result("a")), journal, "alice"), holds},
		{"TokenOf", "of another account", TokenOf(report(result("a")), journal, "bob"), violation},
		{"TokenOf", "not issued", TokenOf(report(result("x")), journal, "alice"), violation},
		{"TokenOf", "a refresh token", TokenOf(report(result("r")), journal, "alice"), violation},
		{"TokenOf", "none", TokenOf(report(refused), journal, "alice"), violation},
		{"SameTokens", "the same", SameTokens(report(result("a"), rows), report(result("a"), rows)), holds},
		{"SameTokens", "another", SameTokens(report(result("a")), report(result("b"))), violation},
		{"SameTokens", "none", SameTokens(report(result("a")), report(refused)), violation},
		{"SameTokens", "none before", SameTokens(report(refused), report(result("a"))), blocked},
		{"OtherTokens", "another", OtherTokens(report(result("a")), report(result("b"))), holds},
		{"OtherTokens", "the same", OtherTokens(report(result("a")), report(result("b"), rows, result("a"))), violation},
		{"OtherTokens", "none", OtherTokens(report(result("a")), report(refused)), violation},
		{"OtherTokens", "none before", OtherTokens(report(refused), report(result("a"))), blocked},
		{"TokenOfClient", "of the client", TokenOfClient(report(result("a")), issue("c", "token", "a"), "c"), holds},
		{"TokenOfClient", "of another client", TokenOfClient(report(result("a")), issue("d", "token", "a"), "c"), violation},
		{"TokenOfClient", "issued elsewhere", TokenOfClient(report(result("a")), issue("c", "authorize", "a"), "c"), violation},
		{"TokenOfClient", "not issued", TokenOfClient(report(result("x")), issue("c", "token", "a"), "c"), violation},
		{"TokenOfClient", "none", TokenOfClient(report(refused), issue("c", "token", "a"), "c"), violation},
		{"NoneIssuedSince", "none", NoneIssuedSince(report(result("a")), append(issue("c", "token", "a"), journal[0])), holds},
		{"NoneIssuedSince", "one", NoneIssuedSince(report(result("a")), append(issue("c", "token", "a"), issue("c", "token", "b")...)), violation},
		{"NoneIssuedSince", "none before it", NoneIssuedSince(report(refused), journal), blocked},
		{"TokenIssued", "to the client", TokenIssued([]control.Entry{{ClientID: "c", Issued: []control.Issued{{Kind: control.KindAccessToken}}}}, "c"), holds},
		{"TokenIssued", "to another client", TokenIssued([]control.Entry{{ClientID: "d", Issued: []control.Issued{{Kind: control.KindAccessToken}}}}, "c"), violation},
		{"NoToken", "refused", NoToken(visited(ok, report(refused, rows)), "app", true), holds},
		{"NoToken", "a refused visit", NoToken(visited(refusal, nil), "app", true), holds},
		{"NoToken", "a token", NoToken(visited(ok, report(result("a"))), "app", true), violation},
		{"NoToken", "5xx", NoToken(visited(ok, report(failed)), "app", true), violation},
		{"NoToken", "another reply", NoToken(visited(redirect, nil), "app", true), violation},
		{"NoToken", "nothing obtained before", NoToken(visited(ok, report(refused)), "app", false), blocked},
		{"TokenThenNone", "refused after the change", TokenThenNone(report(result("a"), result(""), refused)), holds},
		{"TokenThenNone", "granted after the change", TokenThenNone(report(result("a"), result(""), result("b"))), violation},
		{"TokenThenNone", "5xx after the change", TokenThenNone(report(result("a"), result(""), failed)), violation},
		{"TokenThenNone", "refused before", TokenThenNone(report(refused, result(""), refused)), blocked},
		{"TokenThenNone", "a change that was refused", TokenThenNone(report(result("a"), refused, result("b"))), blocked},
		{"TokenThenNone", "another visit", TokenThenNone(report(result("a"))), trouble},
		{"ReplayRefused", "refused", ReplayRefused(replay(result("a"), refused), "kept"), holds},
		{"ReplayRefused", "granted", ReplayRefused(replay(result("a"), result("a")), "kept"), violation},
		{"ReplayRefused", "5xx", ReplayRefused(replay(result("a"), failed), "kept"), violation},
		{"ReplayRefused", "no reply", ReplayRefused(replay(result("a"), probe.Result{Error: "x"}), "kept"), violation},
		{"ReplayRefused", "the visit obtained none", ReplayRefused(replay(refused, refused), "kept"), blocked},
		{"ReplayRefused", "another token presented", ReplayRefused(replay(result("a"), refused), "other"), trouble},
		{"ReplayRefused", "another visit", ReplayRefused(report(result("a")), "kept"), trouble},
		{"ReplayOf", "refused", ReplayOf(replay(result("b"), refused), "kept", journal, "alice"), holds},
		{"ReplayOf", "of the account", ReplayOf(replay(result("b"), result("a")), "kept", journal, "alice"), holds},
		{"ReplayOf", "of another account", ReplayOf(replay(result("a"), result("a")), "kept", journal, "bob"), violation},
		{"ReplayOf", "not issued", ReplayOf(replay(result("a"), result("x")), "kept", journal, "alice"), violation},
		{"ReplayOf", "5xx", ReplayOf(replay(result("a"), failed), "kept", journal, "alice"), violation},
		{"ReplayOf", "the visit obtained none", ReplayOf(replay(refused, refused), "kept", journal, "alice"), blocked},
		{"OwnTokenOf", "of the account", OwnTokenOf(replay(result("a"), result("x")), journal, "alice"), holds},
		{"OwnTokenOf", "of another account", OwnTokenOf(replay(result("a"), refused), journal, "bob"), violation},
		{"OwnTokenOf", "only for the earlier visit", OwnTokenOf(replay(refused, result("a")), journal, "alice"), violation},
		{"OwnTokenOf", "no result", OwnTokenOf(report(), journal, "alice"), violation},
		{"DifferentVisitTokens", "different", DifferentVisitTokens(visitWith("1"), visitWith("2"), "app"), holds},
		{"DifferentVisitTokens", "the same", DifferentVisitTokens(visitWith("1"), visitWith("1"), "app"), violation},
		{"DifferentVisitTokens", "none before", DifferentVisitTokens(visited(ok, with()), visitWith("1"), "app"), violation},
		{"DifferentVisitTokens", "none after", DifferentVisitTokens(visitWith("1"), visited(ok, with()), "app"), violation},
		{"DifferentVisitTokens", "one visit", DifferentVisitTokens(nil, visitWith("1"), "app"), trouble},
		{"DifferentTokens", "different", DifferentTokens(token("1", "x"), token("2", "y")), holds},
		{"DifferentTokens", "in files", DifferentTokens(token("1", ""), token("2", "")), holds},
		{"DifferentTokens", "one visit token", DifferentTokens(token("1", "x"), token("1", "y")), violation},
		{"DifferentTokens", "one execution token", DifferentTokens(token("1", "x"), token("2", "x")), violation},
		{"DifferentTokens", "none", DifferentTokens(with(), token("2", "x")), violation},
		{"Rows", "the rows", Rows(report(result("a"), rows), "app", []string{"north"}), holds},
		{"Rows", "no rows", Rows(report(result("a"), refused), "app", nil), holds},
		{"Rows", "other rows", Rows(report(result("a"), rows), "app", []string{"south"}), violation},
		{"Rows", "no token", Rows(report(refused, refused), "app", nil), violation},
		{"NoOtherCookie", "the cookie", NoOtherCookie(with("Cookie", "sha256:"+probe.Digest("a=b")), "a=b"), holds},
		{"NoOtherCookie", "none", NoOtherCookie(with(), "a=b"), holds},
		{"NoOtherCookie", "another", NoOtherCookie(with("Cookie", "sha256:x"), "a=b"), violation},
		{"NoOtherCookie", "no request", NoOtherCookie(report(), "a=b"), violation},
		{"NoHeaderWith", "other values", NoHeaderWith(with("A", "b"), "forged"), holds},
		{"NoHeaderWith", "the value", NoHeaderWith(with("A", "a forged b"), "forged"), violation},
		{"NoHeaderWith", "the digest", NoHeaderWith(with("A", "sha256:"+probe.Digest("forged")), "forged"), violation},
		{"NoHeaderWith", "the digest as a key", NoHeaderWith(with("A", "sha256:"+probe.Digest("Key forged")), "forged"), violation},
		{"NoHeaderWith", "no request", NoHeaderWith(report(), "forged"), violation},
		{"CookiesHeldBack", "held back", CookiesHeldBack(visited(ok, report(result("")))), holds},
		{"CookiesHeldBack", "another cookie", CookiesHeldBack(visited(reply(200, "", "Set-Cookie: s=1"), report(result("")))), holds},
		{"CookiesHeldBack", "passed on", CookiesHeldBack(visited(reply(200, "", "Set-Cookie: s="+Planted), report(result("")))), violation},
		{"CookiesHeldBack", "nothing set", CookiesHeldBack(visited(ok, report())), blocked},
		{"ExchangesNotStored", "no-store", ExchangesNotStored([]*probe.Report{report(stored, refused)}), holds},
		{"ExchangesNotStored", "no header", ExchangesNotStored([]*probe.Report{report(stored), report(result("b"))}), violation},
		{"ExchangesNotStored", "none granted", ExchangesNotStored([]*probe.Report{report(refused)}), blocked},
		{"NoRefreshToken", "none", NoRefreshToken([]*probe.Report{report(result("a"))}), holds},
		{"NoRefreshToken", "a member", NoRefreshToken([]*probe.Report{leaky}), violation},
		{"NoRefreshToken", "seen elsewhere", NoRefreshToken([]*probe.Report{report(result("a")), seen}), violation},
		{"NotSeenByContent", "another kind", NotSeenByContent(seen, control.KindAccessToken), holds},
		{"NotSeenByContent", "seen", NotSeenByContent(seen, control.KindRefreshToken), violation},
		{"ReportsEnvironment", "both", ReportsEnvironment(described), holds},
		{"ReportsEnvironment", "no environment", ReportsEnvironment(with("A", "b")), violation},
		{"AuthenticatedOnce", "once", AuthenticatedOnce(journal, "alice"), holds},
		{"AuthenticatedOnce", "never", AuthenticatedOnce(journal, "bob"), violation},
		{"AuthenticatedOnce", "twice", AuthenticatedOnce(append(journal, journal[0]), "alice"), violation},
		{"NoAuthorization", "another client", NoAuthorization(journal, "d"), holds},
		{"NoAuthorization", "the client", NoAuthorization(journal, "c"), violation},
		{"NoTokenRequest", "none", NoTokenRequest(journal[:1]), holds},
		{"NoTokenRequest", "one", NoTokenRequest(journal), violation},
		{"NoneRenewed", "none", NoneRenewed(journal), holds},
		{"NoneRenewed", "one that was refused", NoneRenewed(renewal("invalid_grant")), violation},
		{"RenewalsAccepted", "accepted", RenewalsAccepted(renewal("ok")), holds},
		{"RenewalsAccepted", "refused", RenewalsAccepted(renewal("invalid_grant")), violation},
		{"RenewalsAccepted", "none", RenewalsAccepted(journal), violation},
		{"Issued", "issued", Issued(journal, control.KindRefreshToken), holds},
		{"Issued", "not issued", Issued(journal[:1], control.KindRefreshToken), blocked},
	}
}
