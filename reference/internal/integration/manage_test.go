package integration_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
	"countersign/reference/internal/dberr"
	"countersign/reference/internal/integration"
)

func actor(user string, role account.Role) account.Actor {
	return account.Actor{User: account.User{GUID: user}, Role: role}
}

// addItem stores an interactive item.
func (n *node) addItem(name string) *content.Item {
	n.t.Helper()
	item := &content.Item{GUID: uuid.NewString(), OwnerGUID: n.user("owner of " + name), Name: name, Access: content.AccessACL, Mode: "python-api", CreatedTime: time.Now()}
	if err := n.db.Content().Update(n.t.Context(), func(tx content.Tx) error { return tx.InsertItem(n.t.Context(), item) }); err != nil {
		n.t.Fatal(err)
	}
	return item
}

func TestChangeRefused(t *testing.T) {
	t.Parallel()
	n, p, _ := newSingle(t)
	in := n.integration(p)
	other := "other"
	for _, test := range []struct {
		name   string
		change integration.Change
		want   error
	}{
		{"template", integration.Change{Template: "github"}, integration.ErrTemplateFixed},
		{"permissions", integration.Change{Name: &integration.Text{Value: &other}, Permissions: 1}, integration.ErrPermissions},
		{"configuration", integration.Change{Name: &integration.Text{Value: &other}, Config: map[string]any{"token_uri": nil}}, integration.ErrConfig},
	} {
		if changed, err := n.Change(t.Context(), in.GUID, test.change); !errors.Is(err, test.want) || changed != nil {
			t.Errorf("%s: Change = %v, %v; want %v", test.name, changed, err, test.want)
		}
	}
	if got, err := n.Integration(t.Context(), in.GUID); err != nil || got.Name != nil || got.Config != in.Config {
		t.Errorf("after refused changes: %+v, %v", got, err)
	}
	if _, err := n.Change(t.Context(), "nothing", integration.Change{}); !errors.Is(err, dberr.NotFound) {
		t.Errorf("Change of nothing = %v", err)
	}
}

// Associations that remain keep their time, and a refused list changes nothing.
func TestAssociate(t *testing.T) {
	t.Parallel()
	n, p, c := newSingle(t)
	item := n.addItem("item")
	a, b := n.integration(p), n.integration(p)
	set := func(guids ...string) error { return n.Associate(t.Context(), item, guids) }
	times := func() map[string]time.Time {
		t.Helper()
		list, err := n.Associations(t.Context(), item)
		if err != nil {
			t.Fatal(err)
		}
		created := map[string]time.Time{}
		for _, a := range list {
			created[a.Integration.GUID] = a.CreatedTime
		}
		return created
	}
	if err := set(b.GUID); err != nil {
		t.Fatal(err)
	}
	before := times()
	c.advance(time.Hour)
	if err := set(a.GUID, b.GUID); err != nil {
		t.Fatal(err)
	}
	both := times()
	if len(both) != 2 || !both[b.GUID].Equal(before[b.GUID]) || !both[a.GUID].Equal(before[b.GUID].Add(time.Hour)) {
		t.Errorf("times %v, before %v", both, before)
	}
	for want, guids := range map[error][]string{
		integration.ErrNoIntegration: {a.GUID, "nothing"}, integration.ErrListedTwice: {a.GUID, a.GUID},
	} {
		if err := set(guids...); !errors.Is(err, want) {
			t.Errorf("Associate = %v, want %v", err, want)
		}
	}
	item.Mode = "static"
	if err := set(a.GUID); !errors.Is(err, integration.ErrContentClass) {
		t.Errorf("Associate with static content = %v", err)
	}
	if got := times(); len(got) != 2 {
		t.Errorf("refused lists changed the associations: %v", got)
	}
	if err := set(); err != nil || len(times()) != 0 {
		t.Errorf("the empty list: %v, %v", err, times())
	}
}

