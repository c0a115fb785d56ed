package integration_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"countersign/reference/internal/account/secrets"
	"countersign/reference/internal/content"
	"countersign/reference/internal/content/execution"
	"countersign/reference/internal/dberr"
	"countersign/reference/internal/integration"
)

// stage is the content that a test provides to the exchange.
type stage struct {
	item  *content.Item
	run   *execution.Execution
	roles map[string]content.AppRole
}

func (s *stage) Item(_ context.Context, guid string) (*content.Item, error) {
	if s.item == nil || s.item.GUID != guid {
		return nil, dberr.NotFound
	}
	return s.item, nil
}

func (s *stage) Execution(_ context.Context, id string) (*execution.Execution, error) {
	if s.run == nil || s.run.ID != id {
		return nil, dberr.NotFound
	}
	return s.run, nil
}

func (s *stage) ExecutionBySession(_ context.Context, hash string) (*execution.Execution, error) {
	if s.run == nil || s.run.SessionHash != hash {
		return nil, dberr.NotFound
	}
	return s.run, nil
}

func (s *stage) RoleOfUser(_ context.Context, _ *content.Item, user string) (content.AppRole, error) {
	if role, ok := s.roles[user]; ok {
		return role, nil
	}
	return content.AppNone, nil
}

// drama is a stage on which both exchanges succeed.
type drama struct {
	*node
	*stage
	provider        *provider
	clock           *clock
	viewer, service *integration.Integration
	alice, owner    string
	viewing         integration.Request // with the token of alice's visit
	executing       integration.Request // with the token of the execution
}

func newDrama(t *testing.T) *drama {
	t.Helper()
	n, p, c := newSingle(t)
	d := &drama{node: n, stage: n.stage, provider: p, clock: c, alice: n.user("alice"), owner: n.user("owner")}
	*n.stage = stage{
		item:  &content.Item{GUID: uuid.NewString(), OwnerGUID: d.owner, Name: "item", Access: content.AccessACL, Mode: "python-api", CreatedTime: time.Now()},
		roles: map[string]content.AppRole{d.alice: content.AppViewer},
	}
	d.run = &execution.Execution{ID: uuid.NewString(), ContentGUID: d.item.GUID, SessionHash: secrets.Hash("session")}
	err := n.db.Content().Update(t.Context(), func(tx content.Tx) error { return tx.InsertItem(t.Context(), d.item) })
	if err != nil {
		t.Fatal(err)
	}
	d.viewer = n.integration(p)
	d.service = n.integration(p, serviceAccount)
	n.login(d.viewer, d.alice)
	d.viewing = integration.Request{Caller: d.owner, CallerContent: d.item.GUID, GrantType: integration.GrantTokenExchange,
		SubjectType: integration.UserSessionToken, SubjectToken: d.token(d.alice, d.item.GUID, d.run.ID)}
	d.executing = integration.Request{Caller: d.owner, CallerContent: d.item.GUID, GrantType: integration.GrantTokenExchange,
		SubjectType: integration.ContentSessionToken, SubjectToken: "session"}
	return d
}

func (d *drama) token(user, item, run string) string {
	d.t.Helper()
	token, err := d.IssueUserToken(integration.Visit{User: user, Content: item, Execution: run})
	if err != nil {
		d.t.Fatal(err)
	}
	return token
}

func (d *drama) associate(integrations ...*integration.Integration) {
	d.t.Helper()
	var guids []string
	for _, i := range integrations {
		guids = append(guids, i.GUID)
	}
	interactive := *d.item // both types fit it, whatever the test has changed
	interactive.Mode = "python-api"
	if err := d.Associate(d.t.Context(), &interactive, guids); err != nil {
		d.t.Fatal(err)
	}
}

