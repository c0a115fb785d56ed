package scenario

import (
	"context"
	"slices"
	"time"

	"countersign/fakeidp/control"
	"countersign/steps/check"
	"countersign/steps/driver"
)

// An Integration is one that the administrator has created, with its client at the provider.
type Integration struct {
	Name string // in the feature

	state    *State
	guid     string
	kind     IntegrationType
	clientID string
}

// An IntegrationType is the type of an integration, as the documents call it.
type IntegrationType string

// The types of integrations.
const (
	Viewer         IntegrationType = "Viewer"
	ServiceAccount IntegrationType = "Service Account"
)

// Integration returns the integration with a name.
func (s *State) Integration(name string) (*Integration, error) {
	if i := s.integrations[name]; i != nil {
		return i, nil
	}
	return nil, missing("no integration is called %q in this scenario", name)
}

// An IntegrationName is the name of an integration that is created.
type IntegrationName string

// A ClientAuthentication is how the client of an integration authenticates to the provider.
type ClientAuthentication struct {
	Method string // as in RFC 7591: client_secret_basic, client_secret_post or none
	PKCE   bool   // the provider requires PKCE
}

// ClientAuthentications are those that scenarios use.
var ClientAuthentications = map[string]ClientAuthentication{
	"client_secret_basic and PKCE": {control.AuthBasic, true},
	"client_secret_post and PKCE":  {control.AuthPost, true},
	"client_secret_post":           {control.AuthPost, false},
	"PKCE alone":                   {control.AuthNone, true},
}

// A Design is an integration that is to be created. The zero value of a field stands for what is
// usual.
type Design struct {
	Type       IntegrationType
	Name       IntegrationName
	Scopes     string
	Client     ClientAuthentication // client_secret_basic without PKCE
	Documented bool                 // only the keys of the documented example are given
}

// registerClient registers the client of an integration at the provider, which requires that it
// authenticates as the design says.
func (s *State) registerClient(ctx context.Context, d Design) (control.ClientSpec, error) {
	p, err := s.requireIssuer(ctx)
	if err != nil {
		return control.ClientSpec{}, err
	}
	spec := control.ClientSpec{ID: "client-" + string(d.Name), TokenEndpointAuthMethod: d.Client.Method, OptionalPKCE: !d.Client.PKCE}
	switch d.Client.Method {
	case "":
		spec.TokenEndpointAuthMethod = control.AuthBasic
	case control.AuthNone:
		spec.Public = true
	}
	if d.Type == Viewer {
		spec.GrantTypes = []string{control.GrantAuthorizationCode, control.GrantRefreshToken}
		spec.RedirectURIs = []string{s.callback()}
		spec.Scopes = []string{"openid", "offline_access"}
	} else {
		spec.GrantTypes, spec.Scopes, spec.ServiceAccount = []string{control.GrantClientCredentials}, []string{"data"}, string(d.Name)
		if err := p.account(ctx, string(d.Name)); err != nil {
			return control.ClientSpec{}, err
		}
	}
	client, err := p.control.AddClient(ctx, p.name, spec)
	return client, trouble("register a client at the provider", err)
}

// callback returns the URL to which the provider sends browsers back.
func (s *State) callback() string { return s.Instance.Address() + "__oauth__/integrations/callback" }

// configuration returns the configuration of the integration for a client.
func (s *State) configuration(d Design, client control.ClientSpec) map[string]any {
	c := map[string]any{
		"auth_type": string(d.Type), "auth_mode": "Confidential", "client_id": client.ID, "client_secret": client.Secret,
		"authorization_uri": s.issuer.url + "/authorize", "token_uri": s.issuer.url + "/token",
		"scopes": "openid offline_access", "token_endpoint_auth_method": "client_secret_basic", "use_pkce": true,
	}
	if d.Type != Viewer {
		c["scopes"] = "data"
	}
	if d.Scopes != "" {
		c["scopes"] = d.Scopes
	}
	switch {
	case client.Public:
		c["auth_mode"] = "Public"
		delete(c, "client_secret")
		delete(c, "token_endpoint_auth_method")
	case client.TokenEndpointAuthMethod == control.AuthPost:
		c["token_endpoint_auth_method"] = "client_secret_post"
	}
	if d.Documented {
		for _, key := range []string{"auth_type", "auth_mode", "token_endpoint_auth_method", "use_pkce"} {
			delete(c, key)
		}
	}
	return c
}

