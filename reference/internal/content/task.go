package content

import (
	"context"
	"crypto/rand"
	"sync"
	"time"
)

// taskBoard notifies waiting clients of the progress of tasks on this node, and limits the number of concurrent
// tasks.
type taskBoard struct {
	group sync.WaitGroup
	slots chan struct{}

	mu       sync.Mutex
	progress map[string]chan struct{} // by task; closed and replaced at each progress
	perItem  map[string]*sync.Mutex
}

// maxTasks is the number of deployments that a node executes concurrently.
const maxTasks = 4

func newTaskBoard() *taskBoard {
	return &taskBoard{slots: make(chan struct{}, maxTasks), progress: map[string]chan struct{}{}, perItem: map[string]*sync.Mutex{}}
}

func (b *taskBoard) wait(ctx context.Context) error { return waitFor(ctx, &b.group) }

func (b *taskBoard) add(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.progress[id] = make(chan struct{})
}

func (b *taskBoard) notify(id string, finished bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.progress[id])
	if finished {
		delete(b.progress, id)
		return
	}
	b.progress[id] = make(chan struct{})
}

// watch returns a channel that is closed at the next progress of a task of this node. It returns nil for other tasks.
func (b *taskBoard) watch(id string) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.progress[id]
}

// lockItem ensures that only one deployment of an item runs at a time.
func (b *taskBoard) lockItem(guid string) (unlock func()) {
	b.mu.Lock()
	lock := b.perItem[guid]
	if lock == nil {
		lock = new(sync.Mutex)
		b.perItem[guid] = lock
	}
	b.mu.Unlock()
	lock.Lock()
	return lock.Unlock
}

// MaxTaskWait bounds the time for which a poll may wait.
const MaxTaskWait = 30 * time.Second

// foreignPoll is the interval in which the task of another node is read.
const foreignPoll = 200 * time.Millisecond

// WaitTask returns a task when it is finished or has more than first lines of output, or after the time wait. It
// returns dberr.NotFound if there is no such task.
func (rt *Runtime) WaitTask(ctx context.Context, id string, first int, wait time.Duration) (*Task, error) {
	timer := time.NewTimer(min(wait, MaxTaskWait))
	defer timer.Stop()
	for {
		moved := rt.tasks.watch(id) // before the read, so that no progress is missed
		task, err := rt.Store.Task(ctx, id)
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
		case <-rt.alive.Done():
			wait = 0
		}
		foreign.Stop()
	}
}

// newTaskID returns sixteen letters and digits, the form of task ids in the API.
func newTaskID() string {
	return rand.Text()[:16]
}
