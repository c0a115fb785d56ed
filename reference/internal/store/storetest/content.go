package storetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
	"countersign/reference/internal/content/execution"
	"countersign/reference/internal/dberr"
	"countersign/reference/internal/store"
)

// RunContent tests the contract of content. open is as for Run.
func RunContent(t *testing.T, open func(testing.TB) *store.DB) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *store.DB)
	}{
		{"Items", contentItems},
		{"ItemLists", contentLists},
		{"ItemUpdates", contentUpdates},
		{"Permissions", contentPermissions},
		{"Bundles", contentBundles},
		{"ShareLinks", contentShares},
		{"Executions", contentExecutions},
		{"Tasks", contentTasks},
		{"DeleteItem", contentDelete},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, open(t))
		})
	}
}

func addItem(t *testing.T, db *store.DB, owner account.User, name string) *content.Item {
	t.Helper()
	i := &content.Item{GUID: "item-" + name, OwnerGUID: owner.GUID, Name: name, Title: "Title", Description: "d", Access: content.AccessACL,
		Mode: content.ModeUnknown, Settings: content.Settings{"locked": json.RawMessage("true")}, CreatedTime: day}
	changeContent(t, db, func(tx content.Tx) error { return tx.InsertItem(ctx, i) })
	return i
}

// changeContent runs do in a transaction, which must succeed.
func changeContent(t *testing.T, db *store.DB, do func(content.Tx) error) {
	t.Helper()
	if err := db.Content().Update(ctx, do); err != nil {
		t.Fatalf("Update of content: %v", err)
	}
}

// tryContent runs do in a transaction and returns its error.
func tryContent(db *store.DB, do func(content.Tx) error) error { return db.Content().Update(ctx, do) }

func contentItems(t *testing.T, db *store.DB) {
	s := db.Content()
	paula, peter := addUser(t, db, account.User{Username: "paula"}), addUser(t, db, account.User{Username: "peter"})
	first := addItem(t, db, paula, "first")
	got, err := s.Item(ctx, first.GUID)
	if diff := cmp.Diff(first, got); err != nil || diff != "" {
		t.Errorf("Item: %v (-stored +read):\n%s", err, diff)
	}
	again := *first
	again.GUID = "other"
	insert := func(tx content.Tx) error { return tx.InsertItem(ctx, &again) }
	isErr(t, "the owner's second item of that name", tryContent(db, insert), dberr.Exists)
	again.OwnerGUID = peter.GUID
	if err := tryContent(db, insert); err != nil || again.ID <= first.ID {
		t.Errorf("another owner's item of that name: id %d, %v", again.ID, err)
	}
	again.GUID, again.OwnerGUID = "third", "nobody"
	isErr(t, "an item of no user", tryContent(db, insert), dberr.NotFound)
	if _, err := s.Item(ctx, "nothing"); !errors.Is(err, dberr.NotFound) {
		t.Errorf("Item = %v, want ErrNotFound", err)
	}
}

