package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"countersign/proxies"
	"countersign/proxies/login"
	"countersign/proxies/process"
	"countersign/proxies/upstream"
	"countersign/steps"
	"countersign/steps/arrival"
	"countersign/steps/target"
)

// A recording is the recording server as the suite uses it.
type recording struct{ *upstream.Server }

func (r recording) Script(id string, reply arrival.Reply) { r.Server.Script(id, upstream.Reply(reply)) }

func (r recording) Received(id string) []arrival.Request {
	var all []arrival.Request
	for _, request := range r.Server.Received(id) {
		all = append(all, arrival.Request(request))
	}
	return all
}

func (e *equipment) Upstream(address string) (arrival.Server, error) {
	s, err := upstream.Start(cmp.Or(address, "127.0.0.1:0"))
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.upstreams = append(e.upstreams, s)
	e.mu.Unlock()
	return recording{s}, nil
}

// A stranger is a proxy under test that the suite does not configure, with the login server beside
// it.
type stranger struct {
	login  *login.Server
	child  *process.Child   // nil for a proxy that the suite does not start
	output string           // file with the output of the proxy
	own    *proxies.Running // runs the configuration of an installation with its login server, or nil

	once sync.Once
	err  error
}

// proxyReady bounds the wait for the first answer of a proxy under test.
const proxyReady = 15 * time.Second

func (e *equipment) Proxy(ctx context.Context, spec steps.ProxySpec) (func(context.Context) error, error) {
	p := e.target.Proxy
	s := &stranger{}
	var err error
	if e.installed != nil {
		return e.startInstalled(ctx, spec)
	}
	if p.URL == "" || p.Login != "" {
		if s.login, err = login.Start(cmp.Or(p.Login, "127.0.0.1:0"), login.Options{}); err != nil {
			return nil, err
		}
	}
	e.mu.Lock()
	e.stranger = s
	e.mu.Unlock()
	if len(p.Command) > 0 {
		err = s.start(ctx, p, spec, e.run)
	}
	if err != nil {
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*stopTime)
		defer cancel()
		return nil, errors.Join(err, s.stop(stopCtx))
	}
	return s.stop, nil
}

// start starts the command of a target and waits until the proxy answers a request.
func (s *stranger) start(ctx context.Context, p *target.Proxy, spec steps.ProxySpec, run *process.Run) error {
	dir := filepath.Join(run.Path, "proxy")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("create the folder of the proxy: %w", err)
	}
	_, port, err := net.SplitHostPort(spec.Listen)
	if err != nil {
		return err
	}
	places := []string{"{listen}", spec.Listen, "{port}", port, "{upstream}", spec.Upstream, "{login}", s.login.Address(), "{folder}", p.Folder, "{data}", dir}
	if p.Config != "" {
		config, err := copyConfig(p, strings.NewReplacer(places...), dir)
		if err != nil {
			return err
		}
		places = append(places, "{config}", config)
	}
	fill := strings.NewReplacer(places...)
	var args []string
	for _, a := range p.Command {
		args = append(args, fill.Replace(a))
	}
	s.output = filepath.Join(dir, "output.log")
	streams, err := openOutput(s.output)
	if err != nil {
		return err
	}
	defer streams.Close()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, streams, streams
	cmd.Env = append(os.Environ(), run.Mark)
	for name, value := range p.Environment {
		cmd.Env = append(cmd.Env, name+"="+fill.Replace(value))
	}
	if s.child, err = process.Start(cmd, process.Options{Mark: run.Mark}); err != nil {
		return withHint(fmt.Errorf("start the proxy: %w", err), "proxy.command of the target is %q; its first word must be a program that this machine can run", strings.Join(p.Command, " "))
	}
	return s.await(ctx, "http://"+spec.Listen+"/")
}

// copyConfig copies the configuration file of a target into a folder, with its replacements, and returns
// the path of the copy.
func copyConfig(p *target.Proxy, fill *strings.Replacer, dir string) (string, error) {
	file := p.Config
	if !filepath.IsAbs(file) {
		file = filepath.Join(p.Folder, file)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read proxy.config: %w", err)
	}
	text := string(raw)
	// The longest text comes first, so that no text is replaced inside another.
	texts := slices.SortedFunc(maps.Keys(p.Replace), func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, t := range texts {
		if !strings.Contains(text, t) {
			return "", fmt.Errorf("proxy.replace: the text %q does not occur in %s", t, file)
		}
		pairs = append(pairs, t, fill.Replace(p.Replace[t]))
	}
	copied := filepath.Join(dir, filepath.Base(file))
	if err := os.WriteFile(copied, []byte(strings.NewReplacer(pairs...).Replace(text)), 0o600); err != nil {
		return "", fmt.Errorf("copy proxy.config: %w", err)
	}
	return copied, nil
}

// await waits until the proxy answers a request with any status, or ends.
func (s *stranger) await(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, proxyReady)
	defer cancel()
	client := &http.Client{
		Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err == nil {
			return resp.Body.Close()
		}
		select {
		case <-s.child.Exited():
			return withLastLines(errors.New("the proxy ended before it answered; proxy.command must stay in the foreground"), s.output)
		case <-ctx.Done():
			return withLastLines(fmt.Errorf("the proxy gives no answer at %s: %w; it must listen at {listen}", url, err), s.output)
		case <-tick.C:
		}
	}
}

// stop stops the proxy and its login server. Further calls return the result of the first.
func (s *stranger) stop(ctx context.Context) error {
	s.once.Do(func() {
		var problems []error
		if s.child != nil {
			_, err := s.child.Stop(ctx, stopTime)
			problems = append(problems, err)
		}
		if s.login != nil {
			problems = append(problems, s.login.Close())
		}
		if s.own != nil {
			problems = append(problems, s.own.Stop(ctx))
		}
		s.err = errors.Join(problems...)
	})
	return s.err
}
