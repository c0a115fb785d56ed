package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"countersign/proxies/process"
	"countersign/steps/report"
)

// lookEvery is how often memory is read. A peak between two looks is missed:
// what is reported is the highest seen.
const lookEvery = time.Second

// An accountant adds up the processor time and watches the memory of all that
// a run started. What the machine does not show is left out, and named.
type accountant struct {
	run  *process.Run
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

func newAccountant(run *process.Run) *accountant {
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
	if p, ok := process.Find(i.PID()); ok {
		a.run.Note("subject", p)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.subjects = append(a.subjects, i)
}

// addProxy takes the processes at the root of a proxy. A container whose
// processes are not of this machine has none that can be seen.
func (a *accountant) addProxy(kind string, roots []int) {
	for _, pid := range roots {
		if p, ok := process.Find(pid); ok {
			a.run.Note(kind, p)
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
	all, err := process.List()
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
		sum += a.memoryOfAll("subject", process.Family(all, i.PID()))
	}
	for _, p := range a.proxies {
		sum += a.proxyMemory(all, p)
	}
	a.peak = max(a.peak, sum)
}

// proxyMemory asks the control group of a container whose processes belong to
// another user and so cannot be read one by one.
func (a *accountant) proxyMemory(all []process.Info, p *proxyAccount) int64 {
	if len(p.roots) > 0 {
		if _, err := process.Memory(p.roots[0]); os.IsPermission(err) {
			if used, ok := process.ContainerMemory(p.roots[0]); ok {
				return used
			}
		}
	}
	return a.memoryOfAll(p.kind, p.members(all))
}

// members are the processes of a proxy, each once: a root may belong to the
// family of another.
func (p *proxyAccount) members(all []process.Info) []process.Info {
	seen := map[int]bool{}
	var list []process.Info
	for _, root := range p.roots {
		for _, m := range process.Family(all, root) {
			if !seen[m.PID] {
				seen[m.PID] = true
				list = append(list, m)
			}
		}
	}
	return list
}

func (a *accountant) memoryOfAll(what string, members []process.Info) (sum int64) {
	a.run.Note(what, members...)
	for _, p := range members {
		sum += a.memoryOf(what, p.PID)
	}
	return sum
}

// memoryOf needs a.mu. A process that has just ended takes no memory; one that
// may not be read is missing from the sum, and that is said.
func (a *accountant) memoryOf(what string, pid int) int64 {
	bytes, err := process.Memory(pid)
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
	all, err := process.List()
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
			p.cpu += member.CPU + member.ChildCPU
		}
	}
}

// fill writes what was measured into a report. The provider runs inside the
// suite's process and is counted with it. notes says what is missing.
func (a *accountant) fill(u *report.Usage) (notes []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	u.Wall = time.Since(a.started)
	u.CPU.Suite = process.OwnCPU()
	for _, i := range a.subjects {
		u.CPU.Subjects += i.CPU()
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
