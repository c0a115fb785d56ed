package fakeidp

import (
	"net/http"

	"countersign/fakeidp/control"
)

// metadata is the document of OpenID Connect Discovery, section 3, and of RFC 8414, section 2.
type metadata struct {
	Issuer               string   `json:"issuer"`
	Authorization        string   `json:"authorization_endpoint"`
	Token                string   `json:"token_endpoint"`
	JWKS                 string   `json:"jwks_uri"`
	Userinfo             string   `json:"userinfo_endpoint"`
	Revocation           string   `json:"revocation_endpoint"`
	Introspection        string   `json:"introspection_endpoint"`
	Scopes               []string `json:"scopes_supported"`
	ResponseTypes        []string `json:"response_types_supported"`
	ResponseModes        []string `json:"response_modes_supported"`
	GrantTypes           []string `json:"grant_types_supported"`
	SubjectTypes         []string `json:"subject_types_supported"`
	IDTokenAlgorithms    []string `json:"id_token_signing_alg_values_supported"`
	TokenMethods         []string `json:"token_endpoint_auth_methods_supported"`
	RevocationMethods    []string `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectionMethods []string `json:"introspection_endpoint_auth_methods_supported"`
	ChallengeMethods     []string `json:"code_challenge_methods_supported"`
	Prompts              []string `json:"prompt_values_supported"`
	Claims               []string `json:"claims_supported"`
	ResponseIss          bool     `json:"authorization_response_iss_parameter_supported"`
	RequestParameter     bool     `json:"request_parameter_supported"`
	RequestURIParameter  bool     `json:"request_uri_parameter_supported"` // absent means true
	ClaimsParameter      bool     `json:"claims_parameter_supported"`
}

func (ex *exchange) discovery() (reply, error) {
	confidential := []string{control.AuthBasic, control.AuthPost}
	every := append([]string{control.AuthNone}, confidential...)
	return jsonReply(http.StatusOK, metadata{
		Issuer:               ex.iss,
		Authorization:        ex.iss + "/authorize",
		Token:                ex.iss + "/token",
		JWKS:                 ex.iss + "/jwks",
		Userinfo:             ex.iss + "/userinfo",
		Revocation:           ex.iss + "/revoke",
		Introspection:        ex.iss + "/introspect",
		Scopes:               ex.is.scopes(),
		ResponseTypes:        []string{"code"},
		ResponseModes:        []string{"query"},
		GrantTypes:           []string{control.GrantAuthorizationCode, control.GrantRefreshToken, control.GrantClientCredentials},
		SubjectTypes:         []string{"public"},
		IDTokenAlgorithms:    []string{"ES256"},
		TokenMethods:         every,
		RevocationMethods:    every,
		IntrospectionMethods: confidential,
		ChallengeMethods:     []string{"S256"},
		Prompts:              []string{"none", "login", "consent", "select_account"},
		Claims:               []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "preferred_username"},
		ResponseIss:          true,
	})
}
