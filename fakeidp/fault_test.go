package fakeidp_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"countersign/fakeidp/control"
)

// setFaults replaces the faults of the issuer.
func (r *rig) setFaults(faults ...control.Fault) {
	r.t.Helper()
	if err := r.mgmt.SetFaults(r.t.Context(), r.made.Name, faults...); err != nil {
		r.t.Fatal(err)
	}
}

// try sends a request that may fail, and returns the reply as far as it was received.
func (r *rig) try(path, body string, edit ...func(*http.Request)) (got, error) {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodPost, r.iss+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, e := range edit {
		e(req)
	}
	resp, err := r.http.Do(req)
	if err != nil {
		return got{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	g := got{status: resp.StatusCode, header: resp.Header, text: string(text)}
	_ = json.Unmarshal(text, &g.body)
	return g, err
}

func (r *rig) tryRefresh(token string) (got, error) {
	r.t.Helper()
	return r.try("/token", form("grant_type", "refresh_token", "refresh_token", token), r.as("web"))
}

// raw returns JSON values by name.
func raw(pairs ...string) map[string]json.RawMessage {
	m := map[string]json.RawMessage{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = json.RawMessage(pairs[i+1])
	}
	return m
}

func onRefresh(f control.Fault) control.Fault {
	f.Endpoint, f.GrantType = control.EndpointToken, control.GrantRefreshToken
	return f
}

// TestFaultKinds sees each kind of fault over a real connection. Each row begins with an unused refresh token, and
// checks whether the fault used it up.
func TestFaultKinds(t *testing.T) {
	t.Parallel()
	members := func(e control.Edit[json.RawMessage]) control.Fault { return control.Fault{Members: &e} }
	expires := func(value string) control.Fault {
		return members(control.Edit[json.RawMessage]{Set: raw("expires_in", value)})
	}
	before, after := control.Before, control.After
	status := func(want int, parts ...string) func(*testing.T, got, error) {
		return func(t *testing.T, g got, err error) {
			if err != nil || g.status != want {
				t.Errorf("got %d %q, %v; want status %d", g.status, g.text, err, want)
			}
			for _, part := range parts {
				if lacks, text := strings.CutPrefix(part, "!"); text == strings.Contains(g.text, lacks) {
					t.Errorf("got %s, want %s", g.text, part)
				}
			}
		}
	}
	mediaType := func(want string, parts ...string) func(*testing.T, got, error) {
		return func(t *testing.T, g got, err error) {
			if status(200, parts...)(t, g, err); g.header.Get("Content-Type") != want {
				t.Errorf("Content-Type %q, want %q", g.header.Get("Content-Type"), want)
			}
		}
	}
	broken := func(want error, sent string) func(*testing.T, got, error) {
		return func(t *testing.T, g got, err error) {
			if !errors.Is(err, want) || g.text != sent {
				t.Errorf("got %q and %v, want %q and %v", g.text, err, sent, want)
			}
		}
	}
	for _, tc := range []struct {
		name  string
		fault control.Fault
		used  bool // the fault used up the refresh token
		check func(*testing.T, got, error)
	}{
		// What public reports describe.
		{"interaction_required", control.Fault{Moment: before, Status: 400, Body: control.Text(`{"error":"interaction_required"}`)}, false, status(400, `"interaction_required"`)},
		{"an error with status 200", control.Fault{Moment: before, Body: control.Text(`{"error":"bad_refresh_token"}`)}, false, mediaType("application/json", `"bad_refresh_token"`)},
		{"JSON as text/plain", control.Fault{MediaType: "text/plain"}, true, mediaType("text/plain", `{"access_token":"at_csn_`)},
		{"expires_in 3600.0", expires("3600.0"), true, status(200, `"expires_in":3600.0,`)},
		{"expires_in 3.6e3", expires("3.6e3"), true, status(200, `"expires_in":3.6e3,`)},
		{"expires_in empty", expires(`""`), true, status(200, `"expires_in":"",`)},
		{"expires_in text", expires(`"3600"`), true, status(200, `"expires_in":"3600",`)},
		{"expires_in negative", expires("-1"), true, status(200, `"expires_in":-1,`)},
		{"expires_in 0", expires("0"), true, status(200, `"expires_in":0,`)},
		{"expires_in 1e20", expires("1e20"), true, status(200, `"expires_in":1e20,`)},
		{"expires_in null", expires("null"), true, status(200, `"expires_in":null,`)},
		{"no refresh_token", members(control.Edit[json.RawMessage]{Remove: []string{"refresh_token"}}), true, status(200, `"access_token"`, `!refresh_token`)},
		{"no token_type", members(control.Edit[json.RawMessage]{Remove: []string{"token_type"}}), true, status(200, `"access_token"`, `!token_type`)},
		{"HTML 502", control.Fault{Moment: before, Status: 502, MediaType: "text/html", Body: control.Text("<h1>Bad Gateway</h1>")}, false, status(502, "<h1>")},
		{"truncated JSON", control.Fault{KeepBytes: control.Count(30)}, true, func(t *testing.T, g got, err error) {
			if err != nil || len(g.text) != 30 || g.body != nil || !strings.HasPrefix(g.text, `{"access_token"`) {
				t.Errorf("got %q, %v", g.text, err)
			}
		}},
		{"answer lost after rotation", control.Fault{Moment: after, Drop: control.DropClose}, true, broken(io.EOF, "")},
		// Other kinds.
		{"status only", control.Fault{Status: 503}, true, status(503, `"access_token"`)},
		{"status after", control.Fault{Moment: after, Status: 500, Body: control.Text("")}, true, status(500)},
		{"a further member, and one twice", members(control.Edit[json.RawMessage]{Add: raw("scope", `"x"`), Repeat: []string{"token_type"}, Set: raw("zz", `{"a":[1]}`)}), true,
			status(200, `"zz":{"a":[1]},"token_type":"Bearer","scope":"x"}`)},
		{"malformed JSON", control.Fault{Prepend: "{", Append: "}"}, true, status(200, `{{"access_token"`, "}\n}")},
		{"header set and removed", control.Fault{Header: map[string]*string{"Cache-Control": nil, "Pragma": nil, "retry-after": control.Text("7")}}, true, func(t *testing.T, g got, err error) {
			if status(200)(t, g, err); g.header.Get("Retry-After") != "7" || g.header.Values("Cache-Control") != nil || g.header.Values("Pragma") != nil || g.header.Get("Referrer-Policy") == "" {
				t.Errorf("header %v", g.header)
			}
		}},
		{"no Content-Type", control.Fault{Header: map[string]*string{"Content-Type": nil}}, true, mediaType("", `"access_token"`)},
		{"redirect", control.Fault{Moment: before, Redirect: "http://elsewhere.example/token"}, false, func(t *testing.T, g got, err error) {
			if status(302)(t, g, err); g.header.Get("Location") != "http://elsewhere.example/token" {
				t.Errorf("Location %q", g.header.Get("Location"))
			}
		}},
		{"redirect after", control.Fault{Moment: after, Status: 307, Redirect: "/x"}, true, status(307)},
		{"dropped before", control.Fault{Moment: before, Drop: control.DropClose}, false, broken(io.EOF, "")},
		{"reset before", control.Fault{Moment: before, Drop: control.DropReset}, false, broken(syscall.ECONNRESET, "")},
		{"cut within the body", control.Fault{KeepBytes: control.Count(4), Drop: control.DropClose}, true, broken(io.ErrUnexpectedEOF, `{"ac`)},
		{"flood", control.Fault{Moment: before, FloodBytes: 3 << 20}, false, func(t *testing.T, g got, err error) {
			if status(200, `{"padding":"xxxx`)(t, g, err); len(g.text) != len(`{"padding":"`)+3<<20 || g.body != nil {
				t.Errorf("%d bytes", len(g.text))
			}
		}},
		{"flood after a body", control.Fault{Moment: before, FloodBytes: 5, Body: control.Text("[")}, false, status(200, "[xxxxx")},
		{"trickle", control.Fault{Moment: before, Body: control.Text("12345"), Trickle: &control.Trickle{Bytes: 2, EveryMS: 1}}, false, status(200, "12345")},
		{"delay", control.Fault{DelayMS: 1}, true, status(200, `"access_token"`)},
		{"delay before", control.Fault{Moment: before, DelayMS: 1}, true, status(200, `"access_token"`)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, blue())
			token := r.redeem("web").str("refresh_token")
			tc.fault.Name = "the fault"
			r.setFaults(onRefresh(tc.fault))
			g, err := r.tryRefresh(token)
			tc.check(t, g, err)
			e := r.last()
			if tc.fault.Moment == "" {
				tc.fault.Moment = after
			}
			if e.Fault != "the fault" || e.FaultMoment != tc.fault.Moment || e.Status != g.status && tc.fault.Drop == "" {
				t.Errorf("journal: %+v", e)
			}
			if e.ClientID != "web" || e.GrantType != control.GrantRefreshToken || len(e.Presented) != 1 || (len(e.Issued) > 0) != tc.used {
				t.Errorf("journal: %+v", e)
			}
			r.setFaults()
			if again := r.refresh("web", token); (again.status != 200) != tc.used {
				t.Errorf("the refresh token used again: %d, want used up: %v", again.status, tc.used)
			}
		})
	}
}

