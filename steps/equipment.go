package steps

import (
	"context"

	"countersign/fakeidp/control"
)

// HeaderNames are the names of the identity headers of one configuration. An
// empty name is a header that the configuration does not use.
type HeaderNames struct {
	Username, UniqueID, FirstName, LastName, Email, Role, Groups string
}

// A FrontSpec asks for one listener of a real proxy.
type FrontSpec struct {
	ID              string      // names the listener in messages
	Kind            string      // "nginx" or "apache"
	Flavour         string      // "documented", "hardened" or "careless"
	Listen          string      // host:port, reserved by the suite
	Prefix          string      // public path prefix that the proxy strips, "/rsconnect"
	Upstream        string      // base URL of the instance behind it
	Headers         HeaderNames // identity headers to send
	GroupsSeparator string      // "" = one header line for each group
	Gate            bool        // whether anonymous requests are sent to the login page
}

// An InstanceSpec asks for one process of the subject.
type InstanceSpec struct {
	ID      string // names the instance in messages
	Config  string // the whole gcfg text, options of the harness included
	Listen  string // host:port, reserved by the suite
	Address string // the public URL, as in Server.Address
	DataDir string // survives a restart
	LogFile string // where the subject's log goes
}

// An Instance is a process of the subject that was started.
type Instance interface {
	// PID is the process id, for messages and for accounting.
	PID() int
	// Exited is closed when the process has ended, whoever ended it.
	Exited() <-chan struct{}
	// ExitError says how the process ended; nil before that and after exit code 0.
	ExitError() error
	// CheckListener returns an error if it finds that an unrelated process listens
	// at host:port. Without a means to find out it returns nil.
	CheckListener(address string) error
	// Output is the file with what the process wrote to its standard streams.
	Output() string
	// Stop ends the process and all that it started: politely, after five
	// seconds by force. It returns when the process has been reaped.
	Stop(ctx context.Context) error
}

// Equipment is what the suite is lent: proxies, a provider, and a way to start
// the subject. The suite knows neither how a proxy is configured nor how a
// process is started, so that whoever implements it can bring their own.
type Equipment interface {
	// Fronts starts the one proxy of a kind that serves every listener of the
	// run. It returns when each listener answers.
	Fronts(ctx context.Context, kind string, specs []FrontSpec) (stop func(context.Context) error, err error)
	// Launch starts the subject. It returns when the process runs; the suite
	// itself awaits the first answer.
	Launch(ctx context.Context, spec InstanceSpec) (Instance, error)
	// Tool runs a command line of the subject's beside an instance that is
	// stopped, with the instance's configuration, data and environment, and
	// returns its exit code and what it wrote. Arguments may hold {config} and
	// {data}. The error is for a program that cannot be run or does not end.
	Tool(ctx context.Context, spec InstanceSpec, args []string) (exit int, output string, err error)
	// Provider is the management client of the OAuth provider.
	Provider() control.Client
	// ProviderURL is the base URL of the provider's protocol listener.
	ProviderURL() string
}
