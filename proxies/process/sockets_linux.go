package process

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// maxSocketTable limits the size of a table of sockets, in bytes.
const maxSocketTable = 32 << 20

// Listening returns the sockets that accept connections to an address: those bound
// to it or, if there are none, those bound to all addresses. For an address that is
// unspecified, as 0.0.0.0, it returns all sockets on the port.
func Listening(at netip.AddrPort) Sockets {
	var list []boundSocket
	for _, table := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		list = append(list, readSockets(table)...)
	}
	return accepting(list, at)
}

// A boundSocket is a socket in the state LISTEN.
type boundSocket struct {
	address netip.AddrPort
	inode   string
}

func readSockets(table string) []boundSocket {
	f, err := os.Open(table)
	if err != nil {
		return nil
	}
	defer f.Close()
	return listeners(io.LimitReader(f, maxSocketTable))
}

// listeners reads a table of sockets as far as its first connection. The table lists all
// listening sockets before all connections (Documentation/networking/proc_net_tcp.rst of the
// kernel), and a machine can have thousands of connections, which the kernel formats while
// they are read. Connections that are being established may stand between listening sockets.
func listeners(table io.Reader) []boundSocket {
	const synReceived = "03"
	var list []boundSocket
	lines := bufio.NewScanner(table)
	lines.Scan() // names of the fields
	for lines.Scan() {
		s, ok := parseSocket(lines.Text())
		if ok {
			list = append(list, s)
			continue
		}
		if f := strings.Fields(lines.Text()); len(f) < 4 || f[3] != synReceived {
			break
		}
	}
	return list
}

// parseSocket parses a line of /proc/net/tcp or tcp6 (proc(5)): the second field is
// the local address in hexadecimal, in words of the byte order of the machine, the
// fourth the state, 0A for LISTEN, the tenth the inode.
func parseSocket(line string) (boundSocket, bool) {
	f := strings.Fields(line)
	if len(f) < 10 || f[3] != "0A" {
		return boundSocket{}, false
	}
	address, port, _ := strings.Cut(f[1], ":")
	raw, err := hex.DecodeString(address)
	number, portErr := strconv.ParseUint(port, 16, 16)
	if err != nil || portErr != nil || len(raw)%4 != 0 {
		return boundSocket{}, false
	}
	octets := make([]byte, len(raw))
	for n := 0; n < len(raw); n += 4 {
		binary.NativeEndian.PutUint32(octets[n:], binary.BigEndian.Uint32(raw[n:]))
	}
	addr, ok := netip.AddrFromSlice(octets)
	return boundSocket{netip.AddrPortFrom(addr, uint16(number)), f[9]}, ok
}

// accepting returns the inodes of the sockets of a list that accept connections to
// an address.
func accepting(list []boundSocket, at netip.AddrPort) Sockets {
	var exact, wildcard Sockets
	for _, s := range list {
		bound := s.address.Addr().Unmap()
		switch {
		case s.address.Port() != at.Port():
		case bound == at.Addr().Unmap(), at.Addr().IsUnspecified():
			exact = append(exact, s.inode)
		case bound.IsUnspecified():
			wildcard = append(wildcard, s.inode)
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return wildcard
}

// HeldBy reports whether a process has one of the sockets open. Only processes of
// the same user can be read.
func (s Sockets) HeldBy(pid int) bool {
	if len(s) == 0 {
		return false
	}
	dir := fmt.Sprintf("/proc/%d/fd/", pid)
	open, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer open.Close()
	const maxFiles = 1 << 16
	names, _ := open.Readdirnames(maxFiles) // it may return names together with an error
	for _, name := range names {
		link, err := os.Readlink(dir + name)
		if err != nil {
			continue
		}
		inode, isSocket := strings.CutPrefix(link, "socket:[")
		if isSocket && slices.Contains(s, strings.TrimSuffix(inode, "]")) {
			return true
		}
	}
	return false
}
