package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"

	"countersign/fakeidp/control"
	"countersign/proxies"
	"countersign/proxies/installed"
	"countersign/proxies/process"
	"countersign/proxies/upstream"
	"countersign/steps"
	"countersign/steps/target"
)

// equipment implements steps.Equipment: it starts proxies, the OAuth provider and
// processes of the server under test. It is safe for concurrent use.
type equipment struct {
	target    target.Target
	runner    string
	run       *process.Run
	installed *installed.Configuration // the configuration of an installation under test, nil if there is none
	launcher  *launcher
	provider  *provider
	usage     *usageMeter

	mu        sync.Mutex
	instances []*instance
	proxies   []*proxies.Running
	upstreams []*upstream.Server
	stranger  *stranger // the proxy under test that the command of the target starts, nil if there is none
}

var _ steps.Equipment = (*equipment)(nil)

// newEquipment starts the provider. The methods start proxies and instances.
func newEquipment(t target.Target, runner string, run *process.Run) (*equipment, error) {
	p, err := startSuiteProvider(t)
	if err != nil {
		return nil, err
	}
	e := &equipment{target: t, runner: runner, run: run, launcher: &launcher{}, provider: p}
	e.usage = newUsageMeter(run)
	return e, nil
}

// startSuiteProvider starts the provider on a loopback address that the server under
// test does not use, so that a cookie for one host is not sent to the other. If the
// machine has 127.0.0.1 only, as macOS does, the two differ by the port.
func startSuiteProvider(t target.Target) (*provider, error) {
	if r := t.Running; r != nil && r.Listen != "" {
		return startProvider(r.Listen, "127.0.0.1:0", r.ProviderURL)
	}
	host := "127.0.0.2"
	if !canBind(host) {
		host = "127.0.0.1"
	}
	return startProvider(net.JoinHostPort(host, "0"), net.JoinHostPort(host, "0"), "")
}

func canBind(host string) bool {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return false
	}
	l.Close()
	return true
}

func (e *equipment) Provider() control.Client { return e.provider.client }

func (e *equipment) ProviderURL() string { return e.provider.url }

func (e *equipment) Fronts(ctx context.Context, kind string, specs []steps.FrontSpec) (func(context.Context) error, error) {
	listeners := make([]proxies.Listener, 0, len(specs))
	for _, s := range specs {
		listeners = append(listeners, proxies.Listener{
			ID: s.ID, Flavour: s.Flavour, Listen: s.Listen, HTTP2: s.HTTP2, Prefix: s.Prefix, Upstream: s.Upstream,
			Headers: proxies.HeaderNames(s.Headers), GroupsSeparator: s.GroupsSeparator, Gate: s.Gate,
		})
	}
	fault, err := e.fault(kind)
	if err != nil {
		return nil, err
	}
	running, err := proxies.Start(ctx, proxies.Options{
		Kind: proxies.Kind(kind), Runner: e.runner, Listeners: listeners, Dir: filepath.Join(e.run.Path, kind),
		Installation: installation(), Fault: fault,
	})
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.proxies = append(e.proxies, running)
	e.mu.Unlock()
	e.usage.addProxy(kind, running.PIDs())
	return func(ctx context.Context) error {
		e.usage.finishProxy(kind)
		return running.Stop(ctx)
	}, nil
}

// fault returns the deliberate mistake in the configuration of a proxy under test, or nil.
func (e *equipment) fault(kind string) (*proxies.Fault, error) {
	if e.target.Proxy == nil || e.target.Proxy.Fault == "" {
		return nil, nil
	}
	f, err := proxies.FindFault(proxies.Kind(kind), e.target.Proxy.Fault)
	return &f, err
}

func (e *equipment) Launch(_ context.Context, spec steps.InstanceSpec) (steps.Instance, error) {
	if e.target.Launch == nil {
		return nil, fmt.Errorf("launch %s: the target %s describes a running server and defines no launch command", spec.ID, e.target.Name)
	}
	i, err := e.launcher.startInstance(e.target.Launch, spec, e.run.Mark)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.instances = append(e.instances, i)
	e.mu.Unlock()
	e.usage.addInstance(i)
	return i, nil
}

// close stops the instances, the proxies and the provider. It may be called after an
// error of any kind.
func (e *equipment) close(ctx context.Context) error {
	e.usage.stop()
	e.mu.Lock()
	instances, running, upstreams, proxy := e.instances, e.proxies, e.upstreams, e.stranger
	e.mu.Unlock()

	problems := make(chan error, len(instances)+len(running))
	for _, i := range instances {
		go func() { problems <- i.Stop(ctx) }()
	}
	for _, r := range running {
		go func() { problems <- r.Stop(ctx) }()
	}
	var all []error
	for range cap(problems) {
		all = append(all, <-problems)
	}
	if proxy != nil {
		all = append(all, proxy.stop(ctx))
	}
	for _, u := range upstreams {
		all = append(all, u.Close())
	}
	all = append(all, e.provider.stop())
	return errors.Join(all...)
}

// killAll kills the processes of the run without waiting for them, for the second
// Ctrl-C. The next run removes processes that are left.
func (e *equipment) killAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, i := range e.instances {
		i.Kill()
	}
	if e.stranger != nil && e.stranger.child != nil {
		e.stranger.child.Kill()
	}
	left, _ := e.run.Marked() // after an error, the next run removes the processes
	for _, p := range left {
		process.Kill(p)
	}
	for _, r := range e.proxies {
		select {
		case <-r.Exited(): // the process ids may belong to other processes
			continue
		default:
		}
		for _, pid := range r.PIDs() {
			if p, ok := process.Find(pid); ok {
				process.Kill(p)
			}
		}
	}
}

// outputs returns the files with the standard output and standard error of the
// instances.
func (e *equipment) outputs() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var files []string
	for _, i := range e.instances {
		files = append(files, i.output)
	}
	return unique(files)
}

// unique returns the strings of a list without duplicates, in the order of the list.
func unique(list []string) []string {
	seen := map[string]bool{}
	var once []string
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			once = append(once, s)
		}
	}
	return once
}
