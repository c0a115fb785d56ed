package integration

import (
	"context"
	"errors"
	"fmt"

	"countersign/reference/internal/content"
	"countersign/reference/internal/secrets"
)

// The words of RFC 8693 and of Posit's clients. One published page misprints the grant as urn:eitf.
const (
	GrantTokenExchange  = "urn:ietf:params:oauth:grant-type:token-exchange"
	UserSessionToken    = "urn:posit:connect:user-session-token"
	ContentSessionToken = "urn:posit:connect:content-session-token"
	AccessTokenType     = "urn:ietf:params:oauth:token-type:access_token"
)

// Content is what an exchange asks about content, executions and users. All of it is asked at the moment of the
// exchange, so that a lost permission, a locked user or a stopped process counts at once.
type Content interface {
	// Item returns content.ErrNotFound.
	Item(ctx context.Context, guid string) (*content.Item, error)
	// Execution and ExecutionBySession return content.ErrNotFound unless it is running.
	Execution(ctx context.Context, id string) (*content.Execution, error)
	ExecutionBySession(ctx context.Context, hash string) (*content.Execution, error)
	// RoleOfUser is the standing of a user on an item; content.AppNone for one who is locked or gone.
	RoleOfUser(ctx context.Context, item *content.Item, user string) (content.AppRole, error)
}

// Request is a token exchange as it was asked for, with who asks.
type Request struct {
	Caller        string // user guid
	CallerContent string // of a content's own key: the item it was given to
	GrantType     string
	SubjectType   string
	SubjectToken  string
	RequestedType string // "" means AccessTokenType
	Audience      string // an integration's guid; "" means the only one
}

// Refusal says why an exchange is refused. Reason decides, Text is for the developer of the content.
type Refusal struct {
	Reason Reason
	Text   string
}

func (r *Refusal) Error() string { return "exchange: " + string(r.Reason) + ": " + r.Text }

// Reason sorts refusals. Package web gives each one Connect's code and a status.
type Reason string

const (
	NoGrant           Reason = "grant type"
	NoSubjectType     Reason = "subject token type"
	NoRequestedType   Reason = "requested token type"
	BadSubject        Reason = "subject token"
	BadContentSession Reason = "content session token"
	NotOwner          Reason = "caller"
	NoAssociation     Reason = "no association"
	BadAudience       Reason = "audience"
	NeedAudience      Reason = "several associations"
	WrongAuthType     Reason = "auth type"
	WrongContent      Reason = "content"
	NoPermission      Reason = "permission"
	NotLoggedIn       Reason = "not logged in"
	RefreshInvalid    Reason = "refresh token"
	ProviderFault     Reason = "provider"
)

func refuse(reason Reason, format string, args ...any) error {
	return &Refusal{reason, fmt.Sprintf(format, args...)}
}

// Exchange gives executing content an access token: the visitor's own by a Viewer integration, for the token of that
// visitor's request, or the service account's, for the token of the execution. The error is a *Refusal or internal.
func (s *Service) Exchange(ctx context.Context, r Request) (AccessToken, error) {
	if err := r.check(); err != nil {
		return AccessToken{}, err
	}
	run, visit, err := s.subject(ctx, r)
	if err != nil {
		return AccessToken{}, err
	}
	item, err := s.Content.Item(ctx, run.ContentGUID)
	if errors.Is(err, content.ErrNotFound) {
		return AccessToken{}, badSubject(r)
	}
	if err != nil {
		return AccessToken{}, fmt.Errorf("read content: %w", err)
	}
	// The caller is the content itself, by the key it was given, or its owner. A content's key is no use to another item.
	if r.CallerContent != "" && r.CallerContent != item.GUID {
		return AccessToken{}, badSubject(r)
	}
	if r.Caller != item.OwnerGUID {
		return AccessToken{}, refuse(NotOwner, "Only the owner of the content may exchange its session tokens.")
	}
	in, err := s.choose(ctx, item, r.Audience)
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
		return refuse(NoGrant, "Invalid grant_type. Expected '%s'", GrantTokenExchange)
	case r.SubjectType != UserSessionToken && r.SubjectType != ContentSessionToken:
		return refuse(NoSubjectType, "Invalid subject_token_type. Expected '%s' or '%s'", UserSessionToken, ContentSessionToken)
	case r.RequestedType != "" && r.RequestedType != AccessTokenType:
		return refuse(NoRequestedType, "Invalid requested_token_type. Expected '%s'", AccessTokenType)
	}
	return nil
}

