package execution

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/reference/internal/content/contenttest"
	"countersign/reference/internal/dberr"
)

func TestAtMostAFewProcesses(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.MaxRun = 2 })
	a, b, c := r.work(), r.work(), r.work()
	pa, pb := r.pid(a), r.pid(b)
	if again := r.pid(a); again != pa {
		t.Fatalf("a has another process")
	}
	pc := r.pid(c) // b was visited least recently
	contenttest.Eventually(t, "the least recently visited process ends", contenttest.Gone(pb))
	if again := r.pid(a); again != pa {
		t.Errorf("the more recently visited one was stopped")
	}
	if again := r.pid(c); again != pc {
		t.Errorf("the newest was stopped")
	}
	if live := r.live(); live != 2 {
		t.Errorf("%d live, want 2", live)
	}
}

func TestManyItemsAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.MaxRun = 3 })
	var items []Work
	for range 8 {
		items = append(items, r.work())
	}
	var wg sync.WaitGroup
	for round := range 24 {
		wg.Go(func() {
			if _, err := r.visit(items[round%len(items)], ""); err != nil {
				t.Errorf("visit: %v", err)
			}
			if live := r.live(); live > 3 {
				t.Errorf("%d live, at most 3 wanted", live)
			}
		})
	}
	wg.Wait()
}

func TestOneProcessForManyVisitors(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.work()
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

// Another owner or bundle needs another process, because a process has the key of its owner.
func TestOtherWorkReplacesTheProcess(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.work()
	first := r.pid(item)
	item.OwnerGUID = "another"
	e, err := r.visit(item, "")
	if err != nil || e.PID == first || e.Env["CONNECT_API_KEY"] != "key of another for "+item.ContentGUID {
		t.Errorf("process %d after %d with key %q, %v", e.PID, first, e.Env["CONNECT_API_KEY"], err)
	}
	contenttest.Eventually(t, "the first process ends", contenttest.Gone(first))
}

func TestProcessThatDoesNotStart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, err := r.visit(r.work("nostart"), "")
	var failed *StartError
	if !errors.As(err, &failed) || !strings.Contains(failed.Output, "boom") {
		t.Errorf("visit = %v, want a StartError with the program's output", err)
	}
	if strings.Contains(err.Error(), "boom") {
		t.Error("the error's text, which is logged, repeats what content wrote")
	}
	contenttest.Eventually(t, "nothing is left", func() (bool, string) { return r.live() == 0, fmt.Sprint(r.live()) })
}

func TestVisitorWhoGivesUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := r.Visit(ctx, r.work("deaf")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Visit = %v, want the visitor's own deadline", err)
	}
}

func TestProcessThatEndsIsStartedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.work()
	first := r.pid(item)
	if _, err := r.visit(item, "do=exit"); err == nil {
		t.Error("a visit that kills the process got an answer")
	}
	contenttest.Eventually(t, "another process answers", func() (bool, string) {
		e, err := r.visit(item, "")
		return err == nil && e.PID != first, fmt.Sprint(e.PID, err)
	})
}

// A database that is busy for a moment must not leave the secrets of an ended process valid.
func TestSecretsAreRevokedAfterAnError(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.work()
	p, leave, err := r.Visit(t.Context(), item)
	if err != nil {
		t.Fatal(err)
	}
	leave()
	r.store.mu.Lock()
	r.store.endErrs = 1
	r.store.mu.Unlock()
	r.Stop(item.ContentGUID)
	contenttest.Eventually(t, "the execution is ended", func() (bool, string) {
		_, err := r.store.Execution(t.Context(), p.Execution)
		return errors.Is(err, dberr.NotFound), fmt.Sprint(err)
	})
}

// If Close does not wait for the end of a start, the start fails later and does not panic.
func TestStartAfterClose(t *testing.T) {
	t.Parallel()
	s := newSpawner()
	s.close()
	s.close()
	if p, err := s.start(exec.Command("true")); !errors.Is(err, ErrStopped) {
		t.Errorf("start after close = %v, %v", p, err)
	}
}

