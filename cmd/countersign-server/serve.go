package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"countersign/reference"
)

// installedConfig is where Connect's configuration is (document line 84).
const installedConfig = "/etc/rstudio-connect/rstudio-connect.gcfg"

type serveFlags struct {
	config, listen, logFile, runtime, appURL string
}

func serveCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve until told to stop",
		Long: `Serve the configuration in --config, else the one installed at
` + installedConfig + `, else a temporary set-up that is
explained on standard output and forgotten at the end.

Options of the configuration can be set in the environment as
CONNECT_<SECTION>_<OPTION>, for example CONNECT_PROXYAUTH_LOGGING=true.
It is a reference, not a production server, and listens on this machine only
unless HTTP.Listen or --listen says otherwise.`,
		Example: `  # Try it without any configuration
  countersign-server serve

  # Try your own configuration on another port
  countersign-server serve --config ./rstudio-connect.gcfg --listen 127.0.0.1:8080`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("serve takes no arguments, got %q", args)}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return serve(cmd, f) },
	}
	cmd.Flags().StringVar(&f.config, "config", "", "configuration `file` (gcfg)")
	cmd.Flags().StringVar(&f.listen, "listen", "", "listen on this `address` instead of HTTP.Listen")
	cmd.Flags().StringVar(&f.logFile, "log-file", "", "write the log to this `file` instead of Logging.ServiceLog")
	cmd.Flags().StringVar(&f.runtime, "runtime", "", "`command` that executes content (default countersign-probe beside this program)")
	cmd.Flags().StringVar(&f.appURL, "app-url", "", "`URL` of an app that runs already, to serve visits of content (for developers)")
	return cmd
}

func serve(cmd *cobra.Command, f serveFlags) error {
	c := reference.Config{
		File: f.config, Environ: os.Environ(), Listen: f.listen, LogFile: f.logFile,
		Runtime: strings.Fields(f.runtime), AppURL: f.appURL, Stdout: cmd.OutOrStdout(), Stderr: cmd.ErrOrStderr(),
	}
	temporary := false
	if c.File == "" {
		_, err := os.Stat(installedConfig)
		switch {
		case err == nil:
			c.File = installedConfig
		case !errors.Is(err, fs.ErrNotExist):
			return usageError{err}
		default:
			temporary = true
			dir, err := temporarySetup(&c)
			if err != nil {
				return workError{err}
			}
			defer os.RemoveAll(dir)
		}
	}
	s, err := reference.New(cmd.Context(), c)
	if err != nil {
		return atWork(err)
	}
	if temporary {
		fmt.Fprintf(cmd.OutOrStdout(), nextSteps, s.Base())
	}
	return atWork(s.Run(cmd.Context()))
}

// atWork keeps a wrong configuration apart from what fails while serving.
func atWork(err error) error {
	var bad *reference.ConfigError
	if err == nil || errors.As(err, &bad) {
		return err
	}
	return workError{err}
}

// temporarySetup makes a data directory and a configuration for trying things out.
func temporarySetup(c *reference.Config) (dir string, err error) {
	if dir, err = os.MkdirTemp("", "countersign-server-"); err != nil {
		return "", fmt.Errorf("temporary set-up: %w", err)
	}
	listen := c.Listen
	if listen == "" {
		listen = "127.0.0.1:3939"
	}
	address := ""
	if host, port, err := net.SplitHostPort(listen); err == nil && port != "0" {
		if host == "" {
			host = "127.0.0.1"
		}
		address = "Address = \"http://" + net.JoinHostPort(host, port) + "/\"\n"
	}
	c.File = "temporary set-up"
	c.Text = fmt.Appendf(nil, `[Server]
%sDataDir = %q

[HTTP]
Listen = %q

[Authentication]
Provider = "proxy"
`, address, dir, listen)
	return dir, nil
}

// nextSteps is printed for who starts the server without any configuration.
const nextSteps = `
The Countersign reference server runs with a temporary set-up at %[1]s
Authentication.Provider is "proxy": whoever X-Auth-Username names is signed in.
In real life a proxy sets that header; here you play the proxy.

  Sign in. The first user becomes the administrator:
    curl -c jar -b jar -H 'X-Auth-Username: ada' %[1]s__api__/v1/user

  Make an API key. Scripts that use it need neither header nor cookie:
    curl -c jar -b jar -H 'X-Auth-Username: ada' \
         -H "X-Rsc-Xsrf: $(awk '$6 == "RSC-XSRF" { print $7 }' jar)" \
         -d '{"name":"mine"}' %[1]s__api__/v1/users/YOUR-GUID/keys
    curl -H 'Authorization: Key YOUR-KEY' %[1]s__api__/v1/users

  See a rule of the documents at work: two identity headers are refused.
    curl -i -H 'X-Auth-Username: ada' -H 'X-Auth-Username: bob' %[1]s__api__/v1/user

Ctrl-C ends it; nothing is kept. Your own configuration: serve --config FILE

`
