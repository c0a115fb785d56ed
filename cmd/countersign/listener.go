package main

import (
	"fmt"
	"net/netip"

	"countersign/proxies/process"
)

// CheckListener returns an error if an unrelated process listens at the address.
// A process is unrelated if it does not belong to the instance, and another run
// has started it or it is older than the instance. A younger process without a mark
// may have been started for the server under test by a service, such as a container
// engine.
func (i *instance) CheckListener(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	all, err := process.List()
	if err != nil {
		return nil
	}
	sockets := process.Listening(at)
	if len(sockets.Holders(i.Members(all))) > 0 {
		return nil
	}
	own, found := process.Find(i.PID())
	for _, h := range sockets.Holders(all) {
		mark := process.RunMark(h.PID)
		foreign := mark != "" && mark != i.run
		if foreign || found && h.Older(own) {
			return withHint(fmt.Errorf("process %d (%s) listens at %s, and not the server under test, which was started as process %d", h.PID, process.Name(h.PID), address, i.PID()),
				"stop that process, or find out why the server under test does not listen at {listen}")
		}
	}
	return nil
}
