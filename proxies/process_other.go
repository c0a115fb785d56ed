//go:build unix && !linux

package proxies

import (
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// attributes puts the child into a process group of its own, so that it can be
// ended with its workers.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// place is unknown: there are no process namespaces, and a start time with its
// date tells boots apart well enough.
func place() (boot, space string) { return "", "" }

// startOf is when a process started, in the words of ps.
func startOf(pid int) (string, error) {
	out, err := exec.Command("ps", "-o", "stat=,lstart=", "-p", strconv.Itoa(pid)).Output()
	state, start, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if err != nil || state == "" || strings.HasPrefix(state, "Z") {
		return "", errors.New("no such process")
	}
	return strings.TrimSpace(start), nil
}

// nameOf is unknown: containers run in a virtual machine here.
func nameOf(int) string { return "" }

// group lists the living processes of a process group.
func group(id int) []int { return listed(func(_, pgid int) bool { return pgid == id }) }

// tree lists a process and its direct children, which is all that nginx and
// httpd have.
func tree(root int) []int {
	if _, err := startOf(root); err != nil {
		return nil
	}
	return append([]int{root}, listed(func(parent, _ int) bool { return parent == root })...)
}

func listed(want func(parent, pgid int) bool) []int {
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=,pgid=").Output()
	if err != nil {
		return nil
	}
	var pids []int
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		pid, _ := strconv.Atoi(f[0])
		parent, _ := strconv.Atoi(f[1])
		pgid, _ := strconv.Atoi(f[2])
		if want(parent, pgid) {
			pids = append(pids, pid)
		}
	}
	return pids
}
