package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"countersign/features"
	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/verdict"
)

// choiceKind is the kind of sham that is the real server behind a relay that behaves
// differently from the reference server. The suite must accept permitted choices and
// notice forbidden ones.
const choiceKind = "choiceKind"

// shamChoices is the environment variable with the names of choices, separated by commas.
const shamChoices = "SHAM_CHOICES"

// A choice changes the input and the output of the real server. A nil function changes
// nothing.
type choice struct {
	config   func(text string) (string, error) // an error refuses the start
	request  func(r *http.Request)
	response func(r *http.Response) error
	line     func(line string) string // changes a line of the log; "" drops it
	runtime  string                   // shell command that runs before the content program
}

// serveChoices serves as the server under test until the real server exits.
func serveChoices(choices []choice, server, config, listen, log string) error {
	text, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	configText := strings.ReplaceAll(string(text), inventedOption, realOption)
	script := "#!/bin/sh\n"
	for _, c := range choices {
		if c.config != nil {
			if configText, err = c.config(configText); err != nil {
				return err
			}
		}
		script += c.runtime + "\n"
	}
	changed, runtime := config+".changed", filepath.Join(filepath.Dir(config), "runtime.sh")
	script += "exec " + os.Getenv(shamProbe) + " \"$@\"\n"
	if err := errors.Join(os.WriteFile(changed, []byte(configText), 0o600), os.WriteFile(runtime, []byte(script), 0o700)); err != nil {
		return err
	}
	_, port, _ := strings.Cut(listen, ":")
	backend := "127.0.0.3:" + port
	lines, write, err := os.Pipe()
	if err != nil {
		return err
	}
	real := exec.Command(server, "serve", "--config", changed, "--listen", backend, "--log-file", "/dev/fd/3", "--runtime", runtime)
	real.Stdout, real.Stderr, real.ExtraFiles = os.Stdout, os.Stderr, []*os.File{write}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM) // the real server receives it too, and this process exits with it
	if err := real.Start(); err != nil {
		return err
	}
	write.Close()
	go func() {
		_ = (&http.Server{Addr: listen, Handler: relayTo(backend, choices), ReadHeaderTimeout: 10 * time.Second}).ListenAndServe()
	}()
	copied := copyLog(lines, log, choices)
	_ = real.Wait()
	os.Exit(errorCode(copied, real.ProcessState.ExitCode()))
	return nil
}

func errorCode(err error, code int) int {
	if err != nil && code == 0 {
		return 1
	}
	return code
}

// copyLog copies the log of the real server with changed lines until the log ends.
func copyLog(from io.Reader, to string, choices []choice) error {
	log, err := os.OpenFile(to, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadString('\n')
		for _, c := range choices {
			if c.line != nil && line != "" {
				line = c.line(line)
			}
		}
		if _, failed := log.WriteString(line); failed != nil {
			return failed
		}
		if err != nil {
			return nil
		}
	}
}

func relayTo(backend string, choices []choice) http.Handler {
	relay := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: backend})
	director := relay.Director
	relay.Director = func(r *http.Request) {
		director(r)
		for _, c := range choices {
			if c.request != nil {
				c.request(r)
			}
		}
	}
	relay.ModifyResponse = func(r *http.Response) error {
		for _, c := range choices {
			if c.response != nil {
				if err := c.response(r); err != nil {
					return err
				}
			}
		}
		return nil
	}
	relay.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	return relay
}

// setBody replaces the status and the body of a reply.
func setBody(r *http.Response, status int, mediaType, body string) {
	r.Body.Close()
	r.StatusCode, r.Status = status, ""
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	r.Header.Set("Content-Type", mediaType)
}

// changeBody replaces the body of a reply with the result of change.
func changeBody(r *http.Response, change func(string) string) error {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	if err != nil {
		return err
	}
	setBody(r, r.StatusCode, r.Header.Get("Content-Type"), change(string(raw)))
	return nil
}

func redirect(r *http.Response, address string) {
	setBody(r, http.StatusFound, "text/plain", "")
	r.Header.Set("Location", address)
}

// refusesPage reports whether a reply refuses a page of content to a browser.
func refusesPage(r *http.Response) bool {
	return r.StatusCode/100 == 4 && strings.HasPrefix(r.Request.URL.Path, "/content/") && strings.Contains(r.Request.Header.Get("Accept"), "text/html")
}

