package content_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
	"countersign/reference/internal/content/contenttest"
	"countersign/reference/internal/content/execution"
	"countersign/reference/internal/dberr"
	"countersign/reference/internal/store"
	"countersign/reference/internal/store/storetest"
)

// rig is a Service over a real database, with one publisher.
type rig struct {
	t        *testing.T
	service  *content.Service
	db       *store.DB
	items    *store.Content
	accounts *account.Service
	owner    account.Actor
	options  content.Options
}

func newRig(t *testing.T, options ...func(*content.Options)) *rig {
	t.Helper()
	ctx := t.Context()
	db := storetest.Open(t)
	owner := account.User{GUID: uuid.NewString(), UniqueID: "paula", Username: "paula", Role: account.Publisher, Created: time.Now()}
	if err := db.Accounts().Update(ctx, func(tx account.Tx) error { return tx.InsertUser(ctx, &owner) }); err != nil {
		t.Fatalf("insert user: %v", err)
	}
	r := &rig{t: t, db: db, items: db.Content(), accounts: account.New(account.Options{Store: db.Accounts()}), owner: account.Actor{User: owner, Role: owner.Role}}
	r.options = content.Options{
		Store: r.items, Accounts: r.accounts, DataDir: t.TempDir(), Node: "n1",
		Server: "http://connect.example/", Command: contenttest.Command(),
	}
	for _, set := range options {
		set(&r.options)
	}
	var err error
	if r.service, err = content.New(ctx, r.options); err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := r.service.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return r
}

func (r *rig) item() *content.Item {
	r.t.Helper()
	view, err := r.service.Create(r.t.Context(), r.owner, content.Change{})
	if err != nil {
		r.t.Fatalf("Create: %v", err)
	}
	return &view.Item
}

// upload stores an archive as a bundle.
func (r *rig) upload(item *content.Item, archive []byte) *content.Bundle {
	r.t.Helper()
	received, err := r.service.Receive(bytes.NewReader(archive))
	if err != nil {
		r.t.Fatalf("Receive: %v", err)
	}
	defer received.Close()
	b, err := r.service.AddBundle(r.t.Context(), r.owner, item.GUID, received, nil)
	if err != nil {
		r.t.Fatalf("AddBundle: %v", err)
	}
	return b
}

// start uploads a bundle and starts its deployment.
func (r *rig) start(item *content.Item, archive []byte) (task string) {
	r.t.Helper()
	b := r.upload(item, archive)
	task, err := r.service.Deploy(r.t.Context(), r.owner, item.GUID, &b.ID)
	if err != nil {
		r.t.Fatalf("Deploy: %v", err)
	}
	return task
}

// deploy uploads and deploys a bundle, and returns the finished task and the item.
func (r *rig) deploy(item *content.Item, archive []byte) (*execution.Task, *content.Item) {
	r.t.Helper()
	task, err := r.service.Task(r.t.Context(), r.owner, r.start(item, archive), 1000, 20*time.Second)
	if err != nil || !task.Finished {
		r.t.Fatalf("Task = %+v, %v", task, err)
	}
	after, err := r.service.Item(r.t.Context(), item.GUID)
	if err != nil {
		r.t.Fatalf("read item: %v", err)
	}
	return task, after
}

func (r *rig) running(mode string, files map[string]string) *content.Item {
	r.t.Helper()
	task, item := r.deploy(r.item(), contenttest.Bundle(r.t, mode, files))
	if task.Code != 0 || task.Error != "" {
		r.t.Fatalf("deployment failed: %+v", task)
	}
	return item
}

// visit sends one request to the process of the item.
func (r *rig) visit(item *content.Item, query string) (contenttest.Echo, error) {
	p, leave, err := r.service.Process(r.t.Context(), item)
	if err != nil {
		return contenttest.Echo{}, err
	}
	defer leave()
	return contenttest.Ask(r.t.Context(), p.Target, p.Transport, query)
}

