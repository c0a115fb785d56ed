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
	if err := db.Content().CreateItem(ctx, i); err != nil {
		t.Fatalf("CreateItem: %v", err)
	}
	return i
}

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
	if err := s.CreateItem(ctx, &again); !errors.Is(err, content.ErrNameTaken) {
		t.Errorf("the owner's second item of that name: %v, want ErrNameTaken", err)
	}
	again.OwnerGUID = peter.GUID
	if err := s.CreateItem(ctx, &again); err != nil || again.ID <= first.ID {
		t.Errorf("another owner's item of that name: id %d, %v", again.ID, err)
	}
	if _, err := s.Item(ctx, "nothing"); !errors.Is(err, dberr.NotFound) {
		t.Errorf("Item = %v, want ErrNotFound", err)
	}
}

func contentLists(t *testing.T, db *store.DB) {
	s := db.Content()
	paula, viewer := addUser(t, db, account.User{Username: "paula"}), addUser(t, db, account.User{Username: "viewer"})
	mine, permitted, grouped, open, hidden := addItem(t, db, viewer, "mine"), addItem(t, db, paula, "permitted"), addItem(t, db, paula, "grouped"), addItem(t, db, paula, "open"), addItem(t, db, paula, "hidden")
	if _, err := s.UpdateItem(ctx, open.GUID, func(i *content.Item) error { i.Access = content.AccessLoggedIn; return nil }); err != nil {
		t.Fatal(err)
	}
	group := account.Group{GUID: "g", Name: "g", Created: day}
	update(t, db, func(tx account.Tx) error {
		if err := tx.InsertGroup(ctx, &group); err != nil {
			return err
		}
		return tx.AddMember(ctx, group.GUID, viewer.GUID)
	})
	for _, p := range []*content.Permission{
		{ContentGUID: permitted.GUID, PrincipalGUID: viewer.GUID, PrincipalType: content.PrincipalUser, Role: content.RoleViewer},
		{ContentGUID: grouped.GUID, PrincipalGUID: group.GUID, PrincipalType: content.PrincipalGroup, Role: content.RoleViewer},
		{ContentGUID: hidden.GUID, PrincipalGUID: viewer.GUID, PrincipalType: content.PrincipalGroup, Role: content.RoleViewer}, // there is no group with that guid
	} {
		if err := s.PutPermission(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		filter content.Filter
		want   []string
	}{
		{content.Filter{}, []string{"mine", "permitted", "grouped", "open", "hidden"}},
		{content.Filter{VisibleTo: viewer.GUID}, []string{"mine", "permitted", "grouped", "open"}},
		{content.Filter{OwnerGUID: viewer.GUID}, []string{"mine"}},
		{content.Filter{Name: "open"}, []string{"open"}},
		{content.Filter{Name: "hidden", VisibleTo: viewer.GUID}, []string{}},
	} {
		items, err := s.Items(ctx, test.filter)
		names := []string{}
		for _, i := range items {
			names = append(names, i.Name)
		}
		if diff := cmp.Diff(test.want, names); err != nil || diff != "" {
			t.Errorf("Items(%+v): %v (-want +got):\n%s", test.filter, err, diff)
		}
	}
	_ = mine
}

func contentUpdates(t *testing.T, db *store.DB) {
	s := db.Content()
	paula := addUser(t, db, account.User{Username: "paula"})
	item, other := addItem(t, db, paula, "item"), addItem(t, db, paula, "other")
	refusal := errors.New("no")
	if _, err := s.UpdateItem(ctx, item.GUID, func(i *content.Item) error { i.Title = "changed"; return refusal }); err != refusal {
		t.Errorf("UpdateItem = %v, want what change said", err)
	}
	if got, _ := s.Item(ctx, item.GUID); got.Title != "Title" {
		t.Errorf("a refused change was stored: %q", got.Title)
	}
	if _, err := s.UpdateItem(ctx, item.GUID, func(i *content.Item) error { i.Name = other.Name; return nil }); !errors.Is(err, content.ErrNameTaken) {
		t.Errorf("UpdateItem to a taken name = %v", err)
	}
	if _, err := s.UpdateItem(ctx, "nothing", func(*content.Item) error { return nil }); !errors.Is(err, dberr.NotFound) {
		t.Errorf("UpdateItem of nothing = %v", err)
	}
	// Concurrent changes must not overwrite each other.
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			_, err := s.UpdateItem(ctx, item.GUID, func(i2 *content.Item) error {
				i2.Settings[fmt.Sprintf("s%d", i)] = json.RawMessage("1")
				return nil
			})
			if err != nil {
				t.Errorf("UpdateItem: %v", err)
			}
		})
	}
	wg.Wait()
	if got, _ := s.Item(ctx, item.GUID); len(got.Settings) != 21 {
		t.Errorf("%d settings of 21 are left", len(got.Settings))
	}
}

