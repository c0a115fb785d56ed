package main

import (
	"fmt"
	"net/netip"
)

// A holder is a process that has a listening socket open.
type holder struct {
	process
	name string
	mark string // of the run that started it, "" for none
}

// CheckListener returns an error if an unrelated process listens at the address.
// A process is unrelated if it does not belong to the instance, and another run
// has started it or it is older than the instance. A younger process without a
// mark may have been started for the subject by a service, as containers are.
func (i *instance) CheckListener(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	all, err := processes()
	if err != nil {
		return nil
	}
	own, found := readProcess(i.PID())
	inodes := listeningSockets(at)
	for _, p := range i.members(all) {
		if holdsSocket(p.pid, inodes) {
			return nil
		}
	}
	for _, h := range holders(all, at) {
		foreign := h.mark != "" && h.mark != i.run
		if foreign || found && h.olderThan(own) {
			return withHint(fmt.Errorf("%s is answered by process %d (%s), not by the subject that was started as process %d", address, h.pid, h.name, i.PID()),
				"end that process, or see why the subject does not listen at {listen}")
		}
	}
	return nil
}
