package content_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
	"countersign/reference/internal/content/contenttest"
	"countersign/reference/internal/dberr"
)

// actor creates a user and returns them as an actor.
func (r *rig) actor(name string, role account.Role) account.Actor {
	r.t.Helper()
	u := account.User{GUID: name, UniqueID: name, Username: name, Role: role, Created: time.Now()}
	if err := r.db.Accounts().Update(r.t.Context(), func(tx account.Tx) error { return tx.InsertUser(r.t.Context(), &u) }); err != nil {
		r.t.Fatal(err)
	}
	return account.Actor{User: u, Role: role}
}

// permit gives a user a permission on an item.
func (r *rig) permit(item *content.Item, user account.Actor, role content.PermissionRole) content.Permission {
	r.t.Helper()
	p := content.Permission{ContentGUID: item.GUID, PrincipalGUID: user.User.GUID, PrincipalType: content.PrincipalUser, Role: role}
	if err := r.service.PutPermission(r.t.Context(), r.owner, &p); err != nil {
		r.t.Fatal(err)
	}
	return p
}

// Every method requires the right to see or to change the item, whatever else it is given.
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.item()
	editor, viewer := r.actor("editor", account.Publisher), r.actor("viewer", account.Publisher)
	r.permit(item, editor, content.RoleCollaborator)
	p := r.permit(item, viewer, content.RoleViewer)
	reading := map[string]func(account.Actor) error{
		"View":        func(by account.Actor) error { return second(r.service.View(t.Context(), by, item.GUID)) },
		"Permissions": func(by account.Actor) error { return second(r.service.Permissions(t.Context(), by, item.GUID)) },
		"Permission":  func(by account.Actor) error { return second(r.service.Permission(t.Context(), by, item.GUID, p.ID)) },
	}
	title := "title"
	changing := map[string]func(account.Actor) error{
		"Editable": func(by account.Actor) error { return second(r.service.Editable(t.Context(), by, item.GUID)) },
		"Change": func(by account.Actor) error {
			return second(r.service.Change(t.Context(), by, item.GUID, content.Change{Title: &title}))
		},
		"PutPermission": func(by account.Actor) error { put := p; return r.service.PutPermission(t.Context(), by, &put) },
		"ChangePermission": func(by account.Actor) error {
			return r.service.ChangePermission(t.Context(), by, p)
		},
		"Bundles":    func(by account.Actor) error { return second(r.service.Bundles(t.Context(), by, item.GUID)) },
		"ShareLinks": func(by account.Actor) error { return second(r.service.ShareLinks(t.Context(), by, item.GUID)) },
		"CreateShareLink": func(by account.Actor) error {
			_, _, err := r.service.CreateShareLink(t.Context(), by, item.GUID)
			return err
		},
		// The objects of these do not exist, so that editors get another error.
		"DeletePermission": func(by account.Actor) error {
			return missing(r.service.DeletePermission(t.Context(), by, item.GUID, 99))
		},
		"DeleteShareLink": func(by account.Actor) error {
			return missing(r.service.DeleteShareLink(t.Context(), by, item.GUID, "x"))
		},
		"Bundle": func(by account.Actor) error { return missing(second(r.service.Bundle(t.Context(), by, item.GUID, 99))) },
		"Archive": func(by account.Actor) error {
			return missing(second(r.service.Archive(t.Context(), by, item.GUID, 99)))
		},
		"DeleteBundle": func(by account.Actor) error { return missing(r.service.DeleteBundle(t.Context(), by, item.GUID, 99)) },
		"Deploy": func(by account.Actor) error {
			return missing(second(r.service.Deploy(t.Context(), by, item.GUID, nil)))
		},
	}
	for _, who := range []struct {
		name         string
		by           account.Actor
		read, change error
	}{
		{"owner", r.owner, nil, nil},
		{"editor", editor, nil, nil},
		{"administrator", r.actor("admin", account.Administrator), nil, nil},
		{"viewer", viewer, nil, content.ErrNotEditor},
		{"owner with the key of a viewer", account.Actor{User: r.owner.User, Role: account.Viewer}, nil, content.ErrNotEditor},
		{"stranger", r.actor("stranger", account.Publisher), content.ErrNotViewer, content.ErrNotViewer},
		{"anonymous", account.Actor{}, content.ErrNotViewer, content.ErrNotViewer},
	} {
		for name, call := range reading {
			if err := call(who.by); !errors.Is(err, who.read) {
				t.Errorf("%s by %s = %v, want %v", name, who.name, err, who.read)
			}
		}
		for name, call := range changing {
			if err := call(who.by); !errors.Is(err, who.change) {
				t.Errorf("%s by %s = %v, want %v", name, who.name, err, who.change)
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }

// missing returns nil if an object does not exist, and an error if it does.
func missing(err error) error {
	switch {
	case err == nil:
		return errors.New("found an object that does not exist")
	case errors.Is(err, dberr.NotFound), errors.Is(err, content.ErrNoBundle):
		return nil
	}
	return err
}

func TestOwnerChange(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.item()
	admin, other, viewer := r.actor("admin", account.Administrator), r.actor("other", account.Publisher), r.actor("viewer", account.Viewer)
	give := func(by account.Actor, guid string) (content.View, error) {
		return r.service.Change(t.Context(), by, item.GUID, content.Change{OwnerGUID: &guid})
	}
	for _, test := range []struct {
		by   account.Actor
		to   string
		want error
	}{
		{r.owner, other.User.GUID, content.ErrOwnerChange},
		{admin, viewer.User.GUID, content.ErrInvalidOwner},
		{admin, "nobody", content.ErrInvalidOwner},
		{admin, other.User.GUID, nil},
	} {
		view, err := give(test.by, test.to)
		if !errors.Is(err, test.want) || err == nil && (view.OwnerGUID != test.to || view.Owner.Username != "other" || view.Role != content.AppNone) {
			t.Errorf("to %s by %s: %+v, %v; want %v", test.to, test.by.User.Username, view, err, test.want)
		}
	}
	if _, err := r.service.Create(t.Context(), r.owner, content.Change{OwnerGUID: &other.User.GUID}); !errors.Is(err, content.ErrNewOwner) {
		t.Errorf("a new item of another owner: %v", err)
	}
}

func TestPermissionRules(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item, viewer := r.item(), r.actor("viewer", account.Viewer)
	for _, test := range []struct {
		name string
		p    content.Permission
		want error
	}{
		{"role", content.Permission{PrincipalGUID: "viewer", PrincipalType: content.PrincipalUser, Role: "editor"}, content.ErrPermissionRole},
		{"type", content.Permission{PrincipalGUID: "viewer", PrincipalType: "robot", Role: content.RoleViewer}, content.ErrPrincipalType},
		{"user", content.Permission{PrincipalGUID: "nobody", PrincipalType: content.PrincipalUser, Role: content.RoleViewer}, account.ErrNoUser},
		{"owner", content.Permission{PrincipalGUID: r.owner.User.GUID, PrincipalType: content.PrincipalUser, Role: content.RoleViewer}, content.ErrOwnerPermission},
		{"collaborator", content.Permission{PrincipalGUID: "viewer", PrincipalType: content.PrincipalUser, Role: content.RoleCollaborator}, content.ErrCollaboratorRole},
		{"groups", content.Permission{PrincipalGUID: "g", PrincipalType: content.PrincipalGroup, Role: content.RoleViewer}, account.ErrGroupsOff},
	} {
		test.p.ContentGUID = item.GUID
		if err := r.service.PutPermission(t.Context(), r.owner, &test.p); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	p := r.permit(item, viewer, content.RoleViewer)
	p.PrincipalGUID = r.actor("another", account.Viewer).User.GUID
	if err := r.service.ChangePermission(t.Context(), r.owner, p); !errors.Is(err, content.ErrPrincipalFixed) {
		t.Errorf("another principal: %v", err)
	}
	p.ID++
	if err := r.service.ChangePermission(t.Context(), r.owner, p); !errors.Is(err, dberr.NotFound) {
		t.Errorf("another permission: %v", err)
	}
}

// The active bundle cannot be deleted, and a task is for the user who started it and for administrators.
func TestBundlesAndTasks(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.running("static", map[string]string{"index.html": "x"})
	if err := r.service.DeleteBundle(t.Context(), r.owner, item.GUID, item.BundleID); !errors.Is(err, content.ErrActive) {
		t.Errorf("DeleteBundle of the active bundle = %v", err)
	}
	other := r.upload(item, []byte("x"))
	if err := r.service.DeleteBundle(t.Context(), r.owner, item.GUID, other.ID); err != nil {
		t.Errorf("DeleteBundle = %v", err)
	}
	if _, err := r.service.Deploy(t.Context(), r.owner, item.GUID, &other.ID); !errors.Is(err, content.ErrNoBundle) {
		t.Errorf("Deploy of a deleted bundle = %v", err)
	}
	id := r.start(item, contenttest.Bundle(t, "static", nil))
	for _, test := range []struct {
		by   account.Actor
		want error
	}{{r.owner, nil}, {r.actor("admin", account.Administrator), nil}, {r.actor("other", account.Publisher), content.ErrNoTask}, {account.Actor{}, content.ErrNoTask}} {
		if _, err := r.service.Task(t.Context(), test.by, id, 0, 0); !errors.Is(err, test.want) {
			t.Errorf("Task by %q = %v, want %v", test.by.User.Username, err, test.want)
		}
	}
}

// A visit is made by a share link if it has the token of one, and otherwise by the role of the visitor.
func TestVisits(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.item()
	_, token, err := r.service.CreateShareLink(t.Context(), r.owner, item.GUID)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name              string
		by                account.Actor
		link              content.Link
		want              error
		byLink, new, drop bool
	}{
		{"owner", r.owner, content.Link{Opens: true}, nil, false, false, false},
		{"anonymous", account.Actor{}, content.Link{Opens: true}, content.ErrNotViewer, false, false, false},
		{"link", account.Actor{}, content.Link{Token: token, Opens: true}, nil, true, true, false},
		{"owner by link", r.owner, content.Link{Token: token, Opens: true}, nil, true, true, false},
		{"another token", account.Actor{}, content.Link{Token: "x", Kept: token}, content.ErrNotViewer, false, false, false},
		{"kept", account.Actor{}, content.Link{Kept: token, Opens: true}, nil, true, false, false},
		{"another kept", account.Actor{}, content.Link{Kept: "x"}, content.ErrNotViewer, false, false, false},
		{"owner opens with a kept token", r.owner, content.Link{Kept: token, Opens: true}, nil, false, false, true},
		{"part of a shared page", r.owner, content.Link{Kept: token}, nil, true, false, false},
	} {
		v, err := r.service.Visit(context.Background(), test.by, item.GUID, test.link)
		if !errors.Is(err, test.want) || v.ByLink != test.byLink || v.NewToken != test.new || v.DropToken != test.drop {
			t.Errorf("%s: %+v, %v", test.name, v, err)
		}
	}
}
