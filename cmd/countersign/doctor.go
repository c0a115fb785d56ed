package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"countersign/proxies"
	"countersign/steps/plan"
	"countersign/steps/target"
)

// A finding is the result of one check. If a check that is needed fails, a run cannot
// start.
type finding struct {
	name   string
	ok     bool
	needed bool
	detail string // the value that was found, or why the check failed
	remedy string // what to do if the check failed
}

// dependencies describe what a run needs of the machine.
type dependencies struct {
	runner   string
	fronts   []string
	programs *programFinder
	race     bool
	target   target.Target
	builtin  bool // the target is the reference server
}

func newDoctor() *cobra.Command {
	var f runFlags
	var start bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check whether this machine can run the suite",
		Long: `Checks whether "countersign run" with the same flags can start, and prints what to
do if something is missing. The exit code is 2 if such a run cannot start. The
command installs, builds and changes nothing. With --start it starts the target,
uses it once and stops it.`,
		Example: `  countersign doctor
  countersign doctor --front direct
  countersign doctor --runner process --target mine.yaml
  countersign doctor --target mine.yaml --start`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.config()
			if err := errors.Join(err, checkFronts(f.fronts)); err != nil {
				return err
			}
			s, err := newProgramFinder(f.race)
			if err != nil {
				return err
			}
			fronts := f.fronts
			switch {
			case f.seat.config.found != nil:
				fronts = []string{f.seat.config.found.Kind}
			case c.Target.Proxy != nil:
				fronts = c.Target.Proxy.Kinds
			case len(fronts) == 0:
				fronts = plan.Fronts
			}
			d := dependencies{runner: f.runner, fronts: fronts, programs: s, race: f.race, target: c.Target, builtin: f.builtin()}
			found := d.check(cmd.Context())
			writeFindings(cmd.OutOrStdout(), found)
			if missing(found) != nil {
				return &exitError{code: exitNotStarted, err: errors.New("a run with these flags cannot start; the lines marked MISSING say what to do")}
			}
			if start {
				contact := f.firstContact(cmd)
				writeFindings(cmd.OutOrStdout(), []finding{contact})
				if !contact.ok {
					return &exitError{code: exitNotStarted, err: errors.New("a run with these flags would be blocked; the line \"first contact\" says what to do")}
				}
			}
			fmt.Fprintln(cmd.OutOrStdout(), "\na run with these flags can start")
			return nil
		},
	}
	f.timeout = 2 * time.Minute // the limit of --start; doctor has no flag for it
	cmd.Flags().BoolVar(&start, "start", false, "also start the target: wait for its answer, sign in, create an API key, deploy the probe and visit it")
	f.registerDependencies(cmd)
	return cmd
}

func checkFronts(fronts []string) error {
	var wrong problems
	for _, f := range fronts {
		if !plan.IsFront(f) {
			wrong.add("--front %q is not known; use any of %s", f, strings.Join(plan.Fronts, ", "))
		}
	}
	return wrong.err()
}

// check runs all checks.
func (d dependencies) check(ctx context.Context) []finding {
	found := d.checkPrograms(ctx)
	found = append(found, d.checkProxies(ctx)...)
	return append(found, checkAddress(connects), d.checkProviderAddress(), d.checkPorts(), d.checkRunsFolder(), d.checkTarget(), checkClock())
}

// checkPrograms looks for the other programs and for the Go toolchain.
func (d dependencies) checkPrograms(ctx context.Context) []finding {
	var all []finding
	toolNeeded := false
	for _, name := range []string{serverProgram, probeProgram} {
		path, installed := d.programs.installed(name)
		needed := d.builtin || name == probeProgram && d.target.Launch.UsesProbe()
		f := finding{name: name, needed: needed, ok: true, detail: path}
		switch {
		case installed:
		case d.programs.checkout != "":
			f.detail = "a run builds it from " + d.programs.checkout
			toolNeeded = toolNeeded || needed
		default:
			f.ok, f.detail = false, "not in the folder of this program, and the working folder is not in a checkout"
			f.remedy = "run this program in a checkout, or run `make build` in a checkout and use bin/countersign"
		}
		all = append(all, f)
	}
	if d.programs.checkout == "" {
		return all
	}
	tool := finding{name: "go", needed: toolNeeded}
	tool.ok, tool.detail = goVersion(ctx, d.programs.checkout)
	tool.remedy = "install Go from https://go.dev/dl"
	all = append(all, tool)
	if d.race {
		cc, err := exec.LookPath(cmp.Or(os.Getenv("CC"), "gcc"))
		all = append(all, finding{name: "C compiler", needed: true, ok: err == nil, detail: cmp.Or(cc, "not found"), remedy: "the race detector needs a C compiler: apt-get install gcc libc6-dev"})
	}
	return all
}

