package proxies

import (
	"cmp"
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

// Labels of containers. A container continues to run when its owner is killed, so the
// labels identify the owner for the next start.
const (
	labelProxy = "countersign.proxy"
	labelHost  = "countersign.owner.host"
	labelPID   = "countersign.owner.pid"
	labelStart = "countersign.owner.start"
	labelDir   = "countersign.dir" // a folder that is removed with the container
)

// askWithin limits the time of a request to the engine, which may not reply at all.
const askWithin = 5 * time.Second

// prepareEngine sets environment variables of testcontainers once before its first use,
// unless the user has set them.
//
//   - Ryuk, the reaper of testcontainers, is an image from a registry. Package proxies
//     removes containers by label instead (sweepContainers).
//   - If /.dockerenv exists, testcontainers uses the default gateway as the address of the
//     containers and waits for it without a limit. With host networking the address is
//     loopback.
//
// It turns off the log of testcontainers; errors contain the relevant messages.
var prepareEngine = sync.OnceFunc(func() {
	set := func(name, value string) {
		if _, isSet := os.LookupEnv(name); !isSet {
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
	// testcontainers panics if it finds no engine.
	defer func() {
		if r := recover(); r != nil {
			cli, err = nil, fmt.Errorf("%w: no Docker engine was found: %v; start one, or use the runner %s", ErrUnavailable, r, RunnerProcess)
		}
	}()
	cli, err = testcontainers.NewDockerClientWithOpts(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: no Docker engine answers: %w; start it, or use the runner %s", ErrUnavailable, err, RunnerProcess)
	}
	return cli, nil
}

// askEngine connects to the Docker engine and calls ask, both within the time for a request.
func askEngine(ctx context.Context, ask func(context.Context, *testcontainers.DockerClient) error) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	cli, err := engine(ctx)
	if err != nil {
		return err
	}
	defer cli.Close()
	return ask(ctx, cli)
}

// pingEngine returns an error unless a Docker engine answers.
func pingEngine(ctx context.Context) error {
	return askEngine(ctx, func(ctx context.Context, cli *testcontainers.DockerClient) error {
		if _, err := cli.Ping(ctx, client.PingOptions{}); err != nil {
			return fmt.Errorf("%w: no Docker engine answers: %w; start it, or use the runner %s", ErrUnavailable, err, RunnerProcess)
		}
		return nil
	})
}

// inspectImage returns an error unless the engine has the image.
func inspectImage(ctx context.Context, image string) error {
	return askEngine(ctx, func(ctx context.Context, cli *testcontainers.DockerClient) error {
		if _, err := cli.ImageInspect(ctx, image); err != nil {
			return fmt.Errorf("%w: the Docker engine does not have the image %s (%w); run make images", ErrUnavailable, image, err)
		}
		return nil
	})
}

// checkContainer returns an error unless a container of the image can be started.
func checkContainer(ctx context.Context, image string) error {
	if err := pingEngine(ctx); err != nil {
		return err
	}
	return inspectImage(ctx, image)
}

// A containerProxy is a proxy that runs in a container.
type containerProxy struct {
	container testcontainers.Container
	done      chan struct{} // closed when the container has ended
	unwatch   context.CancelFunc
	pid       int // process id of the first process, 0 if unknown
}

// startContainer runs the proxy with the same configuration and the same paths as a
// process. The folder is mounted at its own path. The container runs as this user, so that
// this program can remove the files.
func startContainer(ctx context.Context, j job) (running, error) {
	cli, err := engine(ctx)
	if err != nil {
		return nil, err
	}
	defer cli.Close()
	info, err := cli.Info(ctx, client.InfoOptions{})
	if err != nil {
		return nil, fmt.Errorf("read the properties of the Docker engine: %w", err)
	}
	options := RenderOptions{User: runUser(j.kind), Modules: j.installation.Modules}
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
	p := &containerProxy{container: c, done: make(chan struct{}), unwatch: func() {}}
	if err != nil {
		err = fmt.Errorf("start a container of the image %s: %w", request.Image, err)
		if c != nil {
			close(p.done)
			err = errors.Join(err, p.stop(context.WithoutCancel(ctx)))
		}
		return nil, err
	}
	if state, err := c.State(ctx); err == nil {
		p.pid = state.Pid
	}
	p.watch()
	return p, nil
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
	program := cmp.Or(j.installation.Nginx, "nginx")
	if j.kind == Apache {
		program = cmp.Or(j.installation.Apache, "apache2")
	}
	request := testcontainers.ContainerRequest{
		Image:  j.installation.imageName(),
		Labels: labels,
		// The server is the first process: a shell would not forward SIGTERM.
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
			// The ports inside and outside are equal, because nginx writes its port
			// into redirects.
			for _, address := range l.addresses() {
				host, port, _ := net.SplitHostPort(address)
				request.ExposedPorts = append(request.ExposedPorts, fmt.Sprintf("%s:%s:%s/tcp", host, port, port))
			}
		}
	}
	return request, nil
}

// ownerLabels returns the labels that identify this process as the owner of a container.
func ownerLabels() (map[string]string, error) {
	owner, found := process.Find(os.Getpid())
	if !found {
		return nil, errors.New("find this process: it is not in the table of processes")
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("read the host name: %w", err)
	}
	return map[string]string{
		labelHost: host, labelPID: strconv.Itoa(owner.PID), labelStart: string(owner.Start),
	}, nil
}

// watch closes done when the container ends.
func (p *containerProxy) watch() {
	ctx, cancel := context.WithCancel(context.Background())
	p.unwatch = cancel
	go func() {
		defer close(p.done)
		cli, err := engine(ctx)
		if err != nil {
			<-ctx.Done() // the state is unknown, so the proxy counts as running until it is stopped
			return
		}
		defer cli.Close()
		wait := cli.ContainerWait(ctx, p.container.GetContainerID(), client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
		select {
		case <-wait.Result:
		case <-wait.Error:
		}
	}()
}

func (p *containerProxy) exited() <-chan struct{} { return p.done }
func (p *containerProxy) id() string              { return p.container.GetContainerID() }

func (p *containerProxy) pids() []int {
	// If the engine runs on another machine or in another process namespace, the id may
	// belong to another process, so the name is checked.
	if p.pid == 0 || !slices.Contains([]string{"nginx", "apache2", "httpd"}, process.Name(p.pid)) {
		return nil
	}
	return process.PIDs(p.pid)
}

func (p *containerProxy) output() string {
	ctx, cancel := context.WithTimeout(context.Background(), askWithin)
	defer cancel()
	logs, err := p.container.Logs(ctx)
	if err != nil {
		return ""
	}
	defer logs.Close()
	text, _ := io.ReadAll(io.LimitReader(logs, 64<<10))
	return string(text)
}

// stop stops the container with SIGTERM, after five seconds with SIGKILL, and removes it.
func (p *containerProxy) stop(ctx context.Context) error {
	err := p.container.Terminate(ctx, testcontainers.StopContext(ctx), testcontainers.StopTimeout(stopWithin))
	p.unwatch()
	<-p.done
	if err != nil {
		return fmt.Errorf("remove container %.12s: %w", p.id(), err)
	}
	return nil
}

// sweepContainers removes the containers whose owner has ended.
func sweepContainers(ctx context.Context) error {
	cli, err := engine(ctx)
	if err != nil {
		return err
	}
	defer cli.Close()
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("read the host name: %w", err)
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
		return fmt.Errorf("list the containers of ended programs: %w", err)
	}
	var errs []error
	for _, c := range list.Items {
		if !stale(c) {
			continue
		}
		_, err := cli.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		if err != nil && !strings.Contains(err.Error(), "already in progress") && !strings.Contains(err.Error(), "o such container") {
			errs = append(errs, fmt.Errorf("remove container %.12s of an ended program: %w", c.ID, err))
		}
		// Remove the folder only if it is in the folder of this user: another user
		// may have set the label.
		if dir := c.Labels[labelDir]; dir != "" && filepath.Dir(dir) == base {
			errs = append(errs, os.RemoveAll(dir))
		}
	}
	return errors.Join(errs...)
}

// stale reports whether the owner of a container of this host has certainly ended. The
// state of an owner in another process namespace is unknown. An owner from before a reboot
// has ended; its container is stale if it has exited or is dead, because another program
// may just be creating a container in another state.
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
