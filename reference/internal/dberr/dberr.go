// Package dberr defines the errors of a database that callers may act on. Package store returns them; the packages
// with the rules and package web recognize them with errors.Is.
package dberr

import "errors"

var (
	// NotFound means that there is no such row, or that a row to which a new row refers does not exist.
	NotFound = errors.New("not found")
	// Exists means that a key or unique value already exists.
	Exists = errors.New("already exists")
	// Busy means that the database cannot process a request now, but may process it later.
	Busy = errors.New("the database is busy or not available")
	// Full means that the database has no space to write.
	Full = errors.New("the database has no space")
)
