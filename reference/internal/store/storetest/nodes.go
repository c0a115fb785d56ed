package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
	"countersign/reference/internal/dberr"
	"countersign/reference/internal/integration"
	"countersign/reference/internal/proxyauth"
	"countersign/reference/internal/store"
	"countersign/reference/internal/vault"
)

// RunNodes tests the requirements of nodes that share a database. fresh creates an empty database and returns a
// function that opens it. Each call of this function returns another handle, as for another node, which is closed
// after the test.
func RunNodes(t *testing.T, fresh func(testing.TB) (open func() *store.DB)) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, a, b *store.DB)
	}{
		{"FirstUser", firstUser},
		{"SamePerson", samePerson},
		{"Groups", groupsOfNodes},
		{"OAuthSession", oneSession},
		{"OAuthRefresh", oneRefresh},
		{"OAuthLogin", oneLogin},
		{"OAuthLease", oneLease},
		{"Items", itemsOfNodes},
		{"VaultKeys", vaultKeys},
		{"Crosswise", crosswise},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			open := fresh(t)
			test.run(t, open(), open())
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// got fails the test if err is not nil, and otherwise returns the value.
func got[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		must(t, err)
		return v
	}
}

// aSession returns a session as a login stores it.
func aSession(user account.User, in *integration.Integration, guid string) *integration.Session {
	s := newSession(guid, user.GUID, in.GUID)
	s.Tokens = integration.SealedTokens{Access: "access", Refresh: "refresh", ObtainedTime: day, ExpiresTime: day.Add(time.Hour)}
	return s
}

// atOnce calls do n times concurrently, alternately on both nodes, and returns the errors of all calls.
func atOnce(a, b *store.DB, n int, do func(i int, node *store.DB) error) []error {
	var wg sync.WaitGroup
	errs := make([]error, n)
	begin := make(chan struct{})
	for i := range n {
		node := a
		if i%2 == 1 {
			node = b
		}
		wg.Go(func() {
			<-begin
			errs[i] = do(i, node)
		})
	}
	close(begin)
	wg.Wait()
	return errs
}

