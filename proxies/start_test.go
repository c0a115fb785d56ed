package proxies

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"countersign/proxies/process"
)

// envOwner is the environment variable that makes this test binary start a proxy, print its
// id and wait until it is killed.
const envOwner = "PROXIES_TEST_OWNER"

func TestMain(m *testing.M) {
	if job := os.Getenv(envOwner); job != "" {
		runOwner(job)
		return
	}
	os.Exit(m.Run())
}

func runOwner(job string) {
	var o Options
	if err := json.Unmarshal([]byte(job), &o); err != nil {
		fmt.Println("error", err)
		return
	}
	r, err := Start(context.Background(), o)
	if err != nil {
		fmt.Println("error", err)
		return
	}
	fmt.Println("started", r.ID())
	select {} // until it is killed
}

// startOwner starts another process that starts a proxy, and returns it with the id
// of the proxy.
func startOwner(t *testing.T, o Options) (owner *exec.Cmd, id string) {
	t.Helper()
	job, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envOwner+"="+string(job))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(cmd) })
	line, err := bufio.NewReader(out).ReadString('\n')
	id, started := strings.CutPrefix(strings.TrimSpace(line), "started ")
	if !started {
		t.Fatalf("the output of the owner is %q, %v", line, err)
	}
	return cmd, id
}

func kill(owner *exec.Cmd) {
	_ = owner.Process.Kill()
	_ = owner.Wait()
}

// abandon starts a proxy in another process, kills that process with SIGKILL, and
// returns the id of the proxy.
func abandon(t *testing.T, o Options) string {
	t.Helper()
	owner, id := startOwner(t, o)
	kill(owner)
	return id
}

// newListener returns a listener on a free port in front of a server that answers.
func newListener(t *testing.T) Listener {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return Listener{ID: "front", Listen: l.Addr().String(), Prefix: "/rsconnect", Upstream: server.URL, Headers: HeaderNames{Username: "X-Auth-Username"}, Gate: true}
}

func options(t *testing.T, kind Kind, runner string) Options {
	t.Helper()
	in := InstallationFrom(os.Getenv)
	if _, _, err := Usable(t.Context(), kind, runner, in); err != nil {
		skipUnavailable(t, err)
	}
	return Options{Kind: kind, Runner: runner, Listeners: []Listener{newListener(t)}, Installation: in}
}

// each runs a test for every kind and runner.
func each(t *testing.T, test func(t *testing.T, kind Kind, runner string)) {
	t.Helper()
	for _, kind := range []Kind{Nginx, Apache} {
		for _, runner := range []string{RunnerProcess, RunnerContainer} {
			t.Run(string(kind)+"/"+runner, func(t *testing.T) {
				t.Parallel()
				test(t, kind, runner)
			})
		}
	}
}

func TestStartAndStop(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind Kind, runner string) {
		o := options(t, kind, runner)
		r, err := Start(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		pids := r.PIDs()
		if r.Runner() != runner || r.ID() == "" || len(pids) < 2 {
			t.Errorf("runs as %s with id %q and processes %v", r.Runner(), r.ID(), pids)
		}
		resp, err := http.Get("http://" + o.Listeners[0].Listen + "/rsconnect/secret?token=t0ps3cret")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		log, err := os.ReadFile(r.Log())
		if err != nil || !strings.Contains(string(log), "/rsconnect/secret") || strings.Contains(string(log), "t0ps3cret") {
			t.Errorf("log = %q, %v; want the path without the query", log, err)
		}
		dir := filepath.Dir(r.Log())
		began := time.Now()
		for range 2 { // the second call does nothing
			if err := r.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("stopped after %v", time.Since(began).Round(time.Millisecond))
		awaitGone(t, pids)
		select {
		case <-r.Exited():
		default:
			t.Error("Exited is not closed after Stop")
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the folder of the proxy still exists: %v", err)
		}
		if err := checkPorts(o.Listeners); err != nil {
			t.Errorf("after Stop: %v", err)
		}
	})
}

// awaitGone waits until processes have ended.
func awaitGone(t *testing.T, pids []int) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for _, pid := range pids {
		for {
			if p, found := process.Find(pid); !found || p.Ended() {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("process %d (%s) still runs", pid, process.Name(pid))
			}
			time.Sleep(2 * time.Millisecond)
		}
	}
}

func TestExited(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind Kind, runner string) {
		r, err := Start(t.Context(), options(t, kind, runner))
		if err != nil {
			t.Fatal(err)
		}
		pids := r.PIDs()
		defer func() {
			if err := r.Stop(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
			awaitGone(t, pids) // including the workers of the killed master
		}()
		if err := syscall.Kill(pids[0], syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		select {
		case <-r.Exited():
		case <-time.After(10 * time.Second):
			t.Error("Exited is not closed 10 s after the end of the proxy")
		}
	})
}

