package proxies

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"countersign/proxies/process"
)

// programFolders are folders of servers that are often not in PATH.
var programFolders = []string{"/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"}

// moduleFolders are the folders of Apache's modules in Debian, Fedora, the official image,
// macOS and Homebrew.
var moduleFolders = []string{
	"/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/lib/httpd/modules",
	"/usr/local/apache2/modules", "/usr/libexec/apache2", "/opt/homebrew/lib/httpd/modules", "/usr/local/lib/httpd/modules",
}

// findProgram finds the proxy on this machine.
func (in Installation) findProgram(kind Kind) (string, error) {
	names, selected, variable := []string{"nginx"}, in.Nginx, EnvNginx
	if kind == Apache {
		names, selected, variable = []string{"apache2", "httpd"}, in.Apache, EnvApache
	}
	if selected != "" {
		names = []string{selected}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
		for _, folder := range programFolders {
			if path, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("%w: the program %s was not found; %s (or set %s to its path)", ErrUnavailable, strings.Join(names, " or "), remedyProgram, variable)
}

const remedyProgram = "run apt-get install nginx-light apache2"

// findModules finds Apache's modules on this machine.
func (in Installation) findModules() (string, error) {
	folders := moduleFolders
	if in.Modules != "" {
		folders = []string{in.Modules}
	}
	for _, folder := range folders {
		if _, err := os.Stat(filepath.Join(folder, "mod_proxy_http.so")); err == nil {
			return folder, nil
		}
	}
	return "", fmt.Errorf("%w: mod_proxy_http.so was not found in %s; %s (or set %s to the folder)", ErrUnavailable, strings.Join(folders, ", "), remedyProgram, EnvModules)
}

// runUser returns the user of a proxy that root starts, or "". httpd refuses to run as
// root. The workers of nginx need access to a folder that only this user can open.
func runUser(kind Kind) string {
	switch {
	case os.Getuid() != 0:
		return ""
	case kind == Apache:
		return "#65534" // nobody, on every system
	}
	return "root"
}

// arguments returns the arguments that run the proxy in the foreground.
func arguments(kind Kind, dir, config string) []string {
	if kind == Apache {
		return []string{"-D", "FOREGROUND", "-d", dir, "-f", config}
	}
	return []string{"-p", dir, "-c", config}
}

// local is a proxy that runs as a child of this program.
type local struct {
	*process.Child
	stderr string // path of the file with its output
}

func startProcess(ctx context.Context, j job) (running, error) {
	program, err := j.installation.findProgram(j.kind)
	if err != nil {
		return nil, err
	}
	options := RenderOptions{User: runUser(j.kind)}
	if j.kind == Apache {
		if options.Modules, err = j.installation.findModules(); err != nil {
			return nil, err
		}
	}
	config, err := j.write(options)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p, err := startProgram(j, exec.Command(program, arguments(j.kind, j.dir, config)...))
	if err != nil {
		return nil, err
	}
	if started, found := process.Find(p.PID()); found {
		j.run.Note(string(j.kind), started)
	}
	return p, nil
}

// startProgram starts the program of a proxy with its output in a file. The program does
// not inherit the environment, which may contain secrets.
func startProgram(j job, cmd *exec.Cmd) (*local, error) {
	stderr := filepath.Join(j.dir, "stderr.log")
	out, err := os.OpenFile(stderr, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the file for the output of the proxy: %w", err)
	}
	defer out.Close()
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C"}
	cmd.Stdout, cmd.Stderr = out, out
	// nginx and httpd stop their workers when they receive SIGTERM.
	child, err := process.Start(cmd, process.Options{Mark: j.run.Mark, LeaderOnly: true})
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return &local{Child: child, stderr: stderr}, nil
}

func (p *local) exited() <-chan struct{} { return p.Exited() }
func (p *local) id() string              { return strconv.Itoa(p.PID()) }
func (p *local) pids() []int             { return process.PIDs(p.PID()) }

func (p *local) output() string {
	text, _ := os.ReadFile(p.stderr) // the file may not exist
	return string(text)
}

func (p *local) stop(ctx context.Context) error {
	_, err := p.Stop(ctx, stopWithin)
	return err
}
