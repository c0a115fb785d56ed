// Command countersign-probe is the content program that the server under test executes.
// Package probe describes the protocol. The program uses the standard library only.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"countersign/steps/probe"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := probe.Main(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
