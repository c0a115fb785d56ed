package process

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// Sweep ends the processes of the runs in the folder base whose programs have ended
// without closing them, and removes the folders of these runs. It sends SIGTERM to
// the leaders of process groups and gives them the time grace to end their groups;
// then, or when no leader runs, it kills. It returns the processes and folders that
// it has removed, as texts.
//
// Sweep does not end processes of other programs that have got the number of a process
// of a run, and it skips runs from another process namespace of this system.
func Sweep(ctx context.Context, base string, grace time.Duration) (swept []string, err error) {
	baseLock, err := Lock(filepath.Join(base, ".lock")) // NewRun holds it until the run is locked
	if err != nil {
		return nil, err
	}
	defer baseLock.Close()
	runs, err := filepath.Glob(filepath.Join(base, runPrefix+"*"))
	if err != nil {
		return nil, fmt.Errorf("list the folders of killed runs: %w", err)
	}
	var problems []error
	for _, run := range runs {
		ended, err := sweepUnlocked(ctx, run, grace)
		swept = append(swept, ended...)
		problems = append(problems, err)
	}
	return swept, errors.Join(problems...)
}

// sweepUnlocked sweeps a run unless its lock is held.
func sweepUnlocked(ctx context.Context, run string, grace time.Duration) ([]string, error) {
	held, err := tryLock(filepath.Join(run, lockFile))
	switch {
	case err == nil:
		defer held.Close()
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, nil
	case !errors.Is(err, os.ErrNotExist):
		return nil, err
	}
	return sweepRun(ctx, run, grace)
}

// sweepRun ends the processes of a killed run, then removes its folder.
func sweepRun(ctx context.Context, run string, grace time.Duration) ([]string, error) {
	noted, err := readJournal(filepath.Join(run, journalFile))
	if err != nil {
		return nil, err
	}
	for _, start := range noted {
		if start.SameBoot() && !start.Local() {
			return nil, nil // the processes, if they still run, are not visible here
		}
	}
	swept, err := endAll(ctx, grace, func() ([]Info, error) {
		all, err := List()
		return survivors(all, noted, markName+"="+filepath.Base(run)), err
	})
	if err != nil {
		return swept, fmt.Errorf("end the processes of the killed run %s: %w", run, err)
	}
	if err := os.RemoveAll(run); err != nil {
		return swept, fmt.Errorf("remove the folder of a killed run: %w", err)
	}
	return append(swept, run), nil
}

// survivors returns the processes of a list that belong to a killed run and have not
// ended: those whose number and start time are noted, the families of these, and
// those that have the mark of the run.
func survivors(all []Info, noted map[int]Stamp, mark string) []Info {
	var list []Info
	known := map[int]bool{os.Getpid(): true}
	add := func(p Info) {
		if !known[p.PID] && !p.Ended() {
			known[p.PID] = true
			list = append(list, p)
		}
	}
	for _, p := range all {
		switch {
		case p.Ended() || p.PID == os.Getpid():
		case noted[p.PID] == p.Start:
			for _, member := range Family(all, p.PID) {
				add(member)
			}
		case HasMark(p.PID, mark):
			add(p)
		}
	}
	return list
}

// endAll ends the processes that find returns until it returns none and all that it
// has returned have ended: the mark of a process cannot be read while the process
// ends. Until the time grace has passed endAll sends SIGTERM, once to each leader of a
// process group; after that, or when there is no leader, it kills all. It returns the
// processes as texts.
func endAll(ctx context.Context, grace time.Duration, find func() ([]Info, error)) (ended []string, err error) {
	const interval = 10 * time.Millisecond // no event announces that other processes end
	seen, terminated := map[int]Info{}, map[int]bool{}
	for start := time.Now(); ; {
		found, err := find()
		if err != nil {
			return ended, err
		}
		for _, p := range found {
			if _, known := seen[p.PID]; !known {
				ended = append(ended, fmt.Sprintf("process %d", p.PID))
			}
			seen[p.PID] = p
		}
		list := running(seen)
		if len(list) == 0 {
			return ended, nil
		}
		switch elapsed := time.Since(start); {
		case elapsed > grace+killTime:
			return ended, fmt.Errorf("process %d still runs after SIGKILL", list[0].PID)
		case elapsed < grace && len(leaders(list)) > 0:
			terminate(leaders(list), terminated)
		default:
			for _, p := range list {
				Kill(p)
			}
		}
		select {
		case <-ctx.Done():
			return ended, fmt.Errorf("end process %d: %w", list[0].PID, ctx.Err())
		case <-time.After(interval):
		}
	}
}

// running returns the processes that have not ended, by number.
func running(list map[int]Info) []Info {
	var still []Info
	for _, pid := range slices.Sorted(maps.Keys(list)) {
		if p := list[pid]; Alive(p.PID, p.Start) {
			still = append(still, p)
		}
	}
	return still
}

// terminate sends SIGTERM to the processes that are not in done yet, and adds them.
func terminate(list []Info, done map[int]bool) {
	for _, p := range list {
		if !done[p.PID] {
			done[p.PID] = true
			send(p, syscall.SIGTERM)
		}
	}
}
