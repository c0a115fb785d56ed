package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version, the commit and the Go release of the build",
		Example: "  countersign version",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fmt.Fprintln(cmd.OutOrStdout(), versionLine())
			return nil
		},
	}
}

// versionLine returns the version, the commit and the Go release as far as the build
// recorded them, such as "countersign (devel) 1a59b57 modified go1.26.8 linux/amd64".
func versionLine() string {
	line := "countersign"
	if info, ok := debug.ReadBuildInfo(); ok {
		line += " " + cmp.Or(info.Main.Version, "(devel)")
		settings := map[string]string{}
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
		if commit := settings["vcs.revision"]; commit != "" {
			line += " " + commit[:min(12, len(commit))]
		}
		if settings["vcs.modified"] == "true" {
			line += " modified"
		}
	}
	return fmt.Sprintf("%s %s %s/%s", line, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