func noErrors(t *testing.T, errs []error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// succeeded returns the number of successful calls. The other calls must have failed with want.
func succeeded(t *testing.T, errs []error, want error) int {
	t.Helper()
	n := 0
	for _, err := range errs {
		if err == nil {
			n++
			continue
		}
		isErr(t, "the others", err, want)
	}
	return n
}

// accounts returns the service of one node.
func accounts(db *store.DB, p account.Policy) *account.Service {
	p.RegisterOnFirstLogin, p.DefaultRole = true, account.Viewer
	return account.New(account.Options{Store: db.Accounts(), Policy: p, Now: func() time.Time { return day }, SessionLifetime: time.Hour})
}

func claim(name string, groups ...string) proxyauth.Claim {
	return proxyauth.Claim{Identity: name, Username: name, Groups: groups, Digest: name}
}

// firstUser tests that only one of several concurrent first users becomes the administrator.
func firstUser(t *testing.T, a, b *store.DB) {
	const n = 16
	noErrors(t, atOnce(a, b, n, func(i int, node *store.DB) error {
		return second(accounts(node, account.Policy{}).SignIn(ctx, claim(fmt.Sprint("user", i))))
	}))
	same(t, "administrators", got(a.Accounts().CountActiveAdministrators(ctx))(t), 1)
	_, total, err := b.Accounts().Users(ctx, account.UserQuery{Limit: 1})
	must(t, err)
	same(t, "users", total, n)
}

// samePerson tests that concurrent sign-ins of one user create one user, with a session for each sign-in.
func samePerson(t *testing.T, a, b *store.DB) {
	const n = 12
	logins := make(chan account.Login, n)
	signIn := func(_ int, node *store.DB) error {
		login, err := accounts(node, account.Policy{}).SignIn(ctx, claim("alice"))
		logins <- login
		return err
	}
	noErrors(t, atOnce(a, b, n, signIn))
	guids, sessions := map[string]bool{}, map[string]bool{}
	for range n {
		login := <-logins
		guids[login.User.GUID] = true
		sessions[login.Session.ID] = true
		if _, u, err := b.Accounts().SessionUser(ctx, login.Session.ID); err != nil || u.GUID != login.User.GUID {
			t.Errorf("session of %s: %s, %v", login.User.GUID, u.GUID, err)
		}
	}
	if len(guids) != 1 || len(sessions) != n {
		t.Errorf("%d users with %d sessions", len(guids), len(sessions))
	}
}

// groupsOfNodes tests that a group provisioned by concurrent sign-ins is created once, for any order of groups, and
// that the memberships of a user are those of one complete list.
func groupsOfNodes(t *testing.T, a, b *store.DB) {
	names := []string{"ants", "bees", "cats", "dogs", "eels"}
	policy := account.Policy{Groups: true, GroupsSent: true, GroupsAutoProvision: true}
	noErrors(t, atOnce(a, b, 10, func(i int, node *store.DB) error {
		mine := slices.Concat(names[i%5:], names[:i%5])
		return second(accounts(node, policy).SignIn(ctx, claim(fmt.Sprint("user", i), mine...)))
	}))
	list, total, err := a.Accounts().Groups(ctx, account.GroupQuery{Limit: 99})
	must(t, err)
	same(t, "groups", total, len(names))
	for _, g := range list {
		_, members, err := b.Accounts().MembersOfGroup(ctx, g.GUID, 1, 0)
		must(t, err)
		same(t, "members of "+g.Name, members, 10)
	}
	lists := [][]string{names[:2], names[2:], {}, names}
	noErrors(t, atOnce(a, b, 12, func(i int, node *store.DB) error {
		return second(accounts(node, policy).SignIn(ctx, claim("user0", lists[i%4]...)))
	}))
	user := got(a.Accounts().UserByUniqueID(ctx, "user0"))(t)
	now := []string{}
	for _, g := range got(b.Accounts().GroupsOfUser(ctx, user.GUID))(t) {
		now = append(now, g.Name)
	}
	if !slices.ContainsFunc(lists, func(l []string) bool { return slices.Equal(l, now) }) {
		t.Errorf("memberships %v are none of %v", now, lists)
	}
}

// integrations returns the service of one node.
func integrations(t *testing.T, db *store.DB, now func() time.Time) *integration.Service {
	t.Helper()
	keys := got(vault.New([]byte("as many characters as a key want")))(t)
	return got(integration.New(integration.Options{Store: db.Integrations(), Vault: keys, Log: slog.New(slog.DiscardHandler), Now: now}))(t)
}

// oneSession tests: "An authenticated user in Connect can have only one OAuth session per Viewer OAuth integration."
func oneSession(t *testing.T, a, b *store.DB) {
	alice := addUser(t, a, account.User{Username: "alice"})
	in := addIntegration(t, a, "i")
	first := addSession(t, a, "first", alice.GUID, in.GUID)
	noErrors(t, atOnce(a, b, 16, func(i int, node *store.DB) error {
		return node.Integrations().Update(ctx, func(tx integration.Tx) error { return tx.SaveSession(ctx, aSession(alice, in, fmt.Sprint("s", i))) })
	}))
	all := got(b.Integrations().Sessions(ctx))(t)
	same(t, "sessions", len(all), 1)
	same(t, "session", all[0].GUID, first.GUID)
	same(t, "revision", all[0].Revision, first.Revision+16)
}

// rotating is a token endpoint that accepts each refresh token once.
type rotating struct {
	mu       sync.Mutex
	next     int
	uses     map[string]int
	mayReply <-chan struct{}
}

func (p *rotating) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	<-p.mayReply
	p.mu.Lock()
	defer p.mu.Unlock()
	p.uses[r.FormValue("refresh_token")]++
	p.next++
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{ //nolint:errcheck // a test's provider
		"access_token": fmt.Sprint("at", p.next), "refresh_token": fmt.Sprint("rt", p.next), "token_type": "Bearer", "expires_in": 3600,
	})
}