// TestFaultOfAuthorization sees faults of the redirect to the client.
func TestFaultOfAuthorization(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	for _, tc := range []struct {
		name string
		edit control.Edit[string]
		want map[string][]string // parameters that differ; * is any value
	}{
		{"forged state", control.Edit[string]{Set: map[string]string{"state": "forged&x=1"}}, map[string][]string{"state": {"forged&x=1"}}},
		{"no state", control.Edit[string]{Remove: []string{"state"}}, map[string][]string{"state": nil}},
		{"no iss", control.Edit[string]{Remove: []string{"iss"}}, map[string][]string{"iss": nil}},
		{"another iss", control.Edit[string]{Set: map[string]string{"iss": "http://evil.example"}}, map[string][]string{"iss": {"http://evil.example"}}},
		{"code twice", control.Edit[string]{Repeat: []string{"code"}}, map[string][]string{"code": {"*", "*"}}},
		{"two states", control.Edit[string]{Add: map[string]string{"state": "other"}}, map[string][]string{"state": {"s 1", "other"}}},
		{"an error instead of a code", control.Edit[string]{Remove: []string{"code"}, Set: map[string]string{"error": "server_error"}}, map[string][]string{"code": nil, "error": {"server_error"}}},
		{"an error with a code", control.Edit[string]{Set: map[string]string{"error": "server_error"}}, map[string][]string{"error": {"server_error"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := r.in(t)
			r.setFaults(control.Fault{Endpoint: control.EndpointAuthorize, Parameters: &tc.edit})
			back := r.back(r.get("/authorize?" + query("web").Encode()))
			want := map[string][]string{"code": {"*"}, "state": {"s 1"}, "iss": {r.iss}}
			for name, values := range tc.want {
				want[name] = values
			}
			for name, values := range want {
				same := len(back[name]) == len(values)
				for i := range values {
					same = same && (values[i] == "*" && back[name][i] != "" || values[i] == back[name][i])
				}
				if !same {
					t.Errorf("%s: got %q, want %q", name, back[name], values)
				}
			}
			if e := r.last(); e.Fault != "fault-1" || len(e.Issued) != 1 {
				t.Errorf("journal: %+v", e)
			}
		})
	}
	r.setFaults(control.Fault{Endpoint: control.EndpointAuthorize, Moment: control.Before, Status: 500, Body: control.Text("oops"), MediaType: "text/html"})
	if g := r.get("/authorize?" + query("web").Encode()); g.status != 500 || g.text != "oops" {
		t.Errorf("a page instead of the redirect: %d %s", g.status, g.text)
	}
	// A page is no redirect whose parameters could be changed.
	r.setFaults(control.Fault{Endpoint: control.EndpointAuthorize, Parameters: &control.Edit[string]{Remove: []string{"state"}}})
	if g := r.get("/authorize?" + query("nobody").Encode()); g.status != 400 || r.last().Fault != "" {
		t.Errorf("an error page: %d, %+v", g.status, r.last())
	}
}

// TestFaultSelection checks which requests a fault selects.
func TestFaultSelection(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	token := r.redeem("web").str("access_token")
	requests := map[string]func() got{
		"authorize": func() got { return r.get("/authorize?" + query("web").Encode()) },
		"token of machine": func() got {
			return r.post("/token", form("grant_type", "client_credentials"), r.as("machine"))
		},
		"token of post": func() got {
			return r.post("/token", form("grant_type", "refresh_token", "refresh_token", "x"), r.as("post"))
		},
		"userinfo":   func() got { return r.get("/userinfo", bearer(token)) },
		"jwks":       func() got { return r.get("/jwks") },
		"discovery":  func() got { return r.get("/.well-known/openid-configuration") },
		"revoke":     func() got { return r.post("/revoke", form("token", "x"), r.as("web")) },
		"introspect": func() got { return r.post("/introspect", form("token", "x"), r.as("guard")) },
		"resource":   func() got { return r.get("/resource", bearer(token)) },
	}
	const all = "authorize, discovery, introspect, jwks, resource, revoke, token of machine, token of post, userinfo"
	for _, tc := range []struct {
		name  string
		fault control.Fault
		want  string
	}{
		{"everything", control.Fault{}, all},
		{"authorize", control.Fault{Endpoint: control.EndpointAuthorize}, "authorize"},
		{"token", control.Fault{Endpoint: control.EndpointToken}, "token of machine, token of post"},
		{"userinfo", control.Fault{Endpoint: control.EndpointUserinfo}, "userinfo"},
		{"jwks", control.Fault{Endpoint: control.EndpointJWKS}, "jwks"},
		{"discovery", control.Fault{Endpoint: control.EndpointDiscovery}, "discovery"},
		{"revoke", control.Fault{Endpoint: control.EndpointRevoke}, "revoke"},
		{"introspect", control.Fault{Endpoint: control.EndpointIntrospect}, "introspect"},
		{"resource", control.Fault{Endpoint: control.EndpointResource}, "resource"},
		{"grant type", control.Fault{Endpoint: control.EndpointToken, GrantType: control.GrantClientCredentials}, "token of machine"},
		{"client", control.Fault{ClientID: "web"}, "authorize, resource, revoke, userinfo"},
		{"client in the body", control.Fault{ClientID: "post"}, "token of post"},
		{"form", control.Fault{Form: map[string]string{"token": "x"}}, "introspect, revoke"},
		{"query", control.Fault{Form: map[string]string{"state": "s 1", "client_id": "web"}}, "authorize"},
		{"another value", control.Fault{Form: map[string]string{"token": "y"}}, ""},
	} {
		for _, moment := range []string{control.Before, control.After} {
			t.Run(tc.name+" "+moment, func(t *testing.T) {
				r.setFaults()
				tc.fault.Moment, tc.fault.Status, tc.fault.Body = moment, 599, control.Text("")
				r.setFaults(tc.fault)
				var hit []string
				for name := range strings.SplitSeq(all, ", ") {
					if requests[name]().status == 599 {
						hit = append(hit, name)
					}
				}
				if got := strings.Join(hit, ", "); got != tc.want {
					t.Errorf("got %s, want %s", got, tc.want)
				}
			})
		}
	}
}

// TestFaultCounts checks skip and times, the order of faults, and the report.
func TestFaultCounts(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	answer := func(status, skip, times int) control.Fault {
		return control.Fault{Endpoint: control.EndpointJWKS, Moment: control.Before, Body: control.Text(""), Status: status, Skip: skip, Times: times}
	}
	r.setFaults(answer(501, 1, 2), answer(502, 1, 1), control.Fault{Endpoint: control.EndpointToken, Status: 503})
	var statuses []int
	for range 6 {
		statuses = append(statuses, r.get("/jwks").status)
	}
	// The first fault skips request 1, and applies to 2 and 3; the second one sees requests 1, 4, 5 and 6.
	if want := []int{200, 501, 501, 502, 200, 200}; !slices.Equal(statuses, want) {
		t.Errorf("statuses %v, want %v", statuses, want)
	}
	reports, err := r.mgmt.Faults(t.Context(), "blue")
	if err != nil || len(reports) != 3 {
		t.Fatalf("reports %+v, %v", reports, err)
	}
	for i, want := range [][2]int{{6, 2}, {4, 1}, {0, 0}} {
		if reports[i].Selected != want[0] || reports[i].Applied != want[1] {
			t.Errorf("fault %d: selected %d, applied %d; want %v", i, reports[i].Selected, reports[i].Applied, want)
		}
	}
	r.setFaults()
	if reports, err := r.mgmt.Faults(t.Context(), "blue"); err != nil || len(reports) != 0 {
		t.Errorf("faults after their deletion: %v, %v", reports, err)
	}
}

// TestFaultDelay checks that a delayed reply is journaled before it is sent, and that the removal of the faults, or a
// client that disconnects, ends the delay.
func TestFaultDelay(t *testing.T) {
	t.Parallel()
	for _, moment := range []string{control.Before, control.After} {
		t.Run("released "+moment, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, blue())
			token := r.redeem("web").str("refresh_token")
			r.setFaults(onRefresh(control.Fault{Moment: moment, DelayMS: 600_000}))
			done := make(chan got)
			go func() {
				g, _ := r.tryRefresh(token)
				done <- g
			}()
			r.awaitApplied()
			select {
			case g := <-done:
				t.Errorf("answered early: %+v", g)
			default:
			}
			r.setFaults()
			if g := <-done; g.status != 200 {
				t.Errorf("after the release: %+v", g)
			}
		})
	}
	t.Run("client gone", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, blue())
		token := r.redeem("web").str("refresh_token")
		r.setFaults(onRefresh(control.Fault{Moment: control.Before, DelayMS: 600_000}))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := r.try("/token", form("grant_type", "refresh_token", "refresh_token", token), r.as("web"),
				func(req *http.Request) { *req = *req.WithContext(ctx) })
			done <- err
		}()
		r.awaitApplied()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		// A slow provider acts even if its client has given up.
		e, err := r.mgmt.AwaitEntry(t.Context(), "blue", 0, func(e control.Entry) bool { return e.Fault != "" })
		if err != nil || e.Outcome != "ok" || len(e.Issued) == 0 {
			t.Errorf("journal: %+v, %v", e, err)
		}
	})
}

