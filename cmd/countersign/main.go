// Command countersign checks a Connect-like server, or a proxy in front of
// one, against the rules that Posit Connect documents for proxied
// authentication and OAuth integrations.
//
// The program reads flags and files, gives the suite its equipment (proxies, an
// OAuth provider, processes of the server under test), and maps the report to an
// exit code. Package steps defines what a rule requires.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// Exit codes. The README describes them; the exit code of a run is in its report.
const (
	exitOK          = 0
	exitViolation   = 1 // the server under test breaks a rule, or the catalogue disagrees with the features
	exitNotStarted  = 2 // the command line, a file or the machine is unsuitable; nothing was started
	exitInterrupted = 130
)

func main() {
	os.Exit(execute(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		// An error without an exit code is about the command line, a file or the
		// machine: no scenario has run.
		exit = &exitError{code: exitNotStarted, err: err}
	}
	if exit.err != nil {
		fmt.Fprintf(stderr, "countersign: %v\n", exit.err)
	}
	return exit.code
}

// An exitError is an error with an exit code. If err is nil, the program has
// already printed the reason.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// A hintError is an error followed by a line that says what to do.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() + "\n  " + e.hint }

func (e *hintError) Unwrap() error { return e.err }

// withHint adds to an error a line that says what to do.
func withHint(err error, format string, args ...any) error {
	return &hintError{err: err, hint: fmt.Sprintf(format, args...)}
}