// RequireIntegration has the administrator create an integration.
func (s *State) RequireIntegration(ctx context.Context, d Design) error {
	client, err := s.registerClient(ctx, d)
	if err != nil {
		return err
	}
	reply, err := s.createIntegration(ctx, d.Name, s.configuration(d, client))
	if err != nil {
		return err
	}
	guid := reply.Text("guid")
	if !reply.Is(2) || guid == "" {
		return notGranted("creating the integration "+string(d.Name), reply)
	}
	s.integrations[string(d.Name)] = &Integration{Name: string(d.Name), state: s, guid: guid, kind: d.Type, clientID: client.ID}
	return nil
}

func (s *State) createIntegration(ctx context.Context, name IntegrationName, config map[string]any) (*driver.Reply, error) {
	return s.Operator().CreateIntegration(ctx, driver.NewIntegration{Name: s.WireName(string(name)), Template: "custom", Config: config})
}

// CreateIntegrationWith creates an integration twice: as it should be, and with another value of
// one key of its configuration.
func (s *State) CreateIntegrationWith(ctx context.Context, t IntegrationType, key, value string) error {
	return s.createChanged(ctx, t, func(config map[string]any) { config[key] = value })
}

// CreateIntegrationWithout creates an integration twice: as it should be, and without one key of
// its configuration.
func (s *State) CreateIntegrationWithout(ctx context.Context, t IntegrationType, key string) error {
	return s.createChanged(ctx, t, func(config map[string]any) { delete(config, key) })
}

func (s *State) createChanged(ctx context.Context, t IntegrationType, change func(config map[string]any)) error {
	d := Design{Type: t, Name: "changed"}
	client, err := s.registerClient(ctx, d)
	if err != nil {
		return err
	}
	config := s.configuration(d, client)
	if s.Compared.Granted, err = s.createIntegration(ctx, "unchanged", config); err != nil {
		return err
	}
	change(config)
	return s.Compared.Try(s.createIntegration(ctx, d.Name, config))
}

// A Setting is a setting of an integration that the administrator changes.
type Setting func(i *Integration) map[string]any

// Settings are those that scenarios change. Each change leaves the other settings as they are.
var Settings = map[string]Setting{
	"name": func(i *Integration) map[string]any {
		return map[string]any{"name": i.state.WireName(i.Name) + " renamed"}
	},
	"client":                configSetting("client_id", func(*Integration) string { return "client-other" }),
	"token address":         configSetting("token_uri", func(i *Integration) string { return i.state.issuer.url + "/other/token" }),
	"authorization address": configSetting("authorization_uri", func(i *Integration) string { return i.state.issuer.url + "/other/authorize" }),
	"type":                  configSetting("auth_type", func(*Integration) string { return string(ServiceAccount) }),
}

func configSetting(key string, value func(i *Integration) string) Setting {
	return func(i *Integration) map[string]any { return map[string]any{"config": map[string]any{key: value(i)}} }
}

// Change has the administrator change a setting of the integration.
func (i *Integration) Change(ctx context.Context, setting Setting) error {
	return require("changing the integration " + i.Name)(i.state.Operator().UpdateIntegration(ctx, i.guid, setting(i)))
}

// Delete has the administrator delete the integration.
func (i *Integration) Delete(ctx context.Context) error {
	return require("deleting the integration " + i.Name)(i.state.Operator().DeleteIntegration(ctx, i.guid))
}

// CheckListed requires that a person finds the integration in the list with a type.
func (i *Integration) CheckListed(ctx context.Context, p *Person, t IntegrationType) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	listed, reply, err := b.WithKey().Integrations(ctx)
	if err != nil {
		return err
	}
	return check.Listed(listed, i.guid, string(t), reply)
}

// A List is a list of the API of OAuth integrations that a client can ask for.
type List func(ctx context.Context, client *driver.Persona) (*driver.Reply, error)

// Lists are those that scenarios ask for.
var Lists = map[string]List{
	"integrations": func(ctx context.Context, client *driver.Persona) (*driver.Reply, error) {
		_, reply, err := client.Integrations(ctx)
		return reply, err
	},
	"OAuth sessions": func(ctx context.Context, client *driver.Persona) (*driver.Reply, error) {
		_, reply, err := client.Sessions(ctx)
		return reply, err
	},
}

// AskFor has a client ask for a list. A list that is not empty is compared with later ones.
func (s *State) AskFor(ctx context.Context, client *driver.Persona, list List) error {
	return s.tryList(list(ctx, client))
}

// AskForAssociations has a client ask for the associations of the content.
func (c *Content) AskForAssociations(ctx context.Context, client *driver.Persona) error {
	_, reply, err := client.Associations(ctx, c.guid)
	return c.state.tryList(reply, err)
}