func changeLine(pattern, by string) func(string) string {
	find := regexp.MustCompile(pattern)
	return func(line string) string { return find.ReplaceAllString(line, by) }
}

func dropLines(words ...string) func(string) string {
	return func(line string) string {
		for _, w := range words {
			if !strings.Contains(line, w) {
				return line
			}
		}
		return ""
	}
}

func replaceInConfig(old, by string) func(string) (string, error) {
	return func(text string) (string, error) { return strings.ReplaceAll(text, old, by), nil }
}

// permittedChoices returns choices that no document forbids.
func permittedChoices() map[string]choice {
	var visits atomic.Int64
	var owners sync.Map // usernames of sessions by the value of the cookie
	pid := regexp.MustCompile(`"pid":\s*\d+`)
	lists := regexp.MustCompile(`^/__api__/v1/groups(?:/[^/]+/members)?$`)
	item := regexp.MustCompile(`^/__api__/v1/content/[^/]+$`)
	address := regexp.MustCompile(`"https?://[^"]*"`)
	return map[string]choice{
		"a log without names of headers": {line: changeLine(`\b(?:headers|cookies)\.([A-Za-z0-9_-]+)=`, "$1 came as ")},
		"calls by key are not noted":     {line: dropLines("Authorization", "internal")},
		"a token in a file only":         {runtime: "unset CONNECT_CONTENT_SESSION_TOKEN"},
		"a process for each visit": {response: func(r *http.Response) error {
			if !strings.HasPrefix(r.Request.URL.Path, "/content/") || r.StatusCode != http.StatusOK {
				return nil
			}
			return changeBody(r, func(body string) string { return pid.ReplaceAllString(body, fmt.Sprintf(`"pid":%d`, visits.Add(1))) })
		}},
		"warnings in other words": {line: changeLine(`Groups with\S* an owner exist[^"]*`, "some groups do not suit the provider")},
		"no other provider": {config: func(text string) (string, error) {
			if strings.Contains(text, "Provider = password") {
				return "", errors.New("Authentication.Provider: only proxy is supported")
			}
			return text, nil
		}},
		"no mapping of local groups": {config: func(text string) (string, error) {
			if strings.Contains(text, "UserRoleGroupMapping") && !strings.Contains(text, "GroupsHeader") {
				return "", errors.New("Authorization.UserRoleGroupMapping: needs ProxyAuth.GroupsHeader")
			}
			return text, nil
		}},
		"empty lists": {response: func(r *http.Response) error {
			if r.StatusCode/100 == 4 && r.Request.Method == http.MethodGet && lists.MatchString(r.Request.URL.Path) {
				setBody(r, http.StatusOK, "application/json", `{"results":[],"current_page":1,"total":0}`)
			}
			return nil
		}},
		"unknown integrations redirect to the home page": {response: func(r *http.Response) error {
			if r.StatusCode/100 == 4 && strings.Contains(r.Request.URL.Path, "/integrations/00000000-") {
				redirect(r, "http://"+r.Request.Host+"/connect/")
			}
			return nil
		}},
		"a page instead of an error": {response: func(r *http.Response) error {
			if refusesPage(r) {
				setBody(r, http.StatusOK, "text/html", "<!doctype html><title>Sign in</title><p>You are not signed in.")
			}
			return nil
		}},
		"no addresses in the API": {response: func(r *http.Response) error {
			if r.Request.Method != http.MethodGet || !item.MatchString(r.Request.URL.Path) {
				return nil
			}
			return changeBody(r, func(body string) string { return address.ReplaceAllString(body, "null") })
		}},
		"no cookies": {response: func(r *http.Response) error { r.Header.Del("Set-Cookie"); return nil }},
		"sessions by cookie": {
			request: func(r *http.Request) {
				if cookie, err := r.Cookie("rsconnect"); err == nil && r.Header.Get("X-Auth-Username") == "" && r.Header.Get("Authorization") == "" {
					if owner, known := owners.Load(cookie.Value); known {
						r.Header.Set("X-Auth-Username", owner.(string))
					}
				}
			},
			response: func(r *http.Response) error {
				for _, cookie := range r.Cookies() {
					if cookie.Name == "rsconnect" {
						owners.Store(cookie.Value, r.Request.Header.Get("X-Auth-Username"))
					}
				}
				return nil
			},
		},
	}
}