// contentLists tests that a list has every item, with the owner and with the permissions of one user only.
func contentLists(t *testing.T, db *store.DB) {
	s := db.Content()
	paula := addUser(t, db, account.User{Username: "paula", FirstName: "P", LastName: "L"})
	viewer := addUser(t, db, account.User{Username: "viewer"})
	addItem(t, db, viewer, "mine")
	permitted, grouped, hidden := addItem(t, db, paula, "permitted"), addItem(t, db, paula, "grouped"), addItem(t, db, paula, "hidden")
	group := account.Group{GUID: "g", Name: "g", Created: day}
	update(t, db, func(tx account.Tx) error {
		if err := tx.InsertGroup(ctx, &group); err != nil {
			return err
		}
		return tx.AddMember(ctx, group.GUID, viewer.GUID)
	})
	put := func(item *content.Item, kind content.PrincipalType, guid string) content.Permission {
		t.Helper()
		p := content.Permission{ContentGUID: item.GUID, PrincipalGUID: guid, PrincipalType: kind, Role: content.RoleViewer}
		changeContent(t, db, func(tx content.Tx) error { return tx.PutPermission(ctx, &p) })
		return p
	}
	byUser, byGroup := put(permitted, content.PrincipalUser, viewer.GUID), put(permitted, content.PrincipalGroup, group.GUID)
	grouping := put(grouped, content.PrincipalGroup, group.GUID)
	put(permitted, content.PrincipalUser, "another")
	put(hidden, content.PrincipalGroup, viewer.GUID) // there is no group with that guid
	all := map[string][]content.Permission{"mine": nil, "permitted": {byUser, byGroup}, "grouped": {grouping}, "hidden": nil}
	for _, test := range []struct {
		filter content.Filter
		user   string
		want   []string
	}{
		{content.Filter{}, viewer.GUID, []string{"mine", "permitted", "grouped", "hidden"}},
		{content.Filter{OwnerGUID: viewer.GUID}, viewer.GUID, []string{"mine"}},
		{content.Filter{Name: "permitted"}, viewer.GUID, []string{"permitted"}},
		{content.Filter{Name: "permitted", OwnerGUID: viewer.GUID}, viewer.GUID, []string{}},
		{content.Filter{}, "", []string{"mine", "permitted", "grouped", "hidden"}},
	} {
		names := []string{}
		for _, e := range got(s.Entries(ctx, test.filter, test.user))(t) {
			names = append(names, e.Name)
			want := all[e.Name]
			if test.user == "" {
				want = nil
			}
			same(t, "permissions of "+test.user+" on "+e.Name, e.Permissions, want)
		}
		same(t, fmt.Sprintf("Entries(%+v, %q)", test.filter, test.user), names, test.want)
	}
	e := got(s.Entry(ctx, permitted.GUID, viewer.GUID))(t)
	same(t, "Entry", e, &content.Entry{Item: *permitted, Owner: content.Owner{GUID: paula.GUID, Username: "paula", FirstName: "P", LastName: "L"}, Permissions: all["permitted"]})
	isErr(t, "Entry of nothing", second(s.Entry(ctx, "nothing", viewer.GUID)), dberr.NotFound)
}

func contentUpdates(t *testing.T, db *store.DB) {
	s := db.Content()
	paula := addUser(t, db, account.User{Username: "paula"})
	item, other := addItem(t, db, paula, "item"), addItem(t, db, paula, "other")
	change := func(guid string, set func(*content.Item)) error {
		return tryContent(db, func(tx content.Tx) error {
			i, err := tx.Item(ctx, guid)
			if err != nil {
				return err
			}
			set(i)
			return tx.UpdateItem(ctx, i)
		})
	}
	refusal := errors.New("no")
	err := tryContent(db, func(tx content.Tx) error {
		return errors.Join(tx.UpdateItem(ctx, &content.Item{GUID: item.GUID, OwnerGUID: paula.GUID, Title: "changed"}), refusal)
	})
	isErr(t, "Update that refuses", err, refusal)
	same(t, "title after a refused change", got(s.Item(ctx, item.GUID))(t).Title, "Title")
	isErr(t, "a taken name", change(item.GUID, func(i *content.Item) { i.Name = other.Name }), dberr.Exists)
	isErr(t, "an owner who does not exist", change(item.GUID, func(i *content.Item) { i.OwnerGUID = "nobody" }), dberr.NotFound)
	isErr(t, "UpdateItem of nothing", tryContent(db, func(tx content.Tx) error {
		return tx.UpdateItem(ctx, &content.Item{GUID: "nothing", OwnerGUID: paula.GUID})
	}), dberr.NotFound)
	// Concurrent changes must not overwrite each other.
	var wg sync.WaitGroup
	for n := range 20 {
		wg.Go(func() {
			if err := change(item.GUID, func(i *content.Item) { i.Settings[fmt.Sprint("s", n)] = json.RawMessage("1") }); err != nil {
				t.Errorf("change: %v", err)
			}
		})
	}
	wg.Wait()
	same(t, "settings", len(got(s.Item(ctx, item.GUID))(t).Settings), 21)
}

