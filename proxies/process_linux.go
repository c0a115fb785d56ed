package proxies

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// attributes puts the child into a process group of its own, so that it can be
// ended with its workers and Ctrl-C in a terminal reaches only us; and lets the
// kernel end it when we die. nginx and httpd end their workers at SIGTERM.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

// place says where process ids are valid: which boot of which kernel, and which
// namespace (each container has one).
var place = sync.OnceValues(func() (boot, space string) {
	text, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	space, _ = os.Readlink("/proc/self/ns/pid")
	return strings.TrimSpace(string(text)), space
})

// status reads the fields of /proc/PID/stat after the name, which may hold
// anything: state, parent, group, ...
func status(pid int) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	end := bytes.LastIndexByte(text, ')')
	fields := strings.Fields(string(text[end+1:]))
	if end < 0 || len(fields) < 20 {
		return nil, fmt.Errorf("process %d: unreadable state", pid)
	}
	return fields, nil
}

// startOf is when a process started, in ticks since boot. A zombie has ended: it
// is an error as for a process that is not there.
func startOf(pid int) (string, error) {
	fields, err := status(pid)
	if err != nil {
		return "", err
	}
	if fields[0] == "Z" || fields[0] == "X" {
		return "", os.ErrNotExist
	}
	return fields[19], nil
}

// nameOf is the name of a process's program, "" if there is none.
func nameOf(pid int) string {
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return strings.TrimSpace(string(name))
}

// group lists the living processes of a process group.
func group(id int) []int {
	return processes(func(fields []string, _ int) bool { return fields[2] == strconv.Itoa(id) })
}

// tree lists a process and its descendants.
func tree(root int) []int {
	children := make(map[int][]int)
	processes(func(fields []string, pid int) bool {
		parent, _ := strconv.Atoi(fields[1])
		children[parent] = append(children[parent], pid)
		return false
	})
	if _, err := startOf(root); err != nil {
		return nil
	}
	all := []int{root}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}

// processes lists the living processes that want says yes to.
func processes(want func(fields []string, pid int) bool) []int {
	folders, _ := filepath.Glob("/proc/[0-9]*")
	var pids []int
	for _, folder := range folders {
		pid, err := strconv.Atoi(filepath.Base(folder))
		if err != nil {
			continue
		}
		if fields, err := status(pid); err == nil && fields[0] != "Z" && want(fields, pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}
