package execution

import (
	"context"
	"sync"
)

// Locks is a set of locks with names. It holds only locks that are in use. The zero Locks is ready for use, and safe
// for concurrent use.
type Locks struct {
	mu   sync.Mutex
	used map[string]*lock
}

// lock is one lock, with the goroutines that have it or wait for it.
type lock struct {
	users int
	taken chan struct{} // holds one element while the lock is taken
}

// Lock waits for the lock of a name. The caller must call unlock. The error is that of the context.
func (l *Locks) Lock(ctx context.Context, name string) (unlock func(), err error) {
	k := l.use(name)
	select {
	case k.taken <- struct{}{}:
	case <-ctx.Done():
		l.release(name, k)
		return nil, ctx.Err()
	}
	return sync.OnceFunc(func() {
		<-k.taken
		l.release(name, k)
	}), nil
}

func (l *Locks) use(name string) *lock {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.used[name]
	if k == nil {
		k = &lock{taken: make(chan struct{}, 1)}
		if l.used == nil {
			l.used = map[string]*lock{}
		}
		l.used[name] = k
	}
	k.users++
	return k
}

func (l *Locks) release(name string, k *lock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k.users--; k.users == 0 {
		delete(l.used, name)
	}
}
