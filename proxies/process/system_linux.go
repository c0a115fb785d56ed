package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ticksPerSecond is USER_HZ, the unit of time in /proc: 100 on every architecture
// that Go supports, independently of the timer rate of the kernel.
const ticksPerSecond = 100

// place returns the boot and the process namespace in which process numbers and
// start times have their meaning.
var place = sync.OnceValues(func() (boot, space string) {
	raw, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	link, _ := os.Readlink("/proc/self/ns/pid")
	return strings.TrimSpace(string(raw)), namespace(link)
})

// namespace returns the number in the name of a namespace, "pid:[4026531836]".
func namespace(link string) string {
	_, number, _ := strings.Cut(link, "[")
	return strings.TrimSuffix(number, "]")
}

// List returns the processes that /proc shows.
func List() ([]Info, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var all []Info
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, found := Find(pid); found {
			all = append(all, p)
		}
	}
	return all, nil
}

// Find returns the process with a number, from /proc/PID/stat.
func Find(pid int) (Info, bool) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Info{}, false
	}
	return parseStat(pid, raw)
}

// parseStat parses /proc/PID/stat (proc(5)). The name in parentheses may contain
// spaces and parentheses, so fields are counted from the last parenthesis.
func parseStat(pid int, raw []byte) (Info, bool) {
	end := bytes.LastIndexByte(raw, ')')
	if end < 0 {
		return Info{}, false
	}
	f := strings.Fields(string(raw[end+1:]))
	if len(f) < 20 {
		return Info{}, false
	}
	number := func(i int) int { n, _ := strconv.Atoi(f[i]); return n }
	ticks := func(i int) time.Duration { return time.Duration(number(i)) * time.Second / ticksPerSecond }
	return Info{
		PID: pid, State: f[0], Parent: number(1), Group: number(2), Session: number(3), Threads: number(17),
		CPU: ticks(11) + ticks(12), ChildCPU: ticks(13) + ticks(14), Start: newStamp(f[19]),
	}, true
}

// Name returns the name of the program of a process, or "" if it cannot be read.
func Name(pid int) string {
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return strings.TrimSpace(string(name))
}

// environment returns the environment with which a process was started, each
// assignment between NUL octets, or nil if it cannot be read.
func environment(pid int) []byte {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return nil
	}
	return append([]byte{0}, raw...)
}

// send sends a signal to a process and to no other: it opens a descriptor for the
// number first and compares the start time after that, so a process that has got
// the number meanwhile does not receive the signal.
func send(p Info, s syscall.Signal) {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if err == nil {
		defer unix.Close(fd)
	} else if !errors.Is(err, unix.ENOSYS) { // kernels before 5.3
		return
	}
	now, found := Find(p.PID)
	switch {
	case !found || now.Start != p.Start:
	case err == nil:
		_ = unix.PidfdSendSignal(fd, s, nil, 0)
	default:
		_ = unix.Kill(p.PID, s)
	}
}

// newSession returns the attributes of a process in a session, and so in a process
// group, of its own. Ctrl-C at the terminal does not reach it, and the processes
// that it starts are found by the session even if they create groups. The kernel
// sends SIGTERM to the process when the thread that started it ends.
func newSession() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGTERM}
}

// await returns when a child has ended and has been waited for. It calls ended
// between the two: until then, the number of the child identifies its group and its
// session.
func await(cmd *exec.Cmd, ended func()) error {
	for errors.Is(unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil), unix.EINTR) {
	}
	ended()
	return cmd.Wait()
}
