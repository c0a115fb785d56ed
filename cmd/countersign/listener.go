package main

import (
	"fmt"
	"net/netip"

	"countersign/proxies/process"
)

// CheckListener returns an error if an unrelated process listens at the address.
// A process is unrelated if it does not belong to the instance, and another run
// has started it or it is older than the instance. A younger process without a
// mark may have been started for the subject by a service, as containers are.
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
			return withHint(fmt.Errorf("%s is answered by process %d (%s), not by the subject that was started as process %d", address, h.PID, process.Name(h.PID), i.PID()),
				"end that process, or see why the subject does not listen at {listen}")
		}
	}
	return nil
}
