package execution

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"countersign/reference/internal/dberr"
)

// A Task is a running or finished deployment, which clients poll.
type Task struct {
	ID          string
	UserGUID    string
	ContentGUID string
	Node        string
	Output      []string
	Finished    bool
	Code        int    // 0, or an error code of Connect
	Error       string // "" on success
	CreatedTime time.Time
}

// A Failure is a failure of a task with an error code of Connect and a text for the publisher.
type Failure struct {
	Code int
	Text string
}

func (e *Failure) Error() string { return e.Text }

// Job is the work of a task. Its error is the result of the task: a *Failure as it is, any other error without
// details, which are written to the log.
type Job func(ctx context.Context, p *Progress) error

// Progress is the output of a running task.
type Progress struct {
	board *taskBoard
	task  Task
}

// Printf appends formatted lines to the output. Clients read them after the next Save.
func (p *Progress) Printf(format string, args ...any) {
	for line := range strings.Lines(strings.ToValidUTF8(fmt.Sprintf(format, args...), "\uFFFD")) {
		p.task.Output = append(p.task.Output, strings.TrimRight(line, "\r\n"))
	}
}

// Save stores the output and wakes clients that wait for it. It returns dberr.NotFound if the task no longer exists.
func (p *Progress) Save(ctx context.Context) error {
	if err := p.board.Store.SaveTask(ctx, &p.task); err != nil {
		return fmt.Errorf("save task: %w", err)
	}
	p.board.notify(p.task.ID)
	return nil
}

const (
	maxTasks    = 4 // tasks that a node executes concurrently
	taskTimeout = 2 * time.Minute
	// MaxTaskWait bounds the time for which a poll may wait.
	MaxTaskWait = 30 * time.Second
	// foreignPoll is the interval in which the task of another node is read.
	foreignPoll = 200 * time.Millisecond
)

// taskBoard executes the tasks of this node and notifies waiting clients of their progress. Tasks of one item run one
// after the other.
type taskBoard struct {
	Options
	alive context.Context // done when the server stops
	items Locks
	slots chan struct{} // holds one element for each running task
	group sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	progress map[string]chan struct{} // by task; closed and replaced at each progress
}

func newTaskBoard(alive context.Context, o Options) *taskBoard {
	return &taskBoard{Options: o, alive: alive, slots: make(chan struct{}, maxTasks), progress: map[string]chan struct{}{}}
}

// StartTask starts a job for an item and returns the id of its task. It returns ErrStopped, or dberr.NotFound if the
// item does not exist.
func (rt *Runtime) StartTask(ctx context.Context, user, item string, do Job) (id string, err error) {
	b := rt.tasks
	p := &Progress{board: b, task: Task{ID: newTaskID(), UserGUID: user, ContentGUID: item, Node: b.Node, CreatedTime: b.Now()}}
	if err := b.open(p.task.ID); err != nil {
		return "", err
	}
	if err := b.Store.CreateTask(ctx, &p.task); err != nil {
		b.finish(p.task.ID)
		return "", fmt.Errorf("create task: %w", err)
	}
	go b.run(p, do)
	return p.task.ID, nil
}

// run executes a task and stores its result.
func (b *taskBoard) run(p *Progress, do Job) {
	defer b.finish(p.task.ID)
	ctx, cancel := context.WithTimeout(b.alive, taskTimeout)
	defer cancel()
	err := b.inTurn(ctx, p, do)
	p.task.Finished = true
	if err != nil {
		p.task.Code, p.task.Error = b.describe(p, err)
		p.Printf("Deployment failed: %s", p.task.Error)
	} else {
		p.Printf("Deployment successful.")
	}
	// If the server is stopping, the end of the task must still be saved.
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := b.Store.SaveTask(ctx, &p.task); err != nil && !errors.Is(err, dberr.NotFound) {
		b.Log.Error("save task", "task", p.task.ID, "err", err)
	}
}

// inTurn executes a job when no other task of its item runs and there is a slot.
func (b *taskBoard) inTurn(ctx context.Context, p *Progress, do Job) error {
	unlock, err := b.items.Lock(ctx, p.task.ContentGUID)
	if err != nil {
		return err
	}
	defer unlock()
	select {
	case b.slots <- struct{}{}:
		defer func() { <-b.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return do(ctx, p)
}

// describe returns the code and the error of a task. Errors that do not concern the publisher are written to the log.
func (b *taskBoard) describe(p *Progress, err error) (int, string) {
	var known *Failure
	switch {
	case errors.As(err, &known):
		return known.Code, known.Text
	case errors.Is(err, ErrNoProgram):
		return codeExecution, err.Error()
	case errors.Is(err, context.Canceled), errors.Is(err, ErrStopped):
		return 1, "The server is stopping."
	case errors.Is(err, context.DeadlineExceeded):
		return 1, fmt.Sprintf("The deployment took longer than %s.", taskTimeout)
	}
	b.Log.Error("execute task", "content", p.task.ContentGUID, "err", err)
	return 1, "An internal failure occurred."
}

// open registers a task, for which the caller must call finish. It returns ErrStopped after close.
func (b *taskBoard) open(id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrStopped
	}
	b.group.Add(1)
	b.progress[id] = make(chan struct{})
	return nil
}

func (b *taskBoard) finish(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.progress[id])
	delete(b.progress, id)
	b.group.Done()
}

func (b *taskBoard) notify(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.progress[id])
	b.progress[id] = make(chan struct{})
}

// watch returns a channel that is closed at the next progress of a task of this node. It returns nil for other tasks.
func (b *taskBoard) watch(id string) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.progress[id]
}

// close accepts no further tasks and waits for all until ctx is done. The caller cancels alive first.
func (b *taskBoard) close(ctx context.Context) error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	return waitFor(ctx, &b.group)
}

// WaitTask returns a task when it is finished or has more than first lines of output, or after the time wait. It
// returns dberr.NotFound if there is no such task.
func (rt *Runtime) WaitTask(ctx context.Context, id string, first int, wait time.Duration) (*Task, error) {
	b := rt.tasks
	timer := time.NewTimer(min(wait, MaxTaskWait))
	defer timer.Stop()
	for {
		moved := b.watch(id) // before the read, so that no progress is missed
		task, err := b.Store.Task(ctx, id)
		if err != nil || task.Finished || len(task.Output) > first || wait <= 0 {
			return task, err
		}
		foreign := time.NewTimer(foreignPoll)
		select {
		case <-moved:
		case <-foreign.C:
		case <-timer.C:
			wait = 0
		case <-ctx.Done():
			foreign.Stop()
			return nil, ctx.Err()
		case <-b.alive.Done():
			wait = 0
		}
		foreign.Stop()
	}
}

// newTaskID returns sixteen letters and digits, the form of task ids in the API.
func newTaskID() string {
	return rand.Text()[:16]
}
