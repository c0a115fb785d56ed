package proxies

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"countersign/proxies/login"
)

// await returns when every listener has passed a request to the login server. An open port
// is not sufficient: httpd accepts connections before it can answer, and another server may
// use the port.
func (r *Running) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	client := &http.Client{
		Timeout:       2 * time.Second,
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for _, l := range r.listeners {
		if err := r.awaitListener(ctx, client, l); err != nil {
			return err
		}
	}
	return nil
}

func (r *Running) awaitListener(ctx context.Context, client *http.Client, l Listener) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		last := r.ping(ctx, client, l)
		if last == nil {
			return nil
		}
		select {
		case <-r.proxy.exited():
			return fmt.Errorf("the proxy exited before it answered a request%s", r.lastOutput())
		case <-ctx.Done():
			hint := ""
			if r.runner == RunnerContainer {
				hint = "; if the Docker engine runs on another machine or in another network than this program, use the runner " + RunnerProcess
			}
			return fmt.Errorf("listener %s: wait for an answer from http://%s/auth/ready: %w%s%s", l.name(), l.Listen, last, hint, r.lastOutput())
		case <-tick.C:
		}
	}
}

// ping returns an error unless a listener passes a request to the login server with the token of the
// proxy. The configuration of an installation need not have that route: any answer is enough.
func (r *Running) ping(ctx context.Context, client *http.Client, l Listener) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.Listen+"/auth/ready", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if got := resp.Header.Get(login.HeaderReady); got != r.token && r.installed == nil {
		return fmt.Errorf("the reply %s is not from the login server of this proxy", resp.Status)
	}
	return nil
}

// alreadyLoaded matches warnings of httpd about modules that the configuration of an installation loads
// too.
var alreadyLoaded = regexp.MustCompile(`(?m)^.*AH01574:.*\n?`)

// lastOutput returns the last lines of the output or the log, for the end of an error.
func (r *Running) lastOutput() string {
	text := strings.TrimSpace(alreadyLoaded.ReplaceAllString(r.proxy.output(), ""))
	if log, err := os.ReadFile(r.Log()); err == nil && text == "" {
		text = strings.TrimSpace(string(log))
	}
	if text == "" {
		return ""
	}
	if lines := strings.Split(text, "\n"); len(lines) > 8 {
		text = strings.Join(lines[len(lines)-8:], "\n")
	}
	if r.installed != nil {
		text = r.installed.Restore(r.dir, text)
	}
	return "; its output ends with:\n" + text
}
