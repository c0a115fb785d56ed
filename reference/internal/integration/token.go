package integration

import (
	"context"
	"errors"
	"fmt"
	"time"

	"countersign/reference/internal/dberr"
)

// AccessToken is the result of an exchange.
type AccessToken struct {
	Value   string
	Expires time.Time // zero if the provider sent no lifetime
}

// leaseLength is the time that a node may take for a refresh. It includes the timeout of the provider and the storing
// of the reply.
const leaseLength = ProviderTimeout + 2*time.Second

// leasePoll is the interval in which a node checks whether another node has finished a refresh.
const leasePoll = 40 * time.Millisecond

// ViewerToken returns the access token of a user for a Viewer integration. It refreshes an expired token. Concurrent
// calls, on all nodes together, perform one refresh: a provider that rotates refresh tokens treats a second use of
// one as theft and ends the whole session (RFC 9700 section 4.14.2). The error is ErrNotLoggedIn, ErrRefreshFailed, a
// *Fault, or an internal one.
func (s *Service) ViewerToken(ctx context.Context, in *Integration, user string) (AccessToken, error) {
	session, err := s.store.SessionOf(ctx, user, in.GUID)
	if err != nil && !errors.Is(err, dberr.NotFound) {
		return AccessToken{}, fmt.Errorf("read session: %w", err)
	}
	if err != nil || !session.LoggedIn() {
		return AccessToken{}, notLoggedIn()
	}
	if s.fresh(session) {
		return s.open(session)
	}
	// The refresh continues if the client of the first caller disconnects, because other callers wait for it.
	flight := s.refreshes.DoChan(session.GUID, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseLength+ProviderTimeout)
		defer cancel()
		return s.refreshOrWait(ctx, in, user)
	})
	select {
	case <-ctx.Done():
		return AccessToken{}, ctx.Err()
	case r := <-flight:
		if r.Err != nil {
			return AccessToken{}, r.Err
		}
		return r.Val.(AccessToken), nil
	}
}

func notLoggedIn() error {
	return refuse(ErrNotLoggedIn, "The visitor is not logged in to the OAuth integration.")
}

func refreshFailed() error {
	return refuse(ErrRefreshFailed, "Refresh token is invalid. The visitor must log in to the OAuth integration again.")
}

// fresh reports whether the access token is valid for long enough to be returned. The margin is ten seconds, or a
// quarter of a shorter lifetime.
func (s *Service) fresh(session *Session) bool {
	t := session.Tokens
	if t.ExpiresTime.IsZero() {
		return true
	}
	margin := min(10*time.Second, t.ExpiresTime.Sub(t.ObtainedTime)/4)
	return s.now().Before(t.ExpiresTime.Add(-max(margin, 0)))
}

func (s *Service) open(session *Session) (AccessToken, error) {
	value, err := s.vault.Open(string(session.Tokens.Access), tokenPlace(session, "access_token"))
	if err != nil {
		return AccessToken{}, fmt.Errorf("open access token: %w", err)
	}
	return AccessToken{value, session.Tokens.ExpiresTime}, nil
}

// refreshOrWait takes the lease and refreshes the token, or waits for the node that has the lease.
func (s *Service) refreshOrWait(ctx context.Context, in *Integration, user string) (AccessToken, error) {
	tick := time.NewTicker(leasePoll)
	defer tick.Stop()
	for {
		session, err := s.store.SessionOf(ctx, user, in.GUID)
		switch {
		case errors.Is(err, dberr.NotFound):
			return AccessToken{}, notLoggedIn()
		case err != nil:
			return AccessToken{}, fmt.Errorf("read session: %w", err)
		case !session.LoggedIn():
			return AccessToken{}, refreshFailed() // it was logged in when the refresh began
		case s.fresh(session):
			return s.open(session)
		}
		mine, err := s.lease(ctx, session)
		if err != nil {
			return AccessToken{}, err
		}
		if mine {
			return s.refreshLeased(ctx, in, session)
		}
		select {
		case <-ctx.Done():
			return AccessToken{}, &Fault{Kind: FaultNoAnswer}
		case <-tick.C:
		}
	}
}

// lease reports whether it has taken the lease for a refresh of the session.
func (s *Service) lease(ctx context.Context, session *Session) (mine bool, err error) {
	now := s.now()
	err = s.store.Update(ctx, func(tx Tx) (err error) {
		mine, err = tx.LeaseRefresh(ctx, session.GUID, session.Revision, now, now.Add(leaseLength))
		return err
	})
	return mine, err
}

// refreshLeased refreshes the token. The caller holds the lease.
func (s *Service) refreshLeased(ctx context.Context, in *Integration, session *Session) (AccessToken, error) {
	secret, err := s.clientSecret(in)
	if err != nil {
		return AccessToken{}, err
	}
	old, err := s.vault.Open(string(session.Tokens.Refresh), tokenPlace(session, "refresh_token"))
	if err != nil {
		return AccessToken{}, fmt.Errorf("open refresh token: %w", err)
	}
	got, err := s.client.refresh(ctx, in.Config, secret, old)
	var f *Fault
	switch {
	case errors.As(err, &f) && f.Kind == FaultGrant:
		// The session remains without tokens, so that the user is not logged in and is asked to log in again.
		s.log.Info("OAuth refresh token refused", "integration", in.GUID, "user", session.UserGUID)
		return s.finishRefresh(ctx, in, session, &SealedTokens{}, AccessToken{}, refreshFailed())
	case err != nil:
		s.log.Warn("OAuth refresh failed", "integration", in.GUID, "user", session.UserGUID, "fault", err)
		return s.finishRefresh(ctx, in, session, nil, AccessToken{}, err)
	}
	tokens := s.seal(session, got)
	return s.finishRefresh(ctx, in, session, &tokens, AccessToken{got.access, s.expiryOf(got)}, nil)
}

// finishRefresh ends the lease and stores the result, unless the session has changed: a logout or a new login takes
// precedence over a refresh that began before it.
func (s *Service) finishRefresh(ctx context.Context, in *Integration, session *Session, tokens *SealedTokens, token AccessToken, outcome error) (AccessToken, error) {
	err := s.store.Update(ctx, func(tx Tx) error {
		if tokens == nil {
			return tx.EndLease(ctx, session.GUID, session.Revision)
		}
		return tx.EndRefresh(ctx, session.GUID, session.Revision, *tokens, s.now())
	})
	if errors.Is(err, dberr.NotFound) {
		return s.refreshOrWait(ctx, in, session.UserGUID)
	}
	if err != nil {
		return AccessToken{}, fmt.Errorf("store refreshed tokens: %w", err)
	}
	return token, outcome
}

// ServiceToken requests a new token for the service account of the integration. The error is a *Fault or internal.
func (s *Service) ServiceToken(ctx context.Context, in *Integration) (AccessToken, error) {
	secret, err := s.clientSecret(in)
	if err != nil {
		return AccessToken{}, err
	}
	got, err := s.client.serviceToken(ctx, in.Config, secret)
	if err != nil {
		s.log.Warn("OAuth service account token failed", "integration", in.GUID, "fault", err)
		return AccessToken{}, err
	}
	return AccessToken{got.access, s.expiryOf(got)}, nil
}
