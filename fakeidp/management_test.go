package fakeidp_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/fakeidp/control"
)

func realNow() time.Time { return time.Now() }

func TestManagement(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	ctx := t.Context()
	status := func(err error) int {
		var e *control.Error
		if errors.As(err, &e) {
			return e.Status
		}
		return 0
	}

	// The reply of the creation contains secrets; later replies do not.
	if got := r.secret("post"); got != "post secret" {
		t.Errorf("own secret: %q", got)
	}
	shown, err := r.mgmt.Issuer(ctx, "blue")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range shown.Clients {
		if c.Secret != "" {
			t.Errorf("client %s is shown with its secret", c.ID)
		}
	}
	if d := cmp.Diff([]string{"guard", "machine", "once", "post", "relaxed", "spa", "strict", "web"}, ids(shown)); d != "" {
		t.Error(d)
	}
	if _, err := r.mgmt.CreateIssuer(ctx, blue()); status(err) != http.StatusConflict {
		t.Errorf("the same issuer again: %v", err)
	}

	made, err := r.mgmt.AddClient(ctx, "blue", control.ClientSpec{
		ID: "odd/id: 50%", GrantTypes: []string{"client_credentials"}, ServiceAccount: "robot",
	})
	if err != nil || !strings.HasPrefix(made.Secret, "cs_csn_") {
		t.Fatalf("added client: %v, %v", made, err)
	}
	r.granted(r.post("/token", form("grant_type", "client_credentials"), basicAuth(made.ID, made.Secret)))
	if text := fmt.Sprintf("%v %+v %#v", made, made, []any{made}); strings.Contains(text, made.Secret) {
		t.Error("a client that is printed shows its secret")
	}
	if _, err := r.mgmt.AddClient(ctx, "blue", made); status(err) != http.StatusConflict {
		t.Errorf("the same client again: %v", err)
	}

	if err := r.mgmt.AddAccount(ctx, "blue", control.Account{Name: "carol", Rows: []string{"c"}}); err != nil {
		t.Fatal(err)
	}
	if err := r.mgmt.AddAccount(ctx, "blue", control.Account{Name: "carol"}); status(err) != http.StatusConflict {
		t.Errorf("the same account again: %v", err)
	}
	if err := r.mgmt.SetDefaultAccount(ctx, "blue", "carol"); err != nil {
		t.Fatal(err)
	}
	if r.redeem("web"); r.last().Account != "carol" {
		t.Errorf("default account: %q", r.last().Account)
	}

	_, noJournal := r.mgmt.Journal(ctx, "red")
	_, noGrants := r.mgmt.RevokeGrants(ctx, "blue", "eve")
	_, noClient := r.mgmt.AddClient(ctx, "red", made)
	for name, err := range map[string]error{
		"journal":         noJournal,
		"grants":          noGrants,
		"client":          noClient,
		"default account": r.mgmt.SetDefaultAccount(ctx, "blue", "eve"),
		"consent":         r.mgmt.SetConsent(ctx, "blue", "eve", control.Consent{Approve: true}),
		"rows":            r.mgmt.Grant(ctx, "blue", "eve", nil),
		"faults":          r.mgmt.SetFaults(ctx, "red", control.Fault{Status: 503}),
		"no faults":       r.mgmt.SetFaults(ctx, "red"),
		"delete":          r.mgmt.DeleteIssuer(ctx, "red"),
	} {
		if status(err) != http.StatusNotFound {
			t.Errorf("%s of what is not there: %v", name, err)
		}
	}

	names, err := r.mgmt.Issuers(ctx)
	if err != nil || !slices.Equal(names, []string{"blue"}) {
		t.Errorf("issuers: %v, %v", names, err)
	}
	if err := r.mgmt.DeleteIssuer(ctx, "blue"); err != nil {
		t.Fatal(err)
	}
	if g := r.get("/jwks"); g.status != 404 {
		t.Errorf("a deleted issuer answers %d", g.status)
	}
}

func ids(is control.Issuer) []string {
	var out []string
	for _, c := range is.Clients {
		out = append(out, c.ID)
	}
	return out
}

