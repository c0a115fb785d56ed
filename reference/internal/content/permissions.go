package content

import (
	"context"

	"countersign/reference/internal/account"
)

// Permissions returns the permissions of an item, oldest first. It returns the errors of View.
func (s *Service) Permissions(ctx context.Context, by account.Actor, guid string) ([]Permission, error) {
	if _, err := s.View(ctx, by, guid); err != nil {
		return nil, err
	}
	return s.store.Permissions(ctx, guid)
}

// Permission returns one permission of an item. It returns the errors of View, and dberr.NotFound.
func (s *Service) Permission(ctx context.Context, by account.Actor, guid string, id int64) (Permission, error) {
	if _, err := s.View(ctx, by, guid); err != nil {
		return Permission{}, err
	}
	return s.store.Permission(ctx, guid, id)
}

// PutPermission stores a permission, or changes the role of the existing permission of the principal, and sets its
// ID. It returns the errors of Editable, ErrPermissionRole, ErrPrincipalType, account.ErrNoUser,
// account.ErrNoGroup, account.ErrGroupsOff, ErrOwnerPermission or ErrCollaboratorRole.
func (s *Service) PutPermission(ctx context.Context, by account.Actor, p *Permission) error {
	check, err := s.principal(ctx, *p)
	if err != nil {
		return err
	}
	return s.update(ctx, by, p.ContentGUID, func(tx Tx, e *Entry) error {
		if err := check(&e.Item); err != nil {
			return err
		}
		return tx.PutPermission(ctx, p)
	})
}

// ChangePermission changes the role of a permission. It returns ErrPrincipalFixed if the principal of p is not the
// one of the permission, dberr.NotFound, and the errors of PutPermission.
func (s *Service) ChangePermission(ctx context.Context, by account.Actor, p Permission) error {
	old, err := s.Permission(ctx, by, p.ContentGUID, p.ID)
	if err != nil {
		return err
	}
	if old.PrincipalGUID != p.PrincipalGUID || old.PrincipalType != p.PrincipalType {
		return ErrPrincipalFixed
	}
	check, err := s.principal(ctx, p)
	if err != nil {
		return err
	}
	return s.update(ctx, by, p.ContentGUID, func(tx Tx, e *Entry) error {
		if err := check(&e.Item); err != nil {
			return err
		}
		if _, err := tx.Permission(ctx, p.ContentGUID, p.ID); err != nil {
			return err // it was deleted meanwhile
		}
		return tx.PutPermission(ctx, &p)
	})
}

// DeletePermission deletes a permission. It returns the errors of Editable, and dberr.NotFound.
func (s *Service) DeletePermission(ctx context.Context, by account.Actor, guid string, id int64) error {
	return s.update(ctx, by, guid, func(tx Tx, _ *Entry) error { return tx.DeletePermission(ctx, guid, id) })
}

// principal looks up the principal of a permission. It returns a function that checks whether the principal can have
// the permission on an item. Principals are read before the transaction, because they are accounts.
func (s *Service) principal(ctx context.Context, p Permission) (check func(*Item) error, err error) {
	if p.Role != RoleViewer && p.Role != RoleCollaborator {
		return nil, ErrPermissionRole
	}
	switch p.PrincipalType {
	case PrincipalUser:
		user, err := s.accounts.FindUser(ctx, p.PrincipalGUID)
		return func(item *Item) error { return checkUser(item, user, p.Role) }, err
	case PrincipalGroup:
		_, err := s.accounts.FindGroup(ctx, p.PrincipalGUID)
		return func(*Item) error { return nil }, err
	}
	return nil, ErrPrincipalType
}

// checkUser returns an error if a user cannot have a permission with the role on an item.
func checkUser(item *Item, user account.User, role PermissionRole) error {
	if user.GUID == item.OwnerGUID {
		return ErrOwnerPermission
	}
	if role == RoleCollaborator && !user.Role.AtLeast(account.Publisher) {
		return ErrCollaboratorRole
	}
	return nil
}
