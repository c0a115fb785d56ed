package account

import "time"

// Service applies the rules of accounts on top of a Store.
type Service struct {
	Store Store
	Now   func() time.Time
}