func TestSessionsOfOthers(t *testing.T) {
	t.Parallel()
	n, p, _ := newSingle(t)
	in, alice, bob := n.integration(p), n.user("alice"), n.user("bob")
	n.login(in, alice)
	n.login(in, bob)
	theirs := n.session(in, bob)
	for _, test := range []struct {
		name  string
		actor account.Actor
		all   bool
		list  int
		want  error // of the session of bob
	}{
		{"another user", actor(alice, account.Publisher), true, 1, dberr.NotFound},
		{"the user", actor(bob, account.Viewer), false, 1, nil},
		{"administrator", actor(n.user("admin"), account.Administrator), true, 2, nil},
		{"administrator, own", actor(n.user("admin2"), account.Administrator), false, 0, nil},
	} {
		list, err := n.Sessions(t.Context(), test.actor, test.all)
		if err != nil || len(list) != test.list {
			t.Errorf("%s: %d sessions, %v; want %d", test.name, len(list), err, test.list)
		}
		if _, err := n.Session(t.Context(), test.actor, theirs.GUID); !errors.Is(err, test.want) {
			t.Errorf("%s: Session = %v, want %v", test.name, err, test.want)
		}
	}
	if err := n.DeleteSession(t.Context(), actor(alice, account.Publisher), theirs.GUID); !errors.Is(err, dberr.NotFound) {
		t.Errorf("DeleteSession by another user = %v", err)
	}
	started := n.begin(in, bob)
	if err := n.DeleteSession(t.Context(), actor(bob, account.Viewer), theirs.GUID); err != nil {
		t.Fatal(err)
	}
	if len(n.sessions(bob)) != 0 || len(n.sessions(alice)) != 1 {
		t.Errorf("sessions: %d of bob, %d of alice", len(n.sessions(bob)), len(n.sessions(alice)))
	}
	if _, err := n.finish(started, bob); !errors.Is(err, integration.ErrLoginState) {
		t.Errorf("a callback after DeleteSession gives %v", err)
	}
}

func TestLoginFor(t *testing.T) {
	t.Parallel()
	n, p, _ := newSingle(t)
	alice, item := n.user("alice"), n.addItem("item")
	viewer, service := n.integration(p), n.integration(p, serviceAccount)
	if err := n.Associate(t.Context(), item, []string{service.GUID, viewer.GUID}); err != nil {
		t.Fatal(err)
	}
	check := func(when, want string) {
		t.Helper()
		if got, err := n.LoginFor(t.Context(), item, alice); err != nil || got != want {
			t.Errorf("%s: LoginFor = %q, %v; want %q", when, got, err, want)
		}
	}
	check("no session", viewer.GUID)
	started := n.begin(viewer, alice)
	check("a started login", viewer.GUID)
	item.Access = content.AccessAll
	check("open to all visitors", "")
	item.Access = content.AccessACL
	if _, err := n.finish(started, alice); err != nil {
		t.Fatal(err)
	}
	check("logged in", "")
}

// A user has 64 started logins with an integration at most; the oldest ones end.
func TestOldLoginsEnd(t *testing.T) {
	t.Parallel()
	n, p, _ := newSingle(t)
	in, other, alice, bob := n.integration(p), n.integration(p), n.user("alice"), n.user("bob")
	kept := map[string]integration.Started{alice: n.begin(other, alice), bob: n.begin(in, bob)}
	var all []integration.Started
	for range 65 {
		all = append(all, n.begin(in, alice))
	}
	if _, err := n.finish(all[0], alice); !errors.Is(err, integration.ErrLoginState) {
		t.Errorf("the 65th login from the end gives %v", err)
	}
	if _, err := n.finish(all[1], alice); err != nil {
		t.Errorf("the 64th login from the end gives %v", err)
	}
	for user, started := range kept {
		if _, err := n.finish(started, user); err != nil {
			t.Errorf("a login of another user or integration gives %v", err)
		}
	}
}
