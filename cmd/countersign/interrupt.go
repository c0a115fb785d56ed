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

// An interrupt turns the first SIGINT, SIGTERM or SIGHUP into a cancelled context, so
// that everything is stopped in order and the report is still written, and the
// second one into an end at once.
type interrupt struct {
	signals chan os.Signal
	done    chan struct{}
	cancel  context.CancelFunc
	atOnce  func() // ends by force what was started; before the second signal ends the program

	mu       sync.Mutex
	received bool
}

// onInterrupt derives a context that the first signal cancels. Call release
// when the work is done.
func onInterrupt(parent context.Context, say io.Writer, words string) (context.Context, *interrupt) {
	ctx, cancel := context.WithCancel(parent)
	i := &interrupt{signals: make(chan os.Signal, 2), done: make(chan struct{}), cancel: cancel}
	signal.Notify(i.signals, endingSignals()...)
	go i.watch(say, words)
	return ctx, i
}

// endingSignals are the signals that end a run in order. SIGHUP, which a
// terminal sends when it is closed, is left alone under nohup.
func endingSignals() []os.Signal {
	signals := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

func (i *interrupt) watch(say io.Writer, words string) {
	for {
		select {
		case <-i.done:
			return
		case <-i.signals:
		}
		i.mu.Lock()
		second, atOnce := i.received, i.atOnce
		i.received = true
		i.mu.Unlock()
		if second {
			if atOnce != nil {
				atOnce()
			}
			os.Exit(exitInterrupted)
		}
		fmt.Fprintf(say, "\ninterrupted: %s\n", words)
		i.cancel()
	}
}

// onSecond names what the second signal does before the program ends.
func (i *interrupt) onSecond(f func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.atOnce = f
}

// happened says whether a signal arrived.
func (i *interrupt) happened() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.received
}

func (i *interrupt) release() {
	signal.Stop(i.signals)
	close(i.done)
	i.cancel()
}
