package main

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A runDir is the folder of one run: data, logs, and a journal of the processes
// it started. A lock held as long as the run lives tells a run at work from one
// that was killed; the next start ends what a killed one left and removes it.
type runDir struct {
	path string
	mark string // NAME=value in the environment of every process started

	lock    *os.File
	mu      sync.Mutex
	journal *os.File
	written map[string]bool
}

const (
	runPrefix   = "run-"
	lockFile    = "lock"
	journalFile = "processes.tsv"
	markName    = "COUNTERSIGN_RUN"
)

// runsFolder is where the runs of this user are. The name can be guessed by
// anybody, so the folder must be a real one, ours, and closed to others.
func runsFolder() (string, error) {
	base := filepath.Join(os.TempDir(), fmt.Sprintf("countersign-%d", os.Getuid()))
	if err := os.Mkdir(base, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("make the folder for runs: %w", err)
	}
	info, err := os.Lstat(base)
	if err != nil {
		return "", fmt.Errorf("look at the folder for runs: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || !ok || int(owner.Uid) != os.Getuid() {
		return "", withHint(fmt.Errorf("%s is not a folder of this user closed to others", base),
			"remove it, or set TMPDIR to a folder of your own")
	}
	return base, nil
}

// openRun sweeps what dead runs left in base and makes a folder for this one.
// swept says what was ended and removed.
func openRun(base string) (r *runDir, swept []string, err error) {
	// One at a time: a folder just made is not yet locked.
	gate, err := lockNow(filepath.Join(base, ".lock"), syscall.LOCK_EX)
	if err != nil {
		return nil, nil, err
	}
	defer gate.Close()
	if swept, err = sweep(base); err != nil {
		return nil, swept, err
	}
	id := make([]byte, 12)
	_, _ = rand.Read(id) // never fails, by its documentation
	name := runPrefix + hex.EncodeToString(id)
	r = &runDir{path: filepath.Join(base, name), mark: markName + "=" + name, written: map[string]bool{}}
	if err := os.Mkdir(r.path, 0o700); err != nil {
		return nil, swept, fmt.Errorf("make the folder of the run: %w", err)
	}
	if r.lock, err = lockNow(filepath.Join(r.path, lockFile), syscall.LOCK_EX); err != nil {
		return nil, swept, err
	}
	r.journal, err = os.OpenFile(filepath.Join(r.path, journalFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, swept, fmt.Errorf("open the journal of processes: %w", err)
	}
	return r, swept, nil
}

// lockNow opens and locks a file. Closing it unlocks; so does the end of the
// program, however it ends. Go opens files close-on-exec, so no child holds it.
func lockNow(name string, how int) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return f, nil
}

// note writes processes into the journal, each once.
func (r *runDir) note(what string, list ...process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range list {
		line := fmt.Sprintf("%d\t%s\t", p.pid, p.start)
		if r.written[line] {
			continue
		}
		r.written[line] = true
		// A line that cannot be written costs the sweep after a kill -9 one of
		// three ways to know the process; the run goes on.
		_, _ = r.journal.WriteString(line + what + "\n")
	}
}

// removeTime bounds how long the removal of the folder is tried.
const removeTime = 10 * time.Second

// remove removes the folder. A process that was just ended, or was started by one
// that was, can still create a file between two steps of a removal, so a removal that
// fails is tried again after what carries the mark has been ended again.
func (r *runDir) remove() error {
	const interval = 20 * time.Millisecond
	for deadline := time.Now().Add(removeTime); ; time.Sleep(interval) {
		err := os.RemoveAll(r.path)
		if err == nil || time.Now().After(deadline) {
			return err
		}
		_, _ = endAll(r.marked) // close has reported what cannot be ended
	}
}

// close ends what still carries the run's mark, such as a subject that has become
// a daemon, and removes the folder.
func (r *runDir) close() error {
	r.journal.Close()
	_, err := endAll(r.marked)
	if err != nil {
		err = fmt.Errorf("end what the subject left behind: %w", err)
	}
	if gone := r.remove(); gone != nil {
		err = errors.Join(err, fmt.Errorf("remove the folder of the run: %w", gone))
	}
	r.lock.Close()
	return err
}

// marked are the processes that carry the run's mark. The journal is not asked:
// everything in it has been stopped, and its numbers may be others' by now.
func (r *runDir) marked() ([]process, error) {
	all, err := processes()
	if err != nil {
		return nil, err
	}
	var list []process
	for _, p := range all {
		if p.pid != os.Getpid() && !p.gone() && hasMark(p.pid, r.mark) {
			list = append(list, p)
		}
	}
	return list, nil
}

// endAll ends by force what find returns, until it returns nothing more.
func endAll(find func() ([]process, error)) (ended []string, err error) {
	deadline := time.Now().Add(stopTime)
	for {
		victims, err := find()
		if err != nil || len(victims) == 0 {
			return unique(ended), err
		}
		if time.Now().After(deadline) {
			return unique(ended), fmt.Errorf("process %d does not end", victims[0].pid)
		}
		for _, p := range victims {
			ended = append(ended, fmt.Sprintf("process %d", p.pid))
			kill(p)
		}
		time.Sleep(10 * time.Millisecond) // between two looks at the table of processes, which nothing announces
	}
}

// sweep ends and removes what dead runs left.
func sweep(base string) (swept []string, err error) {
	runs, err := filepath.Glob(filepath.Join(base, runPrefix+"*"))
	if err != nil {
		return nil, fmt.Errorf("look for dead runs: %w", err)
	}
	var problems []error
	for _, run := range runs {
		lock, err := lockNow(filepath.Join(run, lockFile), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			continue // at work
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			problems = append(problems, err)
			continue
		}
		ended, err := sweepRun(run)
		if lock != nil {
			lock.Close()
		}
		swept = append(swept, ended...)
		if err != nil {
			problems = append(problems, err)
		}
	}
	return swept, errors.Join(problems...)
}

// sweepRun ends the processes of one dead run, then removes its folder.
func sweepRun(run string) ([]string, error) {
	said, err := endAll(func() ([]process, error) { return survivors(run) })
	if err != nil {
		return said, fmt.Errorf("end what the dead run %s left: %w", run, err)
	}
	if err := os.RemoveAll(run); err != nil {
		return said, fmt.Errorf("remove the folder of a dead run: %w", err)
	}
	return append(said, run), nil
}

// survivors are the processes of a dead run that still run: those in its
// journal whose number AND start time match, what belongs to those, and
// whatever carries the run's mark, which nobody else has.
func survivors(run string) ([]process, error) {
	noted, err := readJournal(filepath.Join(run, journalFile))
	if err != nil {
		return nil, err
	}
	all, err := processes()
	if err != nil {
		return nil, err
	}
	mark := markName + "=" + filepath.Base(run)
	found := map[int]process{}
	for _, p := range all {
		if p.pid == os.Getpid() || p.gone() {
			continue
		}
		switch {
		case noted[p.pid] == p.start:
			for _, member := range family(all, p.pid) {
				found[member.pid] = member
			}
		case hasMark(p.pid, mark):
			found[p.pid] = p
		}
	}
	var list []process
	for _, p := range found {
		if !p.gone() {
			list = append(list, p)
		}
	}
	return list, nil
}

// readJournal maps process numbers to start times. A last line cut short by
// the kill is passed over.
func readJournal(file string) (map[int]string, error) {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the journal of a dead run: %w", err)
	}
	defer f.Close()
	noted := map[int]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		field := strings.Split(lines.Text(), "\t")
		if pid, err := strconv.Atoi(field[0]); err == nil && len(field) == 3 {
			noted[pid] = field[1]
		}
	}
	return noted, lines.Err()
}

func unique(list []string) []string {
	seen := map[string]bool{}
	var once []string
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			once = append(once, s)
		}
	}
	return once
}
