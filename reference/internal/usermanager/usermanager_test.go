package usermanager_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
	"countersign/reference/internal/dberr"
	"countersign/reference/internal/proxyauth"
	"countersign/reference/internal/store"
	"countersign/reference/internal/store/storetest"
	um "countersign/reference/internal/usermanager"
)

// A desk is a database with the tool.
type desk struct {
	t  *testing.T
	db *store.DB
	*account.Service
}

func newDesk(t *testing.T, p account.Policy) *desk {
	t.Helper()
	db := storetest.Open(t)
	return &desk{t, db, account.New(account.Options{Store: db.Accounts(), Policy: p})}
}

// proxied is the policy of [Authentication] Provider = proxy without other options.
var proxied = account.Policy{RegisterOnFirstLogin: true, DefaultRole: account.Viewer, Groups: true}

// user signs a user in, which creates the account. The first user is the administrator.
func (d *desk) user(name string, groups ...string) account.User {
	d.t.Helper()
	login, err := d.SignIn(context.Background(), proxyauth.Claim{Identity: name, Username: name, Groups: groups})
	if err != nil {
		d.t.Fatal(err)
	}
	return login.User
}

func (d *desk) run(c um.Command) (string, error) {
	d.t.Helper()
	var out bytes.Buffer
	err := c.Run(context.Background(), d.Service, &out)
	if err != nil && out.Len() > 0 {
		d.t.Errorf("failed (%v), and yet said %q", err, &out)
	}
	return out.String(), err
}

func (d *desk) must(c um.Command) string {
	d.t.Helper()
	out, err := d.run(c)
	if err != nil {
		d.t.Fatal(err)
	}
	return out
}

// state returns all data that a command could change.
func (d *desk) state() string {
	d.t.Helper()
	users := d.must(um.Command{Action: um.List, IncludeLocked: true})
	return users + d.must(um.Command{Action: um.List, Groups: true})
}

func text(s string) *string { return &s }

func encoded(s string) *string { return text(base64.StdEncoding.EncodeToString([]byte(s))) }

func named(name string) account.UserRef { return account.UserRef{Username: name} }

func TestAlterUser(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		command um.Command
		want    func(u *account.User)
		says    string
	}{
		{"role", um.Command{NewRole: text("publisher")}, func(u *account.User) { u.Role = account.Publisher }, `role "viewer" -> "publisher"`},
		{"unique id", um.Command{NewUniqueID: encoded("47/11 å")}, func(u *account.User) { u.UniqueID = "47/11 å" }, `unique id "Ym9i" -> "NDcvMTEgw6U="`},
		{"username is the identity", um.Command{NewUsername: text("rob")}, func(u *account.User) { u.Username, u.UniqueID = "rob", "rob" }, `username "bob" -> "rob"`},
		{"names and email", um.Command{NewFirstName: text("Bob"), NewLastName: text("Roe"), NewEmail: text("b@x")},
			func(u *account.User) { u.FirstName, u.LastName, u.Email = "Bob", "Roe", "b@x" }, `email "" -> "b@x"`},
		{"lock", um.Command{Lock: true}, func(u *account.User) { u.Locked = true }, `locked "no" -> "yes"`},
		{"unlock who is not locked", um.Command{Unlock: true}, func(*account.User) {}, "nothing to change"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, proxied)
			d.user("ada")
			bob := d.user("bob")
			tt.command.Action, tt.command.User = um.Alter, named("bob")
			if out := d.must(tt.command); !strings.Contains(out, tt.says) || !strings.Contains(out, bob.GUID) {
				t.Errorf("it said %q, want %q", out, tt.says)
			}
			got, err := d.db.Accounts().UserByGUID(context.Background(), bob.GUID)
			if err != nil {
				t.Fatal(err)
			}
			want := bob
			tt.want(&want)
			want.Created, want.Updated, want.Active = got.Created, got.Updated, got.Active
			if got != want {
				t.Errorf("got %+v\nwant %+v", got, want)
			}
		})
	}
}

