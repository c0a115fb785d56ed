package integration_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"countersign/reference/internal/content"
	"countersign/reference/internal/integration"
)

func TestParseConfig(t *testing.T) {
	t.Parallel()
	// The documented curl command sends these members only.
	cfg, secret, err := integration.ParseConfig(map[string]any{
		"client_id": "c", "client_secret": "s", "authorization_uri": "https://idp.example/authorize", "token_uri": "https://idp.example/token", "scopes": "openid offline_access",
	})
	if err != nil || secret == nil || *secret != "s" {
		t.Fatalf("ParseConfig: %v", err)
	}
	want := map[string]any{
		"auth_mode": "Confidential", "auth_type": "Viewer", "client_id": "c", "authorization_uri": "https://idp.example/authorize",
		"token_uri": "https://idp.example/token", "scopes": "openid offline_access", "token_endpoint_auth_method": "client_secret_basic", "use_pkce": true,
	}
	if diff := cmp.Diff(want, cfg.Public()); diff != "" {
		t.Errorf("public configuration (-want +got):\n%s", diff)
	}
	for name, value := range cfg.Public() {
		if value == "s" {
			t.Errorf("the secret is in %s", name)
		}
	}
}

func TestConfigProblems(t *testing.T) {
	t.Parallel()
	viewer := map[string]any{"client_id": "c", "authorization_uri": "https://idp.example/a", "token_uri": "https://idp.example/t"}
	service := map[string]any{"client_id": "c", "token_uri": "https://idp.example/t", "auth_type": "Service Account"}
	tests := []struct {
		name   string
		base   map[string]any
		key    string
		value  any
		secret bool
		want   string // the key of the problem; "" means none
	}{
		{"viewer", viewer, "scopes", "openid", true, ""},
		{"service account", service, "scopes", "", true, ""},
		{"public viewer", viewer, "auth_mode", "Public", false, ""},
		{"viewer without secret", viewer, "scopes", "x", false, "client_secret"},
		{"service account without secret", service, "scopes", "x", false, "client_secret"},
		{"public service account", service, "auth_mode", "Public", true, "client_secret"},
		{"unknown key", viewer, "max_role", "Viewer", true, "max_role"},
		{"number for a string", viewer, "client_id", 5.0, true, "client_id"},
		{"string for a boolean", viewer, "use_pkce", "yes", true, "use_pkce"},
		{"auth mode", viewer, "auth_mode", "public", true, "auth_mode"},
		{"auth type", viewer, "auth_type", "viewer", true, "auth_type"},
		{"endpoint auth", viewer, "token_endpoint_auth_method", "none", true, "token_endpoint_auth_method"},
		{"no client id", viewer, "client_id", " ", true, "client_id"},
		{"null removes", viewer, "token_uri", nil, true, "token_uri"},
		{"relative", viewer, "token_uri", "/token", true, "token_uri"},
		{"other scheme", viewer, "authorization_uri", "javascript:alert(1)", true, "authorization_uri"},
		{"no host", viewer, "token_uri", "https:///t", true, "token_uri"},
		{"no URL", viewer, "token_uri", "https://[idp.example/t", true, "token_uri"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			given := map[string]any{test.key: test.value}
			for key, value := range test.base {
				if _, set := given[key]; !set {
					given[key] = value
				}
			}
			cfg, _, err := integration.ParseConfig(given)
			if err == nil {
				err = cfg.Validate(test.secret)
			}
			var bad *integration.Refusal
			switch {
			case test.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.want != "" && (!errors.As(err, &bad) || bad.Err != integration.ErrConfig || !strings.HasPrefix(bad.Text, "The config key "+test.want+" ")):
				t.Errorf("got %v, want a complaint about %s", err, test.want)
			}
		})
	}
}

// The two published tables.
func TestFits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind                                   integration.AuthType
		interactive, rendered, static, unknown bool
	}{
		{integration.Viewer, true, false, false, false},
		{integration.ServiceAccount, true, true, false, false},
	} {
		for class, want := range map[content.Class]bool{content.ClassInteractive: test.interactive, content.ClassRendered: test.rendered,
			content.ClassStatic: test.static, content.ClassUnknown: test.unknown} {
			if got := integration.Fits(test.kind, class); got != want {
				t.Errorf("Fits(%s, %s) = %v, want %v", test.kind, class, got, want)
			}
		}
	}
}

func TestSameProvider(t *testing.T) {
	t.Parallel()
	base := integration.Config{AuthType: integration.Viewer, ClientID: "c", TokenURI: "t", AuthorizationURI: "a", Scopes: "s"}
	for name, change := range map[string]func(*integration.Config){
		"auth_type": func(c *integration.Config) { c.AuthType = integration.ServiceAccount }, "client_id": func(c *integration.Config) { c.ClientID = "x" },
		"token_uri": func(c *integration.Config) { c.TokenURI = "x" }, "authorization_uri": func(c *integration.Config) { c.AuthorizationURI = "x" },
	} {
		other := base
		change(&other)
		if base.SameProvider(other) {
			t.Errorf("another %s counts as the same provider", name)
		}
	}
	other := base
	other.Scopes = "more"
	if !base.SameProvider(other) {
		t.Error("other scopes count as another provider")
	}
}