func goVersion(ctx context.Context, dir string) (ok bool, version string) {
	cmd := exec.CommandContext(ctx, "go", "version")
	cmd.Dir = dir // go.mod of the checkout selects the toolchain
	raw, err := cmd.Output()
	if err != nil {
		return false, "not found or not working: " + err.Error()
	}
	return true, strings.TrimSpace(string(raw))
}

// checkProxies returns the findings of package proxies about images and programs, and
// a finding for each front that says whether it can start. Only the latter are needed:
// with the runner auto, one of containers and processes is enough.
func (d dependencies) checkProxies(ctx context.Context) []finding {
	var all []finding
	for _, front := range d.fronts {
		if front == plan.Direct {
			continue
		}
		kind := proxies.Kind(front)
		var remedies []string
		for _, p := range proxies.Check(ctx, kind, d.runner, installation()) {
			f := finding{name: p.Name, ok: p.OK, detail: p.Detail, remedy: p.Remedy}
			if !slices.Contains(all, f) { // both kinds use the same engine and image
				all = append(all, f)
			}
			if !p.OK {
				remedies = append(remedies, p.Remedy)
			}
		}
		chosen, reason, err := proxies.Usable(ctx, kind, d.runner, installation())
		front := finding{name: "front " + front, needed: true, ok: err == nil, detail: fmt.Sprintf("runs as %s (%s)", chosen, reason)}
		if err != nil {
			front.detail, front.remedy = err.Error(), strings.Join(unique(remedies), "; or: ")
		}
		all = append(all, front)
	}
	return all
}

// checkAddress checks 127.0.0.1, on which instances and proxies listen. connects returns
// an error unless a listener at a host accepts connections.
func checkAddress(connects func(host string) error) finding {
	f := finding{name: "127.0.0.1", needed: true, ok: true, detail: "accepts connections; instances and proxies listen there"}
	err := connects("127.0.0.1")
	switch {
	case err == nil:
	case connects("::1") == nil:
		f.ok, f.detail = false, fmt.Sprintf("%v; this machine has only the loopback address of IPv6", err)
		f.remedy = "add the IPv4 address to the loopback interface: ip address add 127.0.0.1/8 dev lo"
	default:
		f.ok, f.detail = false, fmt.Sprintf("%v; the loopback interface may be down", err)
		f.remedy = "start the interface: ip link set lo up"
	}
	return f
}

// connects returns an error unless a connection to a listener at the host succeeds.
func connects(host string) error {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return err
	}
	defer l.Close()
	conn, err := net.DialTimeout("tcp", l.Addr().String(), 2*time.Second)
	if err != nil {
		return err
	}
	return conn.Close()
}

// checkProviderAddress checks the address on which the provider listens.
func (d dependencies) checkProviderAddress() finding {
	f := finding{name: "127.0.0.2", ok: canBind("127.0.0.2"), detail: "can be bound; the provider listens there"}
	if !f.ok {
		f.detail = "cannot be bound; the provider listens on 127.0.0.1 with a port of its own"
		if runtime.GOOS == "darwin" {
			f.remedy = "to give the provider a host of its own: sudo ifconfig lo0 alias 127.0.0.2"
		}
	}
	return f
}

// checkPorts reserves as many ports as a full run needs, and releases them.
func (d dependencies) checkPorts() finding {
	const needed = 200
	r, err := plan.Reserve(needed)
	if err != nil {
		return finding{name: "ports", needed: true, detail: err.Error(), remedy: "stop the processes that listen there"}
	}
	defer r.Release()
	return finding{name: "ports", needed: true, ok: true, detail: fmt.Sprintf("%d free ports between %d and %d", len(r.Ports), slices.Min(r.Ports), slices.Max(r.Ports))}
}

