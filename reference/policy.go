package reference

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"countersign/reference/internal/web"
)

// warnAboutGroups warns at start-up if the ownership of groups does not match the configuration (document lines 384
// to 390). There is no warning for local groups, which have owners.
func (s *Server) warnAboutGroups(ctx context.Context) error {
	policy := web.AccountPolicy(s.cfg)
	if !policy.Groups || !policy.GroupsSent {
		return nil
	}
	owned, ownerless, err := s.store.Accounts().CountGroupsByOwnership(ctx)
	if err != nil {
		return err
	}
	switch {
	case policy.GroupsAutoProvision && owned > 0:
		s.log.Warn("Groups with an owner exist although ProxyAuth.GroupsAutoProvision is on: remove the groups or their owners", "groups", owned)
	case !policy.GroupsAutoProvision && ownerless > 0:
		s.log.Warn("Groups without an owner exist although ProxyAuth.GroupsAutoProvision is off: remove the groups or give them owners", "groups", ownerless)
	}
	return nil
}

// openLog opens the log at the place given on the command line or in the configuration.
func (s *Server) openLog(c Config) error {
	l := s.cfg.Logging
	place := l.ServiceLog
	if c.LogFile != "" {
		place = c.LogFile
	}
	var w io.Writer
	switch place {
	case "STDERR":
		w = c.Stderr
	case "STDOUT":
		w = c.Stdout
	default:
		f, err := os.OpenFile(place, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("open log: %w", err)
		}
		s.logFile, w = f, f
	}
	if w == nil {
		w = io.Discard
	}
	level := map[string]slog.Level{"DEBUG": slog.LevelDebug, "WARNING": slog.LevelWarn, "ERROR": slog.LevelError}[l.ServiceLogLevel]
	options := &slog.HandlerOptions{Level: level}
	if l.ServiceLogFormat == "JSON" {
		s.log = slog.New(slog.NewJSONHandler(w, options))
	} else {
		s.log = slog.New(slog.NewTextHandler(w, options))
	}
	return nil
}