// Each refused command differs from an accepted one in one respect and changes nothing.
func TestRefusals(t *testing.T) {
	t.Parallel()
	ada, bob := account.UserRef{Username: "ada"}, account.UserRef{Username: "bob"}
	engineers := account.GroupRef{Name: "engineers"}
	tests := []struct {
		name    string
		command um.Command
		want    error
	}{
		{"nobody", um.Command{User: named("eve"), NewRole: text("viewer")}, account.ErrNoUser},
		{"no such guid", um.Command{User: account.UserRef{GUID: "x"}, NewRole: text("viewer")}, account.ErrNoUser},
		{"no such id", um.Command{User: account.UserRef{ID: 99}, NewRole: text("viewer")}, account.ErrNoUser},
		{"prohibited username", um.Command{User: bob, NewUsername: text("apps")}, account.ErrProhibitedUsername},
		{"taken username", um.Command{User: bob, NewUsername: text("ada")}, account.ErrUsernameTaken},
		{"empty username", um.Command{User: bob, NewUsername: text("")}, account.ErrInvalidUsername},
		{"joined username", um.Command{User: bob, NewUsername: text("a,b")}, account.ErrInvalidUsername},
		{"placeholder for a username", um.Command{User: bob, NewUsername: text("(null)")}, account.ErrInvalidUsername},
		{"placeholder for a unique id", um.Command{User: bob, NewUniqueID: encoded("(null)")}, account.ErrInvalidField},
		{"joined unique id", um.Command{User: bob, NewUniqueID: encoded("1,2")}, account.ErrInvalidField},
		{"taken unique id", um.Command{User: bob, NewUniqueID: encoded("ada")}, account.ErrUniqueIDTaken},
		{"blank unique id", um.Command{User: bob, NewUniqueID: encoded(" ")}, account.ErrBlankUniqueID},
		{"empty unique id", um.Command{User: bob, NewUniqueID: text("")}, account.ErrBlankUniqueID},
		{"long unique id", um.Command{User: bob, NewUniqueID: encoded(strings.Repeat("x", 256))}, account.ErrInvalidField},
		{"unique id of bytes", um.Command{User: bob, NewUniqueID: encoded("\xff")}, account.ErrInvalidField},
		{"unknown role", um.Command{User: bob, NewRole: text("root")}, account.ErrInvalidRole},
		{"control character", um.Command{User: bob, NewEmail: text("a\nb")}, account.ErrInvalidField},
		{"one of two changes", um.Command{User: bob, NewEmail: text("b@x"), NewRole: text("root")}, account.ErrInvalidRole},
		{"demote the last administrator", um.Command{User: ada, NewRole: text("viewer")}, account.ErrSoleAdministrator},
		{"lock the last administrator", um.Command{User: ada, Lock: true}, account.ErrSoleAdministrator},
		{"delete the last administrator", um.Command{Action: um.Delete, User: ada}, account.ErrSoleAdministrator},
		{"delete nobody", um.Command{Action: um.Delete, User: named("eve")}, account.ErrNoUser},
		{"delete no group", um.Command{Action: um.Delete, Groups: true, Group: account.GroupRef{Name: "eng"}}, account.ErrNoGroup},
		{"no group", um.Command{Groups: true, Group: account.GroupRef{GUID: "x"}, DropOwner: true}, account.ErrNoGroup},
		{"taken group name", um.Command{Groups: true, Group: engineers, NewGroupName: text("managers")}, account.ErrGroupNameTaken},
		{"blank group name", um.Command{Groups: true, Group: engineers, NewGroupName: text(" ")}, account.ErrGroupName},
		{"owner is nobody", um.Command{Groups: true, Group: engineers, NewOwner: text("eve")}, account.ErrNoUser},
		{"blank unique id of a group", um.Command{Groups: true, Group: engineers, NewUniqueID: encoded("")}, account.ErrGroupBlankUniqueID},
		{"transfer to oneself", um.Command{Action: um.Transfer, Source: ada, Target: ada}, account.ErrSameUser},
		{"transfer to nobody", um.Command{Action: um.Transfer, Source: ada, Target: named("eve")}, account.ErrNoUser},
	}
	p := proxied
	p.GroupsSent, p.GroupsAutoProvision = true, true
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, p)
			d.user("ada", "engineers")
			d.user("bob", "managers")
			before := d.state()
			if tt.command.Action == "" {
				tt.command.Action = um.Alter
			}
			if _, err := d.run(tt.command); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if after := d.state(); after != before {
				t.Errorf("before:\n%s\nafter:\n%s", before, after)
			}
		})
	}
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	bob, engineers := named("bob"), account.GroupRef{Name: "engineers"}
	for _, tt := range []struct {
		want    string
		command um.Command
	}{
		{"unknown command", um.Command{Action: "tokens"}},
		{"nothing to alter", um.Command{Action: um.Alter, User: bob}},
		{"say which", um.Command{Action: um.Alter, NewRole: text("viewer")}},
		{"say which", um.Command{Action: um.Delete}},
		{"say which", um.Command{Action: um.Alter, Groups: true, DropOwner: true}},
		{"give one of --username", um.Command{Action: um.Delete, User: account.UserRef{Username: "bob", ID: 2}}},
		{"give one of --group-name", um.Command{Action: um.Delete, Groups: true, Group: account.GroupRef{Name: "a", GUID: "b"}}},
		{"not with a user", um.Command{Action: um.Delete, Groups: true, User: bob}},
		{"go with --groups", um.Command{Action: um.Delete, Group: engineers}},
		{"go with --groups", um.Command{Action: um.Alter, User: bob, DropOwner: true}},
		{"goes with --groups", um.Command{Action: um.Alter, NormalizeIDs: true}},
		{"for all groups", um.Command{Action: um.Alter, Groups: true, Group: engineers, NormalizeIDs: true}},
		{"for all groups", um.Command{Action: um.Alter, Groups: true, NormalizeIDs: true, DropOwner: true}},
		{"a group has no", um.Command{Action: um.Alter, Groups: true, Group: engineers, Lock: true}},
		{"only alter", um.Command{Action: um.List, NewRole: text("viewer")}},
		{"only alter", um.Command{Action: um.Delete, User: bob, Lock: true}},
		{"only alter", um.Command{Action: um.List, Groups: true, NormalizeIDs: true}},
		{"but its own", um.Command{Action: um.List, User: bob}},
		{"list of users", um.Command{Action: um.Delete, User: bob, IncludeLocked: true}},
		{"one of --lock", um.Command{Action: um.Alter, User: bob, Lock: true, Unlock: true}},
		{"one of --new-owner", um.Command{Action: um.Alter, Groups: true, Group: engineers, NewOwner: text("bob"), DropOwner: true}},
		{"transfer wants", um.Command{Action: um.Transfer, Source: bob}},
		{"go with transfer", um.Command{Action: um.Delete, User: bob, Target: bob}},
		{"for users", um.Command{Action: um.Transfer, Groups: true, Source: bob, Target: bob}},
		{"Base64", um.Command{Action: um.Alter, User: bob, NewUniqueID: text("not base64")}},
		{"Base64", um.Command{Action: um.Alter, User: bob, NewUniqueID: text("Ym9j=")}},
		{"Base64", um.Command{Action: um.Alter, User: bob, NewUniqueID: text("Ym9iMR==")}}, // bits after the end
	} {
		_, err := newDesk(t, proxied).run(tt.command)
		var misuse um.UsageError
		if !errors.As(err, &misuse) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: got %v, want words %q", tt.command, err, tt.want)
		}
	}
}