// checkRunsFolder checks the folder in which runs keep data and logs.
func (d dependencies) checkRunsFolder() finding {
	base, err := runsFolder()
	if err != nil {
		return finding{name: "folder for runs", needed: true, detail: err.Error(), remedy: "set TMPDIR to a folder that only you can write"}
	}
	return finding{name: "folder for runs", needed: true, ok: true, detail: base}
}

// checkTarget checks the program or the address of the target.
func (d dependencies) checkTarget() finding {
	f := finding{name: "target", needed: true, ok: true, detail: d.target.Name}
	switch {
	case d.builtin:
		f.detail += ", the reference server"
	case d.target.Proxy != nil:
		return checkProxyTarget(f, d.target.Proxy)
	case d.target.Launch != nil:
		path, err := exec.LookPath(d.target.Launch.Command[0])
		f.ok, f.detail = err == nil, f.detail+", started by "+path
		if err != nil {
			f.detail = err.Error()
			f.remedy = "launch.command in the target file must begin with a program that exists on this machine"
		}
	case d.target.Running != nil:
		address := hostPort(d.target.Running.URL)
		conn, err := net.DialTimeout("tcp", address, 5*time.Second)
		f.detail += ", running at " + d.target.Running.URL
		if f.ok = err == nil; f.ok {
			conn.Close()
		} else {
			f.detail, f.remedy = err.Error(), "start the server, or correct running.url in the target file"
		}
	}
	return f
}

// checkProxyTarget checks the program or the address of a proxy under test.
func checkProxyTarget(f finding, p *target.Proxy) finding {
	switch {
	case p.IsOwn():
		f.detail += ", proxies of this project"
	case p.IsAdapted():
		f.detail += ", a private instance of the configuration " + p.Config
	case p.URL != "":
		conn, err := net.DialTimeout("tcp", hostPort(p.URL), 5*time.Second)
		f.detail += ", running at " + p.URL
		if f.ok = err == nil; f.ok {
			conn.Close()
		} else {
			f.detail, f.remedy = err.Error(), "start the proxy, or correct proxy.url in the target file"
		}
	default:
		path, err := exec.LookPath(p.Command[0])
		f.ok, f.detail = err == nil, f.detail+", started by "+path
		if err != nil {
			f.detail, f.remedy = err.Error(), "proxy.command in the target file must begin with a program that exists on this machine"
		}
	}
	return f
}

// checkClock checks the year of the clock: with a wrong clock, every token is expired
// or not yet valid.
func checkClock() finding {
	f := finding{name: "clock", needed: true, ok: true, detail: time.Now().UTC().Format(time.RFC3339)}
	if time.Now().Year() < 2025 {
		f.ok, f.remedy = false, "set the clock: the validity of tokens and certificates depends on it"
	}
	return f
}

// missing returns an error with all needed findings that failed, or nil.
func missing(found []finding) error {
	var wrong problems
	for _, f := range found {
		if f.needed && !f.ok {
			wrong.join(withHint(fmt.Errorf("%s: %s", f.name, f.detail), "%s", f.remedy))
		}
	}
	return wrong.err()
}

func writeFindings(w io.Writer, found []finding) {
	width := 0
	for _, f := range found {
		width = max(width, len(f.name))
	}
	for _, f := range found {
		state := "ok"
		switch {
		case !f.ok && f.needed:
			state = "MISSING"
		case !f.ok:
			state = "absent"
		}
		fmt.Fprintf(w, "%-9s  %-*s  %s\n", state, width, f.name, f.detail)
		if !f.ok && f.remedy != "" {
			fmt.Fprintf(w, "%-9s  %-*s  -> %s\n", "", width, "", f.remedy)
		}
	}
}

// hostPort returns the address at which the server of a URL listens.
func hostPort(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	if u.Port() != "" {
		return u.Host
	}
	if u.Scheme == "https" {
		return net.JoinHostPort(u.Hostname(), "443")
	}
	return net.JoinHostPort(u.Hostname(), "80")
}
