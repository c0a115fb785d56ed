// Package reference is the reference server. It implements the documents on proxied authentication and OAuth
// integrations, for trying a configuration and for comparison with other servers. It is not a production server.
//
// Its interface is Config, New and Run, and Manage for users and groups. All other packages are internal.
package reference

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"countersign/reference/internal/account"
	"countersign/reference/internal/config"
	"countersign/reference/internal/framing"
	"countersign/reference/internal/policy"
	"countersign/reference/internal/web"
)

// Config configures a Server.
type Config struct {
	// File is the gcfg file to read. If Text is set, File is only its name in messages.
	File string
	Text []byte
	// Environ holds entries "NAME=value". CONNECT_<SECTION>_<OPTION> takes precedence over the file.
	Environ []string
	// Listen and LogFile take precedence over HTTP.Listen and Logging.ServiceLog if they are set.
	Listen  string
	LogFile string
	// Runtime is the command that executes content; nil means countersign-probe. AppURL is for developers: it sends
	// visits of content to an app that is already running.
	Runtime []string
	AppURL  string
	// Stdout and Stderr receive the log if it is not written to a file.
	Stdout, Stderr io.Writer
}

// ConfigError lists all problems of a configuration, one on each line.
type ConfigError struct{ Problems []string }

func (e *ConfigError) Error() string { return (&config.Error{Problems: e.Problems}).Error() }

// Server is a server that has opened its address, store and log, but does not serve yet.
type Server struct {
	cfg      *config.Config
	log      *slog.Logger
	store    *database
	listener net.Listener
	http     *http.Server
	closers  closers
}

// New reads the configuration, opens the store and listens on the address. It returns all problems of the
// configuration as one *ConfigError. After an error nothing remains open; otherwise the caller must call Run, which
// closes everything.
func New(ctx context.Context, c Config) (*Server, error) {
	cfg, err := readConfig(c)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg}
	if err := s.open(ctx, c); err != nil {
		return nil, errors.Join(err, s.closers.close(ctx))
	}
	return s, nil
}

func readConfig(c Config) (*config.Config, error) {
	var cfg *config.Config
	var err error
	if c.Text != nil {
		cfg, err = config.Parse(c.File, c.Text, c.Environ)
	} else {
		cfg, err = config.Load(c.File, c.Environ)
	}
	var bad *config.Error
	if errors.As(err, &bad) {
		return nil, &ConfigError{bad.Problems}
	}
	if err != nil {
		return nil, err
	}
	if c.Listen != "" {
		if err := config.CheckListen(c.Listen); err != nil {
			return nil, &ConfigError{[]string{"--listen: " + err.Error()}}
		}
		cfg.HTTP.Listen = c.Listen
	}
	return cfg, nil
}

func (s *Server) open(ctx context.Context, c Config) error {
	if err := s.openLog(c); err != nil {
		return err
	}
	s.log.Info("This is the Countersign reference server: a reference for what the documents say, not a production server", "version", web.Version)
	for _, w := range s.cfg.Warnings {
		s.log.Warn(w)
	}
	if err := s.openData(ctx); err != nil {
		return err
	}
	if err := s.listen(); err != nil {
		return err
	}
	if err := s.warnAboutGroups(ctx, policy.Accounts(s.cfg)); err != nil {
		return err
	}
	return s.assemble(ctx, c)
}

// openData creates the data folder if it does not exist, and opens the database.
func (s *Server) openData(ctx context.Context) (err error) {
	if err := makeFolder(s.cfg.Server.DataDir); err != nil {
		return err
	}
	if s.store, err = openDatabase(ctx, s.cfg); err != nil {
		return err
	}
	s.closers.addCloser(s.store)
	return nil
}

// listen opens the address on which the server listens.
func (s *Server) listen() (err error) {
	if s.listener, err = framing.Listen(s.cfg.HTTP.Listen); err != nil {
		return fmt.Errorf("HTTP.Listen: %w", err)
	}
	s.closers.add(func(context.Context) error {
		if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) { // the HTTP server closes it as well
			return err
		}
		return nil
	})
	return nil
}

// Base returns the public URL of the server, with a trailing slash.
func (s *Server) Base() string {
	if s.cfg.Server.Address != "" {
		return s.cfg.Server.Address
	}
	return "http://" + s.listener.Addr().String() + "/"
}

// accounts creates the service of users, groups, sessions and keys.
func (s *Server) accounts() *account.Service {
	return account.New(account.Options{
		Store: s.store.Accounts(), Policy: policy.Accounts(s.cfg), Log: s.log, SessionLifetime: s.cfg.Authentication.Lifetime,
	})
}

// serve creates the HTTP server. It has no deadlines that would end a stream of content; they are set where bodies
// are read.
func (s *Server) serve(h http.Handler) {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true) // no h2c, because the upgrade header of a proxy must not open a second connection
	s.http = &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    512 << 10, // enough for a thousand groups
		Protocols:         protocols,
		ConnState:         framing.ConnState,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// stopGrace is the time that requests, and then content processes, may take to end when the server stops. Twice this
// time is less than supervisors wait before they kill.
const stopGrace = 2 * time.Second

// Run serves until ctx is done, waits for requests to end, and closes everything.
func (s *Server) Run(ctx context.Context) error {
	s.log.Info("Listening", "listen", s.listener.Addr().String(), "address", s.Base(), "provider", s.cfg.Authentication.Provider)
	failed := make(chan error, 1)
	go func() { failed <- s.http.Serve(s.listener) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		s.log.Info("Stopping")
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopGrace)
		defer cancel()
		if err := s.http.Shutdown(grace); err != nil {
			s.http.Close() //nolint:errcheck // requests that outlast the grace are cut
		}
	}
	return errors.Join(err, s.closers.close(context.WithoutCancel(ctx)))
}