// TestIssuerRefused checks that all problems are reported together, and that no issuer is created.
func TestIssuerRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	client := func(edit func(*control.ClientSpec)) control.Issuer {
		spec := blue()
		spec.Name = "green"
		edit(&spec.Clients[0])
		return spec
	}
	issuer := func(edit func(*control.Issuer)) control.Issuer {
		spec := blue()
		spec.Name = "green"
		edit(&spec)
		return spec
	}
	for _, tc := range []struct {
		name string
		spec control.Issuer
		want []string
	}{
		{"name", issuer(func(s *control.Issuer) { s.Name = "Green_1" }), []string{"lower-case"}},
		{"lifetime", issuer(func(s *control.Issuer) { s.AccessTokenLifetime = -1 }), []string{"negative"}},
		{"default account", issuer(func(s *control.Issuer) { s.DefaultAccount = "eve" }), []string{`"eve" does not exist`}},
		{"account twice", issuer(func(s *control.Issuer) { s.Accounts = append(s.Accounts, control.Account{Name: "bob"}) }), []string{"bob", "exists already"}},
		{"account name", issuer(func(s *control.Issuer) { s.Accounts[1].Name = "b ob" }), []string{`"b ob"`}},
		{"client twice", issuer(func(s *control.Issuer) { s.Clients = append(s.Clients, s.Clients[0]) }), []string{"web", "exists already"}},
		{"client without id", client(func(c *control.ClientSpec) { c.ID = "" }), []string{"an id is"}},
		{"no grant types", client(func(c *control.ClientSpec) { c.GrantTypes = nil }), []string{"grant_types is empty"}},
		{"unknown grant type", client(func(c *control.ClientSpec) { c.GrantTypes = []string{"password"} }), []string{`"password"`}},
		{"refresh alone", client(func(c *control.ClientSpec) { c.GrantTypes = []string{"refresh_token"} }), []string{"needs authorization_code"}},
		{"no redirect URI", client(func(c *control.ClientSpec) { c.RedirectURIs = nil }), []string{"needs a redirect URI"}},
		{"fragment", client(func(c *control.ClientSpec) { c.RedirectURIs = []string{callback + "#"} }), []string{"fragment"}},
		{"relative", client(func(c *control.ClientSpec) { c.RedirectURIs = []string{"/callback"} }), []string{"absolute"}},
		{"script", client(func(c *control.ClientSpec) { c.RedirectURIs = []string{"javascript:alert(1)"} }), []string{"absolute"}},
		{"method", client(func(c *control.ClientSpec) { c.TokenEndpointAuthMethod = "private_key_jwt" }), []string{"private_key_jwt"}},
		{"scope", client(func(c *control.ClientSpec) { c.Scopes = []string{"a b"} }), []string{`"a b"`}},
		{"public with secret", client(func(c *control.ClientSpec) { c.Public = true }), []string{"has no secret"}},
		{"machine without account", client(func(c *control.ClientSpec) { c.GrantTypes = []string{"client_credentials"} }), []string{"needs a service account"}},
		{"service account missing", client(func(c *control.ClientSpec) { c.ServiceAccount = "eve" }), []string{`"eve" does not exist`}},
		{"public machine, and more", client(func(c *control.ClientSpec) {
			c.Public, c.Secret, c.GrantTypes, c.TokenEndpointAuthMethod = true, "", []string{"client_credentials", "x"}, "client_secret_basic"
		}), []string{"may not use client_credentials", "needs a service account", `"x"`, "by none"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := r.mgmt.CreateIssuer(t.Context(), tc.spec)
			var e *control.Error
			if !errors.As(err, &e) || e.Status != http.StatusBadRequest {
				t.Fatalf("got %v, want 400", err)
			}
			for _, want := range tc.want {
				if !strings.Contains(e.Message, want) {
					t.Errorf("message %q lacks %q", e.Message, want)
				}
			}
		})
	}
	if names, err := r.mgmt.Issuers(t.Context()); err != nil || !slices.Equal(names, []string{"blue"}) {
		t.Errorf("issuers after refusals: %v, %v", names, err)
	}
	if _, err := r.mgmt.CreateIssuer(t.Context(), issuer(func(*control.Issuer) {})); err != nil {
		t.Errorf("the same without a mistake: %v", err)
	}
}

func TestConsentRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	for _, c := range []control.Consent{
		{Approve: true, Error: "access_denied"}, {Error: "made_up"}, {Withhold: []string{"openid"}},
	} {
		if err := r.mgmt.SetConsent(t.Context(), "blue", "alice", c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
	r.code("web")
}

// TestManagementBodies checks that bodies are strict JSON of bounded size.
func TestManagementBodies(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	for _, tc := range []struct {
		name, body, kind string
		status           int
	}{
		{"good", `{"rows":["a"]}`, "application/json", 204},
		{"good, charset", `{"rows":["a"]} `, "application/json; charset=utf-8", 204},
		{"unknown member", `{"rows":[],"more":1}`, "application/json", 400},
		{"wrong type", `{"rows":"a"}`, "application/json", 400},
		{"trailing value", `{"rows":[]} {}`, "application/json", 400},
		{"trailing brace", `{"rows":[]}}`, "application/json", 400},
		{"null", ` null`, "application/json", 400},
		{"array", `[]`, "application/json", 400},
		{"empty", ``, "application/json", 400},
		{"no type", `{"rows":[]}`, "", 415},
		{"form", `rows=a`, "application/x-www-form-urlencoded", 415},
		{"too long", `{"rows":["` + strings.Repeat("a", 64<<10) + `"]}`, "application/json", 413},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := r.in(t)
			req, err := http.NewRequest(http.MethodPut, r.mgmt.Base+"/issuers/blue/accounts/bob/rows", strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			if tc.kind != "" {
				req.Header.Set("Content-Type", tc.kind)
			}
			g := r.do(req)
			if g.status != tc.status || (tc.status >= 400 && g.str("error") == "") {
				t.Errorf("got %d %s, want %d", g.status, g.text, tc.status)
			}
		})
	}
	shown, err := r.mgmt.Issuer(t.Context(), "blue")
	if err != nil || !slices.Equal(shown.Accounts[1].Rows, []string{"a"}) {
		t.Errorf("rows after all this: %v, %v", shown.Accounts[1], err)
	}
	// The management API is not on the protocol listener, and the protocol is not on the management listener.
	req, _ := http.NewRequest(http.MethodGet, r.base+"/issuers", nil)
	if g := r.do(req); g.status != 404 {
		t.Errorf("management on the protocol's listener: %d", g.status)
	}
	req, _ = http.NewRequest(http.MethodGet, r.mgmt.Base+"/blue/jwks", nil)
	if g := r.do(req); g.status != 404 {
		t.Errorf("protocol on the management's listener: %d", g.status)
	}
}