func TestEnvironment(t *testing.T) {
	t.Setenv("CONNECT_LEAK", "leak")
	t.Setenv("SECRET_OF_THE_SERVER", "leak")
	r := newRig(t)
	item := r.running("python-api", nil)
	e, err := r.visit(item, "")
	if err != nil {
		t.Fatalf("visit: %v", err)
	}
	for name, want := range map[string]string{
		"CONNECT_SERVER": "http://connect.example/", "CONNECT_CONTENT_GUID": item.GUID, "RSTUDIO_PRODUCT": "CONNECT", "POSIT_PRODUCT": "CONNECT",
	} {
		if e.Env[name] != want {
			t.Errorf("%s = %q, want %q", name, e.Env[name], want)
		}
	}
	for name, value := range e.Env {
		if strings.Contains(value, "leak") {
			t.Errorf("the server's own environment reached content: %s", name)
		}
	}
	session := e.Env["CONNECT_CONTENT_SESSION_TOKEN"]
	file, err := os.ReadFile(e.Env["CONNECT_CONTENT_SESSION_TOKEN_FILE"])
	if err != nil || strings.TrimSpace(string(file)) != session || len(session) < 43 {
		t.Errorf("session token %q, in its file %q (%v)", session, file, err)
	}
	key, user, err := r.accounts.UserOfKey(t.Context(), e.Env["CONNECT_API_KEY"])
	if err != nil || user.GUID != r.owner.User.GUID || key.Kind != account.ContentKey || key.ContentGUID != item.GUID {
		t.Errorf("CONNECT_API_KEY is %+v of %q, %v; want a content key of the owner", key.Kind, user.Username, err)
	}
}

func TestSecretsEndWithTheProcess(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.running("python-api", nil)
	first, err := r.visit(item, "")
	if err != nil {
		t.Fatalf("visit: %v", err)
	}
	_, item = r.deploy(item, contenttest.Bundle(t, "python-api", nil))
	contenttest.Eventually(t, "the stopped process ends", contenttest.Gone(first.PID))
	contenttest.Eventually(t, "the key is revoked", func() (bool, string) {
		_, _, err := r.accounts.UserOfKey(t.Context(), first.Env["CONNECT_API_KEY"])
		return errors.Is(err, account.ErrNoKey), fmt.Sprint(err)
	})
	contenttest.Eventually(t, "the token's file is removed", func() (bool, string) {
		_, err := os.Stat(first.Env["CONNECT_CONTENT_SESSION_TOKEN_FILE"])
		return errors.Is(err, os.ErrNotExist), fmt.Sprint(err)
	})
	second, err := r.visit(item, "")
	if err != nil {
		t.Fatalf("visit after stop: %v", err)
	}
	if second.PID == first.PID || second.Env["CONNECT_API_KEY"] == first.Env["CONNECT_API_KEY"] ||
		second.Env["CONNECT_CONTENT_SESSION_TOKEN"] == first.Env["CONNECT_CONTENT_SESSION_TOKEN"] {
		t.Error("the second process has something of the first")
	}
}

func TestRedeployReplacesTheProcess(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.running("python-api", map[string]string{"v1": ""})
	first, err := r.visit(item, "")
	if err != nil {
		t.Fatalf("visit: %v", err)
	}
	task, item := r.deploy(item, contenttest.Bundle(t, "python-fastapi", map[string]string{"v2": ""}))
	if task.Error != "" {
		t.Fatalf("second deployment: %s", task.Error)
	}
	second, err := r.visit(item, "")
	if err != nil || second.PID == first.PID {
		t.Errorf("after a deployment the old process answers (%v)", err)
	}
	contenttest.Eventually(t, "the old process ends", contenttest.Gone(first.PID))
}

func TestRender(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.running("quarto-static", nil)
	render, err := r.items.Render(t.Context(), item.GUID)
	if err != nil {
		t.Fatalf("Render: %v", err)
	}
	var e contenttest.Echo
	if err := json.Unmarshal(render.Body, &e); err != nil {
		t.Fatalf("render is not what the program wrote: %v", err)
	}
	if e.Env["CONNECT_CONTENT_SESSION_TOKEN"] == "" || e.Env["CONNECT_API_KEY"] == "" || e.Env["PROBE_SOCKET"] != "" {
		t.Errorf("environment of the render: %v", e.Env)
	}
	if _, _, err := r.accounts.UserOfKey(t.Context(), e.Env["CONNECT_API_KEY"]); !errors.Is(err, account.ErrNoKey) {
		t.Errorf("the render's key still holds after it: %v", err)
	}
}

