package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Memory returns the proportional set size of a process in octets: a page that n
// processes share counts as an n-th in each, so the sum over a family is the memory that
// the family uses.
func Memory(pid int) (int64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	size, found := parsePss(string(raw))
	if !found {
		return 0, fmt.Errorf("read the memory of process %d: smaps_rollup contains no Pss", pid)
	}
	return size, nil
}

// parsePss returns the proportional set size in /proc/PID/smaps_rollup (proc(5)).
func parsePss(text string) (int64, bool) {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib * 1024, err == nil
		}
	}
	return 0, false
}

// ContainerMemory returns the anonymous memory of the container that a process is
// in, from its control group of version 1 or 2. Pages of files that the container
// has read belong to the cache of the system and do not count.
func ContainerMemory(pid int) (int64, bool) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return 0, false
	}
	for _, dir := range controlGroups(string(raw)) {
		if _, err := os.Stat(filepath.Join(dir, "cgroup.procs")); err != nil {
			continue
		}
		stat, err := os.ReadFile(filepath.Join(dir, "memory.stat"))
		if err != nil {
			return 0, false
		}
		return parseAnonymous(string(stat))
	}
	return 0, false
}

// controlGroups returns the folders that may account for the memory of the control
// groups in /proc/PID/cgroup (cgroups(7)), in the order in which to try them.
func controlGroups(text string) []string {
	var dirs []string
	for line := range strings.Lines(text) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(part) != 3 || part[2] == "/" {
			continue
		}
		dirs = append(dirs, filepath.Join("/sys/fs/cgroup/memory", part[2]), filepath.Join("/sys/fs/cgroup", part[2]))
	}
	return dirs
}

// parseAnonymous returns the anonymous memory in memory.stat of a control group.
func parseAnonymous(text string) (int64, bool) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 2 && (f[0] == "anon" || f[0] == "total_rss") { // version 2, version 1
			n, err := strconv.ParseInt(f[1], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
