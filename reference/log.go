package reference

import (
	"fmt"
	"io"
	"log/slog"
	"os"
)

// openLog opens the log at the place given on the command line or in the configuration.
func (s *Server) openLog(c Config) error {
	l := s.cfg.Logging
	place := l.ServiceLog
	if c.LogFile != "" {
		place = c.LogFile
	}
	w, err := s.logWriter(c, place)
	if err != nil {
		return err
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

// logWriter returns the destination of the log: a file at place, or the output that place names.
func (s *Server) logWriter(c Config, place string) (io.Writer, error) {
	switch {
	case place == "STDERR" && c.Stderr != nil:
		return c.Stderr, nil
	case place == "STDOUT" && c.Stdout != nil:
		return c.Stdout, nil
	case place == "STDERR", place == "STDOUT":
		return io.Discard, nil
	}
	f, err := os.OpenFile(place, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	s.closers.addCloser(f)
	return f, nil
}