func badSubject(r Request) error {
	if r.SubjectType == ContentSessionToken {
		return refuse(BadContentSession, "Invalid content session token")
	}
	return refuse(BadSubject, "Invalid subject_token")
}

// subject finds the execution that the token speaks for, and the visit where it is a user's.
func (s *Service) subject(ctx context.Context, r Request) (*content.Execution, Visit, error) {
	var run *content.Execution
	var visit Visit
	var err error
	if r.SubjectType == ContentSessionToken {
		run, err = s.Content.ExecutionBySession(ctx, secrets.Hash(r.SubjectToken))
	} else {
		if visit, err = s.tokens.verify(r.SubjectToken); err != nil {
			return nil, Visit{}, badSubject(r)
		}
		run, err = s.Content.Execution(ctx, visit.Execution)
	}
	if errors.Is(err, content.ErrNotFound) {
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

// choose finds the integration: the one that audience names, or the only one.
func (s *Service) choose(ctx context.Context, item *content.Item, audience string) (*Integration, error) {
	associations, err := s.Store.Associations(ctx, item.GUID)
	if err != nil {
		return nil, fmt.Errorf("read associations: %w", err)
	}
	switch {
	case len(associations) == 0:
		return nil, refuse(NoAssociation, "No OAuth integrations have been associated with this content item.")
	case audience != "":
		for i := range associations {
			if associations[i].Integration.GUID == audience {
				return &associations[i].Integration, nil
			}
		}
		return nil, refuse(BadAudience, "Invalid audience. It names no OAuth integration associated with this content item.")
	case len(associations) > 1:
		return nil, refuse(NeedAudience, "Several OAuth integrations are associated with this content item. Name one as audience.")
	}
	return &associations[0].Integration, nil
}

// exchangeViewer is refused for rendered and static content, for items that anyone may see (lines 5, 9 and 13 of the OAuth
// document) and for a visitor who may no longer see the item. Share links never get here: they carry no user.
func (s *Service) exchangeViewer(ctx context.Context, in *Integration, item *content.Item, visit Visit) (AccessToken, error) {
	if in.Config.AuthType != Viewer {
		return AccessToken{}, refuse(WrongAuthType, "OAuth integration %s does not support Viewer auth flows", in.GUID)
	}
	if item.Mode.Class() != content.ClassInteractive {
		return AccessToken{}, refuse(WrongContent, "Viewer integrations support interactive content only.")
	}
	if item.Access == content.AccessAll {
		return AccessToken{}, refuse(WrongContent, "Viewer integrations do not support content that anyone may see without login.")
	}
	role, err := s.Content.RoleOfUser(ctx, item, visit.User)
	if err != nil {
		return AccessToken{}, fmt.Errorf("read permission: %w", err)
	}
	if !role.CanView() {
		return AccessToken{}, refuse(NoPermission, "The visitor has no permission to access this item.")
	}
	token, err := s.ViewerToken(ctx, in, visit.User)
	switch {
	case errors.Is(err, ErrNotLoggedIn):
		return AccessToken{}, refuse(NotLoggedIn, "The visitor is not logged in to the OAuth integration.")
	case errors.Is(err, ErrRefreshFailed):
		return AccessToken{}, refuse(RefreshInvalid, "Refresh token is invalid. The visitor must log in to the OAuth integration again.")
	}
	return token, providerFault(err)
}

// exchangeService is for whatever executes, whoever looks at it.
func (s *Service) exchangeService(ctx context.Context, in *Integration, item *content.Item) (AccessToken, error) {
	if in.Config.AuthType != ServiceAccount {
		return AccessToken{}, refuse(WrongAuthType, "OAuth integration %s does not support Service Account auth flows", in.GUID)
	}
	if !item.Mode.Class().Executes() {
		return AccessToken{}, refuse(WrongContent, "Service Account integrations support interactive and rendered content only.")
	}
	token, err := s.ServiceToken(ctx, in)
	return token, providerFault(err)
}

func providerFault(err error) error {
	var f *Fault
	if errors.As(err, &f) {
		return refuse(ProviderFault, "Unable to retrieve a token: %s.", f.Error())
	}
	return err
}

// Fits says whether an integration of a type can be associated with content of a class: both published tables, as far as
// they speak of content (OI-011 to OI-016: what does not fit is refused at once).
func Fits(t AuthType, c content.Class) bool {
	if t == Viewer {
		return c == content.ClassInteractive
	}
	return c.Executes()
}
