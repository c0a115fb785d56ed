// Command countersign checks a Connect-like server, or a proxy in front of
// one, against the rules that Posit Connect documents for proxied
// authentication and OAuth integrations.
//
// The program is wiring only: it reads flags and files, lends the suite its
// equipment (proxies, a provider, processes of the subject), and turns a
// report into an exit code. What a rule means is decided in package steps.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// Exit codes. What they mean to a script is written in the README; a run takes
// its own from the report.
const (
	exitOK          = 0
	exitViolation   = 1 // the subject, or the catalogue, breaks a rule
	exitNotStarted  = 2 // usage, target, features or ground: nothing was started
	exitInterrupted = 130
)

func main() {
	os.Exit(execute(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs one command line and answers its exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		// Whatever was not decided elsewhere is a command line, a file or a
		// machine that is not in order: nothing has been judged.
		exit = &exitError{code: exitNotStarted, err: err}
	}
	if exit.err != nil {
		fmt.Fprintf(stderr, "countersign: %v\n", exit.err)
	}
	return exit.code
}

// An exitError ends the program with a code of its own. Without an error
// inside, everything has been said already.
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

// A hintError says what is wrong, and then what to do about it.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() + "\n  " + e.hint }

func (e *hintError) Unwrap() error { return e.err }

// withHint adds what to do to what is wrong.
func withHint(err error, format string, args ...any) error {
	return &hintError{err: err, hint: fmt.Sprintf(format, args...)}
}
