package proxies

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"

	"countersign/proxies/process"
)

// Labels of our containers. Nothing ends a container when its owner is killed, so
// the next start must know whose it was.
const (
	labelProxy = "countersign.proxy"
	labelHost  = "countersign.owner.host"
	labelPID   = "countersign.owner.pid"
	labelStart = "countersign.owner.start"
	labelDir   = "countersign.dir" // a folder that goes with the container
)

// askWithin bounds a question to the engine: one that hangs must not hang doctor.
const askWithin = 5 * time.Second

// prepareEngine sets what testcontainers reads from the environment, once and
// before its first use; what the user has set stays.
//
//   - Ryuk, its reaper, is an image that has to come from a registry. We clean up
//     by label instead (sweepContainers).
//   - Where /.dockerenv exists it takes the default gateway for the address of the
//     containers and waits for it for ever. With host networking it is loopback.
//
// Its log goes nowhere: what matters of it is in the errors.
var prepareEngine = sync.OnceFunc(func() {
	set := func(name, value string) {
		if _, there := os.LookupEnv(name); !there {
			_ = os.Setenv(name, value) // fails for names with = or NUL only
		}
	}
	set("TESTCONTAINERS_RYUK_DISABLED", "true")
	if runtime.GOOS == "linux" {
		set("TESTCONTAINERS_HOST_OVERRIDE", "127.0.0.1")
	}
	tclog.SetDefault(tclog.NewNoopLogger())
})

// engine connects to the Docker engine. The caller closes the client.
func engine(ctx context.Context) (cli *testcontainers.DockerClient, err error) {
	prepareEngine()
	// It panics where it finds no engine at all.
	defer func() {
		if r := recover(); r != nil {
			cli, err = nil, fmt.Errorf("%w: no Docker engine: %v; start one, or use the runner %s", ErrUnavailable, r, RunnerProcess)
		}
	}()
	cli, err = testcontainers.NewDockerClientWithOpts(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: no Docker engine answers: %w; start it, or use the runner %s", ErrUnavailable, err, RunnerProcess)
	}
	return cli, nil
}

// engineAnswers returns nil if there is an engine.
func engineAnswers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	cli, err := engine(ctx)
	if err != nil {
		return err
	}
	defer cli.Close()
	if _, err := cli.Ping(ctx, client.PingOptions{}); err != nil {
		return fmt.Errorf("%w: no Docker engine answers: %w; start it, or use the runner %s", ErrUnavailable, err, RunnerProcess)
	}
	return nil
}

// imageThere returns nil if the engine has the image.
func imageThere(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	cli, err := engine(ctx)
	if err != nil {
		return err
	}
	defer cli.Close()
	if _, err := cli.ImageInspect(ctx, imageName()); err != nil {
		return fmt.Errorf("%w: the engine has no image %s (%w); make images", ErrUnavailable, imageName(), err)
	}
	return nil
}

// containerReady returns nil if a container can be started.
func containerReady(ctx context.Context) error {
	if err := engineAnswers(ctx); err != nil {
		return err
	}
	return imageThere(ctx)
}

// boxed is a proxy that runs in a container.
type boxed struct {
	container testcontainers.Container
	done      chan struct{} // closed when the container has ended
	unwatch   context.CancelFunc
	pid       int // of its first process, 0 if unknown
}

// startContainer runs the proxy with the same configuration at the same paths as
// a process would: the folder is mounted under its own name and the container has
// our user, so that files in it are ours to remove.
func startContainer(ctx context.Context, j job) (running, error) {
	cli, err := engine(ctx)
	if err != nil {
		return nil, err
	}
	defer cli.Close()
	info, err := cli.Info(ctx, client.InfoOptions{})
	if err != nil {
		return nil, fmt.Errorf("ask the engine about itself: %w", err)
	}
	options := RenderOptions{User: runAs(j.kind), Modules: os.Getenv(EnvModules)}
	shared := runtime.GOOS == "linux" && !strings.Contains(info.Info.OperatingSystem, "Docker Desktop")
	if !shared {
		options.Bind, options.HostAlias = "0.0.0.0", "host.docker.internal"
	}
	config, err := j.write(options)
	if err != nil {
		return nil, err
	}
	request, err := containerRequest(j, config, shared)
	if err != nil {
		return nil, err
	}
	c, err := testcontainers.GenericContainer(ctx, testcontainers.GenericContainerRequest{
		ContainerRequest: request, Started: true, Logger: tclog.NewNoopLogger(),
	})
	b := &boxed{container: c, done: make(chan struct{}), unwatch: func() {}}
	if err != nil {
		err = fmt.Errorf("start container of %s: %w", imageName(), err)
		if c != nil {
			close(b.done)
			err = errors.Join(err, b.stop(context.WithoutCancel(ctx)))
		}
		return nil, err
	}
	if state, err := c.State(ctx); err == nil {
		b.pid = state.Pid
	}
	b.watch()
	return b, nil
}

