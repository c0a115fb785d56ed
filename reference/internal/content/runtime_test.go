package content_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
	"countersign/reference/internal/content/contenttest"
	"countersign/reference/internal/dberr"
	"countersign/reference/internal/store"
	"countersign/reference/internal/store/storetest"
)

// rig is a Runtime over a real database, with one publisher.
type rig struct {
	t     *testing.T
	rt    *content.Runtime
	db    *store.DB
	items *store.Content
	owner account.User
	dir   string
}

func newRig(t *testing.T, options ...func(*content.RuntimeOptions)) *rig {
	t.Helper()
	ctx := t.Context()
	dir := t.TempDir()
	db := storetest.Open(t)
	r := &rig{t: t, db: db, items: db.Content(), dir: dir, owner: account.User{GUID: uuid.NewString(), UniqueID: "paula", Username: "paula", Role: account.Publisher, Created: time.Now()}}
	if err := db.Accounts().Update(ctx, func(tx account.Tx) error { return tx.InsertUser(ctx, &r.owner) }); err != nil {
		t.Fatalf("insert user: %v", err)
	}
	o := content.RuntimeOptions{
		Store: r.items, Keys: content.OwnerKeys{Accounts: account.New(account.Options{Store: db.Accounts()})}, DataDir: dir, Node: "n1",
		Server: "http://connect.example/", Command: contenttest.Command(),
	}
	for _, set := range options {
		set(&o)
	}
	rt, err := content.NewRuntime(ctx, o)
	if err != nil {
		t.Fatalf("NewRuntime: %v", err)
	}
	r.rt = rt
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := r.rt.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return r
}

func (r *rig) item() *content.Item {
	r.t.Helper()
	guid := uuid.NewString()
	i := &content.Item{GUID: guid, OwnerGUID: r.owner.GUID, Name: guid[:8], Access: content.AccessACL, Mode: content.ModeUnknown, CreatedTime: time.Now()}
	if err := r.items.CreateItem(r.t.Context(), i); err != nil {
		r.t.Fatalf("create item: %v", err)
	}
	return i
}

// deploy uploads and deploys a bundle, and returns the finished task and the item.
func (r *rig) deploy(item *content.Item, archive []byte) (*content.Task, *content.Item) {
	r.t.Helper()
	ctx := r.t.Context()
	b := &content.Bundle{ContentGUID: item.GUID, CreatedBy: r.owner.GUID, CreatedTime: time.Now()}
	if err := r.items.CreateBundle(ctx, b, archive); err != nil {
		r.t.Fatalf("create bundle: %v", err)
	}
	id, err := r.rt.Deploy(ctx, item, b, r.owner.GUID)
	if err != nil {
		r.t.Fatalf("Deploy: %v", err)
	}
	task, err := r.rt.WaitTask(ctx, id, 1000, 20*time.Second)
	if err != nil || !task.Finished {
		r.t.Fatalf("WaitTask = %+v, %v", task, err)
	}
	after, err := r.items.Item(ctx, item.GUID)
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
	var e contenttest.Echo
	p, leave, err := r.rt.Visit(r.t.Context(), item, r.rt.Folder(item))
	if err != nil {
		return e, err
	}
	defer leave()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, p.Target.String()+"/?"+query, nil)
	if err != nil {
		return e, err
	}
	reply, err := p.Transport.RoundTrip(request)
	if err != nil {
		return e, err
	}
	defer reply.Body.Close()
	return e, json.NewDecoder(reply.Body).Decode(&e)
}

