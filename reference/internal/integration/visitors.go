package integration

import (
	"context"
	"errors"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
	"countersign/reference/internal/dberr"
)

// Visitors implements Content with the store of content and the accounts.
type Visitors struct {
	content.Store
	Accounts *account.Service
}

// RoleOfUser implements Content.
func (v Visitors) RoleOfUser(ctx context.Context, item *content.Item, guid string) (content.AppRole, error) {
	user, err := v.Accounts.FindUser(ctx, guid)
	if errors.Is(err, dberr.NotFound) || err == nil && user.Locked {
		return content.AppNone, nil
	}
	if err != nil {
		return content.AppNone, err
	}
	groups, err := v.Accounts.GroupsOf(ctx, guid)
	if err != nil {
		return content.AppNone, err
	}
	visitor := content.Visitor{UserGUID: guid, Publisher: user.Role.AtLeast(account.Publisher), Admin: user.Role == account.Administrator}
	for _, g := range groups {
		visitor.Groups = append(visitor.Groups, g.GUID)
	}
	permissions, err := v.Permissions(ctx, item.GUID)
	if err != nil {
		return content.AppNone, err
	}
	return content.RoleOf(item, permissions, visitor), nil
}
