package proxies

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
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

// process is a proxy that runs as a child of this program.
type process struct {
	cmd    *exec.Cmd
	done   chan struct{} // closed when the child has been reaped
	err    error         // how it ended, valid after done
	stderr string        // path of what it wrote
	forget func()
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
	owner, err := stampOf(os.Getpid())
	if err != nil {
		return nil, fmt.Errorf("read our own start time: %w", err)
	}
	p := &process{done: make(chan struct{}), stderr: filepath.Join(j.dir, "stderr.log"), forget: func() {}}
	if err := p.launch(exec.Command(program, arguments(j.kind, j.dir, config)...)); err != nil {
		return nil, err
	}
	child, err := stampOf(p.cmd.Process.Pid)
	if err != nil {
		// It has ended already; the wait for its answer will say so, with its output.
		return p, nil
	}
	forget, err := record{Owner: owner, Proxy: child, Dir: j.dir, OwnDir: j.ownDir}.keep()
	if err != nil {
		return p, errors.Join(err, p.stop(ctx))
	}
	p.forget = forget
	return p, nil
}

// launch starts the child and waits for its end in one goroutine that keeps its
// thread: the kernel sends the parent-death signal when the thread that forked
// dies, not the process (prctl(2), PR_SET_PDEATHSIG).
func (p *process) launch(cmd *exec.Cmd) error {
	out, err := os.OpenFile(p.stderr, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open file for the proxy's output: %w", err)
	}
	// Nothing of our environment is theirs: it may hold secrets.
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C"}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = attributes()
	p.cmd = cmd
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer out.Close()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return nil
}

func (p *process) exited() <-chan struct{} { return p.done }
func (p *process) id() string              { return strconv.Itoa(p.cmd.Process.Pid) }
func (p *process) pids() []int             { return tree(p.cmd.Process.Pid) }

func (p *process) output() string {
	text, _ := os.ReadFile(p.stderr) // absent: it wrote nothing
	return string(text)
}

// stop sends SIGTERM to the master, which ends its workers, and kills the whole
// group when that takes too long. It returns when the child has been reaped.
func (p *process) stop(ctx context.Context) error {
	defer p.forget()
	pid := p.cmd.Process.Pid
	select {
	case <-p.done:
	default:
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // ended meanwhile is as good
		timer := time.NewTimer(stopWithin)
		defer timer.Stop()
		select {
		case <-p.done:
		case <-timer.C:
			_ = syscall.Kill(-pid, syscall.SIGKILL)
		case <-ctx.Done():
			_ = syscall.Kill(-pid, syscall.SIGKILL)
		}
		<-p.done
	}
	// A master that crashed leaves its workers, in its group.
	for _, worker := range group(pid) {
		_ = syscall.Kill(worker, syscall.SIGKILL)
	}
	return nil
}
