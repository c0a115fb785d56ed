// Package reference is the reference server: what the documents on proxied
// authentication and OAuth integrations say, as a program to try a configuration on
// and to measure other servers against. It is not a production server.
//
// The door is Config, New and Run, and Manage for users and groups; everything else is internal.
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
	"countersign/reference/internal/web"
)

// Config says what to run.
type Config struct {
	// File is the gcfg file to read. With Text set it is only what the text is called.
	File string
	Text []byte
	// Environ holds "NAME=value" entries; CONNECT_<SECTION>_<OPTION> wins over the file.
	Environ []string
	// Listen and LogFile win over HTTP.Listen and Logging.ServiceLog where they are set.
	Listen  string
	LogFile string
	// Runtime is the command that executes content; nil finds countersign-probe. AppURL,
	// for developers, sends visits of content to an app that runs already.
	Runtime []string
	AppURL  string
	// Stdout and Stderr receive the log when it goes to no file.
	Stdout, Stderr io.Writer
}

// ConfigError is everything that is wrong with a configuration, one line each.
type ConfigError struct{ Problems []string }

func (e *ConfigError) Error() string { return (&config.Error{Problems: e.Problems}).Error() }

// Server is a server that holds its address, store and log, but does not serve yet.
type Server struct {
	cfg      *config.Config
	log      *slog.Logger
	logFile  io.Closer
	store    *database
	listener net.Listener
	http     *http.Server
	parts    parts
}

// New reads the configuration, opens the store and takes the address. Whatever is wrong
// with the configuration is returned as one *ConfigError. After an error nothing is left
// open; otherwise call Run, which closes everything at its end.
func New(ctx context.Context, c Config) (*Server, error) {
	cfg, err := readConfig(c)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg}
	if err := s.open(ctx, c); err != nil {
		return nil, errors.Join(err, s.close(ctx))
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
	var err error
	if err := makeFolder(s.cfg.Server.DataDir); err != nil {
		return err
	}
	if s.store, err = openDatabase(ctx, s.cfg); err != nil {
		return err
	}
	if s.listener, err = net.Listen("tcp", s.cfg.HTTP.Listen); err != nil {
		return fmt.Errorf("HTTP.Listen: %w", err)
	}
	if err := s.warnAboutGroups(ctx); err != nil {
		return err
	}
	return s.assemble(ctx, c)
}

// Base is the public URL of the server, with a trailing slash.
func (s *Server) Base() string {
	if s.cfg.Server.Address != "" {
		return s.cfg.Server.Address
	}
	return "http://" + s.listener.Addr().String() + "/"
}

// Addr is the address the server listens on.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// accounts makes the service of users, groups, sessions and keys.
func (s *Server) accounts() *account.Service {
	return &account.Service{
		Store: s.store, Policy: web.AccountPolicy(s.cfg), Now: time.Now, Log: s.log,
		SessionLifetime: s.cfg.Authentication.Lifetime,
	}
}

// serve makes the HTTP server. Deadlines that would end a stream of content are set where
// bodies are read instead.
func (s *Server) serve(h http.Handler) {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true) // no h2c: a proxy's upgrade header must not open a second door
	s.http = &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    512 << 10, // room for a thousand groups
		Protocols:         protocols,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// stopGrace is how long requests, and then content processes, may take to end after the
// server is told to stop. Twice that is less than what supervisors wait before they kill.
const stopGrace = 2 * time.Second

// Run serves until ctx is done, lets requests end, and closes everything.
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
	return errors.Join(err, s.close(context.WithoutCancel(ctx)))
}

// close closes what is open, latest first.
func (s *Server) close(ctx context.Context) error {
	errs := []error{s.parts.close(ctx)}
	if s.listener != nil {
		if err := s.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.logFile != nil {
		errs = append(errs, s.logFile.Close())
	}
	return errors.Join(errs...)
}
