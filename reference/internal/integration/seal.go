package integration

import (
	"fmt"
	"time"

	"countersign/reference/internal/vault"
)

// clientSecret returns the client secret of an integration, or "" if it has none.
func (s *Service) clientSecret(in *Integration) (string, error) {
	if in.Secret == "" {
		return "", nil
	}
	secret, err := s.vault.Open(string(in.Secret), secretPlace(in.GUID))
	if err != nil {
		return "", fmt.Errorf("open client secret of %s: %w", in.GUID, err)
	}
	return secret, nil
}

// sealSecret seals the client secret of an integration. "" means that it has none.
func (s *Service) sealSecret(guid, secret string) Sealed {
	if secret == "" {
		return ""
	}
	return Sealed(s.vault.Seal(secret, secretPlace(guid)))
}

func (s *Service) seal(session *Session, g grant) SealedTokens {
	return SealedTokens{
		Access:       Sealed(s.vault.Seal(g.access, tokenPlace(session, "access_token"))),
		Refresh:      Sealed(s.vault.Seal(g.refresh, tokenPlace(session, "refresh_token"))),
		ObtainedTime: s.now(), ExpiresTime: s.expiryOf(g),
	}
}

// expiryOf returns the time at which the access token of a grant expires, or zero if the provider sent no lifetime.
func (s *Service) expiryOf(g grant) time.Time {
	if !g.expires {
		return time.Time{}
	}
	return s.now().Add(g.lifetime)
}

// The places of sealed values. The place of a session consists of user and integration, which are unique and do not
// change when its guid does.

func secretPlace(guid string) string { return vault.Place("oauth_integrations", "client_secret", guid) }

func verifierPlace(stateHash string) string {
	return vault.Place("oauth_logins", "verifier", stateHash)
}

func tokenPlace(s *Session, column string) string {
	return vault.Place("oauth_sessions", column, s.UserGUID+"/"+s.IntegrationGUID)
}
