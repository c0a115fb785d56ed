// Package process starts and supervises operating-system processes, measures their
// resource usage, and ends the processes of programs that were killed. The package proxies
// and the programs in cmd use it.
//
// On Linux it reads /proc. On other systems it reads the output of ps, which does
// not report environments, memory or sockets: the functions for these return
// nothing, or an error where the caller has to report that a value is missing.
package process

import (
	"bytes"
	"strings"
	"time"
)

// An Info describes a process as the table of processes reports it.
type Info struct {
	PID      int
	Parent   int
	Group    int
	Session  int           // 0 where the system does not report it
	State    string        // first letter of the state that ps prints, which is that of the first thread
	Threads  int           // threads that have not ended; 0 where the system does not report it
	Start    Stamp         // identifies the process together with PID
	CPU      time.Duration // 0 where the system does not report it
	ChildCPU time.Duration // of children that have ended and have been waited for
}

// Ended reports whether the process has ended. A process that has ended stays in
// the table until its parent has waited for it. The first thread can end before the
// others, which hold the files and sockets of the process until they end.
func (p Info) Ended() bool { return (p.State == "Z" || p.State == "X") && p.Threads <= 1 }

// Older reports whether p was started before q. It returns false where start times
// cannot be compared.
func (p Info) Older(q Info) bool { return p.Start.ticks() < q.Start.ticks() }

// Alive reports whether the process with this number and this start time has not
// ended. The result has a meaning only if the stamp is local.
func Alive(pid int, start Stamp) bool {
	p, found := Find(pid)
	return found && !p.Ended() && p.Start == start
}

// Family returns the processes that are root, belong to its session or its group,
// or descend from one of these. The process root comes first if all contains it.
func Family(all []Info, root int) []Info {
	var list []Info
	known := map[int]bool{}
	add := func(p Info) {
		if !known[p.PID] {
			known[p.PID] = true
			list = append(list, p)
		}
	}
	children := map[int][]Info{}
	for _, p := range all {
		children[p.Parent] = append(children[p.Parent], p)
		if p.PID == root {
			add(p)
		}
	}
	for _, p := range all {
		if p.Session == root || p.Group == root {
			add(p)
		}
	}
	for n := 0; n < len(list); n++ {
		for _, child := range children[list[n].PID] {
			add(child)
		}
	}
	return list
}

// PIDs returns the numbers of a process and of the members of its family that have
// not ended, that process first. It returns nil if the process itself has ended.
func PIDs(root int) []int {
	all, err := List()
	if err != nil {
		return nil
	}
	var pids []int
	for _, p := range Family(all, root) {
		if !p.Ended() {
			pids = append(pids, p.PID)
		}
	}
	if len(pids) == 0 || pids[0] != root {
		return nil
	}
	return pids
}

// leaders returns the processes of a list that lead a process group.
func leaders(list []Info) []Info {
	var lead []Info
	for _, p := range list {
		if p.PID == p.Group {
			lead = append(lead, p)
		}
	}
	return lead
}

// HasMark reports whether a process was started with the assignment NAME=value in
// its environment. Only processes of the same user can be read.
func HasMark(pid int, assignment string) bool {
	return bytes.Contains(environment(pid), []byte("\x00"+assignment+"\x00"))
}

// RunMark returns the mark of the run that started a process, or "" if the process
// has none or cannot be read.
func RunMark(pid int) string {
	for _, assignment := range strings.Split(string(environment(pid)), "\x00") {
		if strings.HasPrefix(assignment, markName+"=") {
			return assignment
		}
	}
	return ""
}

// Kill kills a process. It does not kill another process that has got the same number.
func Kill(p Info) { send(p, killSignal) }
