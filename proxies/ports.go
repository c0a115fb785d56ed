package proxies

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"countersign/proxies/process"
)

// checkPorts returns an error that names each address in use and, if known, the process
// that listens there. The message is clearer than that of the proxy, which fails if the
// address is taken after the check.
func checkPorts(ls []Listener) error {
	var errs []error
	for _, l := range ls {
		for _, address := range l.addresses() {
			s, err := net.Listen("tcp", address)
			if err != nil {
				errs = append(errs, fmt.Errorf("listener %s: listen on %s: %w%s", l.name(), address, err, holderHint(address)))
				continue
			}
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(errs...)
}

// holderHint returns a text about the process that listens at an address, or "".
func holderHint(address string) string {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return ""
	}
	sockets := process.Listening(at)
	if len(sockets) == 0 {
		return ""
	}
	all, _ := process.List() // after an error, no holder is found
	holders := sockets.Holders(all)
	if len(holders) == 0 {
		return "; a process of another user or in a container listens there: stop it or choose another port"
	}
	pid := holders[0].PID
	return fmt.Sprintf("; process %d (%s) listens there: stop it or choose another port", pid, process.Name(pid))
}
