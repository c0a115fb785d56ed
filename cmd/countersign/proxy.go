package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"countersign/proxies"
)

var (
	proxyKinds = []string{string(proxies.Nginx), string(proxies.Apache)}
	flavours   = []string{proxies.Documented, proxies.Hardened, proxies.Careless}
	runners    = []string{proxies.RunnerAuto, proxies.RunnerContainer, proxies.RunnerProcess}
)

// proxyFlags are the flags that describe one listener.
type proxyFlags struct {
	flavour, upstream, listen, prefix, separator, runner string
	origin, login                                        string // of a printed configuration
	site                                                 proxies.Site
	headers                                              proxies.HeaderNames
	noGate                                               bool
}

func newProxy() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "proxy",
		Short: "Print or run an nginx or Apache configuration of the suite",
		Long: `Prints or runs the proxy configurations that the suite puts in front of servers.
Flavours: "documented" behaves as the example in Connect's documentation;
"hardened" fixes the security defects of that example; "careless" passes the
identity headers of the client to the server in addition to those of the proxy.`,
		Example: `  countersign proxy print nginx --origin https://data.example.org --upstream http://rsc.internal:3939
  countersign proxy run apache --upstream http://127.0.0.1:3939 --listen 127.0.0.1:8080`,
		Args: requireSubcommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newProxyPrint(), newProxyRun())
	return cmd
}

func newProxyPrint() *cobra.Command {
	var f proxyFlags
	cmd := &cobra.Command{
		Use:   "print nginx|apache",
		Short: "Print a configuration file for an installation",
		Long: `Prints a file for an installation: for nginx a file for conf.d, for Apache a virtual host.
The comments name the rules for which the lines are there. The public origin, the
certificate, the server behind the proxy and the login server are placeholders; give
them with flags, or replace them in the file. "countersign run --proxy-config FILE"
tests the file, also with your changes.`,
		Example: `  countersign proxy print nginx > /etc/nginx/conf.d/connect.conf
  countersign proxy print apache --origin https://data.example.org --upstream http://rsc.internal:3939
  countersign proxy print nginx --username-header X-Remote-User --groups-header X-Remote-Groups
  countersign proxy print nginx | countersign run --proxy-config -`,
		Args: requireKind,
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := f.print(proxies.Kind(args[0]))
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
	f.register(cmd, "http://connect.internal:3939", "")
	flags := cmd.Flags()
	flags.StringVar(&f.origin, "origin", "https://connect.example.com", "public origin of the proxy")
	flags.StringVar(&f.login, "login", "http://login.internal:8081", "URL of the login server, which receives /auth/")
	flags.StringVar(&f.site.Certificate, "certificate", "/etc/ssl/certs/connect.pem", "path of the certificate, for an origin with https")
	flags.StringVar(&f.site.Key, "certificate-key", "/etc/ssl/private/connect.key", "path of the key of the certificate")
	return cmd
}

// print returns the configuration file for an installation.
func (f *proxyFlags) print(kind proxies.Kind) ([]byte, error) {
	var wrong problems
	login, err := url.Parse(f.login)
	if err != nil || login.Scheme != "http" || login.Host == "" || strings.Trim(login.Path, "/") != "" {
		wrong.add("--login %q is not http://host:port; give the origin of the login server, which receives /auth/", f.login)
	}
	for flag, path := range map[string]string{"certificate": f.site.Certificate, "certificate-key": f.site.Key} {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "\n\"\\$%") {
			wrong.add("--%s %q is not an absolute path that a configuration can contain", flag, path)
		}
	}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	l := f.listener()
	if l.Origin = strings.TrimSuffix(f.origin, "/"); l.Listen == "" {
		l.Listen = "0.0.0.0:" + portOfOrigin(l.Origin)
	}
	return proxies.Render(kind, []proxies.Listener{l}, proxies.RenderOptions{Login: login.Host, Site: &f.site})
}

// portOfOrigin returns the port of an origin.
func portOfOrigin(origin string) string {
	u, err := url.Parse(origin)
	switch {
	case err == nil && u.Port() != "":
		return u.Port()
	case strings.HasPrefix(origin, "http://"):
		return "80"
	}
	return "443"
}