func contentPermissions(t *testing.T, db *store.DB) {
	s := db.Content()
	item := addItem(t, db, addUser(t, db, account.User{Username: "paula"}), "item")
	p := &content.Permission{ContentGUID: item.GUID, PrincipalGUID: "u", PrincipalType: content.PrincipalUser, Role: content.RoleViewer}
	if err := s.PutPermission(ctx, p); err != nil {
		t.Fatal(err)
	}
	again := &content.Permission{ContentGUID: item.GUID, PrincipalGUID: "u", PrincipalType: content.PrincipalUser, Role: content.RoleCollaborator}
	if err := s.PutPermission(ctx, again); err != nil || again.ID != p.ID {
		t.Errorf("the principal's second permission has id %d, not %d (%v)", again.ID, p.ID, err)
	}
	list, err := s.Permissions(ctx, item.GUID)
	if diff := cmp.Diff([]content.Permission{*again}, list); err != nil || diff != "" {
		t.Errorf("Permissions: %v (-want +got):\n%s", err, diff)
	}
	if got, err := s.SetPermissionRole(ctx, item.GUID, p.ID, content.RoleViewer); err != nil || got.Role != content.RoleViewer {
		t.Errorf("SetPermissionRole = %+v, %v", got, err)
	}
	if err := s.DeletePermission(ctx, "other", p.ID); !errors.Is(err, dberr.NotFound) {
		t.Errorf("another item's permission: %v", err)
	}
	if err := s.DeletePermission(ctx, item.GUID, p.ID); err != nil {
		t.Error(err)
	}
	if err := s.DeletePermission(ctx, item.GUID, p.ID); !errors.Is(err, dberr.NotFound) {
		t.Errorf("a second time: %v", err)
	}
	orphan := &content.Permission{ContentGUID: "nothing", PrincipalGUID: "u", PrincipalType: content.PrincipalUser, Role: content.RoleViewer}
	if err := s.PutPermission(ctx, orphan); !errors.Is(err, dberr.NotFound) {
		t.Errorf("of no item: %v", err)
	}
}

func contentBundles(t *testing.T, db *store.DB) {
	s := db.Content()
	paula := addUser(t, db, account.User{Username: "paula"})
	item, other := addItem(t, db, paula, "item"), addItem(t, db, paula, "other")
	archive := []byte{0, 1, 2, 0xff, 0}
	b := &content.Bundle{ContentGUID: item.GUID, CreatedBy: paula.GUID, CreatedTime: day, Size: 5, MD5: "m", SHA1: "s", Metadata: map[string]string{"source": "git"}}
	empty := &content.Bundle{ContentGUID: item.GUID, CreatedTime: day}
	if err := errors.Join(s.CreateBundle(ctx, b, archive), s.CreateBundle(ctx, empty, nil)); err != nil {
		t.Fatal(err)
	}
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
		"Bundle":   second(s.Bundle(ctx, other.GUID, b.ID)),
		"Archive":  second(s.Archive(ctx, other.GUID, b.ID)),
		"Activate": s.Activate(ctx, other.GUID, b.ID, "shiny", nil, day),
		"Render":   second(s.Render(ctx, item.GUID)),
	} {
		if !errors.Is(err, dberr.NotFound) {
			t.Errorf("%s of what is another item's = %v, want ErrNotFound", name, err)
		}
	}
	render := &content.Render{ContentGUID: item.GUID, BundleID: b.ID, Body: []byte("page"), CreatedTime: day}
	if err := s.Activate(ctx, item.GUID, b.ID, "quarto-static", render, day); err != nil {
		t.Fatal(err)
	}
	if i, _ := s.Item(ctx, item.GUID); i.BundleID != b.ID || i.Mode != "quarto-static" || !i.DeployedTime.Equal(day) {
		t.Errorf("after Activate: %+v", i)
	}
	if r, err := s.Render(ctx, item.GUID); err != nil || cmp.Diff(render, r) != "" {
		t.Errorf("Render = %+v, %v", r, err)
	}
	if err := s.DeleteBundle(ctx, item.GUID, b.ID); !errors.Is(err, content.ErrActive) {
		t.Errorf("DeleteBundle of the active bundle = %v, want ErrActive", err)
	}
	if err := s.DeleteBundle(ctx, other.GUID, b.ID); !errors.Is(err, dberr.NotFound) {
		t.Errorf("DeleteBundle of what is another item's = %v, want ErrNotFound", err)
	}
	if err := s.DeleteBundle(ctx, item.GUID, empty.ID); err != nil {
		t.Error(err)
	}
	if list, err := s.Bundles(ctx, item.GUID); err != nil || len(list) != 1 {
		t.Errorf("Bundles = %d, %v", len(list), err)
	}
}

