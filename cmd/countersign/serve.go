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
		Long: `Runs the reference server: a reference, not for production. With no configuration
at all it makes a temporary one and prints how to sign in with curl. Every flag
is handed on; "countersign-server serve --help" lists them.`,
		Example: `  countersign serve
  countersign serve --config rstudio-connect.gcfg --listen 127.0.0.1:3939`,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return become(cmd, append([]string{"serve"}, args...))
		},
	}
}

func newUsermanager() *cobra.Command {
	return &cobra.Command{
		Use:   "usermanager [flags of countersign-server usermanager]",
		Short: "Manage the reference server's users (countersign-server usermanager)",
		Long: `Runs the reference server's usermanager on the data of a server that is stopped.
Every flag is handed on.`,
		Example:            "  countersign usermanager list --config rstudio-connect.gcfg",
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return become(cmd, append([]string{"usermanager"}, args...))
		},
	}
}

// become replaces this program by the server, so that signals, exit code and
// standard streams are the server's own.
func become(cmd *cobra.Command, args []string) error {
	s, err := findSiblings(false)
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
