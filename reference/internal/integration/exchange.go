package integration

import (
	"context"
	"errors"
	"fmt"
	"time"

	"countersign/reference/internal/account/secrets"
	"countersign/reference/internal/content"
	"countersign/reference/internal/content/execution"
	"countersign/reference/internal/dberr"
)

// The identifiers of RFC 8693 and of the clients of Posit. One published page misprints the grant as urn:eitf.
const (
	GrantTokenExchange  = "urn:ietf:params:oauth:grant-type:token-exchange"
	UserSessionToken    = "urn:posit:connect:user-session-token"
	ContentSessionToken = "urn:posit:connect:content-session-token"
	AccessTokenType     = "urn:ietf:params:oauth:token-type:access_token"
)

// Content gives an exchange access to content, executions and users. The exchange always reads the present state, so
// that a lost permission, a locked user or a stopped process has an immediate effect.
type Content interface {
	// Item returns dberr.NotFound.
	Item(ctx context.Context, guid string) (*content.Item, error)
	// Execution and ExecutionBySession return dberr.NotFound unless the execution is running.
	Execution(ctx context.Context, id string) (*execution.Execution, error)
	ExecutionBySession(ctx context.Context, hash string) (*execution.Execution, error)
	// RoleOfUser returns the role of a user on an item. It is content.AppNone for a user who is locked or deleted.
	RoleOfUser(ctx context.Context, item *content.Item, user string) (content.AppRole, error)
}

// Request is a request for a token exchange, with its caller.
type Request struct {
	Caller        string // the guid of a user
	CallerContent string // for a key of content: the item that received the key
	GrantType     string
	SubjectType   string
	SubjectToken  string
	RequestedType string // "" means AccessTokenType
	Audience      string // the guid of an integration; "" means the only one
}

// TokenResponse is the reply to an exchange in the form of RFC 8693 section 2.2.1.
type TokenResponse struct {
	AccessToken string `json:"access_token"`
	IssuedType  string `json:"issued_token_type"`
	TokenType   string `json:"token_type"`
	ExpiresIn   *int64 `json:"expires_in,omitempty"` // in seconds, only if it is known
}

// Exchange returns an access token for executing content. For the token of a visit and a Viewer integration it is the
// token of the visitor; for the token of the execution it is the token of the service account. The error is a
// *Refusal or internal.
func (s *Service) Exchange(ctx context.Context, r Request) (TokenResponse, error) {
	token, err := s.exchange(ctx, r)
	if err != nil {
		return TokenResponse{}, err
	}
	reply := TokenResponse{AccessToken: token.Value, IssuedType: AccessTokenType, TokenType: "Bearer"}
	if !token.Expires.IsZero() {
		left := max(0, int64(token.Expires.Sub(s.now())/time.Second))
		reply.ExpiresIn = &left
	}
	return reply, nil
}

// exchange returns the token of an exchange.
func (s *Service) exchange(ctx context.Context, r Request) (AccessToken, error) {
	if err := r.check(); err != nil {
		return AccessToken{}, err
	}
	run, visit, err := s.subject(ctx, r)
	if err != nil {
		return AccessToken{}, err
	}
	item, err := s.content.Item(ctx, run.ContentGUID)
	if errors.Is(err, dberr.NotFound) {
		return AccessToken{}, badSubject(r)
	}
	if err != nil {
		return AccessToken{}, fmt.Errorf("read content: %w", err)
	}
	// A deployment stops the process of the bundle before it, but on another node only with the next visit there.
	if r.SubjectType == UserSessionToken && run.BundleID != item.BundleID {
		return AccessToken{}, badSubject(r)
	}
	// The caller must be the content itself, with its key, or the owner of the content. The key of content is not
	// valid for other items.
	if r.CallerContent != "" && r.CallerContent != item.GUID {
		return AccessToken{}, badSubject(r)
	}
	if r.Caller != item.OwnerGUID {
		return AccessToken{}, refuse(ErrNotOwner, "Only the owner of the content may exchange its session tokens.")
	}
	in, err := s.findIntegration(ctx, item, r.Audience)
	if err != nil {
		return AccessToken{}, err
	}
	if r.SubjectType == UserSessionToken {
		return s.exchangeViewer(ctx, in, item, visit)
	}
	return s.exchangeService(ctx, in, item)
}

func (r Request) check() error {
	switch {
	case r.GrantType != GrantTokenExchange:
		return refuse(ErrGrantType, "Invalid grant_type. Expected '%s'", GrantTokenExchange)
	case r.SubjectType != UserSessionToken && r.SubjectType != ContentSessionToken:
		return refuse(ErrSubjectTokenType, "Invalid subject_token_type. Expected '%s' or '%s'", UserSessionToken, ContentSessionToken)
	case r.RequestedType != "" && r.RequestedType != AccessTokenType:
		return refuse(ErrRequestedTokenType, "Invalid requested_token_type. Expected '%s'", AccessTokenType)
	}
	return nil
}

