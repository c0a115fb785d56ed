package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ticksPerSecond is USER_HZ, in which /proc counts time: 100 on every
// architecture that Go runs on, whatever the kernel's own rate.
const ticksPerSecond = 100

// bootID is part of a start time, since ticks count from the boot and a folder
// for temporary files may survive one.
var bootID = sync.OnceValue(func() string {
	raw, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(raw))
})

// processes lists what runs on this machine, as far as it can be seen.
func processes() ([]process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var all []process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, ok := readProcess(pid); ok {
			all = append(all, p)
		}
	}
	return all, nil
}

// readProcess reads /proc/PID/stat (proc(5)). The name in parentheses may hold
// anything, so fields are counted from the last parenthesis.
func readProcess(pid int) (process, bool) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, false
	}
	end := bytes.LastIndexByte(raw, ')')
	if end < 0 {
		return process{}, false
	}
	f := strings.Fields(string(raw[end+1:]))
	if len(f) < 20 {
		return process{}, false
	}
	number := func(i int) int { n, _ := strconv.Atoi(f[i]); return n }
	return process{
		pid: pid, state: f[0], parent: number(1), group: number(2), session: number(3),
		cpu:   time.Duration(number(11)+number(12)) * time.Second / ticksPerSecond,
		waits: time.Duration(number(13)+number(14)) * time.Second / ticksPerSecond,
		start: bootID() + ":" + f[19],
	}, true
}

// hasMark says whether a process was started with NAME=value in its
// environment. Only processes of the same user can be read.
func hasMark(pid int, mark string) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return false
	}
	return bytes.Contains(append([]byte{0}, raw...), []byte("\x00"+mark+"\x00"))
}

// memory is the proportional set size: pages shared by n processes count as an
// n-th in each, so that the sum over a tree is what the tree takes.
func memory(pid int) (int64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib * 1024, err
		}
	}
	return 0, fmt.Errorf("no Pss in smaps_rollup of process %d", pid)
}

// kill ends a process by force, and only that process: the number is pinned
// first and its start time compared after, so that a number that has been
// given to another process in between harms nobody.
func kill(p process) {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err == nil {
		defer unix.Close(fd)
	} else if err != unix.ENOSYS { // kernels before 5.3
		return
	}
	now, ok := readProcess(p.pid)
	switch {
	case !ok || now.start != p.start:
	case err == nil:
		_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
	default:
		_ = unix.Kill(p.pid, unix.SIGKILL)
	}
}

// newSession gives a process a session and so a group of its own: a Ctrl-C at
// the terminal does not reach it, and what it starts can be found by the
// session even in groups of their own. It is asked to end when the thread that
// started it ends, which is when this program does.
func newSession() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGTERM}
}

// await returns when a child has ended and was reaped. It calls ended between
// the two: until a child is reaped its number names its group and session and
// nothing else.
func await(cmd *exec.Cmd, ended func()) error {
	for unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	ended()
	return cmd.Wait()
}

// cgroupOf is where the memory of a container is accounted: the folder of its
// control group, version 1 or 2, as seen from this machine.
func cgroupOf(pid int) (string, bool) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return "", false
	}
	for line := range strings.Lines(string(raw)) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(part) != 3 || part[2] == "/" {
			continue
		}
		for _, dir := range []string{
			filepath.Join("/sys/fs/cgroup/memory", part[2]),
			filepath.Join("/sys/fs/cgroup", part[2]),
		} {
			if _, err := os.Stat(filepath.Join(dir, "cgroup.procs")); err == nil {
				return dir, true
			}
		}
	}
	return "", false
}
