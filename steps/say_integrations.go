package steps

import (
	"context"
	"fmt"
	"time"

	"countersign/fakeidp/control"
	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// An integration is one that the administrator has made, and the client that
// stands for it at the provider.
type integration struct {
	short    string
	guid     string
	kind     string // "Viewer" or "Service Account"
	clientID string
}

// A provider is the scenario's own issuer.
type provider struct {
	issuer   string
	url      string // of the issuer
	control  control.Client
	accounts map[string]bool
	lifetime time.Duration // of access tokens; 0 is the provider's own
}

// sayIntegrations: integrations as the administrator makes them, and what the
// provider behind them grants.
var sayIntegrations = []sentence{
	{`a {type} integration {who}{offline}`, func(w *World, ctx context.Context, a []string) error {
		if a[2] != "" {
			return w.makeIntegration(ctx, a[0], a[1], "openid")
		}
		return w.makeIntegration(ctx, a[0], a[1], "openid offline_access")
	}},
	{`the provider grants {who} the row {value}`, func(w *World, ctx context.Context, a []string) error {
		p, err := w.issuer(ctx)
		if err != nil {
			return err
		}
		if err := p.account(ctx, a[0]); err != nil {
			return err
		}
		return trouble("grant a row", p.control.Grant(ctx, p.issuer, a[0], []string{a[1]}))
	}},
	{`the provider refuses {who}`, func(w *World, ctx context.Context, a []string) error {
		p, err := w.issuer(ctx)
		if err != nil {
			return err
		}
		if err := p.account(ctx, a[0]); err != nil {
			return err
		}
		return trouble("script consent", p.control.SetConsent(ctx, p.issuer, a[0], control.Consent{Approve: false, Error: "access_denied"}))
	}},
	{`the administrator deletes the integration {who}`, func(w *World, ctx context.Context, a []string) error {
		i, err := w.integration(a[0])
		if err != nil {
			return err
		}
		return granted("deleting the integration " + a[0])(w.operator().DeleteIntegration(ctx, i.guid))
	}},
	{`{who} finds {who} listed as a {type} integration`, func(w *World, ctx context.Context, a []string) error {
		return w.findsListed(ctx, a[0], a[1], a[2])
	}},
}

// callbackPath is where the provider sends browsers back to, below the address of
// the server.
const callbackPath = "__oauth__/integrations/callback"

func trouble(op string, err error) error {
	if err == nil {
		return nil
	}
	return &verdict.Trouble{Op: op, Err: err}
}

// issuer is made when the scenario first needs it.
func (w *World) issuer(ctx context.Context) (*provider, error) {
	if w.provider != nil {
		return w.provider, nil
	}
	return w.newIssuer(ctx, control.Issuer{})
}

// newIssuer creates the scenario's issuer with some options.
func (w *World) newIssuer(ctx context.Context, options control.Issuer) (*provider, error) {
	p := &provider{issuer: "s-" + w.suffix, control: w.run.equipment.Provider(), accounts: map[string]bool{}}
	p.url = w.run.equipment.ProviderURL() + "/" + p.issuer
	options.Name = p.issuer
	if _, err := p.control.CreateIssuer(ctx, options); err != nil {
		return nil, trouble("make an issuer", err)
	}
	w.provider = p
	return p, nil
}

// account opens an account at the provider, once.
func (p *provider) account(ctx context.Context, name string) error {
	if p.accounts[name] {
		return nil
	}
	p.accounts[name] = true
	return trouble("open an account at the provider", p.control.AddAccount(ctx, p.issuer, control.Account{Name: name}))
}

func (w *World) makeIntegration(ctx context.Context, kind, short, scopes string) error {
	p, err := w.issuer(ctx)
	if err != nil {
		return err
	}
	spec := control.ClientSpec{
		ID: "client-" + short, TokenEndpointAuthMethod: control.AuthBasic, Scopes: []string{"openid", "offline_access"},
	}
	switch kind {
	case "Viewer":
		spec.GrantTypes = []string{control.GrantAuthorizationCode, control.GrantRefreshToken}
		spec.RedirectURIs = []string{w.instance.Address() + callbackPath}
	default:
		spec.GrantTypes = []string{control.GrantClientCredentials}
		spec.Scopes = []string{"data"}
		spec.ServiceAccount, scopes = short, "data"
		if err := p.account(ctx, short); err != nil {
			return err
		}
	}
	client, err := p.control.AddClient(ctx, p.issuer, spec)
	if err != nil {
		return trouble("register a client at the provider", err)
	}
	reply, err := w.operator().CreateIntegration(ctx, driver.NewIntegration{
		Name: w.name(short), Template: "custom",
		Config: map[string]any{
			"auth_type": kind, "auth_mode": "Confidential", "client_id": client.ID, "client_secret": client.Secret,
			"authorization_uri": p.url + "/authorize", "token_uri": p.url + "/token", "scopes": scopes,
			"token_endpoint_auth_method": "client_secret_basic", "use_pkce": true,
		},
	})
	if err != nil {
		return err
	}
	guid := reply.Text("guid")
	if !reply.Is(2) || guid == "" {
		return refused("making the integration "+short, reply)
	}
	w.integrations[short] = &integration{short: short, guid: guid, kind: kind, clientID: client.ID}
	return nil
}

func (w *World) findsListed(ctx context.Context, who, short, kind string) error {
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	wanted, err := w.integration(short)
	if err != nil {
		return err
	}
	listed, reply, err := p.WithKey().Integrations(ctx)
	if err != nil {
		return err
	}
	for _, i := range listed {
		if i.GUID == wanted.guid && i.AuthType == kind {
			return nil
		}
	}
	return fail(fmt.Sprintf("the %s integration %s in the list of %s", kind, short, who), "%s with %d integrations", reply.Summary(), len(listed))
}
