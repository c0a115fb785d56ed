//go:build unix && !linux

package process

import (
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// place returns nothing: these systems have no process namespaces, and the start
// times of ps contain the date, which differs from boot to boot.
func place() (boot, space string) { return "", "" }

const psColumns = "pid=,ppid=,pgid=,stat=,lstart="

// List returns the processes that ps lists.
func List() ([]Info, error) {
	raw, err := exec.Command("ps", "-axo", psColumns).Output()
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	return parsePS(string(raw)), nil
}

// Find returns the process with a number.
func Find(pid int) (Info, bool) {
	raw, err := exec.Command("ps", "-o", psColumns, "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return Info{}, false
	}
	for _, p := range parsePS(string(raw)) {
		if p.PID == pid {
			return p, true
		}
	}
	return Info{}, false
}

// parsePS parses the output of ps with psColumns.
func parsePS(text string) []Info {
	var all []Info
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		number := func(i int) int { n, _ := strconv.Atoi(f[i]); return n }
		all = append(all, Info{
			PID: number(0), Parent: number(1), Group: number(2), State: f[3][:1],
			Start: newStamp(strings.Join(f[4:], " ")),
		})
	}
	return all
}

// Name returns "": containers run in a virtual machine on these systems.
func Name(int) string { return "" }

// environment returns nil: environments of other processes cannot be read.
func environment(int) []byte { return nil }

// Memory returns an error: this system does not have /proc.
func Memory(int) (int64, error) {
	return 0, errors.New("read the memory of a process: this system does not have /proc")
}

// ContainerMemory returns false: this system has no control groups.
func ContainerMemory(int) (int64, bool) { return 0, false }

// Listening returns nil: sockets of other processes cannot be read.
func Listening(netip.AddrPort) Sockets { return nil }

// HeldBy returns false: sockets of other processes cannot be read.
func (Sockets) HeldBy(int) bool { return false }

// send sends a signal to a process unless another process has got its number.
func send(p Info, s syscall.Signal) {
	if now, found := Find(p.PID); found && now.Start == p.Start {
		_ = syscall.Kill(p.PID, s)
	}
}

// newSession returns the attributes of a process in a session of its own.
func newSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// await waits for a child and calls ended after that: how to wait for the end of a
// child without removing it from the table differs between these systems.
func await(cmd *exec.Cmd, ended func()) error {
	err := cmd.Wait()
	ended()
	return err
}
