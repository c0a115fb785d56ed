// Package web implements the HTTP interface of the reference server: routes, middleware, the API, the sign-in, and
// status codes. The rules are in the packages that it calls.
package web

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"countersign/reference/internal/account"
	"countersign/reference/internal/config"
	"countersign/reference/internal/content"
	"countersign/reference/internal/integration"
	"countersign/reference/internal/policy"
	"countersign/reference/internal/proxyauth"
)

// Version is the version that server_settings reports. Clients enable features by it, so it is a version of Connect
// whose documented behaviour this server follows.
const Version = "2026.01.0"

// Options configures a Server. All services are required.
type Options struct {
	Config *config.Config
	Log    *slog.Logger
	Now    func() time.Time
	// Base is the public URL of the server with a trailing slash: Server.Address, or the address on which it listens.
	// The Host header is ignored.
	Base     string
	Accounts *account.Service
	// Content stores and executes items, and Integrations gives them tokens.
	Content      *content.Service
	Integrations *integration.Service
	// Document describes this interface as OpenAPI, in YAML.
	Document []byte
	// BodyTime bounds the time for sending a body other than a bundle; 0 means DefaultBodyTime.
	BodyTime time.Duration
}

// Server handles requests. It is safe for concurrent use.
type Server struct {
	Options
	proxied             bool             // Authentication.Provider = proxy
	proxy               proxyauth.Policy // the headers that the proxy sends
	loginURL, logoutURL string           // of the proxy; "" if not configured
	// policyDigest identifies the configuration that decides the result of a login. With a session of another
	// configuration, the next request is a login attempt.
	policyDigest string
	origin       string  // of Base
	publicPath   string  // Config.PublicPath(): the path of Base, with a trailing slash
	served       []route // all routes, for the comparison with Document
	handler      http.Handler
}

// New returns a Server.
func New(o Options) *Server {
	s := &Server{
		Options:      o,
		proxied:      o.Config.Authentication.Provider == config.ProviderProxy,
		proxy:        policy.Headers(o.Config),
		policyDigest: policy.Digest(o.Config),
		origin:       originOf(o.Base),
		publicPath:   o.Config.PublicPath(),
	}
	if s.proxied {
		s.loginURL, s.logoutURL = o.Config.ProxyAuth.LoginURL, o.Config.ProxyAuth.LogoutURL
	}
	if s.BodyTime == 0 {
		s.BodyTime = DefaultBodyTime
	}
	s.handler = s.limitBodies(s.wrap(s.routes()))
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// url returns the absolute public URL of a path. Redirects are always absolute, because the documented proxies
// rewrite some relative redirects wrongly.
func (s *Server) url(path string) string { return s.Base + strings.TrimPrefix(path, "/") }

// handler is an endpoint. The caller sends the error that it returns to the client. If the reply has begun, the error
// ends the connection. If the client only did not receive the reply, the handler returns nil.
type handler func(w http.ResponseWriter, r *http.Request) error

// The roles that endpoints require. Only these are used with api and page.
const (
	anyone    = account.Role("") // includes anonymous callers
	signedIn  = account.Viewer
	publisher = account.Publisher
	admin     = account.Administrator
)

// routes returns the handler for all paths of the server, with the role that each requires.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	// api registers an endpoint of the API: errors are JSON, and unsafe methods with header or cookie require the
	// XSRF token. page registers an endpoint for browsers: errors are pages or a redirect to LoginURL, and unsafe
	// methods must come from the origin of this server.
	folders := map[string]bool{}
	register := func(r route, h http.Handler) {
		s.served = append(s.served, r)
		mux.Handle(r.pattern, h)
		if folder, ok := strings.CutSuffix(r.pattern[strings.IndexByte(r.pattern, '/'):], "/"); ok {
			folders[folder] = true
		}
	}
	api := func(pattern string, need account.Role, h handler) { register(route{pattern, need, h}, s.api(need, h)) }
	page := func(pattern string, need account.Role, h handler) { register(route{pattern, need, h}, s.page(need, h)) }

	api("GET /__ping__", anyone, s.ping)
	api("GET /__api__/server_settings", anyone, s.serverSettings)
	api("GET /__api__/v1/server_settings/{runtime}", signedIn, s.runtimeSettings)

	api("GET /__api__/me", signedIn, s.me)
	api("GET /__api__/users/current", signedIn, s.me)
	api("GET /__api__/v1/user", signedIn, s.currentUser)
	api("GET /__api__/v1/users", signedIn, s.listUsers)
	api("POST /__api__/v1/users", anyone, s.createUser) // the first user of the password provider is created by an anonymous caller
	api("PUT /__api__/v1/users", admin, s.pushUser)
	api("GET /__api__/v1/users/remote", signedIn, s.noRemote)
	api("GET /__api__/v1/users/{guid}", signedIn, s.getUser)
	api("PUT /__api__/v1/users/{guid}", signedIn, s.updateUser)
	api("POST /__api__/v1/users/{guid}/lock", signedIn, s.lockUser)
	api("GET /__api__/v1/users/{guid}/keys", signedIn, s.listKeys)
	api("POST /__api__/v1/users/{guid}/keys", signedIn, s.createKey)
	api("GET /__api__/v1/users/{guid}/keys/{id}", signedIn, s.getKey)
	api("DELETE /__api__/v1/users/{guid}/keys/{id}", signedIn, s.deleteKey)

	api("GET /__api__/v1/groups", signedIn, s.listGroups)
	api("POST /__api__/v1/groups", signedIn, s.createGroup)
	api("PUT /__api__/v1/groups", admin, s.noRemote)
	api("GET /__api__/v1/groups/remote", signedIn, s.noRemote)
	api("GET /__api__/v1/groups/{guid}", signedIn, s.getGroup)
	api("POST /__api__/v1/groups/{guid}", signedIn, s.updateGroup)
	api("PATCH /__api__/v1/groups/{guid}", signedIn, s.updateGroup)
	api("DELETE /__api__/v1/groups/{guid}", signedIn, s.deleteGroup)
	api("GET /__api__/v1/groups/{guid}/members", signedIn, s.listMembers)
	api("POST /__api__/v1/groups/{guid}/members", signedIn, s.addMember)
	api("DELETE /__api__/v1/groups/{guid}/members/{user}", signedIn, s.removeMember)

	s.tokenRoutes(api, page)
	for _, r := range slices.Concat(s.contentRoutes(), s.oauthRoutes()) {
		api(r.pattern, r.need, r.serve)
	}
	for _, r := range slices.Concat(s.oauthPages(), s.visitPages()) {
		page(r.pattern, r.need, r.serve)
	}

	page("GET /__login__", anyone, s.loginPage)
	api("POST /__login__", anyone, s.passwordLogin)
	page("GET /__logout__", anyone, s.logout)
	page("GET /{$}", anyone, s.home)
	page("GET /connect/", anyone, s.dashboard)
	api("GET /__api__/openapi.yaml", anyone, s.openAPI)

	page("/", anyone, func(http.ResponseWriter, *http.Request) error { return errNoEndpoint })
	return s.tidy(mux, folders)
}

func (s *Server) ping(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, struct{}{})
}
