package reference

import (
	"context"
	"errors"
	"fmt"
	"io"

	"countersign/reference/internal/account"
	"countersign/reference/internal/policy"
	"countersign/reference/internal/usermanager"
)

// A UserCommand is a command of usermanager. Its method Check reports problems of the command itself.
type UserCommand = usermanager.Command

// UserAction is the first word of a UserCommand.
type UserAction = usermanager.Action

// A UserCommandError reports a UserCommand that is wrong for all data.
type UserCommandError = usermanager.UsageError

// Manage runs a command of usermanager on the configured data and writes a report to c.Stdout. It returns an error if
// there is no database, or if a server uses the SQLite database. After an error nothing has changed.
func Manage(ctx context.Context, c Config, command UserCommand) error {
	if err := command.Check(); err != nil {
		return err
	}
	cfg, err := readConfig(c)
	if err != nil {
		return err
	}
	db, err := openExistingDatabase(ctx, cfg)
	if err != nil {
		return addAdvice(err)
	}
	out := c.Stdout
	if out == nil {
		out = io.Discard
	}
	accounts := account.New(account.Options{Store: db.Accounts(), Policy: policy.Accounts(cfg)})
	return errors.Join(command.Run(ctx, accounts, out), db.Close())
}

// addAdvice adds advice to an error of usermanager.
func addAdvice(err error) error {
	if errors.Is(err, errInUse) {
		return fmt.Errorf("%w; stop it first", err)
	}
	return err
}
