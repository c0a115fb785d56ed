package store

import (
	"context"

	"countersign/reference/internal/account"
)

// Accounts is the store of users, groups, sessions, keys and deployment tokens. It implements account.Store.
type Accounts struct {
	accountReader
	db *DB
}

// Accounts returns the store of accounts.
func (db *DB) Accounts() *Accounts { return &Accounts{accountReader{db.q}, db} }

// Update implements account.Store.
func (s *Accounts) Update(ctx context.Context, do func(account.Tx) error) error {
	return s.db.transact(ctx, lockAccounts, func(tx *Tx) error { return do(&accountTx{accountReader{tx.q}, tx}) })
}

// accountReader implements account.Reader.
type accountReader struct{ q querier }

// accountTx implements account.Tx.
type accountTx struct {
	accountReader
	tx *Tx
}

var _ account.Store = (*Accounts)(nil)