// The migration of document line 212: users get their new identity while the username is the identity, and then the
// header is configured.
func TestMigrationToUniqueIDs(t *testing.T) {
	t.Parallel()
	d := newDesk(t, proxied)
	d.user("ada")
	bob := d.user("bob")
	d.must(um.Command{Action: um.Alter, User: named("bob"), NewUniqueID: encoded("4711")})
	d.Policy.UniqueIDs = true
	login, err := d.SignIn(context.Background(), proxyauth.Claim{Identity: "4711", Username: "bob"})
	if err != nil || login.User.GUID != bob.GUID {
		t.Errorf("signed in as %+v, %v; want the old account %s", login.User, err, bob.GUID)
	}
	// A rename no longer touches the identity.
	d.must(um.Command{Action: um.Alter, User: account.UserRef{ID: bob.ID}, NewUsername: text("rob")})
	if u, err := d.db.Accounts().UserByUniqueID(context.Background(), "4711"); err != nil || u.Username != "rob" {
		t.Errorf("got %+v, %v", u, err)
	}
}

// If users share a username, one of them is identified by guid or id and renamed.
func TestSharedUsernames(t *testing.T) {
	t.Parallel()
	p := proxied
	p.UniqueIDs = true
	d := newDesk(t, p)
	var users []account.User
	for _, id := range []string{"1", "2", "3"} {
		login, err := d.SignIn(context.Background(), proxyauth.Claim{Identity: id, Username: "sam"})
		if err != nil {
			t.Fatal(err)
		}
		users = append(users, login.User)
	}
	if _, err := d.run(um.Command{Action: um.Alter, User: named("sam"), NewUsername: text("sam2")}); !errors.Is(err, account.ErrAmbiguous) {
		t.Errorf("got %v, want %v", err, account.ErrAmbiguous)
	}
	d.must(um.Command{Action: um.Alter, User: account.UserRef{GUID: users[1].GUID}, NewUsername: text("sam2")})
	if _, err := d.run(um.Command{Action: um.Alter, User: account.UserRef{GUID: users[2].GUID}, NewUsername: text("sam2")}); !errors.Is(err, account.ErrUsernameTaken) {
		t.Errorf("got %v, want %v", err, account.ErrUsernameTaken)
	}
}

