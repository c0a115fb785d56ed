package integration

import (
	"context"
	"errors"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
	"countersign/reference/internal/dberr"
)

// Sessions returns the sessions of the actor, oldest first. For administrators with all it returns the sessions of all
// users. For other actors all has no effect.
func (s *Service) Sessions(ctx context.Context, actor account.Actor, all bool) ([]*Session, error) {
	if all && actor.Role == account.Administrator {
		return s.store.Sessions(ctx)
	}
	return s.store.SessionsOf(ctx, actor.User.GUID)
}

// Session returns a session. It returns dberr.NotFound if the session does not exist, or if it is the session of another
// user and the actor is not an administrator.
func (s *Service) Session(ctx context.Context, actor account.Actor, guid string) (*Session, error) {
	return visibleSession(ctx, s.store, actor, guid)
}

func visibleSession(ctx context.Context, r Reader, actor account.Actor, guid string) (*Session, error) {
	session, err := r.Session(ctx, guid)
	if err != nil {
		return nil, err
	}
	if session.UserGUID != actor.User.GUID && actor.Role != account.Administrator {
		return nil, dberr.NotFound
	}
	return session, nil
}

// DeleteSession deletes a session and the started logins of its user and integration. It returns the errors of Session.
func (s *Service) DeleteSession(ctx context.Context, actor account.Actor, guid string) error {
	return s.store.Update(ctx, func(tx Tx) error {
		session, err := visibleSession(ctx, tx, actor, guid)
		if err != nil {
			return err
		}
		return endSession(ctx, tx, session.UserGUID, session.IntegrationGUID)
	})
}

// Logout deletes the session of a user with an integration, with its tokens (OAuth document, line 48), and the started
// logins. It returns nil if there is no session, and dberr.NotFound if the integration does not exist.
func (s *Service) Logout(ctx context.Context, user, guid string) error {
	return s.store.Update(ctx, func(tx Tx) error {
		if _, err := tx.Integration(ctx, guid); err != nil {
			return err
		}
		return endSession(ctx, tx, user, guid)
	})
}

// endSession deletes the session of a user with an integration, and the started logins, so that a callback after a
// logout has no effect.
func endSession(ctx context.Context, tx Tx, user, guid string) error {
	if err := tx.DeleteLogins(ctx, user, guid); err != nil {
		return err
	}
	return tx.DeleteSession(ctx, user, guid)
}

// LoginFor returns the guid of the Viewer integration to which a visitor of an item must log in, or "" (OAuth document,
// line 42). Visitors of an item that is open to all visitors get no token and need no login.
func (s *Service) LoginFor(ctx context.Context, item *content.Item, user string) (string, error) {
	if item.Access == content.AccessAll {
		return "", nil
	}
	associations, err := s.store.Associations(ctx, item.GUID)
	if err != nil {
		return "", err
	}
	for _, a := range associations {
		if a.Integration.Config.AuthType != Viewer {
			continue
		}
		session, err := s.store.SessionOf(ctx, user, a.Integration.GUID)
		if errors.Is(err, dberr.NotFound) {
			session, err = &Session{}, nil
		}
		if err != nil {
			return "", err
		}
		if !session.LoggedIn() {
			return a.Integration.GUID, nil
		}
	}
	return "", nil
}
