package transcript

import (
	"regexp"
	"strings"
)

// The allow-lists. Any value that is on none of them is written as its length and eight digits of
// its digest. They contain names from the documents and the protocols, and no names that only a
// server under test uses.

// words returns the set of the words in text.
func words(text string) map[string]bool {
	set := make(map[string]bool)
	for _, word := range strings.Fields(text) {
		set[word] = true
	}
	return set
}

// shownHeaders are header names (lower case) whose values are shown.
var shownHeaders = words(`
	accept accept-encoding allow cache-control connection content-encoding content-length content-type date expires
	host keep-alive pragma retry-after sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user server
	strict-transport-security transfer-encoding upgrade user-agent vary via www-authenticate x-content-type-options
	x-deprecated-endpoint x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto x-frame-options
	referrer-policy access-control-allow-origin access-control-allow-credentials
`)

// urlHeaders are headers with URLs, which are shown with their parts redacted.
var urlHeaders = words(`location content-location referer origin x-rsc-request`)

// hiddenHeaders are headers with credentials. They remain hidden even if a configuration uses one
// as an identity header.
var hiddenHeaders = words(`
	authorization proxy-authorization cookie set-cookie x-rsc-authorization x-auth-token x-auth-signature
	x-rsc-xsrf posit-connect-user-session-token posit-connect-credentials
`)

// cookieNames are names of cookies that are shown. Values of cookies are always hidden.
var cookieNames = words(`
	rsconnect rsconnect-legacy RSC-XSRF RSC-XSRF-legacy verified-user proxyauth-as-id proxyauth-as-user
	proxyauth-as-first proxyauth-as-last proxyauth-as-email proxyauth-as-role proxyauth-as-groups
	proxyauth-as-group-1 proxyauth-as-group-2 proxyauth-as-group-3 proxyauth-as-group-4 proxyauth-as-group-5
	proxyauth-as-group-6 proxyauth-as-group-7 proxyauth-as-group-8
`)

// identityCookie reports whether a cookie holds the value of an identity header. Such a value is
// not secret, so it is not hidden elsewhere in the transcript.
func identityCookie(name string) bool {
	return name == "verified-user" || strings.HasPrefix(name, "proxyauth-as-")
}

// shownMembers are names of JSON members and form fields whose plain values
// are shown.
var shownMembers = words(`
	guid id name title description username first_name last_name email user_role role roles groups unique_id external_id
	confirmed locked created_time updated_time active_time access_type app_mode app_role appmode content_guid app_guid
	owner_guid user_guid group_guid bundle_id content_count active size error total current_page results
	oauth_integration_guid oauth_integration_name oauth_integration_description oauth_integration_template
	oauth_integration_auth_type integration_guid template auth_type auth_mode scopes scope client_id use_pkce
	token_endpoint_auth_method has_refresh_token principal_guid principal_type finished last output version max_role
	expires_in token_type issued_token_type grant_type subject_token_type requested_token_type audience account rows
	probe mode pid method status members kind where encoding response_type code_challenge_method error_description
	account_status page_number page_size all wait first include sort asc_order visible
`)

// urlMembers are members with URLs.
var urlMembers = words(`
	url content_url dashboard_url authorization_uri token_uri redirect_uri redirect_uris path iss issuer location
`)

// knownMembers are names that are shown, and whose values are hidden.
var knownMembers = words(`
	key token access_token refresh_token id_token client_secret api_key temp_ticket password token_claim_url public_key
	task_id environment headers request query body permissions environment_variables config metadata payload
	subject_token state code code_verifier code_challenge nonce share prefix actions sightings content tags owner
	vanity_url files result prohibited_usernames authentication license env form do as sealed digest
`)

// pathWords are segments of paths that are shown.
var pathWords = words(`
	__api__ __oauth__ __ping__ __login__ __logout__ v1 user users me keys content bundles deploy tasks oauth integrations
	integration credentials sessions session associations permissions share_links login logout callback auth rsconnect
	connect server_settings tokens groups members remote lock verify templates bootstrap experimental download authorize
	token jwks userinfo revoke introspect resource signin .well-known openid-configuration oauth-authorization-server
	issuers journal consent grants applications current environment
`)

// valueWords are values of query parameters that are shown.
var valueWords = words(`
	true false True False code S256 openid offline_access owner vanity_url tags viewer publisher administrator
	locked licensed inactive access_denied login consent none document empty
	urn:ietf:params:oauth:grant-type:token-exchange urn:posit:connect:user-session-token
	urn:posit:connect:content-session-token urn:ietf:params:oauth:token-type:access_token urn:posit:connect:api-key
	client_credentials authorization_code refresh_token client_secret_basic client_secret_post
`)

var methods = words(`GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT`)

// secretMember reports whether the values of a member or parameter are secrets, which are hidden
// everywhere.
func secretMember(name string) bool {
	if shownMembers[name] || urlMembers[name] {
		return false
	}
	lower := strings.ToLower(name)
	for _, word := range []string{"token", "secret", "key", "code", "state", "verifier", "challenge", "password", "ticket", "share", "nonce", "cookie", "authorization", "signature"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

var (
	guidForm   = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	numberForm = regexp.MustCompile(`^[0-9]{1,10}$`)
	digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	nameForm   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,63}$`)
	hostForm   = regexp.MustCompile(`^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?$`)
)