func contentShares(t *testing.T, db *store.DB) {
	s := db.Content()
	paula := addUser(t, db, account.User{Username: "paula"})
	item, other := addItem(t, db, paula, "item"), addItem(t, db, paula, "other")
	link := &content.ShareLink{GUID: "l", ContentGUID: item.GUID, CreatedBy: paula.GUID, CreatedTime: day}
	if err := s.CreateShareLink(ctx, link, "hash"); err != nil {
		t.Fatal(err)
	}
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
	if err := s.DeleteShareLink(ctx, other.GUID, "l"); !errors.Is(err, dberr.NotFound) {
		t.Errorf("another item's link: %v", err)
	}
	if err := s.DeleteShareLink(ctx, item.GUID, "l"); err != nil {
		t.Error(err)
	}
	if got, _ := s.ShareLinkHolds(ctx, item.GUID, "hash"); got {
		t.Error("a deleted link holds")
	}
}

func contentExecutions(t *testing.T, db *store.DB) {
	s := db.Content()
	paula := addUser(t, db, account.User{Username: "paula"})
	item := addItem(t, db, paula, "item")
	start := func(id, node string) (*content.Execution, account.APIKey) {
		t.Helper()
		key := account.APIKey{Kind: account.ContentKey, UserGUID: paula.GUID, ContentGUID: item.GUID, Hash: "key-" + id, Role: account.Publisher, Created: time.Now()}
		update(t, db, func(tx account.Tx) error { return tx.InsertKey(ctx, &key) })
		e := &content.Execution{ID: id, ContentGUID: item.GUID, OwnerGUID: paula.GUID, BundleID: 7, Node: node, Class: content.ClassInteractive,
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
	for _, read := range []func() (*content.Execution, error){
		func() (*content.Execution, error) { return s.Execution(ctx, "one") },
		func() (*content.Execution, error) { return s.ExecutionBySession(ctx, "session-one") },
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
	if err := s.EndExecutions(ctx, "n1"); err != nil {
		t.Fatal(err)
	}
	if !keyGone("two") || keyGone("three") {
		t.Errorf("after the end of node n1: key of n1 gone %v, key of n2 gone %v", keyGone("two"), keyGone("three"))
	}
	if _, err := s.Execution(ctx, "three"); err != nil {
		t.Errorf("another node's execution: %v", err)
	}
	if err := s.StartExecution(ctx, &content.Execution{ID: "x", ContentGUID: "nothing", SessionHash: "x"}); !errors.Is(err, dberr.NotFound) {
		t.Errorf("of no item: %v", err)
	}
}

func contentTasks(t *testing.T, db *store.DB) {
	s := db.Content()
	item := addItem(t, db, addUser(t, db, account.User{Username: "paula"}), "item")
	task := &content.Task{ID: "t1", UserGUID: "u", ContentGUID: item.GUID, Node: "n1", CreatedTime: day}
	other := &content.Task{ID: "t2", ContentGUID: item.GUID, Node: "n2"}
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
	err := errors.Join(
		s.CreateBundle(ctx, b, []byte("x")),
		s.PutPermission(ctx, &content.Permission{ContentGUID: item.GUID, PrincipalGUID: "u", PrincipalType: content.PrincipalUser}),
		s.CreateShareLink(ctx, &content.ShareLink{GUID: "l", ContentGUID: item.GUID}, "hash"),
		s.CreateTask(ctx, &content.Task{ID: "t", ContentGUID: item.GUID}),
		s.StartExecution(ctx, &content.Execution{ID: "e", ContentGUID: item.GUID, SessionHash: "s"}),
	)
	if err != nil {
		t.Fatal(err)
	}
	update(t, db, func(tx account.Tx) error {
		return errors.Join(
			tx.InsertKey(ctx, &account.APIKey{Kind: account.ContentKey, UserGUID: paula.GUID, ContentGUID: item.GUID, Hash: "content"}),
			tx.InsertKey(ctx, &account.APIKey{Kind: account.UserKey, UserGUID: paula.GUID, Hash: "own"}))
	})
	if err := s.DeleteItem(ctx, item.GUID); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"item": second(s.Item(ctx, item.GUID)), "bundle": second(s.Bundle(ctx, item.GUID, b.ID)), "archive": second(s.Archive(ctx, item.GUID, b.ID)),
		"task": second(s.Task(ctx, "t")), "execution": second(s.Execution(ctx, "e")), "deleting again": s.DeleteItem(ctx, item.GUID),
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
