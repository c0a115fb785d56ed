package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"countersign/steps/report"
)

// lookEvery is how often memory is read. A peak between two looks is missed:
// what is reported is the highest seen.
const lookEvery = time.Second

// An accountant adds up the processor time and watches the memory of all that
// a run started. What the machine does not show is left out, and named.
type accountant struct {
	run  *runDir
	quit chan struct{}
	done chan struct{}

	mu       sync.Mutex
	started  time.Time
	subjects []*instance
	proxies  []*proxyAccount
	peak     int64
	missing  map[string]bool
}

// A proxyAccount is one proxy: the processes at its root, in a container or not.
type proxyAccount struct {
	kind  string
	roots []int
	cpu   time.Duration
}

func newAccountant(run *runDir) *accountant {
	a := &accountant{
		run: run, quit: make(chan struct{}), done: make(chan struct{}),
		started: time.Now(), missing: map[string]bool{},
	}
	go a.watch()
	return a
}

func (a *accountant) watch() {
	defer close(a.done)
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		a.look()
		select {
		case <-ticker.C:
		case <-a.quit:
			return
		}
	}
}

// stop ends the watching; to be called once, before the last process ends.
func (a *accountant) stop() {
	close(a.quit)
	<-a.done
}

func (a *accountant) addSubject(i *instance) {
	if p, ok := readProcess(i.PID()); ok {
		a.run.note("subject", p)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.subjects = append(a.subjects, i)
}

// addProxy takes the processes at the root of a proxy. A container whose
// processes are not of this machine has none that can be seen.
func (a *accountant) addProxy(kind string, roots []int) {
	for _, pid := range roots {
		if p, ok := readProcess(pid); ok {
			a.run.note(kind, p)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(roots) == 0 {
		a.missing[kind+" (its processes are not of this machine)"] = true
	}
	a.proxies = append(a.proxies, &proxyAccount{kind: kind, roots: roots})
}

// look reads the memory of everything alive, and writes into the run's journal
// what subjects and proxies have started since.
func (a *accountant) look() {
	all, err := processes()
	if err != nil {
		a.miss("everything but the suite (" + err.Error() + ")")
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	sum := a.memoryOf("suite", os.Getpid())
	for _, i := range a.subjects {
		select {
		case <-i.Exited():
			continue
		default:
		}
		sum += a.memoryOfAll("subject", family(all, i.PID()))
	}
	for _, p := range a.proxies {
		sum += a.proxyMemory(all, p)
	}
	a.peak = max(a.peak, sum)
}

// proxyMemory asks the control group of a container whose processes belong to
// another user and so cannot be read one by one.
func (a *accountant) proxyMemory(all []process, p *proxyAccount) int64 {
	if len(p.roots) > 0 {
		if _, err := memory(p.roots[0]); os.IsPermission(err) {
			if used, ok := cgroupMemory(p.roots[0]); ok {
				return used
			}
		}
	}
	return a.memoryOfAll(p.kind, p.members(all))
}

// members are the processes of a proxy, each once: a root may belong to the
// family of another.
func (p *proxyAccount) members(all []process) []process {
	seen := map[int]bool{}
	var list []process
	for _, root := range p.roots {
		for _, m := range family(all, root) {
			if !seen[m.pid] {
				seen[m.pid] = true
				list = append(list, m)
			}
		}
	}
	return list
}

func (a *accountant) memoryOfAll(what string, members []process) (sum int64) {
	a.run.note(what, members...)
	for _, p := range members {
		sum += a.memoryOf(what, p.pid)
	}
	return sum
}

// memoryOf needs a.mu. A process that has just ended takes no memory; one that
// may not be read is missing from the sum, and that is said.
func (a *accountant) memoryOf(what string, pid int) int64 {
	bytes, err := memory(pid)
	switch {
	case err == nil:
		return bytes
	case os.IsPermission(err):
		a.missing[fmt.Sprintf("memory of %s (not readable by this user)", what)] = true
	case what == "suite":
		a.missing[fmt.Sprintf("memory (%v)", err)] = true
	}
	return 0
}

func (a *accountant) miss(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.missing[what] = true
}

// closeProxy adds up what a proxy has used; to be called before it is stopped,
// since nobody reports it after.
func (a *accountant) closeProxy(kind string) {
	all, err := processes()
	if err != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.proxies {
		if p.kind != kind {
			continue
		}
		p.cpu = 0
		for _, member := range p.members(all) {
			p.cpu += member.cpu + member.waits
		}
	}
}

// fill writes what was measured into a report. The provider runs inside the
// suite's process and is counted with it. notes says what is missing.
func (a *accountant) fill(u *report.Usage) (notes []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	u.Wall = time.Since(a.started)
	u.CPU.Suite = ownCPU()
	for _, i := range a.subjects {
		u.CPU.Subjects += i.cpu()
	}
	for _, p := range a.proxies {
		u.CPU.Proxies += p.cpu
	}
	u.PeakMemory = a.peak
	for what := range a.missing {
		notes = append(notes, what)
	}
	return notes
}

// ownCPU is what this process has used, without its children.
func ownCPU() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// cgroupMemory is the anonymous memory of the container that a process is in:
// pages of files that it has read are the machine's cache, not its own.
func cgroupMemory(pid int) (int64, bool) {
	dir, ok := cgroupOf(pid)
	if !ok {
		return 0, false
	}
	raw, err := os.ReadFile(filepath.Join(dir, "memory.stat"))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(raw)) {
		f := strings.Fields(line)
		if len(f) == 2 && (f[0] == "anon" || f[0] == "total_rss") { // version 2, version 1
			n, err := strconv.ParseInt(f[1], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
