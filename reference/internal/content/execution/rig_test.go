package execution

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"countersign/reference/internal/content/contenttest"
	"countersign/reference/internal/dberr"
)

func TestMain(m *testing.M) {
	contenttest.Main() // this binary is the content program
	os.Exit(m.Run())
}

// memory is a Store without a database.
type memory struct {
	mu         sync.Mutex
	executions map[string]Execution
	tasks      map[string]Task
	endErrs    int // number of calls of EndExecution that fail
}

func newMemory() *memory {
	return &memory{executions: map[string]Execution{}, tasks: map[string]Task{}}
}

func (m *memory) StartExecution(_ context.Context, e *Execution) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.executions[e.ID] = *e
	return nil
}

func (m *memory) EndExecution(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.endErrs > 0 {
		m.endErrs--
		return dberr.Busy
	}
	delete(m.executions, id)
	return nil
}

func (m *memory) EndExecutions(context.Context, string, time.Time) error { return nil }

func (m *memory) Execution(_ context.Context, id string) (*Execution, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.executions[id]
	if !ok {
		return nil, dberr.NotFound
	}
	return &e, nil
}

func (m *memory) ExecutionBySession(context.Context, string) (*Execution, error) {
	return nil, dberr.NotFound
}

func (m *memory) CreateTask(ctx context.Context, t *Task) error { return m.SaveTask(ctx, t) }

func (m *memory) SaveTask(_ context.Context, t *Task) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tasks[t.ID] = *t
	return nil
}

func (m *memory) Task(_ context.Context, id string) (*Task, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tasks[id]
	if !ok {
		return nil, dberr.NotFound
	}
	return &t, nil
}

func (m *memory) FailTasks(context.Context, string, string) error { return nil }

// IssueContentKey implements Keys.
func (m *memory) IssueContentKey(_ context.Context, owner, item string) (string, int64, error) {
	return "key of " + owner + " for " + item, 1, nil
}

// rig is a Runtime over a memory.
type rig struct {
	*Runtime
	t     *testing.T
	store *memory
	items int
}

func newRig(t *testing.T, options ...func(*Options)) *rig {
	t.Helper()
	r := &rig{t: t, store: newMemory()}
	o := Options{Store: r.store, Keys: r.store, DataDir: t.TempDir(), Node: "n", Server: "http://connect.example/", Command: contenttest.Command()}
	for _, set := range options {
		set(&o)
	}
	var err error
	if r.Runtime, err = New(t.Context(), o); err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := r.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return r
}

// work returns the program of another item, with files of these names.
func (r *rig) work(files ...string) Work {
	r.t.Helper()
	r.items++
	dir := r.t.TempDir()
	for _, name := range files {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	return Work{ContentGUID: fmt.Sprint("item", r.items), OwnerGUID: "owner", BundleID: 1, Folder: dir}
}

// live returns the number of processes that are alive or starting.
func (r *rig) live() int { return len(r.pool.slots) }

// visit sends one request to the process for w.
func (r *rig) visit(w Work, query string) (contenttest.Echo, error) {
	p, leave, err := r.Visit(r.t.Context(), w)
	if err != nil {
		return contenttest.Echo{}, err
	}
	defer leave()
	return contenttest.Ask(r.t.Context(), p.Target, p.Transport, query)
}

func (r *rig) pid(w Work) int {
	r.t.Helper()
	e, err := r.visit(w, "")
	if err != nil {
		r.t.Fatalf("visit: %v", err)
	}
	return e.PID
}
