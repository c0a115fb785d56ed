// Package fakeidp is a fake OAuth 2.0 authorization server and OpenID provider
// for tests. It is fake in that its accounts, their consent and the data it
// guards are scripted, and it keeps nothing; it is not lax. What the documents
// forbid it refuses, because a lax fake hides the bugs of its clients.
//
// Never use it for anything but tests. It has no passwords: whoever asks to be
// an account is that account.
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
//	/jwks        the ES256 key of the issuer's ID tokens
//	/userinfo    OpenID Connect Core, section 5.3
//	/revoke      RFC 7009
//	/introspect  RFC 7662
//	/resource    what the access tokens open: rows granted by account
//	/signin?account=NAME, /signout  who this browser is, for scripts
//
// Issuers are made and watched through [Provider.Management], which belongs on
// another listener, with the client in package control.
//
// # Secrets
//
// Each secret carries a mark, so that it is found wherever it leaks: rt_csn_
// is a refresh token, at_csn_ an access token, ac_csn_ an authorization code,
// cs_csn_ a client secret; 43 characters of base64url follow. The provider
// itself keeps their digests only, and so does the journal.
//
// # Running one
//
//	p := fakeidp.New(fakeidp.Options{BaseURL: "http://127.0.0.2:20001"})
//	go http.Serve(protocol, p)                // 127.0.0.2:20001
//	go http.Serve(management, p.Management()) // 127.0.0.2:20002
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
// or, from a shell, the program's own subcommand and
//
//	curl -X PUT -H 'Content-Type: application/json' http://127.0.0.2:20002/issuers/blue -d '{"name": "blue", ...}'
//
// # Where it is stricter than the documents, or differs
//
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
