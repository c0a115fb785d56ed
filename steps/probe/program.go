package probe

import (
	"context"
	"fmt"
	"io"
	"os"
)

// Usage is the text that the program prints for --help and after a usage error.
const Usage = `countersign-probe is the content program of Countersign's suite (protocol probe/1).
A server runs it in the folder of an unpacked bundle:

  countersign-probe serve     serve HTTP/1.1 on the unix socket $PROBE_SOCKET until SIGTERM
  countersign-probe render    execute the actions in ./probe.json and write the report to standard output

To run it manually:

  PROBE_SOCKET=/tmp/probe.sock countersign-probe serve &
  curl --unix-socket /tmp/probe.sock http://probe/
  echo '{"actions":[]}' > probe.json && countersign-probe render
`

// Exit codes of the program.
const (
	ExitOK    = 0
	ExitError = 1
	ExitUsage = 2
)

// Main runs the program and returns its exit code. It returns when ctx is done.
func Main(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	if len(args) != 1 {
		fmt.Fprintf(stderr, "countersign-probe: want one argument, serve or render\n\n%s", Usage)
		return ExitUsage
	}
	var err error
	switch args[0] {
	case "serve":
		err = Serve(ctx, variablesOf(environ)["PROBE_SOCKET"], environ)
	case "render":
		err = renderFile(ctx, environ, stdout)
	case "help", "-h", "--help":
		fmt.Fprint(stdout, Usage)
	default:
		fmt.Fprintf(stderr, "countersign-probe: unknown command %q; use serve or render\n\n%s", args[0], Usage)
		return ExitUsage
	}
	if err != nil {
		fmt.Fprintf(stderr, "countersign-probe: %v\n", err)
		return ExitError
	}
	return ExitOK
}

func renderFile(ctx context.Context, environ []string, stdout io.Writer) error {
	f, err := os.Open("probe.json")
	if err != nil {
		return fmt.Errorf("read the actions of the bundle: %w", err)
	}
	defer f.Close()
	return Render(ctx, f, environ, stdout)
}
