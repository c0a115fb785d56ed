package fakeidp

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"time"

	"countersign/fakeidp/control"
)

// Forms of names. The name of an issuer is a path segment. The name of an account is a subject (OpenID Connect Core,
// section 2) and occurs in headers and file names of tests.
var (
	issuerName  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,99}$`)
	accountName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@+-]{0,199}$`)
)

// Errors that the management converts to a status.
var (
	errExists  = errors.New("exists already")
	errMissing = errors.New("does not exist")
)

// newIssuer checks a specification and creates an issuer. It returns the specification as registered, including the
// secrets of clients, or an error with all problems.
func (p *Provider) newIssuer(spec control.Issuer) (*issuer, control.Issuer, error) {
	var errs []error
	if !issuerName.MatchString(spec.Name) {
		errs = append(errs, fmt.Errorf("name %q: want lower-case letters, digits and hyphens, at most 100", spec.Name))
	}
	if spec.AccessTokenLifetime < 0 || spec.RefreshTokenLifetime < 0 {
		errs = append(errs, errors.New("a lifetime is negative"))
	}
	is := &issuer{
		name: spec.Name, clock: p.now, rand: p.rand,
		journal:         journal{bound: p.journalBound},
		accessLifetime:  seconds(spec.AccessTokenLifetime, accessLifetime),
		refreshLifetime: seconds(spec.RefreshTokenLifetime, refreshLifetime),
		omitExpiresIn:   spec.OmitExpiresIn,
		omitRefresh:     spec.OmitRefreshToken,
		clients:         map[string]*client{},
		accounts:        map[string]*account{},
		sessions:        newLedger[*session](1 << 12),
		choices:         newLedger[*authRequest](1 << 12),
		codes:           newLedger[*code](1 << 16),
		access:          newLedger[*accessToken](1 << 17),
		refresh:         newLedger[*refreshToken](1 << 17),
	}
	if err := is.rotateKey(true); err != nil {
		return nil, control.Issuer{}, err
	}
	for _, a := range spec.Accounts {
		errs = append(errs, is.addAccount(a))
	}
	errs = append(errs, is.setDefault(spec.DefaultAccount))
	secrets := map[string]string{}
	for _, c := range spec.Clients {
		made, err := is.addClient(c)
		errs = append(errs, err)
		secrets[made.ID] = made.Secret
	}
	if err := errors.Join(errs...); err != nil {
		return nil, control.Issuer{}, err
	}
	made := is.describe()
	for i := range made.Clients {
		made.Clients[i].Secret = secrets[made.Clients[i].ID]
	}
	return is, made, nil
}

func seconds(n int, otherwise time.Duration) time.Duration {
	if n == 0 {
		return otherwise
	}
	return time.Duration(n) * time.Second
}

// addClient registers a client and returns its specification with the secret.
func (is *issuer) addClient(spec control.ClientSpec) (control.ClientSpec, error) {
	fill(&spec)
	if err := errors.Join(checkClient(spec)...); err != nil {
		return control.ClientSpec{}, err
	}
	if !spec.Public && spec.Secret == "" {
		secret, err := is.mint(markSecret)
		if err != nil {
			return control.ClientSpec{}, err
		}
		spec.Secret = secret
	}
	c := &client{spec: spec, secret: sha256.Sum256([]byte(spec.Secret)), scopes: spec.Scopes}
	c.spec.Secret = ""

	is.mu.Lock()
	defer is.mu.Unlock()
	if is.clients[spec.ID] != nil {
		return control.ClientSpec{}, fmt.Errorf("client %q %w", spec.ID, errExists)
	}
	if spec.ServiceAccount != "" && is.accounts[spec.ServiceAccount] == nil {
		return control.ClientSpec{}, fmt.Errorf("client %q: service account %q %w", spec.ID, spec.ServiceAccount, errMissing)
	}
	is.clients[spec.ID] = c
	return spec, nil
}

// fill sets the defaults of a specification.
func fill(spec *control.ClientSpec) {
	if spec.TokenEndpointAuthMethod == "" {
		spec.TokenEndpointAuthMethod = control.AuthBasic
		if spec.Public {
			spec.TokenEndpointAuthMethod = control.AuthNone
		}
	}
	if len(spec.Scopes) == 0 {
		spec.Scopes = slices.Clone(defaultScopes)
	}
}