// Each refused exchange differs from a successful one in one respect.
func TestExchangeRefusals(t *testing.T) {
	t.Parallel()
	viewing := func(d *drama) *integration.Request { d.associate(d.viewer); return &d.viewing }
	executing := func(d *drama) *integration.Request { d.associate(d.service); return &d.executing }
	tests := []struct {
		name   string
		start  func(*drama) *integration.Request
		change func(*drama, *integration.Request)
		want   error
	}{
		{"the misprinted grant", viewing, func(_ *drama, r *integration.Request) {
			r.GrantType = "urn:eitf:params:oauth:grant-type:token-exchange"
		}, integration.ErrGrantType},
		{"no grant", viewing, func(_ *drama, r *integration.Request) { r.GrantType = "" }, integration.ErrGrantType},
		{"another subject type", viewing, func(_ *drama, r *integration.Request) {
			r.SubjectType = "urn:ietf:params:oauth:token-type:id_token"
		}, integration.ErrSubjectTokenType},
		{"an API key asked for", viewing, func(_ *drama, r *integration.Request) { r.RequestedType = "urn:posit:connect:api-key" }, integration.ErrRequestedTokenType},
		{"no token", viewing, func(_ *drama, r *integration.Request) { r.SubjectToken = "" }, integration.ErrSubjectToken},
		{"a user's guid as token", viewing, func(d *drama, r *integration.Request) { r.SubjectToken = d.alice }, integration.ErrSubjectToken},
		{"another item's visit", viewing, func(d *drama, r *integration.Request) {
			r.SubjectToken = d.token(d.alice, "other", d.run.ID)
		}, integration.ErrSubjectToken},
		{"a visit that is over", viewing, func(d *drama, r *integration.Request) {
			r.SubjectToken = d.token(d.alice, d.item.GUID, "ended")
		}, integration.ErrSubjectToken},
		{"a visit to an earlier bundle", viewing, func(d *drama, _ *integration.Request) { d.item.BundleID++ }, integration.ErrSubjectToken},
		{"an expired token", viewing, func(d *drama, _ *integration.Request) {
			d.clock.advance(integration.UserTokenLifetime + time.Second)
		}, integration.ErrSubjectToken},
		{"a content token for a user's", viewing, func(_ *drama, r *integration.Request) { r.SubjectToken = "session" }, integration.ErrSubjectToken},
		{"the item was deleted", viewing, func(d *drama, _ *integration.Request) { d.item = nil }, integration.ErrSubjectToken},
		{"another item's key", viewing, func(_ *drama, r *integration.Request) { r.CallerContent = "other" }, integration.ErrSubjectToken},
		{"not the owner", viewing, func(d *drama, r *integration.Request) { r.Caller, r.CallerContent = d.alice, "" }, integration.ErrNotOwner},
		{"no association", viewing, func(d *drama, _ *integration.Request) { d.associate() }, integration.ErrNoAssociation},
		{"an audience that is not associated", viewing, func(d *drama, r *integration.Request) { r.Audience = d.service.GUID }, integration.ErrAudience},
		{"several, none named", viewing, func(d *drama, _ *integration.Request) { d.associate(d.viewer, d.service) }, integration.ErrSeveralAssociations},
		{"a Service Account for a visit", viewing, func(d *drama, _ *integration.Request) { d.associate(d.service) }, integration.ErrAuthFlow},
		{"Viewer, rendered", viewing, func(d *drama, _ *integration.Request) { d.item.Mode = "quarto-static" }, integration.ErrContentClass},
		{"Viewer, static", viewing, func(d *drama, _ *integration.Request) { d.item.Mode = "static" }, integration.ErrContentClass},
		{"Viewer, for anyone", viewing, func(d *drama, _ *integration.Request) { d.item.Access = content.AccessAll }, integration.ErrContentClass},
		{"permission lost", viewing, func(d *drama, _ *integration.Request) { delete(d.roles, d.alice) }, integration.ErrNoPermission},
		{"logged out", viewing, func(d *drama, _ *integration.Request) {
			d.logout(d.alice, d.viewer)
		}, integration.ErrNotLoggedIn},
		{"never logged in", viewing, func(d *drama, r *integration.Request) {
			bob := d.user("bob")
			d.roles[bob] = content.AppViewer
			r.SubjectToken = d.token(bob, d.item.GUID, d.run.ID)
		}, integration.ErrNotLoggedIn},

		{"no content token", executing, func(_ *drama, r *integration.Request) { r.SubjectToken = "" }, integration.ErrContentSessionToken},
		{"made-up content token", executing, func(_ *drama, r *integration.Request) { r.SubjectToken = "x" }, integration.ErrContentSessionToken},
		{"not executing any more", executing, func(d *drama, _ *integration.Request) { d.run = nil }, integration.ErrContentSessionToken},
		{"a user's token for the content's", executing, func(d *drama, r *integration.Request) { r.SubjectToken = d.viewing.SubjectToken }, integration.ErrContentSessionToken},
		{"Viewer for an execution", executing, func(d *drama, _ *integration.Request) { d.associate(d.viewer) }, integration.ErrAuthFlow},
		{"Service Account, static", executing, func(d *drama, _ *integration.Request) { d.item.Mode = "static" }, integration.ErrContentClass},
		{"Service Account, not deployed", executing, func(d *drama, _ *integration.Request) { d.item.Mode = content.ModeUnknown }, integration.ErrContentClass},
		{"Service Account, not associated", executing, func(d *drama, _ *integration.Request) { d.associate() }, integration.ErrNoAssociation},
		{"the provider fails", executing, func(d *drama, _ *integration.Request) { d.provider.Close() }, integration.ErrProvider},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDrama(t)
			request := test.start(d)
			if token, err := d.Exchange(t.Context(), *request); err != nil || token.AccessToken == "" {
				t.Fatalf("the granted twin: %+v, %v", token, err)
			}
			test.change(d, request)
			token, err := d.Exchange(t.Context(), *request)
			var refused *integration.Refusal
			if !errors.As(err, &refused) || refused.Err != test.want || token.AccessToken != "" {
				t.Errorf("Exchange = %+v, %v; want %q", token, err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "access-") {
				t.Errorf("the refusal repeats a token: %v", err)
			}
		})
	}
}

func TestExchangeGrants(t *testing.T) {
	t.Parallel()
	d := newDrama(t)
	d.associate(d.viewer)
	first, err := d.Exchange(t.Context(), d.viewing)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := d.Exchange(t.Context(), d.viewing); err != nil || again.AccessToken != first.AccessToken {
		t.Errorf("a second exchange of the visit: %+v, %v; want the same token until it expires", again, err)
	}
	owner := d.viewing
	owner.CallerContent = "" // a key that the owner created
	if _, err := d.Exchange(t.Context(), owner); err != nil {
		t.Errorf("by the owner's own key: %v", err)
	}
	explicit := d.viewing
	explicit.RequestedType, explicit.Audience = integration.AccessTokenType, d.viewer.GUID
	d.associate(d.viewer, d.service)
	if _, err := d.Exchange(t.Context(), explicit); err != nil {
		t.Errorf("with type and audience named: %v", err)
	}
	d.associate(d.service)
	d.item.Access, d.item.Mode = content.AccessAll, "quarto-static"
	one, err1 := d.Exchange(t.Context(), d.executing)
	two, err2 := d.Exchange(t.Context(), d.executing)
	if err1 != nil || err2 != nil || one.AccessToken == two.AccessToken {
		t.Errorf("Service Account: %+v %v, %+v %v; want two fresh tokens", one, err1, two, err2)
	}
}
