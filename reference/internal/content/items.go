package content

import (
	"context"
	"errors"
	"maps"

	"github.com/google/uuid"

	"countersign/reference/internal/account"
	"countersign/reference/internal/dberr"
)

// View is an item as a user sees it.
type View struct {
	Item
	Owner Owner
	Role  AppRole // of the user
}

// viewOf returns an item as a visitor sees it.
func viewOf(e *Entry, v Visitor) View {
	return View{Item: e.Item, Owner: e.Owner, Role: RoleOf(&e.Item, e.Permissions, v)}
}

// Items lists the items that a user may see, oldest first. Administrators see all items.
func (s *Service) Items(ctx context.Context, by account.Actor, f Filter) ([]View, error) {
	visitor, err := s.visitor(ctx, by)
	if err != nil {
		return nil, err
	}
	entries, err := s.store.Entries(ctx, f, visitor.UserGUID)
	if err != nil {
		return nil, err
	}
	views := []View{}
	for _, e := range entries {
		if view := viewOf(e, visitor); view.Role.CanRead(visitor) {
			views = append(views, view)
		}
	}
	return views, nil
}

// View returns an item. It returns ErrNotViewer if the user may not see it, and dberr.NotFound.
func (s *Service) View(ctx context.Context, by account.Actor, guid string) (View, error) {
	visitor, err := s.visitor(ctx, by)
	if err != nil {
		return View{}, err
	}
	e, err := s.store.Entry(ctx, guid, visitor.UserGUID)
	if err != nil {
		return View{}, err
	}
	view := viewOf(e, visitor)
	if !view.Role.CanRead(visitor) {
		return View{}, ErrNotViewer
	}
	return view, nil
}

// editable returns an item that a visitor may change. It returns ErrNotEditor if the visitor may only see it,
// ErrNotViewer if not even that, and dberr.NotFound.
func editable(ctx context.Context, r Reader, guid string, v Visitor) (*Entry, error) {
	e, err := r.Entry(ctx, guid, v.UserGUID)
	if err != nil {
		return nil, err
	}
	switch role := RoleOf(&e.Item, e.Permissions, v); {
	case role.CanEdit(v):
		return e, nil
	case role.CanView():
		return nil, ErrNotEditor
	}
	return nil, ErrNotViewer
}

// Editable returns an item that a user may change. It returns ErrNotEditor if the user may only see it, ErrNotViewer if
// not even that, and dberr.NotFound. Methods that change an item check this themselves.
func (s *Service) Editable(ctx context.Context, by account.Actor, guid string) (View, error) {
	visitor, err := s.visitor(ctx, by)
	if err != nil {
		return View{}, err
	}
	e, err := editable(ctx, s.store, guid, visitor)
	if err != nil {
		return View{}, err
	}
	return viewOf(e, visitor), nil
}

// update calls do in a transaction, with the item, if the user may change it. It returns the errors of Editable
// and those of do.
func (s *Service) update(ctx context.Context, by account.Actor, guid string, do func(Tx, *Entry) error) error {
	visitor, err := s.visitor(ctx, by)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx Tx) error {
		e, err := editable(ctx, tx, guid, visitor)
		if err != nil {
			return err
		}
		return do(tx, e)
	})
}

// A Change has new values for fields of an item. Fields that are nil are not changed.
type Change struct {
	Name, Title, Description, Access, OwnerGUID *string
	Settings                                    Settings
}

// apply changes an item and validates the result. The error is a *FieldError.
func (c Change) apply(item *Item) error {
	for target, value := range map[*string]*string{&item.Name: c.Name, &item.Title: c.Title, &item.Description: c.Description,
		&item.OwnerGUID: c.OwnerGUID} {
		if value != nil {
			*target = *value
		}
	}
	if c.Access != nil {
		item.Access = Access(*c.Access)
	}
	if item.Settings == nil {
		item.Settings = Settings{}
	}
	maps.Copy(item.Settings, c.Settings)
	return item.Validate()
}

// Create creates an item, which the user owns. All fields are optional: the default name contains the guid, and the
// default access is AccessACL. It returns ErrNewOwner, a *FieldError or ErrNameTaken.
func (s *Service) Create(ctx context.Context, by account.Actor, c Change) (View, error) {
	guid := uuid.NewString()
	item := Item{
		GUID: guid, OwnerGUID: by.User.GUID, Access: AccessACL, Mode: ModeUnknown, CreatedTime: s.now(),
		Name: "content-" + guid[:8],
	}
	if c.OwnerGUID != nil {
		return View{}, ErrNewOwner
	}
	if err := c.apply(&item); err != nil {
		return View{}, err
	}
	err := s.store.Update(ctx, func(tx Tx) error { return nameTaken(tx.InsertItem(ctx, &item)) })
	if err != nil {
		return View{}, err
	}
	return View{Item: item, Owner: ownerOf(by.User), Role: AppOwner}, nil
}

func ownerOf(u account.User) Owner { return Owner{u.GUID, u.Username, u.FirstName, u.LastName} }

// nameTaken converts dberr.Exists to ErrNameTaken.
func nameTaken(err error) error {
	if errors.Is(err, dberr.Exists) {
		return ErrNameTaken
	}
	return err
}

// Change changes an item. It returns the errors of Editable, ErrOwnerChange, ErrInvalidOwner, a *FieldError or
// ErrNameTaken.
func (s *Service) Change(ctx context.Context, by account.Actor, guid string, c Change) (View, error) {
	visitor, err := s.visitor(ctx, by)
	if err != nil {
		return View{}, err
	}
	newOwner, err := s.checkOwner(ctx, by, c.OwnerGUID)
	if err != nil {
		return View{}, err
	}
	var view View
	var moved bool
	err = s.store.Update(ctx, func(tx Tx) error {
		e, err := editable(ctx, tx, guid, visitor)
		if err != nil {
			return err
		}
		if moved = c.OwnerGUID != nil && *c.OwnerGUID != e.OwnerGUID; moved {
			e.Owner = newOwner
		}
		if err := c.apply(&e.Item); err != nil {
			return err
		}
		view = viewOf(e, visitor)
		return nameTaken(tx.UpdateItem(ctx, &e.Item))
	})
	if err != nil {
		return View{}, err
	}
	if moved {
		s.runtime.Stop(guid) // its process has a key of the former owner
	}
	return view, nil
}

// checkOwner returns the user to whom an item is given, if there is one. It returns ErrOwnerChange if the caller may
// not give items away, and ErrInvalidOwner if the user cannot own content.
func (s *Service) checkOwner(ctx context.Context, by account.Actor, guid *string) (Owner, error) {
	if guid == nil {
		return Owner{}, nil
	}
	if by.Role != account.Administrator {
		return Owner{}, ErrOwnerChange
	}
	user, err := s.accounts.FindUser(ctx, *guid)
	if errors.Is(err, account.ErrNoUser) || err == nil && (user.Locked || !user.Role.AtLeast(account.Publisher)) {
		return Owner{}, ErrInvalidOwner
	}
	return ownerOf(user), err
}

// Delete deletes an item with all its data, stops its executions and removes its folders. It returns the errors of
// Editable.
func (s *Service) Delete(ctx context.Context, by account.Actor, guid string) error {
	if err := s.update(ctx, by, guid, func(tx Tx, _ *Entry) error { return tx.DeleteItem(ctx, guid) }); err != nil {
		return err
	}
	s.runtime.Stop(guid)
	return s.folders.retire(guid, 0)
}
