package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"countersign/proxies/process"
	"countersign/steps/report"
)

// sampleInterval is the interval at which memory is read. The reported peak is the
// highest sample; a higher value between two samples is not seen.
const sampleInterval = time.Second

// serverLabel names the server under test in the journal and in notes.
const serverLabel = "server under test"

// A usageMeter measures the processor time and the memory of all processes of a run.
// It records which values cannot be measured on this machine.
type usageMeter struct {
	run  *process.Run
	quit chan struct{}
	done chan struct{}

	mu        sync.Mutex
	started   time.Time
	instances []*instance
	proxies   []*proxyUsage
	peak      int64
	missing   map[string]bool
}

// A proxyUsage is the usage of one proxy, which runs as processes or in a container.
type proxyUsage struct {
	kind  string
	roots []int
	cpu   time.Duration
}

func newUsageMeter(run *process.Run) *usageMeter {
	m := &usageMeter{
		run: run, quit: make(chan struct{}), done: make(chan struct{}),
		started: time.Now(), missing: map[string]bool{},
	}
	go m.watch()
	return m
}

func (m *usageMeter) watch() {
	defer close(m.done)
	ticker := time.NewTicker(sampleInterval)
	defer ticker.Stop()
	for {
		m.sample()
		select {
		case <-ticker.C:
		case <-m.quit:
			return
		}
	}
}

// stop ends the sampling. It must be called once, before the last process exits.
func (m *usageMeter) stop() {
	close(m.quit)
	<-m.done
}

func (m *usageMeter) addInstance(i *instance) {
	if p, ok := process.Find(i.PID()); ok {
		m.run.Note(serverLabel, p)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.instances = append(m.instances, i)
}

// addProxy adds a proxy with its root processes. There are none if the container does
// not run on this machine.
func (m *usageMeter) addProxy(kind string, roots []int) {
	for _, pid := range roots {
		if p, ok := process.Find(pid); ok {
			m.run.Note(kind, p)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(roots) == 0 {
		m.missing[kind+" (its processes do not run on this machine)"] = true
	}
	m.proxies = append(m.proxies, &proxyUsage{kind: kind, roots: roots})
}

// sample reads the memory of the running processes. It writes processes that the
// servers and proxies have started since the last sample to the journal of the run.
func (m *usageMeter) sample() {
	all, err := process.List()
	if err != nil {
		m.noteMissing("everything except the suite (" + err.Error() + ")")
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	sum := m.memoryOf("suite", os.Getpid())
	for _, i := range m.instances {
		select {
		case <-i.Exited():
			continue
		default:
		}
		sum += m.memoryOfAll(serverLabel, process.Family(all, i.PID()))
	}
	for _, p := range m.proxies {
		sum += m.proxyMemory(all, p)
	}
	m.peak = max(m.peak, sum)
}

// proxyMemory returns the memory of a proxy. If the processes belong to another user,
// they cannot be read one by one, and it reads the control group of the container.
func (m *usageMeter) proxyMemory(all []process.Info, p *proxyUsage) int64 {
	if len(p.roots) > 0 {
		if _, err := process.Memory(p.roots[0]); os.IsPermission(err) {
			if used, ok := process.ContainerMemory(p.roots[0]); ok {
				return used
			}
		}
	}
	return m.memoryOfAll(p.kind, p.members(all))
}

// members returns the processes of a proxy without duplicates: a root process may
// belong to the family of another root process.
func (p *proxyUsage) members(all []process.Info) []process.Info {
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

func (m *usageMeter) memoryOfAll(what string, members []process.Info) (sum int64) {
	m.run.Note(what, members...)
	for _, p := range members {
		sum += m.memoryOf(what, p.PID)
	}
	return sum
}

// memoryOf returns the memory of a process: 0 if it has exited or cannot be read. In
// the second case it records the missing value. The caller holds m.mu.
func (m *usageMeter) memoryOf(what string, pid int) int64 {
	bytes, err := process.Memory(pid)
	switch {
	case err == nil:
		return bytes
	case os.IsPermission(err):
		m.missing[fmt.Sprintf("memory of %s (not readable by this user)", what)] = true
	case what == "suite":
		m.missing[fmt.Sprintf("memory (%v)", err)] = true
	}
	return 0
}

func (m *usageMeter) noteMissing(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.missing[what] = true
}

// finishProxy records the processor time of a proxy. It must be called before the
// proxy is stopped, because the system does not report the time afterwards.
func (m *usageMeter) finishProxy(kind string) {
	all, err := process.List()
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.proxies {
		if p.kind != kind {
			continue
		}
		p.cpu = 0
		for _, member := range p.members(all) {
			p.cpu += member.CPU + member.ChildCPU
		}
	}
}

// fill writes the measured values into a report. The provider runs in the process of
// the suite and is counted there. The notes name the values that are missing.
func (m *usageMeter) fill(u *report.Usage) (notes []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u.Wall = time.Since(m.started)
	u.CPU.Suite = process.OwnCPU()
	for _, i := range m.instances {
		u.CPU.Subjects += i.CPU()
	}
	for _, p := range m.proxies {
		u.CPU.Proxies += p.cpu
	}
	u.PeakMemory = m.peak
	for what := range m.missing {
		notes = append(notes, what)
	}
	return notes
}