// TestKilledOwner checks that the next start stops the proxy of an owner that was killed.
func TestKilledOwner(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Nginx, Apache} {
		t.Run(string(kind)+"/process", func(t *testing.T) {
			t.Parallel()
			o := options(t, kind, RunnerProcess)
			abandon(t, o)
			// The same port: a remaining proxy would make the start fail.
			r, err := Start(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
		t.Run(string(kind)+"/container", func(t *testing.T) {
			t.Parallel()
			o := options(t, kind, RunnerContainer)
			id := abandon(t, o)
			r, err := Start(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = r.Stop(context.WithoutCancel(t.Context())) }()
			cli, err := engine(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer cli.Close()
			if _, err := cli.ContainerInspect(t.Context(), id, client.ContainerInspectOptions{}); err == nil {
				t.Errorf("container %s still exists", id)
			}
		})
	}
}

// TestKilledOwnerAndMaster checks that the next start ends the workers of a master
// that was killed together with its owner.
func TestKilledOwnerAndMaster(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Nginx, Apache} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			o := options(t, kind, RunnerProcess)
			owner, id := startOwner(t, o)
			master, err := strconv.Atoi(id)
			if err != nil {
				t.Fatal(err)
			}
			pids := process.PIDs(master)
			if len(pids) < 2 {
				t.Fatalf("processes of the proxy: %v, want a worker", pids)
			}
			// A stopped owner does not notice the end of the master.
			if err := errors.Join(owner.Process.Signal(syscall.SIGSTOP), syscall.Kill(master, syscall.SIGKILL)); err != nil {
				t.Fatal(err)
			}
			kill(owner)
			r, err := Start(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			awaitGone(t, pids)
			if err := r.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestPortTaken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind Kind, runner string) {
		o := options(t, kind, runner)
		l, err := net.Listen("tcp", o.Listeners[0].Listen)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		r, err := Start(t.Context(), o)
		if err == nil {
			_ = r.Stop(t.Context())
			t.Fatal("Start() succeeded, want an error")
		}
		for _, want := range []string{o.Listeners[0].Listen, "front", fmt.Sprintf("process %d", os.Getpid())} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("got error %q, want it to contain %q", err, want)
			}
		}
	})
}

func TestBadConfigurationIsShown(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind Kind, runner string) {
		o := options(t, kind, runner)
		// nginx refuses an upstream that cannot be resolved. httpd does not, so it gets
		// an address that this machine does not have.
		o.Listeners[0].Upstream = "http://countersign-no-such-host.invalid:1"
		if kind == Apache {
			o.Listeners[0].Listen = "192.0.2.1:80"
		}
		r := &Running{kind: kind, runner: runner, listeners: o.Listeners, installation: o.Installation, token: newToken()}
		err := r.start(t.Context(), t.TempDir())
		stopErr := r.Stop(t.Context())
		if err == nil || !strings.Contains(err.Error(), "exited before it answered") || !strings.Contains(err.Error(), "its output ends with") {
			t.Errorf("got error %v, want one with the output of the program", err)
		}
		if stopErr != nil {
			t.Error(stopErr)
		}
	})
}

func TestUnavailableSaysWhatToDo(t *testing.T) {
	in := Installation{Image: "countersign-no-such-image:1", Nginx: "countersign-no-such-program"}
	l := Listener{ID: "front", Listen: "127.0.0.1:20999", Upstream: "http://127.0.0.1:1", Headers: HeaderNames{Username: "X-Auth-Username"}}
	for runner, want := range map[string][]string{
		RunnerProcess:   {"countersign-no-such-program", "apt-get install nginx-light apache2"},
		RunnerContainer: {"ocker"}, // "Docker" or "docker"; replaced below if an engine answers
		RunnerAuto:      {"apt-get install"},
	} {
		_, err := Start(t.Context(), Options{Kind: Nginx, Runner: runner, Listeners: []Listener{l}, Installation: in})
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: got error %v, want ErrUnavailable", runner, err)
			continue
		}
		if pingEngine(t.Context()) == nil && runner != RunnerProcess {
			want = append([]string{"countersign-no-such-image:1", "make images"}, want[1:]...)
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: got error %q, want it to contain %q", runner, err, w)
			}
		}
		findings := Check(t.Context(), Nginx, runner, in)
		bad := 0
		for _, f := range findings {
			if f.OK != (f.Remedy == "") || f.Detail == "" {
				t.Errorf("finding %+v", f)
			}
			if !f.OK {
				bad++
			}
		}
		if bad == 0 {
			t.Errorf("%s: all findings are OK, want one that is not: %+v", runner, findings)
		}
	}
}

func TestImageNameMatchesTheScript(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("../.ci/image", "--name", "proxies").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(out)); got != (Installation{}).imageName() {
		t.Errorf(".ci/image builds %s and the package looks for %s", got, (Installation{}).imageName())
	}
}

func TestRenderForABridge(t *testing.T) {
	t.Parallel()
	l := Listener{ID: "front", Listen: "127.0.0.1:21000", Prefix: "/rsconnect", Upstream: "http://127.0.0.1:19999", Headers: HeaderNames{Username: "X-Auth-Username"}, Gate: true}
	for kind, listen := range map[Kind]string{Nginx: "listen 0.0.0.0:21000", Apache: "Listen 0.0.0.0:21000"} {
		text, err := Render(kind, []Listener{l}, RenderOptions{Bind: "0.0.0.0", HostAlias: "host.docker.internal", Login: "127.0.0.1:18000"})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{listen, "host.docker.internal:19999", "host.docker.internal:18000", "http://127.0.0.1:21000"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s: the configuration does not contain %q", kind, want)
			}
		}
	}
}
