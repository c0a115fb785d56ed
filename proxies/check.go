package proxies

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// A Finding is one thing that running a proxy needs, and whether it is there.
type Finding struct {
	Name   string // "docker engine", "proxy image", "nginx"
	OK     bool
	Detail string // what was found, or what is wrong
	Remedy string // what to do; "" if OK
}

// Check looks at what the runner needs for this kind of proxy. It starts nothing.
// With RunnerAuto the container's findings and the process's are both listed; one
// of the two is enough, as Usable says.
func Check(ctx context.Context, kind Kind, runner string) []Finding {
	var all []Finding
	if runner != RunnerProcess {
		all = append(all, checkEngine(ctx)...)
	}
	if runner != RunnerContainer {
		all = append(all, checkProgram(ctx, kind)...)
	}
	return all
}

// Usable says how Start would run the proxy: RunnerContainer or RunnerProcess,
// and why. The error is what Start would return.
func Usable(ctx context.Context, kind Kind, runner string) (chosen, reason string, err error) {
	return choose(ctx, kind, runner)
}

func checkEngine(ctx context.Context) []Finding {
	engine := Finding{Name: "docker engine"}
	image := Finding{Name: "proxy image", Detail: imageName(), Remedy: "make images"}
	if err := engineAnswers(ctx); err != nil {
		engine.Detail, engine.Remedy = err.Error(), "start Docker, or use --runner process"
		image.Detail += ": no engine to ask"
		return []Finding{engine, image}
	}
	engine.OK, engine.Detail = true, "answers"
	if err := imageThere(ctx); err != nil {
		image.Detail = err.Error()
	} else {
		image.OK, image.Remedy = true, ""
	}
	return []Finding{engine, image}
}

func checkProgram(ctx context.Context, kind Kind) []Finding {
	f := Finding{Name: string(kind), Remedy: remedyProgram}
	program, err := findProgram(kind)
	if err != nil {
		f.Detail = err.Error()
		return []Finding{f}
	}
	f.OK, f.Remedy = true, ""
	f.Detail = program + versionOf(ctx, program)
	if kind != Apache {
		return []Finding{f}
	}
	m := Finding{Name: "apache modules", Remedy: remedyProgram}
	if folder, err := findModules(); err != nil {
		m.Detail = err.Error()
	} else {
		m.OK, m.Detail, m.Remedy = true, folder, ""
	}
	return []Finding{f, m}
}

// versionOf asks a program for its version; "" if it does not say.
func versionOf(ctx context.Context, program string) string {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-v")
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return fmt.Sprintf(" (%s)", strings.TrimSpace(line))
}