// oneRefresh tests that concurrent requests for an expired access token, on several nodes, perform one refresh, and
// that every request gets the new token.
func oneRefresh(t *testing.T, a, b *store.DB) {
	mayReply := make(chan struct{}, 99)
	provider := &rotating{uses: map[string]int{}, mayReply: mayReply}
	server := httptest.NewServer(provider)
	t.Cleanup(server.Close)
	alice := addUser(t, a, account.User{Username: "alice"})
	var mu sync.Mutex
	now := day
	nodes := map[*store.DB]*integration.Service{}
	for _, db := range []*store.DB{a, b} {
		nodes[db] = integrations(t, db, func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return now
		})
	}
	in := got(nodes[a].Create(ctx, integration.Change{Template: integration.TemplateCustom, Config: map[string]any{
		"client_id": "c", "client_secret": "secret", "token_uri": server.URL, "authorization_uri": server.URL,
	}}))(t)

	// The login begins on one node and ends on the other.
	mayReply <- struct{}{}
	started := got(nodes[a].BeginLogin(ctx, in.GUID, alice.GUID, "http://s/callback", "/"))(t)
	must(t, second(nodes[b].FinishLogin(ctx, integration.Callback{
		User: alice.GUID, Browser: started.Browser, Query: url.Values{"state": {started.State}, "code": {"c"}},
	})))
	for round := 2; round <= 4; round++ {
		mu.Lock()
		now = now.Add(2 * time.Hour)
		mu.Unlock()
		const n = 20
		var asked sync.WaitGroup
		asked.Add(n)
		go func() { asked.Wait(); mayReply <- struct{}{} }()
		noErrors(t, atOnce(a, b, n, func(_ int, node *store.DB) error {
			asked.Done()
			token, err := nodes[node].ViewerToken(ctx, in, alice.GUID)
			if want := fmt.Sprint("at", round); err == nil && token.Value != want {
				err = fmt.Errorf("got %s, want %s", token.Value, want)
			}
			return err
		}))
		same(t, "requests to the provider", provider.next, round)
	}
	delete(provider.uses, "") // the use of the code
	same(t, "uses of refresh tokens", provider.uses, map[string]int{"rt1": 1, "rt2": 1, "rt3": 1})
}

// oneLogin tests that a state is valid once.
func oneLogin(t *testing.T, a, b *store.DB) {
	alice := addUser(t, a, account.User{Username: "alice"})
	addIntegration(t, a, "i")
	startLogin(t, a, 1, alice.GUID, "i")
	n := succeeded(t, atOnce(a, b, 12, func(_ int, node *store.DB) error {
		return second(takeLogin(node, "state1", "browser", alice.GUID, day))
	}), dberr.NotFound)
	same(t, "logins taken", n, 1)
}

// oneLease tests that only one caller gets the right to refresh.
func oneLease(t *testing.T, a, b *store.DB) {
	alice := addUser(t, a, account.User{Username: "alice"})
	addIntegration(t, a, "i")
	addSession(t, a, "s", alice.GUID, "i")
	taken := errors.New("taken")
	n := succeeded(t, atOnce(a, b, 12, func(_ int, node *store.DB) error {
		mine, err := leaseRefresh(node, "s", 1, day)
		if err == nil && !mine {
			err = taken
		}
		return err
	}), taken)
	same(t, "leases", n, 1)
}

// vaultKeys tests that of several nodes that start concurrently for the first time, only those with the same key are
// accepted.
func vaultKeys(t *testing.T, a, b *store.DB) {
	only := func(ids ...string) func(string) bool { return func(id string) bool { return slices.Contains(ids, id) } }
	var mu sync.Mutex
	let := map[string]int{}
	succeeded(t, atOnce(a, b, 8, func(i int, node *store.DB) error {
		id := fmt.Sprint("key", i/2%2)
		err := node.UseVaultKey(ctx, id, only(id))
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			let[id]++
		}
		return err
	}), store.ErrOtherKeys)
	if let["key0"]+let["key1"] != 4 || len(let) != 1 {
		t.Errorf("let in %v, want the four with one key", let)
	}
	first := slices.Collect(maps.Keys(let))[0]
	must(t, b.UseVaultKey(ctx, "new", only("new", first))) // a rotation
	must(t, a.UseVaultKey(ctx, first, only(first)))        // a node that does not have the new key yet
	must(t, a.UseVaultKey(ctx, "new", only("new")))
}

