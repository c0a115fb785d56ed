package reference

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
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
	path := cfg.SQLitePath()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no database at %s: has the server run with this configuration?", path)
	} else if err != nil {
		return fmt.Errorf("find database: %w", err)
	}
	hold, err := store.HoldSQLite(path)
	if err != nil {
		return managed(err)
	}
	defer hold.Close() //nolint:errcheck // ends with the process anyhow
	db, err := store.OpenSQLite(ctx, path)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
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
