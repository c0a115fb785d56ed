package proxies

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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

// holder names the process that listens on the port of an address, from /proc.
func holder(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	inodes := listening(port)
	if len(inodes) == 0 {
		return ""
	}
	descriptors, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, fd := range descriptors {
		to, err := os.Readlink(fd)
		if err != nil || !inodes[to] {
			continue
		}
		pid := strings.Split(fd, "/")[2]
		name, _ := os.ReadFile("/proc/" + pid + "/comm")
		return fmt.Sprintf("; process %s (%s) has it: end it or choose another port", pid, strings.TrimSpace(string(name)))
	}
	return "; a process of another user or in a container has it"
}

// listening finds the sockets in state LISTEN (0A) on a port, by the names that
// their file descriptors have.
func listening(port string) map[string]bool {
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil
	}
	suffix := fmt.Sprintf(":%04X", number)
	inodes := make(map[string]bool)
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(table) // absent outside Linux: nobody is named
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			if len(f) > 9 && f[3] == "0A" && strings.HasSuffix(f[1], suffix) {
				inodes["socket:["+f[9]+"]"] = true
			}
		}
	}
	return inodes
}