func newProxyRun() *cobra.Command {
	var f proxyFlags
	cmd := &cobra.Command{
		Use:   "run nginx|apache",
		Short: "Run a proxy and its login server until it is interrupted",
		Example: `  countersign serve --listen 127.0.0.1:3939      # in one terminal
  countersign proxy run nginx --upstream http://127.0.0.1:3939 --listen 127.0.0.1:8080`,
		Args: requireKind,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkRunner(f.runner); err != nil {
				return err
			}
			return runProxy(cmd, proxies.Kind(args[0]), f.listener(), f.runner)
		},
	}
	f.register(cmd, "http://127.0.0.1:3939", "127.0.0.1:8080")
	cmd.Flags().StringVar(&f.runner, "runner", proxies.RunnerAuto, "how the proxy runs: auto, container or process; auto prefers a container")
	return cmd
}

func (f *proxyFlags) register(cmd *cobra.Command, upstream, listen string) {
	flags := cmd.Flags()
	flags.StringVar(&f.flavour, "flavour", proxies.Hardened, "flavour of the configuration: "+strings.Join(flavours, ", "))
	flags.StringVar(&f.upstream, "upstream", upstream, "URL of the server behind the proxy")
	flags.StringVar(&f.listen, "listen", listen, "address on which the proxy listens, IP:port")
	flags.StringVar(&f.prefix, "prefix", "/rsconnect", "public path prefix that the proxy removes; Server.Address of the server is the public URL with this path")
	flags.StringVar(&f.headers.Username, "username-header", "X-Auth-Username", "name of the header with the user name")
	flags.StringVar(&f.headers.UniqueID, "unique-id-header", "", "name of the header with the unique id")
	flags.StringVar(&f.headers.FirstName, "first-name-header", "", "name of the header with the first name")
	flags.StringVar(&f.headers.LastName, "last-name-header", "", "name of the header with the last name")
	flags.StringVar(&f.headers.Email, "email-header", "", "name of the header with the e-mail address")
	flags.StringVar(&f.headers.Role, "role-header", "", "name of the header with the role")
	flags.StringVar(&f.headers.Groups, "groups-header", "", "name of the header with the groups")
	flags.StringVar(&f.separator, "groups-separator", "", "separator of the groups in one header line; empty: one line for each group")
	flags.BoolVar(&f.noGate, "no-gate", false, "pass anonymous requests to the server, as for a server with ProxyAuth.LoginURL")
}

// listener returns the listener that the flags describe. Package proxies validates it.
func (f *proxyFlags) listener() proxies.Listener {
	return proxies.Listener{
		Flavour: f.flavour, Listen: f.listen, Prefix: f.prefix, Upstream: f.upstream,
		Headers: f.headers, GroupsSeparator: f.separator, Gate: !f.noGate,
	}
}

func runProxy(cmd *cobra.Command, kind proxies.Kind, l proxies.Listener, runner string) error {
	ctx, stop := onInterrupt(cmd.Context(), cmd.ErrOrStderr(), "stopping the proxy")
	defer stop.release()
	base, err := runsFolder()
	if err != nil {
		return err
	}
	run, _, err := openRun(ctx, base)
	if err != nil {
		return err
	}
	defer run.Close()
	running, err := proxies.Start(ctx, proxies.Options{
		Kind: kind, Runner: runner, Listeners: []proxies.Listener{l}, Dir: filepath.Join(run.Path, string(kind)),
		Installation: installation(),
	})
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%s (%s) at http://%s%s/ in front of %s\n", kind, running.Runner(), l.Listen, l.Prefix, l.Upstream)
	fmt.Fprintf(out, "The server behind it needs Server.Address = http://%s%s/ and ProxyAuth.UsernameHeader = %s.\n", l.Listen, l.Prefix, l.Headers.Username)
	fmt.Fprintf(out, "Log: %s. Press Ctrl-C to stop the proxy.\n", running.Log())
	<-ctx.Done()
	return running.Stop(cmd.Context())
}

// installation returns where the environment says that the programs of proxies are.
func installation() proxies.Installation { return proxies.InstallationFrom(os.Getenv) }

// requireKind returns an error unless the only argument is the name of a proxy.
func requireKind(cmd *cobra.Command, args []string) error {
	if len(args) == 1 && slices.Contains(proxyKinds, args[0]) {
		return nil
	}
	err := fmt.Errorf("%q needs the name of a proxy", cmd.CommandPath())
	if len(args) > 0 {
		err = fmt.Errorf("%q is not the name of one proxy", strings.Join(args, " "))
	}
	return withHint(err, "use %q or %q", cmd.CommandPath()+" nginx", cmd.CommandPath()+" apache")
}

func checkRunner(runner string) error {
	if slices.Contains(runners, runner) {
		return nil
	}
	return fmt.Errorf("--runner %q is not known; use %s", runner, strings.Join(runners, ", "))
}
