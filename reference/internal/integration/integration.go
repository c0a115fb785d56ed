// Package integration implements OAuth integrations: their configuration, their association with content, the
// sessions of users with the providers, and the exchange in which executing content receives an access token.
//
// Secrets and tokens leave this package only sealed (package vault), except for the access token that an exchange
// returns. [Service] applies the rules, the interface [Store] is its database. Package web handles status codes.
package integration

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// AuthType is the kind of account to which the tokens of an integration belong. The values are those of the API.
type AuthType string

const (
	Viewer         AuthType = "Viewer"          // the account of each viewer, after a login at the provider
	ServiceAccount AuthType = "Service Account" // one account, which is the same for all visitors
)

// TemplateCustom is the only template of this server. Its configuration contains every endpoint.
const TemplateCustom = "custom"

// An Integration is the configuration for one provider. It contains the client secret only in sealed form.
type Integration struct {
	ID          int64
	GUID        string
	Name        *string
	Description *string
	Template    string
	Config      Config
	Secret      Sealed // the client secret; "" if there is none
	CreatedTime time.Time
	UpdatedTime time.Time
}

// Sealed is text that only the vault can open. It may be stored and printed.
type Sealed string

// Config is the configuration of a custom integration, without the client secret.
type Config struct {
	AuthMode         string   // Confidential or Public
	AuthType         AuthType // Viewer or Service Account
	AuthorizationURI string
	TokenURI         string
	ClientID         string
	Scopes           string // one string, separated by blanks
	EndpointAuth     string // client_secret_basic or client_secret_post
	UsePKCE          bool
	// Issuer is the identifier of the provider (RFC 9207), or "" if it is not known. The key is a choice of this server.
	Issuer string
}

const (
	modeConfidential = "Confidential"
	modePublic       = "Public"
	authBasic        = "client_secret_basic"
	authPost         = "client_secret_post"
)

// badConfig returns ErrConfig for a key of the configuration, in the terms of the API.
func badConfig(key, format string, args ...any) error {
	return refuse(ErrConfig, "The config key %s %s", key, fmt.Sprintf(format, args...))
}

// secretKey is the key of the client secret, which the API accepts and never returns.
const secretKey = "client_secret"

// ParseConfig reads the configuration of a custom integration. given is the object of the API, merged with the stored
// configuration. It returns the client secret separately, or nil if given has none. The other keys have defaults
// (Confidential, Viewer, PKCE on), because the documented example contains only client_id, client_secret,
// authorization_uri, token_uri and scopes. The error is ErrConfig.
func ParseConfig(given map[string]any) (Config, *string, error) {
	c := Config{AuthMode: modeConfidential, AuthType: Viewer, EndpointAuth: authBasic, UsePKCE: true}
	var secret *string
	var authType string
	texts := map[string]*string{
		"auth_mode": &c.AuthMode, "auth_type": &authType, "authorization_uri": &c.AuthorizationURI, "token_uri": &c.TokenURI,
		"client_id": &c.ClientID, "scopes": &c.Scopes, "token_endpoint_auth_method": &c.EndpointAuth,
		"issuer": &c.Issuer,
	}
	for key, value := range given {
		switch target, isText := texts[key]; {
		case value == nil: // absent
		case key == "use_pkce":
			on, ok := value.(bool)
			if !ok {
				return Config{}, nil, badConfig(key, "must be true or false")
			}
			c.UsePKCE = on
		case key == secretKey:
			text, ok := value.(string)
			if !ok {
				return Config{}, nil, badConfig(key, "must be a string")
			}
			secret = &text
		case isText:
			text, ok := value.(string)
			if !ok {
				return Config{}, nil, badConfig(key, "must be a string")
			}
			*target = strings.TrimSpace(text)
		default:
			return Config{}, nil, badConfig(key, "is not known to the template custom")
		}
	}
	if authType != "" {
		c.AuthType = AuthType(authType)
	}
	return c, secret, nil
}