func contentPermissions(t *testing.T, db *store.DB) {
	s := db.Content()
	item := addItem(t, db, addUser(t, db, account.User{Username: "paula"}), "item")
	put := func(guid string, role content.PermissionRole) (content.Permission, error) {
		p := content.Permission{ContentGUID: guid, PrincipalGUID: "u", PrincipalType: content.PrincipalUser, Role: role}
		return p, tryContent(db, func(tx content.Tx) error { return tx.PutPermission(ctx, &p) })
	}
	remove := func(guid string, id int64) error {
		return tryContent(db, func(tx content.Tx) error { return tx.DeletePermission(ctx, guid, id) })
	}
	p := got(put(item.GUID, content.RoleViewer))(t)
	again := got(put(item.GUID, content.RoleCollaborator))(t)
	same(t, "id of the principal's second permission", again.ID, p.ID)
	same(t, "Permissions", got(s.Permissions(ctx, item.GUID))(t), []content.Permission{again})
	same(t, "Permission", got(s.Permission(ctx, item.GUID, p.ID))(t), again)
	isErr(t, "another item's permission", second(s.Permission(ctx, "other", p.ID)), dberr.NotFound)
	isErr(t, "deleting another item's permission", remove("other", p.ID), dberr.NotFound)
	must(t, remove(item.GUID, p.ID))
	isErr(t, "deleting a second time", remove(item.GUID, p.ID), dberr.NotFound)
	isErr(t, "a permission on no item", second(put("nothing", content.RoleViewer)), dberr.NotFound)
}

func contentBundles(t *testing.T, db *store.DB) {
	s := db.Content()
	paula := addUser(t, db, account.User{Username: "paula"})
	item, other := addItem(t, db, paula, "item"), addItem(t, db, paula, "other")
	archive := []byte{0, 1, 2, 0xff, 0}
	b := &content.Bundle{ContentGUID: item.GUID, CreatedBy: paula.GUID, CreatorName: "paula", CreatedTime: day, Size: 5, MD5: "m", SHA1: "s", Metadata: map[string]string{"source": "git"}}
	empty := &content.Bundle{ContentGUID: item.GUID, CreatedTime: day}
	if err := errors.Join(s.InsertBundle(ctx, b, archive), s.InsertBundle(ctx, empty, nil)); err != nil {
		t.Fatal(err)
	}
	isErr(t, "a bundle of no item", s.InsertBundle(ctx, &content.Bundle{ContentGUID: "nothing"}, archive), dberr.NotFound)
	got, err := s.Bundle(ctx, item.GUID, b.ID)
	if diff := cmp.Diff(b, got); err != nil || diff != "" {
		t.Errorf("Bundle: %v (-stored +read):\n%s", err, diff)
	}
	if text, err := s.Archive(ctx, item.GUID, b.ID); err != nil || !bytes.Equal(text, archive) {
		t.Errorf("Archive = %v, %v", text, err)
	}
	if text, err := s.Archive(ctx, item.GUID, empty.ID); err != nil || len(text) != 0 {
		t.Errorf("empty Archive = %v, %v", text, err)
	}
	if latest, err := s.LatestBundle(ctx, item.GUID); err != nil || latest.ID != empty.ID {
		t.Errorf("LatestBundle = %+v, %v", latest, err)
	}
	if _, err := s.LatestBundle(ctx, other.GUID); !errors.Is(err, dberr.NotFound) {
		t.Errorf("LatestBundle of none = %v", err)
	}
	for name, err := range map[string]error{
		"Bundle":    second(s.Bundle(ctx, other.GUID, b.ID)),
		"Archive":   second(s.Archive(ctx, other.GUID, b.ID)),
		"SetActive": tryContent(db, func(tx content.Tx) error { return tx.SetActive(ctx, "nothing", b.ID, "shiny", day) }),
		"Render":    second(s.Render(ctx, item.GUID)),
	} {
		if !errors.Is(err, dberr.NotFound) {
			t.Errorf("%s of what is another item's = %v, want ErrNotFound", name, err)
		}
	}
	render := &content.Render{ContentGUID: item.GUID, BundleID: b.ID, Body: []byte("page"), CreatedTime: day}
	changeContent(t, db, func(tx content.Tx) error {
		return errors.Join(tx.SetActive(ctx, item.GUID, b.ID, "quarto-static", day), tx.PutRender(ctx, render))
	})
	if i, _ := s.Item(ctx, item.GUID); i.BundleID != b.ID || i.Mode != "quarto-static" || !i.DeployedTime.Equal(day) {
		t.Errorf("after Activate: %+v", i)
	}
	if r, err := s.Render(ctx, item.GUID); err != nil || cmp.Diff(render, r) != "" {
		t.Errorf("Render = %+v, %v", r, err)
	}
	remove := func(guid string, id int64) error {
		return tryContent(db, func(tx content.Tx) error { return tx.DeleteBundle(ctx, guid, id) })
	}
	isErr(t, "DeleteBundle of another item's bundle", remove(other.GUID, b.ID), dberr.NotFound)
	must(t, remove(item.GUID, empty.ID))
	if list, err := s.Bundles(ctx, item.GUID); err != nil || len(list) != 1 || !list[0].Active {
		t.Errorf("Bundles = %d, %v", len(list), err)
	}
}

