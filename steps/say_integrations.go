package steps

import (
	"context"
	"fmt"
	"strings"
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

// A design is an integration that is to be made.
type design struct {
	kind, short string
	scopes      string // "" are the usual ones of the kind
	client      string // how the client authenticates, in the words of {made}; "" is basic
	documented  bool   // only the keys of the documented example are given
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
	{`a {type} integration {who}{made}`, func(w *World, ctx context.Context, a []string) error {
		d := design{kind: a[0], short: a[1], client: a[3]}
		switch a[2] {
		case " without offline access":
			d.scopes = "openid"
		case " that was created with the keys of the documented example":
			d.client, d.documented = "client_secret_basic and PKCE", true
		}
		return w.makeIntegration(ctx, d)
	}},
	{`the administrator creates a {type} integration {withkey} {value}`, func(w *World, ctx context.Context, a []string) error {
		return w.createsAltered(ctx, a[0], a[2], a[1])
	}},
	{`the administrator changes the {setting} of the integration {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.changesIntegration(ctx, a[1], a[0])
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

// registerClient makes the client of an integration known to the provider, which demands that it
// authenticates as the design says.
func (w *World) registerClient(ctx context.Context, d design) (control.ClientSpec, error) {
	p, err := w.issuer(ctx)
	if err != nil {
		return control.ClientSpec{}, err
	}
	spec := control.ClientSpec{ID: "client-" + d.short, TokenEndpointAuthMethod: control.AuthBasic, RequirePKCE: strings.Contains(d.client, "PKCE")}
	switch {
	case strings.Contains(d.client, control.AuthPost):
		spec.TokenEndpointAuthMethod = control.AuthPost
	case d.client == "PKCE alone":
		spec.TokenEndpointAuthMethod, spec.Public = control.AuthNone, true
	}
	if d.kind == "Viewer" {
		spec.GrantTypes = []string{control.GrantAuthorizationCode, control.GrantRefreshToken}
		spec.RedirectURIs = []string{w.instance.Address() + callbackPath}
		spec.Scopes = []string{"openid", "offline_access"}
	} else {
		spec.GrantTypes, spec.Scopes, spec.ServiceAccount = []string{control.GrantClientCredentials}, []string{"data"}, d.short
		if err := p.account(ctx, d.short); err != nil {
			return control.ClientSpec{}, err
		}
	}
	client, err := p.control.AddClient(ctx, p.issuer, spec)
	return client, trouble("register a client at the provider", err)
}

// integrationConfig is that of the integration which a client stands for.
func (w *World) integrationConfig(d design, client control.ClientSpec) map[string]any {
	c := map[string]any{
		"auth_type": d.kind, "auth_mode": "Confidential", "client_id": client.ID, "client_secret": client.Secret,
		"authorization_uri": w.provider.url + "/authorize", "token_uri": w.provider.url + "/token",
		"scopes": "openid offline_access", "token_endpoint_auth_method": "client_secret_basic", "use_pkce": true,
	}
	if d.kind != "Viewer" {
		c["scopes"] = "data"
	}
	if d.scopes != "" {
		c["scopes"] = d.scopes
	}
	switch {
	case client.Public:
		c["auth_mode"] = "Public"
		delete(c, "client_secret")
		delete(c, "token_endpoint_auth_method")
	case client.TokenEndpointAuthMethod == control.AuthPost:
		c["token_endpoint_auth_method"] = "client_secret_post"
	}
	if d.documented {
		for _, key := range []string{"auth_type", "auth_mode", "token_endpoint_auth_method", "use_pkce"} {
			delete(c, key)
		}
	}
	return c
}

func (w *World) makeIntegration(ctx context.Context, d design) error {
	client, err := w.registerClient(ctx, d)
	if err != nil {
		return err
	}
	reply, err := w.creates(ctx, d.short, w.integrationConfig(d, client))
	if err != nil {
		return err
	}
	guid := reply.Text("guid")
	if !reply.Is(2) || guid == "" {
		return refused("making the integration "+d.short, reply)
	}
	w.integrations[d.short] = &integration{short: d.short, guid: guid, kind: d.kind, clientID: client.ID}
	return nil
}

func (w *World) creates(ctx context.Context, short string, config map[string]any) (*driver.Reply, error) {
	return w.operator().CreateIntegration(ctx, driver.NewIntegration{Name: w.name(short), Template: "custom", Config: config})
}

// createsAltered creates an integration twice: as it should be, and with another value of one
// key or, if the value is empty, without the key.
func (w *World) createsAltered(ctx context.Context, kind, key, value string) error {
	d := design{kind: kind, short: "altered"}
	client, err := w.registerClient(ctx, d)
	if err != nil {
		return err
	}
	config := w.integrationConfig(d, client)
	if w.attempts.granted, err = w.creates(ctx, "unaltered", config); err != nil {
		return err
	}
	if value == "" {
		delete(config, key)
	} else {
		config[key] = value
	}
	return w.attempt(w.creates(ctx, d.short, config))
}

// changesIntegration changes one setting and leaves out the others, which stay as they are.
func (w *World) changesIntegration(ctx context.Context, short, setting string) error {
	i, err := w.integration(short)
	if err != nil {
		return err
	}
	config := func(key, value string) map[string]any { return map[string]any{"config": map[string]any{key: value}} }
	changes := map[string]map[string]any{
		"name":                  {"name": w.name(short) + " renamed"},
		"client":                config("client_id", "client-other"),
		"token address":         config("token_uri", w.provider.url+"/other/token"),
		"authorization address": config("authorization_uri", w.provider.url+"/other/authorize"),
		"type":                  config("auth_type", "Service Account"),
	}[setting]
	return granted("changing the " + setting + " of " + short)(w.operator().UpdateIntegration(ctx, i.guid, changes))
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
