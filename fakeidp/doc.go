// Package fakeidp is a fake OAuth 2.0 authorization server and OpenID provider for tests. Its accounts, their consent
// and the data that it protects are scripted, and it stores nothing permanently. It refuses everything that the
// standards forbid, because a lax fake would hide errors of its clients.
//
// It must be used for tests only. It has no passwords: every client can act as every account.
//
// # Issuers
//
// The first path segment names the issuer: http://127.0.0.2:20001/blue is one,
// with its own clients, accounts, keys, tokens and journal. Under it are
//
//	/.well-known/openid-configuration        OpenID Connect Discovery
//	/.well-known/oauth-authorization-server  RFC 8414; also where that document
//	                                         puts it, before the issuer's path
//	/authorize   authorization code with PKCE (RFC 6749, 7636, 9207)
//	/token       authorization_code, refresh_token, client_credentials
//	/jwks        the ES256 keys of the issuer's ID tokens
//	/userinfo    OpenID Connect Core, section 5.3
//	/revoke      RFC 7009
//	/introspect  RFC 7662
//	/resource    the data that access tokens protect: rows by account
//	/signin?account=NAME, /signout  the account of the browser, for scripts
//
// Issuers are created and observed through [Provider.Management], which must have its own listener, with the client
// in package control.
//
// # Misbehaviour
//
// By default an issuer is strict. Three settings of the management API change that:
//
//   - A fault ([control.Fault]) selects requests, and replaces, changes, delays or withholds the reply, before or
//     after the provider has acted. README.md has an example of each kind.
//   - A clock ([control.ClockSetting]) and a key rotation ([control.KeyRotation]) of the issuer.
//   - A negative control ([control.Lax]) omits a check for one client. Its members name the RFC sections.
//
// A token that is rotated and whose reply is lost:
//
//	err := c.SetFaults(ctx, "blue", control.Fault{
//		Endpoint: control.EndpointToken, GrantType: control.GrantRefreshToken, Times: 1,
//		Moment: control.After, Drop: control.DropClose,
//	})
//
// # Secrets
//
// Each secret has a prefix, so that leak checks find it: rt_csn_ for a refresh token, at_csn_ for an access token,
// ac_csn_ for an authorization code, cs_csn_ for a client secret. 43 characters of base64url follow. The provider and
// its journal store digests of secrets only.
//
// # Running one
//
//	p := fakeidp.New(fakeidp.Options{BaseURL: "http://127.0.0.2:20001"})
//	go fakeidp.NewServer(p).Serve(protocol)                // 127.0.0.2:20001
//	go fakeidp.NewServer(p.Management()).Serve(management) // 127.0.0.2:20002
//
//	c := control.Client{Base: "http://127.0.0.2:20002"}
//	_, err := c.CreateIssuer(ctx, control.Issuer{
//		Name: "blue",
//		Clients: []control.ClientSpec{{
//			ID:           "reports",
//			RedirectURIs: []string{"http://127.0.0.1:20017/__oauth__/integrations/callback"},
//			GrantTypes:   []string{control.GrantAuthorizationCode, control.GrantRefreshToken},
//		}},
//		Accounts: []control.Account{{Name: "alice", Rows: []string{"row of alice"}}},
//	})
//
// From a shell, use the subcommand of countersign and
//
//	curl -X PUT -H 'Content-Type: application/json' http://127.0.0.2:20002/issuers/blue -d '{"name": "blue", ...}'
//
// # Where it is stricter than the documents, or differs
//
//   - PKCE is required of all clients, unless a confidential client is registered with optional_pkce.
//   - redirect_uri is always required, and compared octet for octet, loopback
//     ports included.
//   - A code is spent by the first use of the client it was issued to, even if
//     that use fails; a second use revokes what the first one got.
//   - A refresh token is given only if offline_access was granted. Each use
//     replaces it, and the use of a replaced one revokes the whole grant, even
//     if the two uses were simultaneous (RFC 9700, section 4.14.2).
//   - The endpoints with a form body refuse a query and duplicates of any
//     parameter, known or not.
//   - ID tokens are signed with ES256 only, although OpenID Connect wants RS256
//     to be there as well.
package fakeidp