func (s *State) tryList(reply *driver.Reply, err error) error {
	if err != nil {
		return err
	}
	if n, _ := reply.Entries(); n > 0 {
		s.Compared.Granted = reply
	}
	return s.Compared.Try(reply, nil)
}

// An Issuer is the scenario's own issuer at the provider.
type Issuer struct {
	name     string
	url      string
	control  control.Client
	accounts []string
	lifetime time.Duration // of access tokens; 0 is the provider's own
}

// requireIssuer returns the issuer, which is created when the scenario first needs it.
func (s *State) requireIssuer(ctx context.Context) (*Issuer, error) {
	if s.issuer != nil {
		return s.issuer, nil
	}
	return s.createIssuer(ctx, control.Issuer{})
}

func (s *State) createIssuer(ctx context.Context, options control.Issuer) (*Issuer, error) {
	if s.issuer != nil {
		return nil, missing("change the options of the provider before the first integration")
	}
	p := &Issuer{name: "s-" + s.Suffix, control: s.Provider}
	p.url = s.ProviderURL + "/" + p.name
	options.Name = p.name
	if _, err := p.control.CreateIssuer(ctx, options); err != nil {
		return nil, trouble("create an issuer", err)
	}
	s.issuer = p
	return p, nil
}

// account creates an account at the provider, once.
func (p *Issuer) account(ctx context.Context, name string) error {
	if slices.Contains(p.accounts, name) {
		return nil
	}
	p.accounts = append(p.accounts, name)
	return trouble("create an account at the provider", p.control.AddAccount(ctx, p.name, control.Account{Name: name}))
}

// ShortenTokens gives access tokens of the provider a lifetime.
func (s *State) ShortenTokens(ctx context.Context, lifetime time.Duration) error {
	p, err := s.createIssuer(ctx, control.Issuer{AccessTokenLifetime: int(lifetime / time.Second)})
	if err == nil {
		p.lifetime = lifetime
	}
	return err
}

// OmitExpiry makes the provider leave out when access tokens expire.
func (s *State) OmitExpiry(ctx context.Context) error {
	_, err := s.createIssuer(ctx, control.Issuer{OmitExpiresIn: true})
	return err
}

// EndFaults makes the provider behave well again.
func (s *State) EndFaults(ctx context.Context) error {
	if s.issuer == nil {
		return missing("the scenario has no provider")
	}
	return trouble("script the provider", s.Provider.SetFaults(ctx, s.issuer.name))
}

// GrantRow makes the provider's resource give an account a row.
func (s *State) GrantRow(ctx context.Context, account, row string) error {
	p, err := s.requireIssuer(ctx)
	if err != nil {
		return err
	}
	if err := p.account(ctx, account); err != nil {
		return err
	}
	return trouble("grant a row", p.control.Grant(ctx, p.name, account, []string{row}))
}

// DenyConsent makes the provider refuse the authorization of an account.
func (s *State) DenyConsent(ctx context.Context, account string) error {
	p, err := s.requireIssuer(ctx)
	if err != nil {
		return err
	}
	if err := p.account(ctx, account); err != nil {
		return err
	}
	return trouble("script consent", p.control.SetConsent(ctx, p.name, account, control.Consent{Approve: false, Error: "access_denied"}))
}

// RevokeGrants makes the provider end what an account has granted.
func (s *State) RevokeGrants(ctx context.Context, account string) error {
	if s.issuer == nil {
		return missing("the scenario has no provider")
	}
	_, err := s.Provider.RevokeGrants(ctx, s.issuer.name, account)
	return trouble("end the grants of an account", err)
}

// journal returns what the provider has recorded of the scenario's requests.
func (s *State) journal(ctx context.Context) ([]control.Entry, error) {
	if s.issuer == nil {
		return nil, nil
	}
	entries, err := s.Provider.Journal(ctx, s.issuer.name)
	return entries, trouble("read the provider's journal", err)
}

// CheckJournal judges what the provider has recorded.
func (s *State) CheckJournal(ctx context.Context, judge func([]control.Entry) error) error {
	entries, err := s.journal(ctx)
	if err != nil {
		return err
	}
	return judge(entries)
}

// CheckTokenIssued requires that the provider has issued an access token to the integration's
// client.
func (i *Integration) CheckTokenIssued(ctx context.Context) error {
	return i.state.CheckJournal(ctx, func(journal []control.Entry) error { return check.TokenIssued(journal, i.clientID) })
}

// CheckNoAuthorization requires that the provider has seen no authorization request of the
// integration's client.
func (i *Integration) CheckNoAuthorization(ctx context.Context) error {
	return i.state.CheckJournal(ctx, func(journal []control.Entry) error { return check.NoAuthorization(journal, i.clientID) })
}
