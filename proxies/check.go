package proxies

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// A Finding is the result of a check of something that a proxy needs to run.
type Finding struct {
	Name   string // "docker engine", "proxy image", "nginx"
	OK     bool
	Detail string // the value that was found, or why the check failed
	Remedy string // what to do; "" if OK
}

// Check checks what the runner needs for this kind of proxy. It starts nothing. With
// RunnerAuto it returns the findings for containers and for processes; one of the two is
// sufficient, as Usable reports.
func Check(ctx context.Context, kind Kind, runner string, in Installation) []Finding {
	var all []Finding
	if runner != RunnerProcess {
		all = append(all, checkEngine(ctx, in.imageName())...)
	}
	if runner != RunnerContainer {
		all = append(all, checkProgram(ctx, kind, in)...)
	}
	return all
}

// Usable returns how Start would run the proxy, RunnerContainer or RunnerProcess, and the
// reason. It returns the error that Start would return if it cannot run the proxy.
func Usable(ctx context.Context, kind Kind, runner string, in Installation) (chosen, reason string, err error) {
	return choose(ctx, kind, runner, in)
}

func checkEngine(ctx context.Context, imageName string) []Finding {
	engine := Finding{Name: "docker engine"}
	image := Finding{Name: "proxy image", Detail: imageName, Remedy: "run make images"}
	if err := pingEngine(ctx); err != nil {
		engine.Detail, engine.Remedy = err.Error(), "start Docker, or use --runner process"
		image.Detail += ": not checked, because no Docker engine answers"
		return []Finding{engine, image}
	}
	engine.OK, engine.Detail = true, "answers"
	if err := inspectImage(ctx, imageName); err != nil {
		image.Detail = err.Error()
	} else {
		image.OK, image.Remedy = true, ""
	}
	return []Finding{engine, image}
}

func checkProgram(ctx context.Context, kind Kind, in Installation) []Finding {
	f := Finding{Name: string(kind), Remedy: remedyProgram}
	program, err := in.findProgram(kind)
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
	if folder, err := in.findModules(); err != nil {
		m.Detail = err.Error()
	} else {
		m.OK, m.Detail, m.Remedy = true, folder, ""
	}
	return []Finding{f, m}
}

// versionOf returns the version that a program prints, or "" if it fails.
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