// forbiddenChoices returns choices that break a rule.
func forbiddenChoices() map[string]choice {
	var last, provider atomic.Value
	last.Store("")
	provider.Store("")
	absolute := regexp.MustCompile(`^https?://(?:127\.0\.0\.1:\d+|example\.com/apps/posit-connect)`)
	return map[string]choice{
		"credentials are logged as others are": {line: changeLine(`(Authorization=<)internal`, "${1}redacted")},
		"own cookies are logged as others are": {line: changeLine(`(rsconnect=<)internal`, "${1}redacted")},
		"no warning of groups":                 {line: dropLines("Groups with")},
		"headers count for any provider":       {config: replaceInConfig("Provider = password", "Provider = proxy")},
		"groups cannot be turned off":          {config: replaceInConfig("UserGroups = false", "UserGroups = true")},
		"no debug log":                         {config: replaceInConfig(realOption, "ServiceLogLevel = INFO")},
		"every viewer is a publisher": {response: func(r *http.Response) error {
			if !strings.HasPrefix(r.Request.URL.Path, "/__api__/v1/users/") {
				return nil
			}
			return changeBody(r, func(body string) string {
				return strings.ReplaceAll(body, `"user_role":"viewer"`, `"user_role":"publisher"`)
			})
		}},
		"unknown integrations redirect to the provider": {response: func(r *http.Response) error {
			to := r.Header.Get("Location")
			if strings.Contains(to, "/authorize?") {
				provider.Store(to)
			}
			if known := provider.Load().(string); known != "" && r.StatusCode == http.StatusNotFound && strings.HasPrefix(r.Request.URL.Path, "/__oauth__/") {
				redirect(r, known)
			}
			return nil
		}},
		"a login page that is not configured": {response: func(r *http.Response) error {
			if refusesPage(r) {
				redirect(r, "https://login.example.com/")
			}
			return nil
		}},
		"a callback past the proxy": {response: func(r *http.Response) error {
			r.Header.Set("Location", strings.ReplaceAll(r.Header.Get("Location"), "redirect_uri=http%3A%2F%2F127.0.0.1", "redirect_uri=http%3A%2F%2F127.0.0.3"))
			return nil
		}},
		"the last user stays": {request: func(r *http.Request) {
			if user := r.Header.Get("X-Auth-Username"); user != "" {
				last.Store(user)
			} else if r.Header.Get("Authorization") == "" {
				r.Header.Set("X-Auth-Username", last.Load().(string))
			}
		}},
		"refusals give a session": {response: func(r *http.Response) error {
			if r.StatusCode == http.StatusUnauthorized {
				r.Header.Add("Set-Cookie", "rsconnect=of-no-user; Path=/")
			}
			return nil
		}},
		"content is visited as alice": {request: func(r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/content/") {
				r.Header.Set("X-Auth-Username", strings.Replace(r.Header.Get("X-Auth-Username"), "bob-", "alice-", 1))
			}
		}},
		"redirects give a path only": {response: func(r *http.Response) error {
			if to := r.Header.Get("Location"); to != "" {
				r.Header.Set("Location", absolute.ReplaceAllString(to, ""))
			}
			return nil
		}},
		"one XSRF cookie is looked at": {request: func(r *http.Request) {
			if all := r.CookiesNamed("RSC-XSRF"); len(all) > 1 && all[0].Value != r.Header.Get("X-Rsc-Xsrf") {
				r.Header.Del("X-Rsc-Xsrf")
			}
		}},
	}
}

// findChoices returns the choices with the given names.
func findChoices(names string) ([]choice, error) {
	permitted, forbidden := permittedChoices(), forbiddenChoices()
	var found []choice
	for name := range strings.SplitSeq(names, ",") {
		c, ok := permitted[name]
		if !ok {
			c, ok = forbidden[name]
		}
		if !ok {
			return nil, fmt.Errorf("there is no choice %q", name)
		}
		found = append(found, c)
	}
	return found, nil
}

// choiceEnvironment returns the environment of a sham that makes choices.
func choiceEnvironment(server string, names ...string) map[string]string {
	return map[string]string{shamKind: choiceKind, shamChoices: strings.Join(names, ","), shamRelay: server, shamProbe: "{probe}"}
}

