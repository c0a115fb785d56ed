// Package equipment describes what the suite is given to work with: real proxies, an
// OAuth provider, and a way to start the server under test. The program that runs the
// suite implements it, so that the suite knows neither how a proxy is configured nor how
// a process is started.
package equipment

import (
	"context"

	"countersign/fakeidp/control"
	"countersign/steps/arrival"
	"countersign/steps/plan"
)

// A FrontSpec describes one listener of a real proxy.
type FrontSpec struct {
	ID              string           // names the listener in messages
	Kind            string           // "nginx" or "apache"
	Flavour         string           // "documented", "hardened" or "careless"
	Listen          string           // host:port, reserved by the suite
	HTTP2           string           // host:port for HTTP/2 with prior knowledge, reserved by the suite; "" for none
	Prefix          string           // public path prefix that the proxy strips, "/rsconnect"
	Upstream        string           // base URL of the instance behind it
	Headers         plan.HeaderNames // identity headers to send
	GroupsSeparator string           // "" = one header line for each group
	Gate            bool             // whether anonymous requests are sent to the login page
}

// A ProxySpec describes a proxy under test that the command of a target starts.
type ProxySpec struct {
	Listen   string // host:port, reserved by the suite
	Upstream string // host:port of the recording server
}

// An InstanceSpec describes one process of the server under test.
type InstanceSpec struct {
	ID      string // names the instance in messages
	Config  string // the whole gcfg text, including the options that the suite adds
	Listen  string // host:port, reserved by the suite
	Address string // the public URL, as in Server.Address
	DataDir string // survives a restart
	LogFile string // path of the server's log
}

// An Instance is a started process of the server under test.
type Instance interface {
	// PID is the process id, for messages and for accounting.
	PID() int
	// Exited is closed when the process has ended.
	Exited() <-chan struct{}
	// ExitError reports how the process ended: nil before that and after exit code 0.
	ExitError() error
	// CheckListener returns an error if an unrelated process listens at host:port. It
	// returns nil where the system does not tell.
	CheckListener(address string) error
	// Output returns the path of the file that holds the process's standard output and
	// standard error.
	Output() string
	// Stop ends the process and all its children: with SIGTERM, and after five
	// seconds with SIGKILL. It returns when the process has been reaped.
	Stop(ctx context.Context) error
}

// Equipment starts proxies and processes of the server under test, and gives access to
// the OAuth provider.
type Equipment interface {
	// Fronts starts the one proxy of a kind that serves every listener of the
	// run. It returns when each listener answers.
	Fronts(ctx context.Context, kind string, specs []FrontSpec) (stop func(context.Context) error, err error)
	// Upstream starts the recording server behind a proxy under test at an address; "" selects
	// a free one. The equipment stops it at the end of the run.
	Upstream(address string) (arrival.Server, error)
	// Proxy starts the proxy under test with the command of the target, and the login server that
	// it may use. It returns when the proxy answers. If the proxy already runs, it starts only
	// the login server.
	Proxy(ctx context.Context, spec ProxySpec) (stop func(context.Context) error, err error)
	// Launch starts the server under test. It returns when the process runs; the suite
	// waits for the first answer.
	Launch(ctx context.Context, spec InstanceSpec) (Instance, error)
	// Tool runs a command line of the server under test while the instance is
	// stopped, with the instance's configuration, data and environment. It returns
	// the exit code and the output. Arguments may contain {config} and {data}. The
	// error reports a program that cannot be run or does not end.
	Tool(ctx context.Context, spec InstanceSpec, args []string) (exit int, output string, err error)
	// Provider is the management client of the OAuth provider.
	Provider() control.Client
	// ProviderURL is the base URL of the provider's protocol listener.
	ProviderURL() string
}