// awaitApplied waits until the first fault has applied to a request.
func (r *rig) awaitApplied() {
	r.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		reports, err := r.mgmt.Faults(r.t.Context(), r.made.Name)
		if err != nil || time.Now().After(deadline) {
			r.t.Fatalf("no fault applied: %+v, %v", reports, err)
		}
		if reports[0].Applied > 0 {
			return
		}
	}
}

// TestFaultsRefused checks that an error names the fault, the member and what is allowed, and that the faults in force
// stay.
func TestFaultsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	r.setFaults(control.Fault{Endpoint: "jwks", Status: 599})
	for _, tc := range []struct{ faults, want string }{
		{`{}`, "the fault does nothing; want at least one of append, body, delay_ms"},
		{`{"endpoint":"tokens","status":500}`, `faults[0].endpoint: "tokens": want one of [authorize token`},
		{`{"status":500},{"status":199}`, "faults[1].status: 199: want 200 to 599"},
		{`{"stauts":500}`, `unknown member "stauts"; the known members are add, append, body`},
		{`{"status":"500"}`, "faults.status: want a whole number, got string"},
		{`{"status":500.5}`, "faults.status: want a whole number, got number 500.5"},
		{`{"endpoint":"token","grant_type":"password","status":500}`, `grant_type: "password": want authorization_code, refresh_token or client_credentials`},
		{`{"grant_type":"refresh_token","status":500}`, "grant_type: only token requests have one; want the endpoint token"},
		{`{"skip":-1,"times":-1,"status":500}`, "faults[0].skip: -1: want 0 or more\nfaults[0].times: -1: want 0 or more; 0 means all"},
		{`{"moment":"during","status":500}`, `moment: "during": want before or after`},
		{`{"body":""}`, "moment: want before (the provider does not act) or after"},
		{`{"drop":"close"}`, "moment: want before"},
		{`{"redirect":"/x"}`, "moment: want before"},
		{`{"flood_bytes":1}`, "moment: want before"},
		{`{"moment":"before","status":500}`, "status: it changes the reply of the provider, and before the provider acts there is none; use moment after or give a body"},
		{`{"moment":"before","members":{"remove":["x"]},"delay_ms":1}`, "members: it changes the reply"},
		{`{"moment":"before","keep_bytes":1,"drop":"close"}`, "keep_bytes: it changes the reply"},
		{`{"moment":"after","body":"","members":{"remove":["x"]}}`, "members: body replaces the reply"},
		{`{"moment":"after","redirect":"/","body":""}`, "body: a redirect has none"},
		{`{"moment":"after","redirect":"/","status":200}`, "status: 200: a redirect has one of [301 302 303 307 308]"},
		{`{"moment":"after","redirect":"/","flood_bytes":1}`, "flood_bytes: a redirect has no body"},
		{`{"moment":"after","flood_bytes":67108865}`, "flood_bytes: 67108865: want 1 to 67108864"},
		{`{"moment":"after","flood_bytes":1,"keep_bytes":1}`, "keep_bytes: flood_bytes determines the length"},
		{`{"moment":"after","drop":"shut"}`, `drop: "shut": want close or reset`},
		{`{"moment":"after","drop":"close","status":500}`, "status: drop without keep_bytes sends nothing; give keep_bytes, or leave out status"},
		{`{"keep_bytes":-1}`, "keep_bytes: want 0 or more"},
		{`{"delay_ms":600001}`, "delay_ms: 600001: want 1 to 600000"},
		{`{"trickle":{"bytes":0,"every_ms":0}}`, "faults[0].trickle.bytes: 0: want 1 or more\nfaults[0].trickle.every_ms: 0: want 1 to 60000"},
		{`{"header":{"X Y":"1"}}`, `header: "X Y" is not the name of a header field`},
		{`{"header":{"X":"a\nb"}}`, "header.X: want a value of printable ASCII, or null"},
		{`{"header":{"content-length":"1"}}`, "header.content-length: it describes the connection; use keep_bytes, drop or flood_bytes"},
		{`{"header":{"Location":"/"}}`, "header.Location: use redirect or parameters"},
		{`{"header":{"Content-Type":"text/plain"}}`, "header.Content-Type: use media_type"},
		{`{"endpoint":"authorize","members":{"remove":["x"]}}`, "members: authorization replies are redirects; use parameters"},
		{`{"endpoint":"token","parameters":{"remove":["x"]}}`, "parameters: only authorization replies have them; want the endpoint authorize"},
		{`{"members":{}}`, "members: want at least one of remove, set, repeat, add"},
		{`{"members":{"remove":["x"],"set":{"x":1}}}`, `members.remove: "x" is also in set`},
		{strings.Repeat(`{"status":500},`, 100) + `{"status":500}`, "faults: 101 faults, at most 100 are allowed"},
	} {
		t.Run(tc.faults[:min(60, len(tc.faults))], func(t *testing.T) {
			req, err := http.NewRequest(http.MethodPut, r.mgmt.Base+"/issuers/blue/faults", strings.NewReader(`{"faults":[`+tc.faults+`]}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			if g := r.do(req); g.status != 400 || !strings.Contains(g.str("error"), tc.want) {
				t.Errorf("got %d %s, want %q", g.status, g.str("error"), tc.want)
			}
		})
	}
	if r.get("/jwks").status != 599 {
		t.Error("a refused list replaced the faults")
	}
}