// itemsOfNodes tests that a name is taken once, that no change is lost, and that sets of associations do not mix.
func itemsOfNodes(t *testing.T, a, b *store.DB) {
	owner := addUser(t, a, account.User{Username: "owner"})
	n := succeeded(t, atOnce(a, b, 8, func(i int, node *store.DB) error {
		return tryContent(node, func(tx content.Tx) error {
			return tx.InsertItem(ctx, &content.Item{GUID: fmt.Sprint("i", i), OwnerGUID: owner.GUID, Name: "n"})
		})
	}), dberr.Exists)
	same(t, "items of one name", n, 1)

	item := addItem(t, a, owner, "counted")
	noErrors(t, atOnce(a, b, 16, func(_ int, node *store.DB) error {
		return tryContent(node, func(tx content.Tx) error {
			i, err := tx.Item(ctx, item.GUID)
			if err != nil {
				return err
			}
			count, _ := strconv.Atoi(i.Title)
			i.Title = strconv.Itoa(count + 1)
			return tx.UpdateItem(ctx, i)
		})
	}))
	same(t, "changes", got(b.Content().Item(ctx, item.GUID))(t).Title, "16")

	for _, guid := range []string{"x", "y", "z"} {
		addIntegration(t, a, guid)
	}
	sets := [][]string{{"x"}, {"y", "z"}}
	item.Mode = "python-api" // an item with which Viewer integrations can be associated
	clock := func() time.Time { return day }
	services := map[*store.DB]*integration.Service{a: integrations(t, a, clock), b: integrations(t, b, clock)}
	noErrors(t, atOnce(a, b, 12, func(i int, node *store.DB) error {
		return services[node].Associate(ctx, item, sets[i/2%2])
	}))
	var now []string
	for _, one := range got(b.Integrations().Associations(ctx, item.GUID))(t) {
		now = append(now, one.Integration.GUID)
	}
	if !slices.ContainsFunc(sets, func(s []string) bool { return slices.Equal(s, now) }) {
		t.Errorf("associations %v are none of %v", now, sets)
	}
}

// crosswise tests that transactions that change the same rows in opposite orders wait for each other without a
// deadlock.
func crosswise(t *testing.T, a, b *store.DB) {
	policy := account.Policy{Groups: true, GroupsSent: true, GroupsAutoProvision: true}
	admin := got(accounts(a, policy).SignIn(ctx, claim("admin")))(t).User
	alice := got(accounts(a, policy).SignIn(ctx, claim("alice")))(t).User
	item := addItem(t, a, admin, "i")
	in := addIntegration(t, a, "kept")
	for i := range 3 {
		addIntegration(t, a, "gone"+strconv.Itoa(i))
		associate(t, a, item.GUID, "gone"+strconv.Itoa(i), day)
	}
	item.Mode = "python-api"
	clock := func() time.Time { return day }
	services := map[*store.DB]*integration.Service{a: integrations(t, a, clock), b: integrations(t, b, clock)}
	expected := func(err error) error {
		for _, known := range []error{dberr.NotFound, account.ErrNoUser, integration.ErrNoIntegration} {
			if errors.Is(err, known) {
				return nil // another goroutine has deleted it
			}
		}
		return err
	}
	noErrors(t, atOnce(a, b, 48, func(i int, node *store.DB) error {
		name := strconv.Itoa(i / 16)
		var err error
		switch i / 2 % 8 {
		case 0: // the row of the user, then that of a group
			err = second(accounts(node, policy).SignIn(ctx, claim("alice", "g"+name)))
		case 1: // locks first, then the row of the user
			err = second(accounts(node, policy).ChangeUser(ctx, account.Actor{User: admin, Role: account.Administrator}, alice.GUID, account.UserChange{FirstName: &name}))
		case 2: // the item, its associations, integrations
			err = services[node].Associate(ctx, item, []string{"kept", "gone" + name})
		case 3: // an integration, its associations
			err = services[node].Delete(ctx, "gone"+name)
		case 4: // sequences, then the row of a user
			err = node.Integrations().Update(ctx, func(tx integration.Tx) error {
				return tx.SaveSession(ctx, aSession(account.User{GUID: "bob" + name}, in, "s"+name))
			})
		case 5: // the row of a user, then sessions
			err = node.Accounts().Update(ctx, func(tx account.Tx) error {
				u := account.User{GUID: "bob" + name, UniqueID: "bob" + name, Username: "bob" + name}
				return errors.Join(tx.InsertUser(ctx, &u), tx.DeleteUser(ctx, u.GUID))
			})
		case 6:
			err = second(services[node].Change(ctx, "kept", integration.Change{Name: &integration.Text{Value: &name}}))
		case 7:
			err = second(services[node].BeginLogin(ctx, "kept", alice.GUID, "http://s/callback", "/"))
		}
		return expected(err)
	}))
}
