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

// Settings for programs in unusual places, for both runners.
const (
	EnvNginx   = "COUNTERSIGN_NGINX"          // path or name of nginx
	EnvApache  = "COUNTERSIGN_APACHE"         // path or name of apache2 or httpd
	EnvModules = "COUNTERSIGN_APACHE_MODULES" // folder of Apache's modules
)

// folders where distributions put servers and that a user's PATH often lacks.
var programFolders = []string{"/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"}

// moduleFolders of Debian, Fedora, the official image, macOS and Homebrew.
var moduleFolders = []string{
	"/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/lib/httpd/modules",
	"/usr/local/apache2/modules", "/usr/libexec/apache2", "/opt/homebrew/lib/httpd/modules", "/usr/local/lib/httpd/modules",
}

// findProgram finds the proxy on this machine.
func findProgram(kind Kind) (string, error) {
	names, setting := []string{"nginx"}, EnvNginx
	if kind == Apache {
		names, setting = []string{"apache2", "httpd"}, EnvApache
	}
	if name := os.Getenv(setting); name != "" {
		names = []string{name}
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
	return "", fmt.Errorf("%w: no program %s on this machine; %s (or name it in %s)", ErrUnavailable, strings.Join(names, " or "), remedyProgram, setting)
}

const remedyProgram = "apt-get install nginx-light apache2"

// findModules finds Apache's modules on this machine.
func findModules() (string, error) {
	folders := moduleFolders
	if folder := os.Getenv(EnvModules); folder != "" {
		folders = []string{folder}
	}
	for _, folder := range folders {
		if _, err := os.Stat(filepath.Join(folder, "mod_proxy_http.so")); err == nil {
			return folder, nil
		}
	}
	return "", fmt.Errorf("%w: no mod_proxy_http.so in %s; %s (or name the folder in %s)", ErrUnavailable, strings.Join(folders, ", "), remedyProgram, EnvModules)
}

// runAs is whom a proxy runs as that root starts: httpd refuses to serve as root;
// nginx's workers need the folder that only we can enter.
func runAs(kind Kind) string {
	switch {
	case os.Getuid() != 0:
		return ""
	case kind == Apache:
		return "#65534" // nobody, on every system
	}
	return "root"
}

// arguments run the proxy in the foreground.
func arguments(kind Kind, dir, config string) []string {
	if kind == Apache {
		return []string{"-D", "FOREGROUND", "-d", dir, "-f", config}
	}
	return []string{"-p", dir, "-c", config}
}

// local is a proxy that runs as a child of this program.
type local struct {
	*process.Child
	stderr string // path of the file with its standard streams
}

func startProcess(ctx context.Context, j job) (running, error) {
	program, err := findProgram(j.kind)
	if err != nil {
		return nil, err
	}
	options := RenderOptions{User: runAs(j.kind)}
	if j.kind == Apache {
		if options.Modules, err = findModules(); err != nil {
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

// startProgram starts the program of a proxy with its standard streams in a file. The
// program gets nothing of our environment, which may hold secrets.
func startProgram(j job, cmd *exec.Cmd) (*local, error) {
	stderr := filepath.Join(j.dir, "stderr.log")
	out, err := os.OpenFile(stderr, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open file for the proxy's output: %w", err)
	}
	defer out.Close()
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C"}
	cmd.Stdout, cmd.Stderr = out, out
	// nginx and httpd end their workers when they receive SIGTERM.
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
	text, _ := os.ReadFile(p.stderr) // absent if it wrote nothing
	return string(text)
}

func (p *local) stop(ctx context.Context) error {
	_, err := p.Stop(ctx, stopWithin)
	return err
}
