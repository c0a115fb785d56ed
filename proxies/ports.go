package proxies

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"countersign/proxies/process"
)

// portsFree says which addresses are taken, and by whom where that can be seen.
// It is a courtesy: the proxy itself has the last word.
func portsFree(ls []Listener) error {
	var errs []error
	for _, l := range ls {
		s, err := net.Listen("tcp", l.Listen)
		if err != nil {
			errs = append(errs, fmt.Errorf("listener %s: cannot listen on %s: %w%s", l.name(), l.Listen, err, holder(l.Listen)))
			continue
		}
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// holder returns a text about the process that listens at an address, or "".
func holder(address string) string {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return ""
	}
	sockets := process.Listening(at)
	if len(sockets) == 0 {
		return ""
	}
	all, _ := process.List() // without the list, no holder is found
	holders := sockets.Holders(all)
	if len(holders) == 0 {
		return "; a process of another user or in a container has it"
	}
	pid := holders[0].PID
	return fmt.Sprintf("; process %d (%s) has it: end it or choose another port", pid, process.Name(pid))
}
