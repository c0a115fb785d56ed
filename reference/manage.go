package reference

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"countersign/reference/internal/account"
	"countersign/reference/internal/store"
	"countersign/reference/internal/usermanager"
	"countersign/reference/internal/web"
)

// A UserCommand is a command of usermanager; its Check finds what is wrong with it by itself.
type UserCommand = usermanager.Command

// UserAction is the word that a UserCommand begins with.
type UserAction = usermanager.Action

// A UserCommandError is a UserCommand that cannot be meant, whatever the data.
type UserCommandError = usermanager.UsageError

// Manage runs a command of usermanager on the data that a configuration names, and tells on
// c.Stdout what it did. It refuses where there is no database yet, and for SQLite while a server
// runs on it. After an error nothing has been changed.
func Manage(ctx context.Context, c Config, command UserCommand) error {
	if err := command.Check(); err != nil {
		return err
	}
	cfg, err := readConfig(c)
	if err != nil {
		return err
	}
	db, err := openMadeDatabase(ctx, cfg)
	if err != nil {
		return managed(err)
	}
	out := c.Stdout
	if out == nil {
		out = io.Discard
	}
	accounts := &account.Service{Store: db, Policy: web.AccountPolicy(cfg), Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	return errors.Join(command.Run(ctx, accounts, out), db.Close())
}

// managed adds what to do to what usermanager meets.
func managed(err error) error {
	if errors.Is(err, store.ErrInUse) {
		return fmt.Errorf("%w; stop it first", err)
	}
	return err
}