// checkClient returns the problems of a specification with defaults.
func checkClient(spec control.ClientSpec) []error {
	var errs []error
	bad := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf("client %q: "+format, append([]any{spec.ID}, args...)...))
		}
	}
	bad(spec.ID == "" || len(spec.ID) > 200 || !visible(spec.ID), "an id is 1 to 200 characters of printable ASCII")
	bad(!visible(spec.Secret) || len(spec.Secret) > 1000, "a secret is at most 1000 characters of printable ASCII")
	bad(spec.Public && spec.Secret != "", "a public client has no secret")
	bad(spec.Public && spec.OptionalPKCE, "optional_pkce: a public client needs PKCE (RFC 9700, section 2.1.1)")

	method := spec.TokenEndpointAuthMethod
	bad(spec.Public && method != control.AuthNone, "a public client authenticates by none, not %q", method)
	bad(!spec.Public && method != control.AuthBasic && method != control.AuthPost,
		"token_endpoint_auth_method %q: want client_secret_basic or client_secret_post", method)

	bad(len(spec.GrantTypes) == 0 && !spec.ResourceServer, "grant_types is empty")
	grants := []string{control.GrantAuthorizationCode, control.GrantRefreshToken, control.GrantClientCredentials}
	for _, g := range spec.GrantTypes {
		bad(!slices.Contains(grants, g), "grant type %q: want one of %v", g, grants)
	}
	code := slices.Contains(spec.GrantTypes, control.GrantAuthorizationCode)
	machine := slices.Contains(spec.GrantTypes, control.GrantClientCredentials)
	bad(slices.Contains(spec.GrantTypes, control.GrantRefreshToken) && !code, "refresh_token needs authorization_code")
	bad(code && len(spec.RedirectURIs) == 0, "authorization_code needs a redirect URI")
	// RFC 6749, section 4.4, permits confidential clients only.
	bad(machine && spec.Public, "a public client may not use client_credentials")
	bad(machine && spec.ServiceAccount == "", "client_credentials needs a service account")
	bad(spec.ResourceServer && spec.Public, "a resource server needs a secret")

	for _, u := range spec.RedirectURIs {
		bad(!redirectable(u), "redirect URI %q: want an absolute http or https URL without a fragment", u)
	}
	for _, s := range spec.Scopes {
		bad(!scopeToken(s), "scope %q is not well-formed", s)
	}
	return errs
}

// redirectable reports whether a redirect URI is valid according to RFC 6749, section 3.1.2.
func redirectable(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil &&
		visible(text) && !slices.Contains([]byte(text), '#') && !slices.Contains([]byte(text), ' ')
}

func (is *issuer) addAccount(a control.Account) error {
	if !accountName.MatchString(a.Name) {
		return fmt.Errorf("account %q: want letters, digits and . _ @ + -, at most 200", a.Name)
	}
	is.mu.Lock()
	defer is.mu.Unlock()
	if is.accounts[a.Name] != nil {
		return fmt.Errorf("account %q %w", a.Name, errExists)
	}
	is.accounts[a.Name] = &account{name: a.Name, rows: slices.Clone(a.Rows), consent: control.Consent{Approve: true}}
	return nil
}

// setDefault sets the account of browsers without a session; "" means none.
func (is *issuer) setDefault(name string) error {
	is.mu.Lock()
	defer is.mu.Unlock()
	if name != "" && is.accounts[name] == nil {
		return fmt.Errorf("default account %q %w", name, errMissing)
	}
	is.defaultAccount = name
	return nil
}

// change calls do with an account.
func (is *issuer) change(name string, do func(*account)) error {
	is.mu.Lock()
	defer is.mu.Unlock()
	a := is.accounts[name]
	if a == nil {
		return fmt.Errorf("account %q %w", name, errMissing)
	}
	do(a)
	return nil
}

// consentErrors lists the error codes that a script may use: those codes of RFC 6749, section 4.1.2.1, and OpenID
// Connect Core, section 3.1.2.6, by which a provider or an account refuses.
var consentErrors = []string{
	"access_denied", "unauthorized_client", "invalid_scope", "server_error", "temporarily_unavailable",
	"interaction_required", "login_required", "account_selection_required", "consent_required",
}

func (is *issuer) setConsent(name string, c control.Consent) error {
	switch {
	case c.Approve && c.Error != "":
		return errors.New("a consent either approves or has an error")
	case !c.Approve && len(c.Withhold) > 0:
		return errors.New("a refusal withholds everything")
	case !c.Approve && c.Error == "":
		c.Error = "access_denied"
	}
	if c.Error != "" && !slices.Contains(consentErrors, c.Error) {
		return fmt.Errorf("error %q: want one of %v", c.Error, consentErrors)
	}
	return is.change(name, func(a *account) { a.consent = c })
}
