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

// installedConfig is the path of Connect's configuration file (document line 84).
const installedConfig = "/etc/rstudio-connect/rstudio-connect.gcfg"

type serveFlags struct {
	config, listen, logFile, runtime, appURL string
}

func serveCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server until it is interrupted",
		Long: `Run the server with the configuration file of --config or, without the flag, with
` + installedConfig + `. If neither exists, the server
uses a temporary configuration, prints how to use it, and removes the data when it
stops.

Options of the configuration can be set in the environment as
CONNECT_<SECTION>_<OPTION>, for example CONNECT_PROXYAUTH_LOGGING=true.
This is a reference server and not a production server. It accepts connections from
this machine only, unless HTTP.Listen or --listen sets another address.`,
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
	cmd.Flags().StringVar(&f.runtime, "runtime", "", "`command` that executes content (default countersign-probe in the folder of this program)")
	cmd.Flags().StringVar(&f.appURL, "app-url", "", "`URL` of a running app that answers visits of content (for developers)")
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
				return runError{err}
			}
			defer os.RemoveAll(dir)
		}
	}
	s, err := reference.New(cmd.Context(), c)
	if err != nil {
		return asRunError(err)
	}
	if temporary {
		fmt.Fprintf(cmd.OutOrStdout(), nextSteps, s.Base())
	}
	return asRunError(s.Run(cmd.Context()))
}

// asRunError returns a runError for every error other than a *reference.ConfigError.
func asRunError(err error) error {
	var bad *reference.ConfigError
	if err == nil || errors.As(err, &bad) {
		return err
	}
	return runError{err}
}

// temporarySetup creates a data directory and a configuration for trying the server.
func temporarySetup(c *reference.Config) (dir string, err error) {
	if dir, err = os.MkdirTemp("", "countersign-server-"); err != nil {
		return "", fmt.Errorf("create a temporary data directory: %w", err)
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
	c.File = "temporary configuration"
	c.Text = fmt.Appendf(nil, `[Server]
%sDataDir = %q

[HTTP]
Listen = %q

[Authentication]
Provider = "proxy"
`, address, dir, listen)
	return dir, nil
}

// nextSteps is printed if the server is started without a configuration.
const nextSteps = `
The Countersign reference server runs with a temporary configuration at %[1]s
Authentication.Provider is "proxy": the server signs in the user that the header
X-Auth-Username names. In production a proxy sets that header; here you set it.

  Sign in. The first user becomes the administrator:
    curl -c jar -b jar -H 'X-Auth-Username: ada' %[1]s__api__/v1/user

  Create an API key. Scripts that use it need neither header nor cookie:
    curl -c jar -b jar -H 'X-Auth-Username: ada' \
         -H "X-Rsc-Xsrf: $(awk '$6 == "RSC-XSRF" { print $7 }' jar)" \
         -d '{"name":"mine"}' %[1]s__api__/v1/users/YOUR-GUID/keys
    curl -H 'Authorization: Key YOUR-KEY' %[1]s__api__/v1/users

  Try a rule of the documents: a request with two identity headers is refused.
    curl -i -H 'X-Auth-Username: ada' -H 'X-Auth-Username: bob' %[1]s__api__/v1/user

Press Ctrl-C to stop the server and remove its data. To use your own configuration:
serve --config FILE

`