// rulesOf returns the rules that the scenarios in a folder cite.
func rulesOf(t *testing.T, folder string) []string {
	t.Helper()
	documents, err := plan.Read(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, d := range documents {
		for _, s := range d.Scenarios {
			if strings.HasPrefix(d.Path, folder) {
				ids = append(ids, s.Rules...)
			}
		}
	}
	return unique(ids)
}

func outcomes(rep *report.Report) map[string]verdict.Outcome {
	found := map[string]verdict.Outcome{}
	for _, row := range rep.Rules {
		found[row.ID] = row.Fronts[plan.Direct].Outcome
	}
	return found
}

// TestWholeRunsOfPermittedChoices checks that a server conforms if it behaves differently
// from the reference server where the documents permit it.
func TestWholeRunsOfPermittedChoices(t *testing.T) {
	wholeRuns(t)
	server, _ := buildPrograms(t)
	tests := []struct {
		name    string
		choices []string
		rules   []string
		passes  []string
	}{
		{
			"several choices together",
			[]string{
				"a log without names of headers", "calls by key are not noted", "a token in a file only", "a process for each visit", "warnings in other words",
				"no other provider", "no mapping of local groups", "empty lists", "unknown integrations redirect to the home page", "a page instead of an error", "no addresses in the API",
			},
			append(rulesOf(t, "oauth/"), "PA-325"),
			[]string{
				"OI-008", "OI-055", "PA-021", "PA-068", "PA-070", "PA-082", "PA-210", "PA-232", "PA-233", "PA-275", "PA-276", "PA-277", "PA-291",
				"PA-321", "PA-322", "PA-323", "PA-324", "PA-326", "PA-327",
			},
		},
		{"no cookies", []string{"no cookies"}, []string{"PA-324"}, []string{"PA-034", "PA-043", "PA-111", "PA-325"}},
		{"sessions by cookie", []string{"sessions by cookie"}, nil, []string{"PA-027", "PA-111"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rep := runSham(t, choiceEnvironment(server, tt.choices...), "--parallel", "8", "--rule", strings.Join(append(tt.rules, tt.passes...), ","))
			for _, r := range rep.Results {
				if r.Outcome != verdict.Pass && r.Outcome != verdict.NotApplicable && r.Outcome != verdict.Skipped {
					t.Errorf("%s %s: %s (%s)", r.ID, r.Scenario, r.Outcome, r.Reason)
				}
			}
			found := outcomes(rep)
			for _, rule := range tt.passes {
				if found[rule] != verdict.Pass {
					t.Errorf("%s: %s, want %s", rule, found[rule], verdict.Pass)
				}
			}
		})
	}
}

// TestWholeRunsOfForbiddenChoices checks that the scenarios that accept permitted choices
// notice a server that breaks their rules.
func TestWholeRunsOfForbiddenChoices(t *testing.T) {
	wholeRuns(t)
	server, _ := buildPrograms(t)
	tests := []struct {
		choice, rules string
		outcome       verdict.Outcome
	}{
		{"credentials are logged as others are", "PA-325", verdict.Fail},
		{"own cookies are logged as others are", "PA-324", verdict.Fail},
		{"no warning of groups", "PA-275,PA-276", verdict.Fail},
		{"headers count for any provider", "PA-068", verdict.Fail},
		{"groups cannot be turned off", "PA-291", verdict.Fail},
		{"no debug log", "PA-232", verdict.Fail},
		{"every viewer is a publisher", "PA-210", verdict.Fail},
		{"unknown integrations redirect to the provider", "OI-055", verdict.Fail},
		{"a login page that is not configured", "PA-082", verdict.Fail},
		{"a callback past the proxy", "PA-070", verdict.Fail},
		{"the last user stays", "PA-111", verdict.Fail},
		{"refusals give a session", "PA-043", verdict.Fail},
		{"content is visited as alice", "OI-008", verdict.Fail},
		{"redirects give a path only", "PA-346", verdict.Advice},
		{"one XSRF cookie is looked at", "SEC-023", verdict.Advice},
	}
	for _, tt := range tests {
		t.Run(tt.choice, func(t *testing.T) {
			t.Parallel()
			rep := runSham(t, choiceEnvironment(server, tt.choice), "--rule", tt.rules)
			found := outcomes(rep)
			for rule := range strings.SplitSeq(tt.rules, ",") {
				if found[rule] != tt.outcome {
					t.Errorf("%s: %s, want %s (%s)", rule, found[rule], tt.outcome, rep.Verdict)
				}
			}
		})
	}
}