func contentShares(t *testing.T, db *store.DB) {
	s := db.Content()
	paula := addUser(t, db, account.User{Username: "paula"})
	item, other := addItem(t, db, paula, "item"), addItem(t, db, paula, "other")
	link := &content.ShareLink{GUID: "l", ContentGUID: item.GUID, CreatedBy: paula.GUID, CreatedTime: day}
	changeContent(t, db, func(tx content.Tx) error { return tx.InsertShareLink(ctx, link, "hash") })
	for _, test := range []struct {
		guid, hash string
		want       bool
	}{{item.GUID, "hash", true}, {item.GUID, "other", false}, {other.GUID, "hash", false}, {item.GUID, "", false}} {
		if got, err := s.ShareLinkHolds(ctx, test.guid, test.hash); err != nil || got != test.want {
			t.Errorf("ShareLinkHolds(%s, %q) = %v, %v", test.guid, test.hash, got, err)
		}
	}
	if list, err := s.ShareLinks(ctx, item.GUID); err != nil || cmp.Diff([]content.ShareLink{*link}, list) != "" {
		t.Errorf("ShareLinks = %+v, %v", list, err)
	}
	remove := func(guid string) error {
		return tryContent(db, func(tx content.Tx) error { return tx.DeleteShareLink(ctx, guid, "l") })
	}
	isErr(t, "another item's link", remove(other.GUID), dberr.NotFound)
	must(t, remove(item.GUID))
	if got, _ := s.ShareLinkHolds(ctx, item.GUID, "hash"); got {
		t.Error("a deleted link holds")
	}
}

