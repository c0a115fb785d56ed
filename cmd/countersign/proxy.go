package main

import (
	"fmt"
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

// proxyFlags describe one listener.
type proxyFlags struct {
	flavour, upstream, listen, prefix, separator, runner string
	headers                                              proxies.HeaderNames
	noGate                                               bool
}

func newProxy() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "proxy",
		Short: "Print or run an nginx or Apache configuration of the suite",
		Long: `Prints or runs the proxy configurations that the suite puts in front of servers.
Flavours: "documented" behaves as the printed example of Connect's documents,
"hardened" closes its holes, "careless" lets a client's own identity headers
reach the server beside the proxy's.`,
		Example: `  countersign proxy print nginx --flavour hardened --upstream http://127.0.0.1:3939
  countersign proxy run apache --upstream http://127.0.0.1:3939 --listen 127.0.0.1:8080`,
		Args: subcommandWanted,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newProxyPrint(), newProxyRun())
	return cmd
}

func newProxyPrint() *cobra.Command {
	var f proxyFlags
	cmd := &cobra.Command{
		Use:   "print nginx|apache",
		Short: "Print a configuration file",
		Example: `  countersign proxy print nginx
  countersign proxy print apache --flavour documented --upstream http://127.0.0.1:3939
  countersign proxy print nginx --username-header X-Forwarded-User --groups-header X-Forwarded-Groups`,
		Args: kindWanted,
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := proxies.Render(proxies.Kind(args[0]), []proxies.Listener{f.listener()}, proxies.RenderOptions{})
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
	f.register(cmd)
	return cmd
}

func newProxyRun() *cobra.Command {
	var f proxyFlags
	cmd := &cobra.Command{
		Use:   "run nginx|apache",
		Short: "Run a proxy and its login server until Ctrl-C",
		Example: `  countersign serve --listen 127.0.0.1:3939      # in one terminal
  countersign proxy run nginx --upstream http://127.0.0.1:3939 --listen 127.0.0.1:8080`,
		Args: kindWanted,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := runnerWanted(f.runner); err != nil {
				return err
			}
			return runProxy(cmd, proxies.Kind(args[0]), f.listener(), f.runner)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.runner, "runner", proxies.RunnerAuto, "auto, container or process; auto prefers containers")
	return cmd
}

func (f *proxyFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.flavour, "flavour", proxies.Hardened, strings.Join(flavours, ", "))
	flags.StringVar(&f.upstream, "upstream", "http://127.0.0.1:3939", "URL of the server behind the proxy")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "address the proxy listens on")
	flags.StringVar(&f.prefix, "prefix", "/rsconnect", "public path that the proxy strips; its public URL is the server's Server.Address")
	flags.StringVar(&f.headers.Username, "username-header", "X-Auth-Username", "name of the header with the user name")
	flags.StringVar(&f.headers.UniqueID, "unique-id-header", "", "name of the header with the unique id")
	flags.StringVar(&f.headers.FirstName, "first-name-header", "", "name of the header with the first name")
	flags.StringVar(&f.headers.LastName, "last-name-header", "", "name of the header with the last name")
	flags.StringVar(&f.headers.Email, "email-header", "", "name of the header with the e-mail address")
	flags.StringVar(&f.headers.Role, "role-header", "", "name of the header with the role")
	flags.StringVar(&f.headers.Groups, "groups-header", "", "name of the header with the groups")
	flags.StringVar(&f.separator, "groups-separator", "", "what separates groups in one header line; none: a line for each")
	flags.BoolVar(&f.noGate, "no-gate", false, "let anonymous requests pass, as for a server with ProxyAuth.LoginURL")
}

// listener is what the flags describe. What is wrong with it, proxies says.
func (f *proxyFlags) listener() proxies.Listener {
	return proxies.Listener{
		Flavour: f.flavour, Listen: f.listen, Prefix: f.prefix, Upstream: f.upstream,
		Headers: f.headers, GroupsSeparator: f.separator, Gate: !f.noGate,
	}
}

func runProxy(cmd *cobra.Command, kind proxies.Kind, l proxies.Listener, runner string) error {
	ctx, stop := onInterrupt(cmd.Context(), cmd.ErrOrStderr(), "ending the proxy")
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
	})
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%s (%s) at http://%s%s/ in front of %s\n", kind, running.Runner(), l.Listen, l.Prefix, l.Upstream)
	fmt.Fprintf(out, "The server behind it needs Server.Address = http://%s%s/ and ProxyAuth.UsernameHeader = %s.\n", l.Listen, l.Prefix, l.Headers.Username)
	fmt.Fprintf(out, "Log: %s. Ctrl-C ends it.\n", running.Log())
	<-ctx.Done()
	return running.Stop(cmd.Context())
}

func kindWanted(cmd *cobra.Command, args []string) error {
	if len(args) == 1 && slices.Contains(proxyKinds, args[0]) {
		return nil
	}
	err := fmt.Errorf("%q needs one proxy", cmd.CommandPath())
	if len(args) > 0 {
		err = fmt.Errorf("%q is not one proxy that there is", strings.Join(args, " "))
	}
	return withHint(err, "use %q or %q", cmd.CommandPath()+" nginx", cmd.CommandPath()+" apache")
}

func runnerWanted(runner string) error {
	if slices.Contains(runners, runner) {
		return nil
	}
	return fmt.Errorf("--runner %q is not known; use %s", runner, strings.Join(runners, ", "))
}
