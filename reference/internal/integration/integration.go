// Package integration holds OAuth integrations: what an administrator configured, which content uses them, the sessions
// of users with the providers, and the exchange in which executing content receives an access token.
//
// Secrets and tokens leave this package sealed (package vault) or not at all, with one exception: the access token that
// an exchange answers. Status codes are package web's business. What is needed from a database is the interface [Store].
package integration

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// AuthType says whose permissions an integration's tokens carry. The values are the API's.
type AuthType string

const (
	Viewer         AuthType = "Viewer"          // each viewer's own, after a login at the provider
	ServiceAccount AuthType = "Service Account" // one account's, the same for everybody
)

// TemplateCustom is the one template this server has: every endpoint is written out.
const TemplateCustom = "custom"

// An Integration is what an administrator configured for one provider. The client secret is not in it: see [Sealed].
type Integration struct {
	ID          int64
	GUID        string
	Name        *string
	Description *string
	Template    string
	Config      Config
	Secret      Sealed // the client secret; "" where there is none
	CreatedTime time.Time
	UpdatedTime time.Time
}

// Sealed is text that only the vault can open. It may be stored, and printing it tells nothing.
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
}

const (
	modeConfidential = "Confidential"
	modePublic       = "Public"
	authBasic        = "client_secret_basic"
	authPost         = "client_secret_post"
)

// What callers decide on. Each method of [Store] says which of them it returns.
var (
	ErrNotFound = errors.New("no such object")
	ErrChanged  = errors.New("changed meanwhile")
)

// A ConfigError names a key of an integration's configuration with what is wrong with it, in the words of the API.
type ConfigError struct{ Key, Problem string }

func (e *ConfigError) Error() string { return fmt.Sprintf("The config key %s %s", e.Key, e.Problem) }

func badConfig(key, format string, args ...any) error {
	return &ConfigError{key, fmt.Sprintf(format, args...)}
}

// SecretKey is the one key of a configuration that goes in and never comes out.
const SecretKey = "client_secret"

// ParseConfig reads the configuration of a custom integration. given is the object of the API with what the integration
// already has merged under it. It returns the client secret apart; nil means that given names none. The documented
// example gives only client_id, client_secret, authorization_uri, token_uri and scopes, so the rest has defaults
// (Confidential, Viewer, PKCE on). The error is a *ConfigError.
func ParseConfig(given map[string]any) (Config, *string, error) {
	c := Config{AuthMode: modeConfidential, AuthType: Viewer, EndpointAuth: authBasic, UsePKCE: true}
	var secret *string
	var authType string
	texts := map[string]*string{
		"auth_mode": &c.AuthMode, "auth_type": &authType, "authorization_uri": &c.AuthorizationURI, "token_uri": &c.TokenURI,
		"client_id": &c.ClientID, "scopes": &c.Scopes, "token_endpoint_auth_method": &c.EndpointAuth,
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
		case key == SecretKey:
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

// Validate checks a configuration. hasSecret says whether a client secret is, or will be, stored beside it.
// The error is a *ConfigError.
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
		// A client without a secret cannot act for itself: RFC 6749 section 4.4 is for confidential clients only.
		if c.AuthMode == modePublic || !hasSecret {
			return badConfig(SecretKey, "is required by Service Account integrations")
		}
		return nil
	}
	if err := endpoint("authorization_uri", c.AuthorizationURI); err != nil {
		return err
	}
	if c.AuthMode == modeConfidential && !hasSecret {
		return badConfig(SecretKey, "is required unless auth_mode is Public")
	}
	return nil
}

func oneOf(key, got string, allowed ...string) error {
	if slices.Contains(allowed, got) {
		return nil
	}
	return badConfig(key, "must be one of (%s)", strings.Join(allowed, ", "))
}

// endpoint checks that a provider's address is an absolute URL with http or https.
func endpoint(key, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return badConfig(key, "must be an http or https URL")
	}
	return nil
}

// Public is the configuration as the API answers it: all keys, defaults included, the secret left out. It is the same
// for create, get and list, which Posit's own client tests demand.
func (c Config) Public() map[string]any {
	return map[string]any{
		"auth_mode": c.AuthMode, "auth_type": string(c.AuthType), "client_id": c.ClientID, "scopes": c.Scopes,
		"authorization_uri": c.AuthorizationURI, "token_uri": c.TokenURI, "token_endpoint_auth_method": c.EndpointAuth,
		"use_pkce": c.UsePKCE,
	}
}

// SameProvider says whether tokens obtained under c may still be used under d. Otherwise a change of the configuration
// would send one provider's refresh tokens to another.
func (c Config) SameProvider(d Config) bool {
	return c.AuthType == d.AuthType && c.ClientID == d.ClientID &&
		c.TokenURI == d.TokenURI && c.AuthorizationURI == d.AuthorizationURI
}

// An Association ties an integration to a content item. The integration's own fields are those at the time of reading.
type Association struct {
	ContentGUID string
	Integration Integration
	CreatedTime time.Time
}

// A Session is what the server holds of a user's login to a Viewer integration: at most one for a user and integration.
type Session struct {
	ID              int64
	GUID            string
	UserGUID        string
	IntegrationGUID string
	Tokens          SealedTokens
	Revision        int64 // grows with each change of the tokens
	CreatedTime     time.Time
	UpdatedTime     time.Time
}

// SealedTokens are a session's tokens as stored. The zero value is a session without tokens.
type SealedTokens struct {
	Access       Sealed
	Refresh      Sealed
	ObtainedTime time.Time // of the access token
	ExpiresTime  time.Time // of the access token; zero: the provider did not say
}

// LoggedIn says whether the user counts as logged in: "if there is an OAuth refresh token associated with the OAuth
// session" (OAuth document, line 54).
func (s *Session) LoggedIn() bool { return s.Tokens.Refresh != "" }

// A Login is one started login flow, remembered until the provider sends the browser back.
type Login struct {
	StateHash       string // hash of the parameter state
	BrowserHash     string // hash of what the browser that started it keeps in a cookie
	UserGUID        string
	IntegrationGUID string
	Verifier        Sealed // PKCE code_verifier; "" without PKCE
	RedirectURI     string
	ReturnTo        string // path on this server
	ExpiresTime     time.Time
}
