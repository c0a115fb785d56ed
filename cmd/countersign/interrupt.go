package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// An interrupt cancels a context when the first SIGINT, SIGTERM or SIGHUP arrives, so
// that the program stops all processes in order and writes the report. The second
// signal ends the program immediately.
type interrupt struct {
	signals chan os.Signal
	done    chan struct{}
	cancel  context.CancelFunc
	onExit  func() // kills the started processes before the second signal ends the program

	mu       sync.Mutex
	received bool
}

// onInterrupt derives a context that the first signal cancels, and writes message to w
// in that case. The caller calls release when the work is done.
func onInterrupt(parent context.Context, w io.Writer, message string) (context.Context, *interrupt) {
	ctx, cancel := context.WithCancel(parent)
	i := &interrupt{signals: make(chan os.Signal, 2), done: make(chan struct{}), cancel: cancel}
	signal.Notify(i.signals, endingSignals()...)
	go i.watch(w, message)
	return ctx, i
}

// endingSignals returns the signals that end a run in order. A terminal sends SIGHUP
// when it is closed; a program that was started with nohup ignores SIGHUP.
func endingSignals() []os.Signal {
	signals := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

func (i *interrupt) watch(w io.Writer, message string) {
	for {
		select {
		case <-i.done:
			return
		case <-i.signals:
		}
		i.mu.Lock()
		second, onExit := i.received, i.onExit
		i.received = true
		i.mu.Unlock()
		if second {
			if onExit != nil {
				onExit()
			}
			os.Exit(exitInterrupted)
		}
		fmt.Fprintf(w, "\ninterrupted: %s\n", message)
		i.cancel()
	}
}

// onSecond sets a function that runs when the second signal arrives, before the program
// exits.
func (i *interrupt) onSecond(f func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.onExit = f
}

// happened reports whether a signal arrived.
func (i *interrupt) happened() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.received
}

// release stops the handling of signals and cancels the context.
func (i *interrupt) release() {
	signal.Stop(i.signals)
	close(i.done)
	i.cancel()
}
