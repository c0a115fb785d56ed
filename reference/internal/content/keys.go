package content

import (
	"context"

	"countersign/reference/internal/account"
)

// OwnerKeys creates API keys of content in the name of its owner: "CONNECT_API_KEY" has the rights of the publisher.
// A key is bound to its item, so that processes of other items cannot use it in an exchange.
type OwnerKeys struct{ Accounts *account.Service }

// IssueContentKey implements Keys.
func (k OwnerKeys) IssueContentKey(ctx context.Context, owner, item string) (string, int64, error) {
	made, key, err := k.Accounts.IssueContentKey(ctx, owner, item)
	return key, made.ID, err
}
