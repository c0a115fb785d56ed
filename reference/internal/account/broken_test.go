package account

import (
	"context"
	"errors"
	"testing"
	"time"

	"countersign/reference/internal/dberr"
	"countersign/reference/internal/proxyauth"
)

var errBroken = errors.New("the database is broken")

// brokenStore is a store with one user and one group. Its call number failing, counted from 1, returns errBroken. The
// methods that the tests do not use panic.
type brokenStore struct {
	Tx
	calls, failing int
	user           User
	group          Group
	registered     bool // whether the sign-in finds the user
}

func (b *brokenStore) call() error {
	if b.calls++; b.calls == b.failing {
		return errBroken
	}
	return nil
}

func (b *brokenStore) Update(_ context.Context, do func(Tx) error) error { return do(b) }

func (b *brokenStore) UserByUniqueID(context.Context, string) (User, error) {
	if err := b.call(); err != nil {
		return User{}, err
	}
	if !b.registered {
		return User{}, dberr.NotFound
	}
	return b.user, nil
}

func (b *brokenStore) UserByGUID(context.Context, string) (User, error) { return b.user, b.call() }

func (b *brokenStore) UsersByUsername(context.Context, string) ([]User, error) { return nil, b.call() }

func (b *brokenStore) CountUsers(context.Context) (int, error) { return 1, b.call() }

func (b *brokenStore) InsertUser(context.Context, *User) error { return b.call() }

func (b *brokenStore) UpdateUser(context.Context, User) error { return b.call() }

func (b *brokenStore) GroupByGUID(context.Context, string) (Group, error) { return b.group, b.call() }

func (b *brokenStore) GroupsByName(context.Context, string) ([]Group, error) { return nil, b.call() }

func (b *brokenStore) GroupsByNames(context.Context, []string) ([]Group, error) { return nil, b.call() }

func (b *brokenStore) GroupsOfUser(context.Context, string) ([]Group, error) { return nil, b.call() }

func (b *brokenStore) InsertGroup(context.Context, *Group) error { return b.call() }

func (b *brokenStore) InsertGroups(context.Context, []Group) error { return b.call() }

func (b *brokenStore) UpdateGroup(context.Context, Group) error { return b.call() }

func (b *brokenStore) DeleteGroup(context.Context, string) error { return b.call() }

func (b *brokenStore) AddMember(context.Context, string, string) error { return b.call() }

func (b *brokenStore) RemoveMember(context.Context, string, string) error { return b.call() }

func (b *brokenStore) Join(context.Context, string, []string) error { return b.call() }

func (b *brokenStore) Leave(context.Context, string, []string) error { return b.call() }

func (b *brokenStore) DeleteSessionsBefore(context.Context, time.Time) error { return b.call() }

func (b *brokenStore) InsertSession(context.Context, Session) error { return b.call() }

func (b *brokenStore) TrimSessions(context.Context, string, int) error { return b.call() }

// Every operation returns the error of each of its store calls, and does not continue without what the call reads.
func TestErrorsOfTheStoreAreReturned(t *testing.T) {
	ctx := context.Background()
	admin, name := User{GUID: "admin", Role: Administrator}, "another"
	viewer := User{GUID: "viewer", Role: Viewer}
	claim := proxyauth.Claim{Identity: "ada", Email: "ada@x.org", Groups: []string{"A"}, Digest: "d"}
	groups := Policy{Groups: true, RegisterOnFirstLogin: true, DefaultRole: Viewer}
	synced := groups
	synced.GroupsSent, synced.GroupsAutoProvision = true, true
	for _, tt := range []struct {
		name       string
		policy     Policy
		registered bool
		do         func(*Service) error
	}{
		{"first sign-in", synced, false, func(s *Service) error { return second(s.SignIn(ctx, claim)) }},
		{"sign-in", synced, true, func(s *Service) error { return second(s.SignIn(ctx, claim)) }},
		{"create group", groups, true, func(s *Service) error {
			return second(s.CreateGroup(ctx, Actor{User: admin, Role: Administrator}, NewGroup{Name: "A"}))
		}},
		{"change group", groups, true, func(s *Service) error {
			return second(s.ChangeGroup(ctx, Actor{User: admin, Role: Administrator}, "g", &name, &name))
		}},
		{"delete group", groups, true, func(s *Service) error { return s.DeleteGroup(ctx, Actor{User: admin, Role: Administrator}, "g") }},
		{"add member", groups, true, func(s *Service) error { return s.AddMember(ctx, Actor{User: admin, Role: Administrator}, "g", "u") }},
		{"remove member", groups, true, func(s *Service) error { return s.RemoveMember(ctx, Actor{User: admin, Role: Administrator}, "g", "u") }},
		{"leave group", groups, true, func(s *Service) error {
			return s.RemoveMember(ctx, Actor{User: viewer, Role: Viewer}, "g", viewer.GUID)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run := func(failing int) (*brokenStore, error) {
				b := &brokenStore{failing: failing, registered: tt.registered, user: User{GUID: "u"}, group: Group{GUID: "g"}}
				return b, tt.do(New(Options{Store: b, Policy: tt.policy}))
			}
			whole, err := run(0)
			if err != nil || whole.calls == 0 {
				t.Fatalf("%d calls, %v", whole.calls, err)
			}
			for n := 1; n <= whole.calls; n++ {
				if b, err := run(n); !errors.Is(err, errBroken) || b.calls != n {
					t.Errorf("call %d of %d fails: error %v after %d calls", n, whole.calls, err, b.calls)
				}
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }
