package main

import (
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

// A finding is one thing that was looked at. What is needed and missing keeps
// a run from starting; what is not needed is shown all the same.
type finding struct {
	what   string
	ok     bool
	needed bool
	found  string
	todo   string // what to do where it is missing
}

// A ground is what a run stands on: which parts of a machine it needs.
type ground struct {
	runner   string
	fronts   []string
	siblings *siblings
	race     bool
	target   target.Target
	builtin  bool // the target is the reference server
}

func newDoctor() *cobra.Command {
	var f runFlags
	var start bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check what a run needs of this machine, and say what to do",
		Long: `Checks what "countersign run" with the same flags would need. Exit code 2 where
such a run would not start. Nothing is installed, built or changed; with --start
the target is started, used once and stopped.`,
		Example: `  countersign doctor
  countersign doctor --front direct
  countersign doctor --runner process --target mine.yaml
  countersign doctor --target mine.yaml --start`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.config()
			if err := errors.Join(err, frontsWanted(f.fronts)); err != nil {
				return err
			}
			s, err := findSiblings(f.race)
			if err != nil {
				return err
			}
			fronts := f.fronts
			if len(fronts) == 0 {
				fronts = plan.Fronts
			}
			g := ground{runner: f.runner, fronts: fronts, siblings: s, race: f.race, target: c.Target, builtin: f.builtin()}
			found := g.check(cmd.Context())
			writeFindings(cmd.OutOrStdout(), found)
			if missing(found) != nil {
				return &exitError{code: exitNotStarted, err: errors.New("a run with these flags would not start")}
			}
			if start {
				contact := f.firstContact(cmd)
				writeFindings(cmd.OutOrStdout(), []finding{contact})
				if !contact.ok {
					return &exitError{code: exitNotStarted, err: errors.New("a run with these flags would be blocked")}
				}
			}
			fmt.Fprintln(cmd.OutOrStdout(), "\na run with these flags can start")
			return nil
		},
	}
	f.timeout = 2 * time.Minute // not a flag here: it bounds --start
	cmd.Flags().BoolVar(&start, "start", false, "start the target too: wait for its answer, sign in, make a key, deploy the probe and visit it")
	f.registerGround(cmd)
	return cmd
}

func frontsWanted(fronts []string) error {
	var wrong problems
	for _, f := range fronts {
		if !plan.IsFront(f) {
			wrong.add("--front %q is not known; use any of %s", f, strings.Join(plan.Fronts, ", "))
		}
	}
	return wrong.err()
}

// check looks at everything.
func (g ground) check(ctx context.Context) []finding {
	found := g.programs(ctx)
	found = append(found, g.proxies(ctx)...)
	return append(found, address(connects), g.loopback(), g.ports(), g.folder(), g.subject(), clock())
}

// programs are the Go toolchain and the siblings, where the target needs them.
func (g ground) programs(ctx context.Context) []finding {
	var all []finding
	toolNeeded := false
	for _, name := range []string{serverProgram, probeProgram} {
		path, beside := g.siblings.beside(name)
		needed := g.builtin || name == probeProgram && g.target.Launch.UsesProbe()
		f := finding{what: name, needed: needed, ok: true, found: path}
		switch {
		case beside:
		case g.siblings.checkout != "":
			f.found = "will be built from " + g.siblings.checkout
			toolNeeded = toolNeeded || needed
		default:
			f.ok, f.found = false, "not beside this program, and this is no checkout"
			f.todo = "run in a checkout, or `make build` there and use bin/countersign"
		}
		all = append(all, f)
	}
	if g.siblings.checkout == "" {
		return all
	}
	tool := finding{what: "go", needed: toolNeeded}
	tool.ok, tool.found = goVersion(ctx, g.siblings.checkout)
	tool.todo = "install Go from https://go.dev/dl"
	all = append(all, tool)
	if g.race {
		cc, err := exec.LookPath(or(os.Getenv("CC"), "gcc"))
		all = append(all, finding{what: "C compiler", needed: true, ok: err == nil, found: or(cc, "none"), todo: "the race detector needs one: apt-get install gcc libc6-dev"})
	}
	return all
}

func goVersion(ctx context.Context, dir string) (ok bool, found string) {
	cmd := exec.CommandContext(ctx, "go", "version")
	cmd.Dir = dir // the checkout's go.mod decides about the toolchain
	raw, err := cmd.Output()
	if err != nil {
		return false, "not found or not working: " + err.Error()
	}
	return true, strings.TrimSpace(string(raw))
}

// proxies asks the proxies' own check, which knows images and programs. What it
// finds is shown; whether a front can start is what counts, since with the
// runner auto one way of two is enough.
func (g ground) proxies(ctx context.Context) []finding {
	var all []finding
	for _, front := range g.fronts {
		if front == plan.Direct {
			continue
		}
		kind := proxies.Kind(front)
		var todo []string
		for _, p := range proxies.Check(ctx, kind, g.runner) {
			f := finding{what: p.Name, ok: p.OK, found: p.Detail, todo: p.Remedy}
			if !slices.Contains(all, f) { // both kinds share engine and image
				all = append(all, f)
			}
			if !p.OK {
				todo = append(todo, p.Remedy)
			}
		}
		chosen, reason, err := proxies.Usable(ctx, kind, g.runner)
		front := finding{what: "front " + front, needed: true, ok: err == nil, found: fmt.Sprintf("will run as %s (%s)", chosen, reason)}
		if err != nil {
			front.found, front.todo = err.Error(), strings.Join(unique(todo), "; or: ")
		}
		all = append(all, front)
	}
	return all
}

// address looks for 127.0.0.1, on which instances and proxies listen. connects returns
// an error unless a listener at a host accepts connections.
func address(connects func(host string) error) finding {
	f := finding{what: "127.0.0.1", needed: true, ok: true, found: "accepts connections: instances and proxies listen there"}
	err := connects("127.0.0.1")
	switch {
	case err == nil:
	case connects("::1") == nil:
		f.ok, f.found = false, fmt.Sprintf("%v; this machine has the loopback address of IPv6 only", err)
		f.todo = "give the loopback interface the address of IPv4: ip address add 127.0.0.1/8 dev lo"
	default:
		f.ok, f.found = false, fmt.Sprintf("%v; the loopback interface may be down", err)
		f.todo = "set it up: ip link set lo up"
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

// loopback says where the provider will listen.
func (g ground) loopback() finding {
	f := finding{what: "127.0.0.2", ok: canBind("127.0.0.2"), found: "can be bound: the provider listens there"}
	if !f.ok {
		f.found = "cannot be bound: the provider will listen on 127.0.0.1, on a port of its own"
		if runtime.GOOS == "darwin" {
			f.todo = "sudo ifconfig lo0 alias 127.0.0.2, if the provider shall have a host of its own"
		}
	}
	return f
}

// ports takes as many as a full run does, and gives them back.
func (g ground) ports() finding {
	const enough = 200
	r, err := plan.Reserve(enough)
	if err != nil {
		return finding{what: "ports", needed: true, found: err.Error(), todo: "end what listens there"}
	}
	defer r.Release()
	return finding{what: "ports", needed: true, ok: true, found: fmt.Sprintf("%d to %d and so on are free", r.Ports[0], r.Ports[len(r.Ports)-1])}
}

// folder is where runs keep data and logs.
func (g ground) folder() finding {
	base, err := runsFolder()
	if err != nil {
		return finding{what: "folder for runs", needed: true, found: err.Error(), todo: "set TMPDIR to a folder of your own"}
	}
	return finding{what: "folder for runs", needed: true, ok: true, found: base}
}

// subject looks at what the target names.
func (g ground) subject() finding {
	f := finding{what: "target", needed: true, ok: true, found: g.target.Name}
	switch {
	case g.builtin:
		f.found += ", the reference server"
	case g.target.Launch != nil:
		path, err := exec.LookPath(g.target.Launch.Command[0])
		f.ok, f.found = err == nil, f.found+", started by "+path
		if err != nil {
			f.found = err.Error()
			f.todo = "launch.command must begin with a program that this machine can run"
		}
	case g.target.Running != nil:
		address := hostPort(g.target.Running.URL)
		conn, err := net.DialTimeout("tcp", address, 5*time.Second)
		f.found += ", running at " + g.target.Running.URL
		if f.ok = err == nil; f.ok {
			conn.Close()
		} else {
			f.found, f.todo = err.Error(), "start the server, or correct running.url"
		}
	}
	return f
}

// clock refuses a clock that would make every token expired or not yet valid.
func clock() finding {
	f := finding{what: "clock", needed: true, ok: true, found: time.Now().UTC().Format(time.RFC3339)}
	if time.Now().Year() < 2025 {
		f.ok, f.todo = false, "set the clock: tokens and certificates are judged by it"
	}
	return f
}

// missing joins what keeps a run from starting.
func missing(found []finding) error {
	var wrong problems
	for _, f := range found {
		if f.needed && !f.ok {
			wrong.join(withHint(fmt.Errorf("%s: %s", f.what, f.found), "%s", f.todo))
		}
	}
	return wrong.err()
}

func writeFindings(w io.Writer, found []finding) {
	width := 0
	for _, f := range found {
		width = max(width, len(f.what))
	}
	for _, f := range found {
		state := "ok"
		switch {
		case !f.ok && f.needed:
			state = "MISSING"
		case !f.ok:
			state = "not there"
		}
		fmt.Fprintf(w, "%-9s  %-*s  %s\n", state, width, f.what, f.found)
		if !f.ok && f.todo != "" {
			fmt.Fprintf(w, "%-9s  %-*s  -> %s\n", "", width, "", f.todo)
		}
	}
}

// hostPort is where a URL's server listens.
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