func TestDeploymentsThatFail(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tests := []struct {
		name    string
		archive []byte
		code    int
		want    string
	}{
		{"empty", nil, 38, "gzip"},
		{"damaged", []byte("hello"), 38, "gzip"},
		{"no manifest", contenttest.Archive(t, nil, nil), 38, "empty"},
		{"unknown mode", contenttest.Bundle(t, "cobol", nil), 38, "cobol"},
		{"static without its page", contenttest.Bundle(t, "static", nil), 38, "index.html is missing"},
		{"render that fails", contenttest.Bundle(t, "quarto-static", map[string]string{"fail": "x"}), 59, "exit status 3"},
		{"render without end", contenttest.Bundle(t, "quarto-static", map[string]string{"flood": "x"}), 59, "more than"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			task, item := r.deploy(r.item(), test.archive)
			if task.Code != test.code || !strings.Contains(task.Error, test.want) {
				t.Errorf("task: code %d, error %q; want %d and %q", task.Code, task.Error, test.code, test.want)
			}
			if item.BundleID != 0 || item.Mode != content.ModeUnknown {
				t.Errorf("a failed deployment became active: bundle %d, mode %s", item.BundleID, item.Mode)
			}
		})
	}
}

func TestClassDoesNotChange(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.running("static", map[string]string{"index.html": "hi"})
	task, after := r.deploy(item, contenttest.Bundle(t, "shiny", nil))
	if task.Code != 110 || after.BundleID != item.BundleID {
		t.Errorf("static content became interactive: %+v", task)
	}
}

func TestNoRuntime(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *content.Options) { o.Command = []string{filepath.Join(t.TempDir(), "nothing")} })
	task, _ := r.deploy(r.item(), contenttest.Bundle(t, "shiny", nil))
	if !strings.Contains(task.Error, "no program to execute content") {
		t.Errorf("task error %q", task.Error)
	}
}

func TestCloseEndsEverything(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.running("python-api", nil)
	e, err := r.visit(item, "")
	if err != nil {
		t.Fatalf("visit: %v", err)
	}
	id := r.start(r.item(), contenttest.Bundle(t, "quarto-static", map[string]string{"hang": "x"}))
	contenttest.Eventually(t, "the render is running", func() (bool, string) {
		task, err := r.items.Task(t.Context(), id)
		return err == nil && len(task.Output) >= 2, fmt.Sprint(task, err)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	if err := r.service.Close(ctx); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if ok, seen := contenttest.Gone(e.PID)(); !ok {
		t.Errorf("left behind: %s", seen)
	}
	if _, _, err := r.service.Process(t.Context(), item); !errors.Is(err, execution.ErrStopped) {
		t.Errorf("Process after Close = %v", err)
	}
	task, err := r.items.Task(t.Context(), id)
	if err != nil || !task.Finished || task.Error == "" {
		t.Errorf("the interrupted task: %+v, %v", task, err)
	}
}

func TestStartClearsWhatAKilledServerLeft(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	item := r.item()
	for _, node := range []string{"n1", "n2"} {
		if err := r.items.StartExecution(ctx, &execution.Execution{ID: node, ContentGUID: item.GUID, Node: node, SessionHash: node, StartedTime: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if err := r.items.CreateTask(ctx, &execution.Task{ID: node, ContentGUID: item.GUID, Node: node}); err != nil {
			t.Fatal(err)
		}
	}
	again, err := content.New(ctx, r.options)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close(ctx) //nolint:errcheck // nothing runs
	if _, err := r.items.Execution(ctx, "n1"); !errors.Is(err, dberr.NotFound) {
		t.Errorf("own execution is still there: %v", err)
	}
	if _, err := r.items.Execution(ctx, "n2"); err != nil {
		t.Errorf("another node's execution is gone: %v", err)
	}
	own, _ := r.items.Task(ctx, "n1")
	other, _ := r.items.Task(ctx, "n2")
	if !own.Finished || own.Error == "" || other.Finished {
		t.Errorf("tasks: own %+v, other %+v", own, other)
	}
}
