package main

import "time"

// A process is one line of the machine's table of processes.
type process struct {
	pid     int
	parent  int
	group   int
	session int // 0 where the system does not tell
	state   string
	start   string // with the number it names one process for good
	cpu     time.Duration
	waits   time.Duration // CPU of children that have ended and were waited for
}

// gone says whether a process has ended, reaped or not.
func (p process) gone() bool { return p.state == "Z" || p.state == "X" }

// family is every process of all that is root, descends from it, or belongs to
// its session or group.
func family(all []process, root int) []process {
	children := map[int][]process{}
	members := map[int]process{}
	for _, p := range all {
		children[p.parent] = append(children[p.parent], p)
		if p.pid == root || p.session == root || p.group == root {
			members[p.pid] = p
		}
	}
	queue := make([]process, 0, len(members))
	for _, p := range members {
		queue = append(queue, p)
	}
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		for _, c := range children[p.pid] {
			if _, known := members[c.pid]; !known {
				members[c.pid] = c
				queue = append(queue, c)
			}
		}
	}
	list := make([]process, 0, len(members))
	for _, p := range members {
		list = append(list, p)
	}
	return list
}