func containerRequest(j job, config string, shared bool) (testcontainers.ContainerRequest, error) {
	labels, err := ownerLabels()
	if err != nil {
		return testcontainers.ContainerRequest{}, err
	}
	labels[labelProxy] = string(j.kind)
	if j.ownDir {
		labels[labelDir] = j.dir
	}
	program := or(os.Getenv(EnvNginx), "nginx")
	if j.kind == Apache {
		program = or(os.Getenv(EnvApache), "apache2")
	}
	request := testcontainers.ContainerRequest{
		Image:  imageName(),
		Labels: labels,
		// The server itself is the first process: a shell would swallow SIGTERM.
		Entrypoint: append([]string{program}, arguments(j.kind, j.dir, config)...),
		ConfigModifier: func(c *container.Config) {
			c.User = strconv.Itoa(os.Getuid()) + ":" + strconv.Itoa(os.Getgid())
		},
		HostConfigModifier: func(h *container.HostConfig) {
			h.Binds = []string{j.dir + ":" + j.dir}
			if shared {
				h.NetworkMode = "host"
			}
		},
	}
	if !shared {
		for _, l := range j.listeners {
			// The same port on both sides: nginx writes its own into redirects.
			host, port, _ := net.SplitHostPort(l.Listen)
			request.ExposedPorts = append(request.ExposedPorts, fmt.Sprintf("%s:%s:%s/tcp", host, port, port))
		}
	}
	return request, nil
}

// ownerLabels say which process owns a container.
func ownerLabels() (map[string]string, error) {
	owner, found := process.Find(os.Getpid())
	if !found {
		return nil, errors.New("the table of processes does not contain this process")
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("read our host name: %w", err)
	}
	return map[string]string{
		labelHost: host, labelPID: strconv.Itoa(owner.PID), labelStart: string(owner.Start),
	}, nil
}

// watch closes done when the container ends.
func (b *boxed) watch() {
	ctx, cancel := context.WithCancel(context.Background())
	b.unwatch = cancel
	go func() {
		defer close(b.done)
		cli, err := engine(ctx)
		if err != nil {
			<-ctx.Done() // no news: it counts as alive until it is stopped
			return
		}
		defer cli.Close()
		wait := cli.ContainerWait(ctx, b.container.GetContainerID(), client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
		select {
		case <-wait.Result:
		case <-wait.Error:
		}
	}()
}

func (b *boxed) exited() <-chan struct{} { return b.done }
func (b *boxed) id() string              { return b.container.GetContainerID() }

func (b *boxed) pids() []int {
	// Where the engine counts processes otherwise than we do (another machine,
	// another namespace) the id is somebody else's: the name must fit.
	if b.pid == 0 || !slices.Contains([]string{"nginx", "apache2", "httpd"}, process.Name(b.pid)) {
		return nil
	}
	return process.PIDs(b.pid)
}

func (b *boxed) output() string {
	ctx, cancel := context.WithTimeout(context.Background(), askWithin)
	defer cancel()
	logs, err := b.container.Logs(ctx)
	if err != nil {
		return ""
	}
	defer logs.Close()
	text, _ := io.ReadAll(io.LimitReader(logs, 64<<10))
	return string(text)
}

// stop ends and removes the container: SIGTERM, and SIGKILL after five seconds.
func (b *boxed) stop(ctx context.Context) error {
	err := b.container.Terminate(ctx, testcontainers.StopContext(ctx), testcontainers.StopTimeout(stopWithin))
	b.unwatch()
	<-b.done
	if err != nil {
		return fmt.Errorf("remove container %.12s: %w", b.id(), err)
	}
	return nil
}

// sweepContainers removes containers of ours whose owner is dead.
func sweepContainers(ctx context.Context) error {
	cli, err := engine(ctx)
	if err != nil {
		return err
	}
	defer cli.Close()
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("read our host name: %w", err)
	}
	base, err := runsFolder()
	if err != nil {
		return err
	}
	list, err := cli.ContainerList(ctx, client.ContainerListOptions{
		All:     true,
		Filters: make(client.Filters).Add("label", labelProxy, labelHost+"="+host),
	})
	if err != nil {
		return fmt.Errorf("look for containers left behind: %w", err)
	}
	var errs []error
	for _, c := range list.Items {
		if !stale(c) {
			continue
		}
		_, err := cli.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		if err != nil && !strings.Contains(err.Error(), "already in progress") && !strings.Contains(err.Error(), "o such container") {
			errs = append(errs, fmt.Errorf("remove container %.12s, left behind: %w", c.ID, err))
		}
		// Only below our own folder: a label is not a licence to remove anything.
		if dir := c.Labels[labelDir]; dir != "" && filepath.Dir(dir) == base {
			errs = append(errs, os.RemoveAll(dir))
		}
	}
	return errors.Join(errs...)
}

// stale says whether the owner of a container of this host is certainly dead. One
// from another container on this kernel cannot be judged; one from before a reboot
// is dead if the container is not just being made by somebody else.
func stale(c container.Summary) bool {
	pid, err := strconv.Atoi(c.Labels[labelPID])
	if err != nil {
		return false
	}
	start := process.Stamp(c.Labels[labelStart])
	switch {
	case start.Local():
		return !process.Alive(pid, start)
	case start.SameBoot():
		return false
	}
	return c.State == container.StateExited || c.State == container.StateDead
}
