package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"countersign/fakeidp"
	"countersign/fakeidp/control"
)

// Bounds of the provider's listeners: it answers from memory, so whoever is
// slower than this holds a connection and nothing else.
const (
	idpHeaderTime = 5 * time.Second
	idpIdleTime   = 60 * time.Second
	idpHeaderSize = 64 << 10
)

func newIDP() *cobra.Command {
	var listen, management string
	cmd := &cobra.Command{
		Use:   "idp",
		Short: "Run the fake OAuth provider by itself",
		Long: `Runs the OAuth provider that the suite uses: authorization code with PKCE,
refresh with rotation, client credentials, discovery, introspection, revocation.
It is strict, keeps everything in memory, and is for tests only. Issuers are made
through the management listener, one for each first path segment.`,
		Example: `  countersign idp
  countersign idp --listen 127.0.0.2:9000 --management 127.0.0.2:9001

  # then, in another terminal: make an issuer, and read its discovery document
  curl -X PUT http://127.0.0.2:9001/issuers/acme -H 'Content-Type: application/json' \
    -d '{"name":"acme","default_account":"alice","accounts":[{"name":"alice"}]}'
  curl http://127.0.0.2:9000/acme/.well-known/openid-configuration`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := onInterrupt(cmd.Context(), cmd.ErrOrStderr(), "ending the provider")
			defer stop.release()
			for _, address := range []string{listen, management} {
				if err := loopbackWanted(address); err != nil {
					return err
				}
			}
			p, err := startProvider(listen, management, "")
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "provider    %s\nmanagement  %s\n", p.url, p.client.Base)
			<-ctx.Done()
			return p.stop()
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.2:0", "address of the protocol listener")
	cmd.Flags().StringVar(&management, "management", "127.0.0.2:0", "address of the management listener")
	return cmd
}

// A provider is the fake OAuth provider on two listeners of this process.
type provider struct {
	url     string // base of the protocol listener
	client  control.Client
	servers []*http.Server
}

// startProvider listens for the protocol and for its management. url is where
// clients reach it, if that is not the listener itself.
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
	url = or(url, "http://"+protocol.Addr().String())
	idp := fakeidp.New(fakeidp.Options{BaseURL: url})
	p := &provider{url: url, client: control.Client{Base: "http://" + manage.Addr().String()}}
	p.serve(protocol, idp)
	p.serve(manage, idp.Management())
	return p, nil
}

func (p *provider) serve(l net.Listener, h http.Handler) {
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: idpHeaderTime, IdleTimeout: idpIdleTime, MaxHeaderBytes: idpHeaderSize,
	}
	p.servers = append(p.servers, s)
	go func() { _ = s.Serve(l) }() // ends with http.ErrServerClosed when stop is called
}

// stop closes at once: whoever still waits for an answer is stopped as well, and
// a graceful end would wait five seconds for any connection that was opened
// and never used (net/http, Server.Shutdown).
func (p *provider) stop() error {
	var problems []error
	for _, s := range p.servers {
		if err := s.Close(); err != nil {
			problems = append(problems, fmt.Errorf("stop the provider: %w", err))
		}
	}
	return errors.Join(problems...)
}

// loopbackWanted refuses an address that others can reach: the provider hands
// out tokens to whoever asks.
func loopbackWanted(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return withHint(fmt.Errorf("address %q: %w", address, err), "give host and port, as 127.0.0.2:9000; port 0 takes a free one")
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return withHint(fmt.Errorf("address %q is not a loopback address", address),
			"the provider hands out tokens to whoever asks: use 127.0.0.1, 127.0.0.2 or ::1")
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
	return fmt.Sprintf("see what holds it with `ss -ltnp` or `lsof -i`, or use another than %s; some systems have 127.0.0.1 only", address)
}