func contentExecutions(t *testing.T, db *store.DB) {
	s := db.Content()
	paula := addUser(t, db, account.User{Username: "paula"})
	item := addItem(t, db, paula, "item")
	start := func(id, node string) (*execution.Execution, account.APIKey) {
		t.Helper()
		key := account.APIKey{Kind: account.ContentKey, UserGUID: paula.GUID, ContentGUID: item.GUID, Hash: "key-" + id, Role: account.Publisher, Created: time.Now()}
		update(t, db, func(tx account.Tx) error { return tx.InsertKey(ctx, &key) })
		e := &execution.Execution{ID: id, ContentGUID: item.GUID, OwnerGUID: paula.GUID, BundleID: 7, Node: node, Kind: execution.KindProcess,
			KeyID: key.ID, SessionHash: "session-" + id, StartedTime: day}
		if err := s.StartExecution(ctx, e); err != nil {
			t.Fatal(err)
		}
		return e, key
	}
	keyGone := func(id string) bool {
		_, _, err := db.Accounts().KeyUser(ctx, "key-"+id)
		return errors.Is(err, dberr.NotFound)
	}
	one, _ := start("one", "n1")
	start("two", "n1")
	start("three", "n2")
	for _, read := range []func() (*execution.Execution, error){
		func() (*execution.Execution, error) { return s.Execution(ctx, "one") },
		func() (*execution.Execution, error) { return s.ExecutionBySession(ctx, "session-one") },
	} {
		if got, err := read(); err != nil || cmp.Diff(one, got) != "" {
			t.Errorf("read %+v, %v", got, err)
		}
	}
	if err := s.EndExecution(ctx, "one"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ExecutionBySession(ctx, "session-one"); !errors.Is(err, dberr.NotFound) || !keyGone("one") {
		t.Errorf("after its end: %v, key gone %v", err, keyGone("one"))
	}
	if err := s.EndExecution(ctx, "one"); err != nil {
		t.Errorf("ended a second time: %v", err)
	}
	if err := s.EndExecutions(ctx, "n1", day); err != nil {
		t.Fatal(err)
	}
	if !keyGone("two") || keyGone("three") {
		t.Errorf("after the end of node n1: key of n1 gone %v, key of n2 gone %v", keyGone("two"), keyGone("three"))
	}
	if _, err := s.Execution(ctx, "three"); err != nil {
		t.Errorf("another node's execution: %v", err)
	}
	if err := s.StartExecution(ctx, &execution.Execution{ID: "x", ContentGUID: "nothing", SessionHash: "x"}); !errors.Is(err, dberr.NotFound) {
		t.Errorf("of no item: %v", err)
	}
}

func contentTasks(t *testing.T, db *store.DB) {
	s := db.Content()
	item := addItem(t, db, addUser(t, db, account.User{Username: "paula"}), "item")
	task := &execution.Task{ID: "t1", UserGUID: "u", ContentGUID: item.GUID, Node: "n1", CreatedTime: day}
	other := &execution.Task{ID: "t2", ContentGUID: item.GUID, Node: "n2"}
	if err := errors.Join(s.CreateTask(ctx, task), s.CreateTask(ctx, other)); err != nil {
		t.Fatal(err)
	}
	task.Output = []string{"a", "b \u00e9"}
	if err := s.SaveTask(ctx, task); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Task(ctx, "t1"); err != nil || cmp.Diff(task, got) != "" {
		t.Errorf("Task = %+v, %v", got, err)
	}
	if err := s.FailTasks(ctx, "n1", "stopped"); err != nil {
		t.Fatal(err)
	}
	if got, _ := s.Task(ctx, "t1"); !got.Finished || got.Error != "stopped" || got.Code == 0 || len(got.Output) != 2 {
		t.Errorf("failed task: %+v", got)
	}
	other.Error, other.Output = "it wrote \x00 and \xff", []string{"\x00", ""}
	if err := s.SaveTask(ctx, other); err != nil {
		t.Errorf("a program's own words: %v", err)
	}
	if got, _ := s.Task(ctx, "t2"); got.Error != "it wrote \uFFFD and \uFFFD" || got.Output[0] != "\x00" {
		t.Errorf("a program's own words: %+v", got)
	}
	if got, _ := s.Task(ctx, "t2"); got.Finished {
		t.Error("another node's task was ended")
	}
	if _, err := s.Task(ctx, "nothing"); !errors.Is(err, dberr.NotFound) {
		t.Errorf("Task = %v", err)
	}
}

// contentDelete tests that all data of an item is deleted with it, including the keys of its processes, but not other
// keys of the user.
func contentDelete(t *testing.T, db *store.DB) {
	s := db.Content()
	paula := addUser(t, db, account.User{Username: "paula"})
	item := addItem(t, db, paula, "item")
	b := &content.Bundle{ContentGUID: item.GUID}
	must(t, s.InsertBundle(ctx, b, []byte("x")))
	changeContent(t, db, func(tx content.Tx) error {
		return errors.Join(
			tx.PutPermission(ctx, &content.Permission{ContentGUID: item.GUID, PrincipalGUID: "u", PrincipalType: content.PrincipalUser}),
			tx.InsertShareLink(ctx, &content.ShareLink{GUID: "l", ContentGUID: item.GUID}, "hash"))
	})
	must(t, s.CreateTask(ctx, &execution.Task{ID: "t", ContentGUID: item.GUID}))
	must(t, s.StartExecution(ctx, &execution.Execution{ID: "e", ContentGUID: item.GUID, SessionHash: "s"}))
	update(t, db, func(tx account.Tx) error {
		return errors.Join(
			tx.InsertKey(ctx, &account.APIKey{Kind: account.ContentKey, UserGUID: paula.GUID, ContentGUID: item.GUID, Hash: "content"}),
			tx.InsertKey(ctx, &account.APIKey{Kind: account.UserKey, UserGUID: paula.GUID, Hash: "own"}))
	})
	remove := func(tx content.Tx) error { return tx.DeleteItem(ctx, item.GUID) }
	changeContent(t, db, remove)
	for name, err := range map[string]error{
		"item": second(s.Item(ctx, item.GUID)), "bundle": second(s.Bundle(ctx, item.GUID, b.ID)), "archive": second(s.Archive(ctx, item.GUID, b.ID)),
		"task": second(s.Task(ctx, "t")), "execution": second(s.Execution(ctx, "e")), "deleting again": tryContent(db, remove),
	} {
		if !errors.Is(err, dberr.NotFound) {
			t.Errorf("%s is still there: %v", name, err)
		}
	}
	if _, _, err := db.Accounts().KeyUser(ctx, "content"); !errors.Is(err, dberr.NotFound) {
		t.Errorf("the content's key still holds: %v", err)
	}
	if _, _, err := db.Accounts().KeyUser(ctx, "own"); err != nil {
		t.Errorf("the user's own key is gone: %v", err)
	}
}