func badSubject(r Request) error {
	if r.SubjectType == ContentSessionToken {
		return refuse(ErrContentSessionToken, "Invalid content session token")
	}
	return refuse(ErrSubjectToken, "Invalid subject_token")
}

// subject returns the execution to which the token belongs, and the visit if the token belongs to a user.
func (s *Service) subject(ctx context.Context, r Request) (*execution.Execution, Visit, error) {
	var run *execution.Execution
	var visit Visit
	var err error
	if r.SubjectType == ContentSessionToken {
		run, err = s.content.ExecutionBySession(ctx, secrets.Hash(r.SubjectToken))
	} else {
		if visit, err = s.tokens.verify(r.SubjectToken); err != nil {
			return nil, Visit{}, badSubject(r)
		}
		run, err = s.content.Execution(ctx, visit.Execution)
	}
	if errors.Is(err, dberr.NotFound) {
		return nil, Visit{}, badSubject(r)
	}
	if err != nil {
		return nil, Visit{}, fmt.Errorf("read execution: %w", err)
	}
	if r.SubjectType == UserSessionToken && run.ContentGUID != visit.Content {
		return nil, Visit{}, badSubject(r)
	}
	return run, visit, nil
}

// findIntegration returns the integration that audience names, or the only one.
func (s *Service) findIntegration(ctx context.Context, item *content.Item, audience string) (*Integration, error) {
	associations, err := s.store.Associations(ctx, item.GUID)
	if err != nil {
		return nil, fmt.Errorf("read associations: %w", err)
	}
	switch {
	case len(associations) == 0:
		return nil, refuse(ErrNoAssociation, "No OAuth integrations have been associated with this content item.")
	case audience != "":
		for i := range associations {
			if associations[i].Integration.GUID == audience {
				return &associations[i].Integration, nil
			}
		}
		return nil, refuse(ErrAudience, "Invalid audience. It names no OAuth integration associated with this content item.")
	case len(associations) > 1:
		return nil, refuse(ErrSeveralAssociations, "Several OAuth integrations are associated with this content item. Name one as audience.")
	}
	return &associations[0].Integration, nil
}

// exchangeViewer refuses rendered and static content, items that are open to all visitors (lines 5, 9 and 13 of the
// OAuth document), and visitors who may no longer see the item. Visits by share links have no token, because they do
// not identify a user.
func (s *Service) exchangeViewer(ctx context.Context, in *Integration, item *content.Item, visit Visit) (AccessToken, error) {
	if in.Config.AuthType != Viewer {
		return AccessToken{}, refuse(ErrAuthFlow, "OAuth integration %s does not support Viewer auth flows", in.GUID)
	}
	if item.Mode.Class() != content.ClassInteractive {
		return AccessToken{}, refuse(ErrContentClass, "Viewer integrations support interactive content only.")
	}
	if item.Access == content.AccessAll {
		return AccessToken{}, refuse(ErrContentClass, "Viewer integrations do not support content that anyone may see without login.")
	}
	role, err := s.content.RoleOfUser(ctx, item, visit.User)
	if err != nil {
		return AccessToken{}, fmt.Errorf("read permission: %w", err)
	}
	if !role.CanView() {
		return AccessToken{}, refuse(ErrNoPermission, "The visitor has no permission to access this item.")
	}
	token, err := s.ViewerToken(ctx, in, visit.User)
	return token, providerFault(err)
}

// exchangeService gives a token to all content that is executed, for all visitors.
func (s *Service) exchangeService(ctx context.Context, in *Integration, item *content.Item) (AccessToken, error) {
	if in.Config.AuthType != ServiceAccount {
		return AccessToken{}, refuse(ErrAuthFlow, "OAuth integration %s does not support Service Account auth flows", in.GUID)
	}
	if !item.Mode.Class().Executes() {
		return AccessToken{}, refuse(ErrContentClass, "Service Account integrations support interactive and rendered content only.")
	}
	token, err := s.ServiceToken(ctx, in)
	return token, providerFault(err)
}

// providerFault converts a *Fault to ErrProvider. It returns other errors unchanged.
func providerFault(err error) error {
	var f *Fault
	if errors.As(err, &f) {
		return refuse(ErrProvider, "Unable to retrieve a token: %s.", f.Error())
	}
	return err
}

// Fits reports whether an integration of a type can be associated with content of a class, according to the published
// tables (OI-011 to OI-016: other associations are refused immediately).
func Fits(t AuthType, c content.Class) bool {
	if t == Viewer {
		return c == content.ClassInteractive
	}
	return c.Executes()
}
