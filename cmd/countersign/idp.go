package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/spf13/cobra"

	"countersign/fakeidp"
	"countersign/fakeidp/control"
)

func newIDP() *cobra.Command {
	var listen, management string
	var preset bool
	redirects := []string{defaultRedirect}
	cmd := &cobra.Command{
		Use:   "idp",
		Short: "Run the fake OAuth provider by itself",
		Long: `Runs the OAuth provider that the suite uses: authorization code with PKCE,
refresh with rotation, client credentials, discovery, introspection, revocation.
It validates requests strictly, keeps its state in memory, and is for tests only.

With --preset it has an issuer with clients and accounts, and prints everything
that a client needs, with commands to copy. Otherwise the management API creates
issuers; the first segment of a path selects the issuer. The management API also
makes an issuer misbehave; fakeidp/README.md has a command for each fault.`,
		Example: `  countersign idp --preset
  countersign idp --preset --redirect-uri http://localhost:3000/auth/callback
  countersign idp --listen 127.0.0.2:9000 --management 127.0.0.2:9001

  # in another terminal: create an issuer and read its discovery document
  curl -X PUT http://127.0.0.2:9001/issuers/acme -H 'Content-Type: application/json' \
    -d '{"name":"acme","default_account":"alice","accounts":[{"name":"alice"}]}'
  curl http://127.0.0.2:9000/acme/.well-known/openid-configuration`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !preset && cmd.Flags().Changed("redirect-uri") {
				return withHint(errors.New("--redirect-uri is for the clients of --preset"), "add --preset, or register clients through the management API")
			}
			for _, address := range []string{listen, management} {
				if err := requireLoopback(address); err != nil {
					return err
				}
			}
			p, err := startProvider(listen, management, "")
			if err != nil {
				return err
			}
			return p.runUntilInterrupt(cmd, preset, redirects)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.2:0", "address of the protocol listener")
	cmd.Flags().StringVar(&management, "management", "127.0.0.2:0", "address of the management listener")
	cmd.Flags().BoolVar(&preset, "preset", false, "create an issuer with clients and accounts, and print how to use it")
	cmd.Flags().StringArrayVar(&redirects, "redirect-uri", redirects, "redirect URI of the clients of --preset; may be repeated")
	return cmd
}

// runUntilInterrupt prints the addresses, creates the preset if it is wanted, and stops the provider
// after an interrupt.
func (p *provider) runUntilInterrupt(cmd *cobra.Command, preset bool, redirects []string) error {
	ctx, stop := onInterrupt(cmd.Context(), cmd.ErrOrStderr(), "stopping the provider")
	defer stop.release()
	fmt.Fprintf(cmd.OutOrStdout(), "provider    %s\nmanagement  %s\n", p.url, p.client.Base)
	if preset {
		if err := p.writePreset(ctx, cmd.OutOrStdout(), redirects); err != nil {
			return errors.Join(err, p.stop())
		}
	}
	<-ctx.Done()
	return p.stop()
}

// A provider is the fake OAuth provider on two listeners of this process.
type provider struct {
	url     string // base of the protocol listener
	client  control.Client
	servers []*http.Server
}

// startProvider starts a provider with a listener for the protocol and one for
// management. url is the base URL that clients use; "" means the address of the
// protocol listener.
func startProvider(listen, management, url string) (*provider, error) {
	protocol, err := listenAt(listen)
	if err != nil {
		return nil, err
	}
	manage, err := listenAt(management)
	if err != nil {
		protocol.Close()
		return nil, err
	}
	url = cmp.Or(url, "http://"+protocol.Addr().String())
	idp := fakeidp.New(fakeidp.Options{BaseURL: url})
	p := &provider{url: url, client: control.Client{Base: "http://" + manage.Addr().String()}}
	p.serve(protocol, idp)
	p.serve(manage, idp.Management())
	return p, nil
}

func (p *provider) serve(l net.Listener, h http.Handler) {
	s := fakeidp.NewServer(h)
	p.servers = append(p.servers, s)
	go func() { _ = s.Serve(l) }() // returns http.ErrServerClosed after stop
}

// stop closes the listeners and all connections. It does not use Server.Shutdown,
// which waits five seconds for a connection that was opened and never used.
func (p *provider) stop() error {
	var problems []error
	for _, s := range p.servers {
		if err := s.Close(); err != nil {
			problems = append(problems, fmt.Errorf("stop the provider: %w", err))
		}
	}
	return errors.Join(problems...)
}

// requireLoopback returns an error for an address that other machines can reach: the
// provider issues tokens without authentication.
func requireLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return withHint(fmt.Errorf("address %q: %w", address, err), "use host and port, such as 127.0.0.2:9000; port 0 selects a free port")
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return withHint(fmt.Errorf("address %q is not a loopback address", address),
			"the provider issues tokens without authentication: use 127.0.0.1, 127.0.0.2 or ::1")
	}
	return nil
}

func listenAt(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, withHint(fmt.Errorf("listen: %w", err), "%s", portHint(address))
	}
	return l, nil
}

func portHint(address string) string {
	return fmt.Sprintf("find the process that listens there with `ss -ltnp` or `lsof -i`, or use an address other than %s; some systems have 127.0.0.1 only", address)
}
