// Package web is the HTTP face of the reference server: routes, middleware, the API,
// the sign-in, and every status code. What things mean is decided in the rooms it calls.
package web

import (
	"log/slog"
	"net/http"
	"time"

	"countersign/reference/internal/account"
	"countersign/reference/internal/config"
)

// Options is what a Server is made of. All services are required.
type Options struct {
	Config   *config.Config
	Log      *slog.Logger
	Now      func() time.Time
	Accounts *account.Service
	// Further rooms' services go here, one field each: Content, Integrations, ...
}

// Server answers requests. It is safe for concurrent use.
type Server struct {
	Options
	handler http.Handler
}

// New makes a Server.
func New(o Options) *Server {
	s := &Server{Options: o}
	s.handler = s.routes()
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// handler is an endpoint. The error it returns is written by the one place that knows
// how; having written a reply it must return nil.
type handler func(w http.ResponseWriter, r *http.Request) error

// routes is every path of the server and who may call it.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	// api registers an endpoint of the API: its refusals are JSON, and a caller without
	// the needed role is refused before it runs.
	api := func(pattern string, need account.Role, h handler) { mux.Handle(pattern, s.api(need, h)) }
	api("GET /__ping__", "", s.ping)
	// The API. need "" lets anonymous callers in.
	api("/__api__/", "", func(http.ResponseWriter, *http.Request) error { return fail(2) })
	return s.wrap(mux)
}

func (s *Server) ping(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, http.StatusOK, struct{}{})
}
