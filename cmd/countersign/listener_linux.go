package main

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

// maxSocketTable bounds what is read of the kernel's tables of sockets.
const maxSocketTable = 32 << 20

// listeningSockets are the inodes of the sockets that accept connections to an
// address: those bound to it or, where there is none, to all addresses.
func listeningSockets(at netip.AddrPort) []string {
	var exact, wildcard []string
	for _, table := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		f, err := os.Open(table)
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(io.LimitReader(f, maxSocketTable))
		for lines.Scan() {
			bound, inode, ok := listeningSocket(lines.Text())
			switch {
			case !ok || bound.Port() != at.Port():
			case bound.Addr().Unmap() == at.Addr().Unmap():
				exact = append(exact, inode)
			case bound.Addr().IsUnspecified():
				wildcard = append(wildcard, inode)
			}
		}
		f.Close()
	}
	if len(exact) > 0 {
		return exact
	}
	return wildcard
}

// listeningSocket reads a line of /proc/net/tcp or tcp6 (proc(5)): the second
// field is the local address in hexadecimal, in words of the machine's own order,
// the fourth the state, 0A for a socket that listens, the tenth the inode.
func listeningSocket(line string) (bound netip.AddrPort, inode string, ok bool) {
	f := strings.Fields(line)
	if len(f) < 10 || f[3] != "0A" {
		return bound, "", false
	}
	address, port, _ := strings.Cut(f[1], ":")
	raw, err := hex.DecodeString(address)
	number, portErr := strconv.ParseUint(port, 16, 16)
	if err != nil || portErr != nil || len(raw)%4 != 0 {
		return bound, "", false
	}
	octets := make([]byte, len(raw))
	for n := 0; n < len(raw); n += 4 {
		binary.NativeEndian.PutUint32(octets[n:], binary.BigEndian.Uint32(raw[n:]))
	}
	addr, ok := netip.AddrFromSlice(octets)
	return netip.AddrPortFrom(addr, uint16(number)), f[9], ok
}

// holdsSocket reports whether a process has one of the sockets open. Only
// processes of the same user can be read.
func holdsSocket(pid int, inodes []string) bool {
	dir := fmt.Sprintf("/proc/%d/fd/", pid)
	open, err := os.Open(dir)
	if err != nil || len(inodes) == 0 {
		return false
	}
	defer open.Close()
	const enough = 1 << 16
	names, _ := open.Readdirnames(enough) // what it returns beside an error is looked at
	for _, name := range names {
		link, err := os.Readlink(dir + name)
		if err != nil {
			continue
		}
		inode, isSocket := strings.CutPrefix(link, "socket:[")
		if isSocket && slices.Contains(inodes, strings.TrimSuffix(inode, "]")) {
			return true
		}
	}
	return false
}

// holders are the processes of all that listen at an address, as far as they can
// be read.
func holders(all []process, at netip.AddrPort) []holder {
	inodes := listeningSockets(at)
	var list []holder
	for _, p := range all {
		if holdsSocket(p.pid, inodes) {
			name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", p.pid))
			list = append(list, holder{process: p, name: strings.TrimSpace(string(name)), mark: markOf(p.pid)})
		}
	}
	return list
}

// markOf returns the mark of the run that started a process, "" for none.
func markOf(pid int) string {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return ""
	}
	for _, assignment := range strings.Split(string(raw), "\x00") {
		if strings.HasPrefix(assignment, markName+"=") {
			return assignment
		}
	}
	return ""
}

// olderThan reports whether p was started before q.
func (p process) olderThan(q process) bool { return p.ticks() < q.ticks() }

// ticks is when a process was started, counted from the boot.
func (p process) ticks() uint64 {
	_, ticks, _ := strings.Cut(p.start, ":")
	n, _ := strconv.ParseUint(ticks, 10, 64)
	return n
}