// Validate checks a configuration. hasSecret reports whether a client secret is, or will be, stored with it. The
// error is ErrConfig.
func (c Config) Validate(hasSecret bool) error {
	if err := oneOf("auth_mode", c.AuthMode, modeConfidential, modePublic); err != nil {
		return err
	}
	if err := oneOf("auth_type", string(c.AuthType), string(Viewer), string(ServiceAccount)); err != nil {
		return err
	}
	if err := oneOf("token_endpoint_auth_method", c.EndpointAuth, authBasic, authPost); err != nil {
		return err
	}
	if c.ClientID == "" {
		return badConfig("client_id", "must be given")
	}
	if err := endpoint("token_uri", c.TokenURI); err != nil {
		return err
	}
	if c.AuthType == ServiceAccount {
		// RFC 6749 section 4.4 permits this grant for confidential clients only.
		if c.AuthMode == modePublic || !hasSecret {
			return badConfig(secretKey, "is required by Service Account integrations")
		}
		return nil
	}
	if err := endpoint("authorization_uri", c.AuthorizationURI); err != nil {
		return err
	}
	if c.AuthMode == modeConfidential && !hasSecret {
		return badConfig(secretKey, "is required unless auth_mode is Public")
	}
	return nil
}

func oneOf(key, got string, allowed ...string) error {
	if slices.Contains(allowed, got) {
		return nil
	}
	return badConfig(key, "must be one of (%s)", strings.Join(allowed, ", "))
}

// endpoint checks that the address of an endpoint is an absolute URL with http or https.
func endpoint(key, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return badConfig(key, "must be an http or https URL")
	}
	return nil
}

// Public returns the configuration in the form of the API: all keys with their defaults, without the secret. It is
// the same for create, get and list, as the tests of the client of Posit require.
func (c Config) Public() map[string]any {
	public := map[string]any{
		"auth_mode": c.AuthMode, "auth_type": string(c.AuthType), "client_id": c.ClientID, "scopes": c.Scopes,
		"authorization_uri": c.AuthorizationURI, "token_uri": c.TokenURI, "token_endpoint_auth_method": c.EndpointAuth,
		"use_pkce": c.UsePKCE,
	}
	if c.Issuer != "" { // clients of Connect do not know this key
		public["issuer"] = c.Issuer
	}
	return public
}

// SameProvider reports whether tokens obtained under c may be used under d. Otherwise a change of the configuration
// would send the refresh tokens of one provider to another.
func (c Config) SameProvider(d Config) bool {
	return c.AuthType == d.AuthType && c.ClientID == d.ClientID &&
		c.TokenURI == d.TokenURI && c.AuthorizationURI == d.AuthorizationURI && c.Issuer == d.Issuer
}

// An Association assigns an integration to a content item. The fields of the integration are those at the time of
// reading.
type Association struct {
	ContentGUID string
	Integration Integration
	CreatedTime time.Time
}

// A Session is the login of a user to a Viewer integration. There is at most one for each user and integration.
type Session struct {
	ID              int64
	GUID            string
	UserGUID        string
	IntegrationGUID string
	Tokens          SealedTokens
	Revision        int64 // increases with each change of the tokens
	CreatedTime     time.Time
	UpdatedTime     time.Time
}

// SealedTokens are the stored tokens of a session. The zero value is a session without tokens.
type SealedTokens struct {
	Access       Sealed
	Refresh      Sealed
	ObtainedTime time.Time // of the access token
	ExpiresTime  time.Time // of the access token; zero if the provider sent no lifetime
}

// LoggedIn reports whether the user is logged in: "if there is an OAuth refresh token associated with the OAuth
// session" (OAuth document, line 54).
func (s *Session) LoggedIn() bool { return s.Tokens.Refresh != "" }

// A Login is a started login, which is stored until the provider sends the browser back.
type Login struct {
	StateHash       string // hash of the parameter state
	BrowserHash     string // hash of the secret in the cookie of the browser that started the login
	UserGUID        string
	IntegrationGUID string
	Verifier        Sealed // PKCE code_verifier; "" without PKCE
	RedirectURI     string
	ReturnTo        string // a path on this server
	ExpiresTime     time.Time
}
