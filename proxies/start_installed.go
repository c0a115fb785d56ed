package proxies

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	"countersign/proxies/installed"
)

// writeInstalled writes the copy of the configuration of an installation into the job's folder and
// returns the path of its main file.
func (j job) writeInstalled(o RenderOptions) (string, error) {
	l := j.listeners[0]
	bind := l.Listen
	if o.Bind != "" {
		_, port, err := net.SplitHostPort(l.Listen)
		if err != nil {
			return "", err
		}
		bind = net.JoinHostPort(o.Bind, port)
	}
	// Apache refuses to start without the folder of its files.
	if err := os.Mkdir(filepath.Join(j.dir, "none"), 0o755); err != nil {
		return "", fmt.Errorf("write the configuration of the proxy: %w", err)
	}
	modules := cmp.Or(o.Modules, moduleFolders[0])
	if j.kind == Nginx {
		modules = nginxModules(j.installation)
	}
	return j.installed.Write(installed.Addresses{
		Bind: bind, Public: l.Listen, Upstream: alias(l.Upstream, o.HostAlias), Login: alias(j.login, o.HostAlias),
		Dir: j.dir, User: o.User, Modules: modules,
	})
}

var modulesPath = regexp.MustCompile(`--modules-path=(\S+)`)

// nginxModules returns the folder of the dynamic modules of nginx on this machine, which is also that of
// the image.
func nginxModules(in Installation) string {
	const usual = "/usr/lib/nginx/modules"
	program, err := in.findProgram(Nginx)
	if err != nil {
		return usual
	}
	ctx, cancel := context.WithTimeout(context.Background(), askWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-V")
	cmd.WaitDelay = time.Second
	out, _ := cmd.CombinedOutput() // after an error, the usual folder is used
	if found := modulesPath.FindSubmatch(out); found != nil {
		return string(found[1])
	}
	return usual
}

// ModulesFolder returns the folder in which a kind of proxy has its modules on this machine. It may not
// exist.
func ModulesFolder(kind Kind, in Installation) string {
	if kind == Nginx {
		return nginxModules(in)
	}
	folder, err := in.findModules()
	if err != nil {
		return moduleFolders[0]
	}
	return folder
}
