package process

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	runPrefix   = "run-"
	lockFile    = "lock"
	journalFile = "processes.tsv"
	markName    = "COUNTERSIGN_RUN"
)

// A Run is a folder with a journal of the processes that were started for it. A lock
// on a file in it is held until the run is closed or the program ends: Sweep kills
// the processes of a run whose lock is not held. A Run is safe for concurrent use.
type Run struct {
	Path string // the folder, which the caller may put files in
	Mark string // NAME=value, to be set in the environment of every process of the run

	lock    *os.File
	mu      sync.Mutex
	journal *os.File
	written map[string]bool
}

// NewRun creates a run in the folder base.
func NewRun(base string) (*Run, error) {
	baseLock, err := Lock(filepath.Join(base, ".lock")) // Sweep must not see the run before it is locked
	if err != nil {
		return nil, err
	}
	defer baseLock.Close()
	id := make([]byte, 12)
	_, _ = rand.Read(id) // never returns an error
	name := runPrefix + hex.EncodeToString(id)
	r := &Run{Path: filepath.Join(base, name), Mark: markName + "=" + name, written: map[string]bool{}}
	if err := os.Mkdir(r.Path, 0o700); err != nil {
		return nil, fmt.Errorf("create the folder of the run: %w", err)
	}
	if r.lock, err = Lock(filepath.Join(r.Path, lockFile)); err != nil {
		return nil, err
	}
	r.journal, err = os.OpenFile(r.Journal(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		r.lock.Close()
		return nil, fmt.Errorf("open the journal of processes: %w", err)
	}
	return r, nil
}

// Journal returns the path of the journal.
func (r *Run) Journal() string { return filepath.Join(r.Path, journalFile) }

// Note writes processes to the journal, each once. The word what describes them to
// a reader.
func (r *Run) Note(what string, list ...Info) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range list {
		line := fmt.Sprintf("%d\t%s\t", p.PID, p.Start)
		if r.written[line] {
			continue
		}
		r.written[line] = true
		// Without the line, Sweep still finds the process by its mark or its family.
		_, _ = r.journal.WriteString(line + what + "\n")
	}
}

// Marked returns the processes that have the mark of the run and have not ended.
func (r *Run) Marked() ([]Info, error) {
	all, err := List()
	if err != nil {
		return nil, err
	}
	var list []Info
	for _, p := range all {
		if p.PID != os.Getpid() && !p.Ended() && HasMark(p.PID, r.Mark) {
			list = append(list, p)
		}
	}
	return list, nil
}

// Close kills the processes that have the mark of the run, such as daemons, and
// removes the folder. It does not read the journal: the caller has stopped those
// processes, and their numbers may belong to others.
func (r *Run) Close() error {
	r.journal.Close()
	_, err := endAll(context.Background(), 0, r.Marked)
	if err != nil {
		err = fmt.Errorf("end the processes of the run: %w", err)
	}
	if removeErr := r.remove(); removeErr != nil {
		err = errors.Join(err, fmt.Errorf("remove the folder of the run: %w", removeErr))
	}
	r.lock.Close()
	return err
}

// removeTime limits how long the removal of the folder is tried.
const removeTime = 10 * time.Second

// remove removes the folder. A process that is about to end may create a file
// between two steps of the removal, so a removal that fails is tried again after the
// processes with the mark have been killed again.
func (r *Run) remove() error {
	const interval = 20 * time.Millisecond
	for deadline := time.Now().Add(removeTime); ; time.Sleep(interval) {
		err := os.RemoveAll(r.Path)
		if err == nil || time.Now().After(deadline) {
			return err
		}
		_, _ = endAll(context.Background(), 0, r.Marked) // Close has reported the error
	}
}

// readJournal returns the start times of the processes in a journal by process
// number. It skips a last line that is incomplete.
func readJournal(file string) (map[int]Stamp, error) {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the journal of a killed run: %w", err)
	}
	defer f.Close()
	noted := map[int]Stamp{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		field := strings.Split(lines.Text(), "\t")
		if pid, err := strconv.Atoi(field[0]); err == nil && len(field) == 3 {
			noted[pid] = Stamp(field[1])
		}
	}
	return noted, lines.Err()
}