// eventually waits for a condition and fails with its last state.
func eventually(t *testing.T, what string, holds func() (bool, string)) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		ok, seen := holds()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: last seen %s", what, seen)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func gone(pid int) func() (bool, string) {
	return func() (bool, string) {
		err := syscall.Kill(pid, 0)
		return errors.Is(err, syscall.ESRCH), fmt.Sprintf("process %d: %v", pid, err)
	}
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
	accounts := account.New(account.Options{Store: r.db.Accounts()})
	key, user, err := accounts.UserOfKey(t.Context(), e.Env["CONNECT_API_KEY"])
	if err != nil || user.GUID != r.owner.GUID || key.Kind != account.ContentKey || key.ContentGUID != item.GUID {
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
	r.rt.Stop(item.GUID)
	eventually(t, "the stopped process ends", gone(first.PID))
	accounts := account.New(account.Options{Store: r.db.Accounts()})
	eventually(t, "the key is revoked", func() (bool, string) {
		_, _, err := accounts.UserOfKey(t.Context(), first.Env["CONNECT_API_KEY"])
		return errors.Is(err, account.ErrNoKey), fmt.Sprint(err)
	})
	eventually(t, "the token's file is removed", func() (bool, string) {
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

func TestOneProcessForManyVisitors(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.running("shiny", nil)
	pids := make([]int, 30)
	var wg sync.WaitGroup
	for i := range pids {
		wg.Go(func() {
			e, err := r.visit(item, "")
			if err != nil {
				t.Errorf("visit %d: %v", i, err)
			}
			pids[i] = e.PID
		})
	}
	wg.Wait()
	for _, pid := range pids {
		if pid != pids[0] {
			t.Fatalf("visitors met different processes: %v", pids)
		}
	}
}

func TestAtMostAFewProcesses(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *content.RuntimeOptions) { o.MaxRun = 2 })
	a, b, c := r.running("python-api", nil), r.running("python-api", nil), r.running("python-api", nil)
	pid := func(item *content.Item) int {
		t.Helper()
		e, err := r.visit(item, "")
		if err != nil {
			t.Fatalf("visit: %v", err)
		}
		return e.PID
	}
	pa, pb := pid(a), pid(b)
	if again := pid(a); again != pa {
		t.Fatalf("a has another process")
	}
	pc := pid(c) // b was visited least recently
	eventually(t, "the least recently visited process ends", gone(pb))
	if again := pid(a); again != pa {
		t.Errorf("the more recently visited one was stopped")
	}
	if again := pid(c); again != pc {
		t.Errorf("the newest was stopped")
	}
	if live := r.rt.Live(); live != 2 {
		t.Errorf("%d live, want 2", live)
	}
}

func TestManyItemsAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *content.RuntimeOptions) { o.MaxRun = 3 })
	var items []*content.Item
	for range 8 {
		items = append(items, r.running("python-api", nil))
	}
	var wg sync.WaitGroup
	for round := range 24 {
		wg.Go(func() {
			if _, err := r.visit(items[round%len(items)], ""); err != nil {
				t.Errorf("visit: %v", err)
			}
			if live := r.rt.Live(); live > 3 {
				t.Errorf("%d live, at most 3 wanted", live)
			}
		})
	}
	wg.Wait()
}

func TestProcessThatEndsIsStartedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.running("python-api", nil)
	first, err := r.visit(item, "")
	if err != nil {
		t.Fatalf("visit: %v", err)
	}
	if _, err := r.visit(item, "do=exit"); err == nil {
		t.Error("a visit that kills the process got an answer")
	}
	eventually(t, "another process answers", func() (bool, string) {
		e, err := r.visit(item, "")
		return err == nil && e.PID != first.PID, fmt.Sprint(e.PID, err)
	})
}

func TestProcessThatDoesNotStart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.running("python-api", map[string]string{"nostart": "x"})
	_, err := r.visit(item, "")
	var failed *content.StartError
	if !errors.As(err, &failed) || !strings.Contains(failed.Output, "boom") {
		t.Errorf("visit = %v, want a StartError with the program's output", err)
	}
	if strings.Contains(err.Error(), "boom") {
		t.Error("the error's text, which is logged, repeats what content wrote")
	}
	eventually(t, "nothing is left", func() (bool, string) { return r.rt.Live() == 0, fmt.Sprint(r.rt.Live()) })
}

func TestVisitorWhoGivesUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.running("python-api", map[string]string{"deaf": "x"})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := r.rt.Visit(ctx, item, r.rt.Folder(item)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Visit = %v, want the visitor's own deadline", err)
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
	eventually(t, "the old process ends", gone(first.PID))
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
	accounts := account.New(account.Options{Store: r.db.Accounts()})
	if _, _, err := accounts.UserOfKey(t.Context(), e.Env["CONNECT_API_KEY"]); !errors.Is(err, account.ErrNoKey) {
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
	r := newRig(t, func(o *content.RuntimeOptions) { o.Command = []string{filepath.Join(t.TempDir(), "nothing")} })
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
	hung := r.item()
	b := &content.Bundle{ContentGUID: hung.GUID, CreatedTime: time.Now()}
	if err := r.items.CreateBundle(t.Context(), b, contenttest.Bundle(t, "quarto-static", map[string]string{"hang": "x"})); err != nil {
		t.Fatal(err)
	}
	id, err := r.rt.Deploy(t.Context(), hung, b, r.owner.GUID)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the render is running", func() (bool, string) {
		task, err := r.items.Task(t.Context(), id)
		return err == nil && len(task.Output) >= 2, fmt.Sprint(task, err)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	if err := r.rt.Close(ctx); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if ok, seen := gone(e.PID)(); !ok {
		t.Errorf("left behind: %s", seen)
	}
	if _, _, err := r.rt.Visit(t.Context(), item, r.rt.Folder(item)); !errors.Is(err, content.ErrStopped) {
		t.Errorf("Visit after Close = %v", err)
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
		if err := r.items.StartExecution(ctx, &content.Execution{ID: node, ContentGUID: item.GUID, Node: node, SessionHash: node, StartedTime: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if err := r.items.CreateTask(ctx, &content.Task{ID: node, ContentGUID: item.GUID, Node: node}); err != nil {
			t.Fatal(err)
		}
	}
	again, err := content.NewRuntime(ctx, content.RuntimeOptions{Store: r.items, DataDir: r.dir, Node: "n1"})
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