func TestLocks(t *testing.T) {
	t.Parallel()
	var l Locks
	first, err := l.Lock(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	other, err := l.Lock(t.Context(), "b")
	if err != nil {
		t.Fatalf("another name: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := l.Lock(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting with a deadline: %v", err)
	}
	var wg sync.WaitGroup
	inside := 0
	for range 20 {
		wg.Go(func() {
			unlock, err := l.Lock(t.Context(), "a")
			if err != nil {
				t.Errorf("Lock: %v", err)
				return
			}
			inside++ // the race detector and the value below see a lock that does not exclude
			unlock()
			unlock()
		})
	}
	first()
	other()
	wg.Wait()
	if inside != 20 || len(l.used) != 0 {
		t.Errorf("%d of 20 had the lock; %d locks remain, want 0", inside, len(l.used))
	}
}

// Tasks of one item run one after the other, tasks of other items at the same time.
func TestTasksInTurn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	hold, begun := make(chan struct{}), make(chan string, 3)
	start := func(name, item string) string {
		id, err := r.StartTask(t.Context(), "user", item, func(ctx context.Context, p *Progress) error {
			begun <- name
			p.Printf("began %s", name)
			if err := p.Save(ctx); err != nil {
				return err
			}
			<-hold
			return nil
		})
		if err != nil {
			t.Fatalf("StartTask: %v", err)
		}
		return id
	}
	first := start("first", "a")
	if got := <-begun; got != "first" {
		t.Fatalf("began %s", got)
	}
	second := start("second", "a")
	start("third", "b")
	if got := <-begun; got != "third" {
		t.Errorf("began %s while the first task of its item ran", got)
	}
	close(hold)
	for _, id := range []string{first, second} {
		task, err := r.WaitTask(t.Context(), id, 100, 10*time.Second)
		if err != nil || !task.Finished || task.Error != "" || len(task.Output) != 2 {
			t.Errorf("task: %+v, %v", task, err)
		}
	}
}

// The result of a task has the text of a Failure, and no details of other errors.
func TestTaskResults(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, test := range []struct {
		err  error
		code int
		text string
	}{
		{nil, 0, ""},
		{&Failure{38, "bad bundle"}, 38, "bad bundle"},
		{fmt.Errorf("wrapped: %w", ErrNoProgram), 59, "wrapped: no program to execute content with"},
		{ErrStopped, 1, "The server is stopping."},
		{errors.New("secret detail"), 1, "An internal failure occurred."},
	} {
		id, err := r.StartTask(t.Context(), "user", "item", func(context.Context, *Progress) error { return test.err })
		if err != nil {
			t.Fatal(err)
		}
		task, err := r.WaitTask(t.Context(), id, 100, 10*time.Second)
		if err != nil || !task.Finished || task.Code != test.code || task.Error != test.text {
			t.Errorf("result of %v: %+v, %v", test.err, task, err)
		}
	}
}

// An app of a developer replaces the processes. It needs neither a program nor a slot.
func TestApp(t *testing.T) {
	t.Parallel()
	app := &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
	r := newRig(t, func(o *Options) { o.App, o.Command = app, []string{"no-such-program"} })
	if err := r.Check(KindProcess); err != nil {
		t.Errorf("Check of a process: %v", err)
	}
	if err := r.Check(KindRender); !errors.Is(err, ErrNoProgram) {
		t.Errorf("Check of a render = %v, want ErrNoProgram", err)
	}
	item := r.work()
	p, leave, err := r.Visit(t.Context(), item)
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	if e, err := r.store.Execution(t.Context(), p.Execution); err != nil || p.Target != app || e.KeyID != 0 || r.live() != 0 {
		t.Errorf("target %v, execution %+v, %v, %d slots", p.Target, e, err, r.live())
	}
}
