package main

import (
	"fmt"
	"os"
	"syscall"

	"github.com/spf13/cobra"
)

func newServe() *cobra.Command {
	return &cobra.Command{
		Use:   "serve [flags of countersign-server serve]",
		Short: "Run the reference server (countersign-server serve)",
		Long: `Runs the reference server. It is not a production server. Without a configuration
file the server creates a temporary configuration and prints how to sign in with
curl. All flags are passed to countersign-server; "countersign-server serve --help"
lists them.`,
		Example: `  countersign serve
  countersign serve --config rstudio-connect.gcfg --listen 127.0.0.1:3939`,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return execServer(cmd, append([]string{"serve"}, args...))
		},
	}
}

func newUsermanager() *cobra.Command {
	return &cobra.Command{
		Use:   "usermanager [flags of countersign-server usermanager]",
		Short: "Manage the reference server's users (countersign-server usermanager)",
		Long: `Runs the usermanager of the reference server on the data of a stopped server. All
flags are passed to countersign-server; "countersign-server usermanager --help"
lists them.`,
		Example:            "  countersign usermanager list --config rstudio-connect.gcfg",
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return execServer(cmd, append([]string{"usermanager"}, args...))
		},
	}
}

// execServer replaces this process with countersign-server, so that the server
// receives the signals and uses the standard streams and the exit code directly.
func execServer(cmd *cobra.Command, args []string) error {
	s, err := newProgramFinder(false)
	if err != nil {
		return err
	}
	path, err := s.program(cmd.Context(), serverProgram)
	if err != nil {
		return err
	}
	if err := syscall.Exec(path, append([]string{path}, args...), os.Environ()); err != nil {
		return fmt.Errorf("run %s: %w", path, err)
	}
	return nil
}