func TestForceAndLock(t *testing.T) {
	t.Parallel()
	d := newDesk(t, proxied)
	ada := d.user("ada")
	login, err := d.SignIn(context.Background(), proxyauth.Claim{Identity: "ada", Username: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	d.must(um.Command{Action: um.Alter, User: named("ada"), Lock: true, Force: true})
	if _, err := d.SessionOf(context.Background(), login.Cookie); !errors.Is(err, account.ErrNoSession) {
		t.Errorf("the session of a locked user: %v", err)
	}
	if out := d.must(um.Command{Action: um.List}); strings.Contains(out, ada.GUID) {
		t.Errorf("a list without locked users: %s", out)
	}
	d.must(um.Command{Action: um.Alter, User: named("ada"), Unlock: true})
	if out := d.must(um.Command{Action: um.List}); !strings.Contains(out, ada.GUID+"\tYWRh\tada\t") {
		t.Errorf("list: %q", out)
	}
	d.must(um.Command{Action: um.Delete, User: named("ada"), Force: true})
}

func TestGroups(t *testing.T) {
	t.Parallel()
	p := proxied
	p.GroupsSent, p.GroupsAutoProvision = true, true
	d := newDesk(t, p)
	ada := d.user("ada", "engineers", "strangers")
	engineers := account.GroupRef{Name: "engineers"}
	d.must(um.Command{Action: um.Alter, Groups: true, Group: engineers, NewOwner: text("ada")})
	g, err := d.db.Accounts().GroupsByName(context.Background(), "engineers")
	if err != nil || g[0].OwnerGUID != ada.GUID {
		t.Fatalf("owner: %+v, %v", g, err)
	}
	d.must(um.Command{Action: um.Alter, Groups: true, Group: account.GroupRef{GUID: g[0].GUID}, NewGroupName: text("platform"), DropOwner: true})
	if dropped, err := d.db.Accounts().GroupByGUID(context.Background(), g[0].GUID); err != nil || dropped.OwnerGUID != "" || dropped.Name != "platform" {
		t.Errorf("after the owner was dropped: %+v, %v", dropped, err)
	}
	d.must(um.Command{Action: um.Alter, Groups: true, Group: account.GroupRef{Name: "platform"}, NewOwner: text(ada.GUID)})
	d.must(um.Command{Action: um.Delete, Groups: true, Group: account.GroupRef{Name: "strangers"}})
	if got, want := d.must(um.Command{Action: um.List, Groups: true}), fmt.Sprintf("\t%s\t\tplatform\t%s\n", g[0].GUID, ada.GUID); !strings.HasSuffix(got, want) || strings.Count(got, "\n") != 2 {
		t.Errorf("list %q, want one group %q", got, want)
	}
	if members, _, err := d.db.Accounts().MembersOfGroup(context.Background(), g[0].GUID, 9, 0); err != nil || len(members) != 1 {
		t.Errorf("members after it all: %v, %v", members, err)
	}
}

// Document line 432, in both directions, and again without a change.
func TestNormalize(t *testing.T) {
	t.Parallel()
	p := proxied
	p.GroupsSent, p.GroupsAutoProvision = true, true
	d := newDesk(t, p)
	d.user("ada", "engineers", "managers")
	normalize := um.Command{Action: um.Alter, Groups: true, NormalizeIDs: true}
	identified := func(name string) string {
		g, err := d.db.Accounts().GroupsByName(context.Background(), name)
		if err != nil || len(g) != 1 {
			t.Fatalf("%s: %v, %v", name, g, err)
		}
		return g[0].UniqueID
	}
	d.Policy.GroupsAutoProvision, d.Policy.GroupsByUniqueID = false, true
	for range 2 {
		d.must(normalize)
		if a, b := identified("engineers"), identified("managers"); a != "engineers" || b != "managers" {
			t.Errorf("unique ids %q, %q", a, b)
		}
	}
	bob := d.user("bob", "engineers")
	if groups, err := d.db.Accounts().GroupsOfUser(context.Background(), bob.GUID); err != nil || len(groups) != 1 {
		t.Errorf("bob's groups by unique id: %v, %v", groups, err)
	}
	d.Policy.GroupsByUniqueID = false
	for _, out := range []string{"changed: 2", "changed: 0"} {
		if got := d.must(normalize); !strings.Contains(got, "by name; "+out) {
			t.Errorf("it said %q", got)
		}
	}
	if a := identified("engineers"); a != "" {
		t.Errorf("unique id %q by name", a)
	}
}

// All conflicts are reported together, and nothing changes.
func TestNormalizeRefuses(t *testing.T) {
	t.Parallel()
	p := proxied
	p.GroupsSent, p.GroupsByUniqueID = true, true
	d := newDesk(t, p)
	ada := d.user("ada")
	for _, g := range [][2]string{{"team", "1"}, {"team", "2"}, {"crew", "3"}, {"crew", "4"}, {"solo", "5"}} {
		if _, err := d.CreateGroup(context.Background(), account.Actor{User: ada, Role: ada.Role}, account.NewGroup{Name: g[0], UniqueID: g[1], UniqueIDGiven: true}); err != nil {
			t.Fatal(err)
		}
	}
	before := d.state()
	d.Policy.GroupsByUniqueID = false
	_, err := d.run(um.Command{Action: um.Alter, Groups: true, NormalizeIDs: true})
	if err == nil || !strings.Contains(err.Error(), `"team"`) || !strings.Contains(err.Error(), `"crew"`) {
		t.Errorf("got %v, want both names", err)
	}
	if after := d.state(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

func TestTransferAndDelete(t *testing.T) {
	t.Parallel()
	d := newDesk(t, proxied)
	ada, bob := d.user("ada"), d.user("bob")
	ctx := context.Background()
	publish := func(owner account.User, guid, name string) {
		item := &content.Item{GUID: guid, OwnerGUID: owner.GUID, Name: name, Access: "acl", Mode: "static"}
		if err := d.db.Content().Update(ctx, func(tx content.Tx) error { return tx.InsertItem(ctx, item) }); err != nil {
			t.Fatal(err)
		}
	}
	publish(bob, "b", "report")
	if _, err := d.CreateGroup(ctx, account.Actor{User: bob, Role: account.Administrator}, account.NewGroup{Name: "eng"}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.run(um.Command{Action: um.Delete, User: named("bob")}); !errors.Is(err, account.ErrOwnsContent) {
		t.Fatalf("got %v, want %v", err, account.ErrOwnsContent)
	}
	publish(ada, "a", "report")
	move := um.Command{Action: um.Transfer, Source: named("bob"), Target: named("ada")}
	if _, err := d.run(move); !errors.Is(err, account.ErrContentNames) {
		t.Fatalf("got %v, want %v", err, account.ErrContentNames)
	}
	if err := d.db.Content().Update(ctx, func(tx content.Tx) error { return tx.DeleteItem(ctx, "a") }); err != nil {
		t.Fatal(err)
	}
	d.must(move)
	item, err := d.db.Content().Item(ctx, "b")
	if err != nil || item.OwnerGUID != ada.GUID {
		t.Errorf("got %+v, %v", item, err)
	}
	if g, err := d.db.Accounts().GroupsByName(ctx, "eng"); err != nil || g[0].OwnerGUID != ada.GUID {
		t.Errorf("got %+v, %v", g, err)
	}
	d.must(um.Command{Action: um.Delete, User: named("bob")})
	if _, err := d.db.Accounts().UserByGUID(ctx, bob.GUID); !errors.Is(err, dberr.NotFound) {
		t.Errorf("after the deletion: %v", err)
	}
}

// Lists of more than one page are complete, and no value breaks a line.
func TestLongList(t *testing.T) {
	t.Parallel()
	d := newDesk(t, proxied)
	d.user("ada")
	err := d.db.Accounts().Update(context.Background(), func(tx account.Tx) error {
		for i := range 1234 {
			u := account.User{GUID: fmt.Sprint("g", i), UniqueID: fmt.Sprint("u", i), Username: fmt.Sprint("u", i), FirstName: "a\nb\tc", Role: account.Viewer}
			if err := tx.InsertUser(context.Background(), &u); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	out := d.must(um.Command{Action: um.List})
	if n := strings.Count(out, "\n"); n != 1236 {
		t.Errorf("%d lines, want 1236", n)
	}
	for line := range strings.Lines(out) {
		if strings.Count(line, "\t") != 8 {
			t.Errorf("line %q", line)
		}
	}
	if err := (um.Command{Action: um.List}).Run(context.Background(), d.Service, full{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("a list that could not be written: %v", err)
	}
}

// full is a writer that always fails, like a full disk.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
