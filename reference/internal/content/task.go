package content

import (
	"context"
	"crypto/rand"
	"sync"
	"time"
)

// taskBoard tells those who wait for a task of this node that it moved on, and bounds how many run at once.
type taskBoard struct {
	group sync.WaitGroup
	slots chan struct{}

	mu      sync.Mutex
	moved   map[string]chan struct{} // by task; closed and made anew when it moves on
	perItem map[string]*sync.Mutex
}

// maxTasks is how many deployments a node works on at once.
const maxTasks = 4

func newTaskBoard() *taskBoard {
	return &taskBoard{slots: make(chan struct{}, maxTasks), moved: map[string]chan struct{}{}, perItem: map[string]*sync.Mutex{}}
}

func (b *taskBoard) wait(ctx context.Context) error { return waitFor(ctx, &b.group) }

func (b *taskBoard) add(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.moved[id] = make(chan struct{})
}

func (b *taskBoard) move(id string, finished bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.moved[id])
	if finished {
		delete(b.moved, id)
		return
	}
	b.moved[id] = make(chan struct{})
}

// watch answers a channel that is closed at the next move of a task of this node; nil for any other.
func (b *taskBoard) watch(id string) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.moved[id]
}

// lockItem lets one deployment of an item run at a time.
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

// MaxTaskWait bounds how long a poll may wait for news.
const MaxTaskWait = 30 * time.Second

// foreignPoll is how often the task of another node is looked at.
const foreignPoll = 200 * time.Millisecond

// WaitTask answers a task as soon as it is finished or has more than first lines of output, and at the latest after wait.
// ErrNotFound.
func (rt *Runtime) WaitTask(ctx context.Context, id string, first int, wait time.Duration) (*Task, error) {
	timer := time.NewTimer(min(wait, MaxTaskWait))
	defer timer.Stop()
	for {
		moved := rt.tasks.watch(id) // before the read, so that no move falls between
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

// newTaskID makes the sixteen letters and digits that the API names a task by.
func newTaskID() string {
	return rand.Text()[:16]
}
