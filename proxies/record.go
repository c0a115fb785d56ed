package proxies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// A stamp names one process for good: a process id alone comes back.
type stamp struct {
	Boot  string `json:"boot"`      // of the kernel, "" where unknown
	Space string `json:"namespace"` // of the process ids, "" where unknown
	PID   int    `json:"pid"`
	Start string `json:"start"` // when it started, in the system's own words
}

// stampOf gives the stamp of a process of this machine.
func stampOf(pid int) (stamp, error) {
	start, err := startOf(pid)
	if err != nil {
		return stamp{}, err
	}
	boot, space := place()
	return stamp{Boot: boot, Space: space, PID: pid, Start: start}, nil
}

// here says whether the stamp was made where process ids mean what they mean here.
func (s stamp) here() bool {
	boot, space := place()
	return s.Boot == boot && s.Space == space
}

// alive says whether the process is still there. It is meaningful only if here.
func (s stamp) alive() bool {
	start, err := startOf(s.PID)
	return err == nil && start == s.Start
}

// record is the file that stands for one started process, so that after a kill -9
// of its owner the next start can end it, and nothing else.
type record struct {
	Owner  stamp  `json:"owner"`
	Proxy  stamp  `json:"proxy"`
	Dir    string `json:"dir"`
	OwnDir bool   `json:"own_dir"` // whether Dir goes with the process
}

// recordDir is the well-known folder of this user. Its files name processes to
// end, so it must be ours alone.
func recordDir() (string, error) {
	dir := filepath.Join(os.TempDir(), "countersign-"+strconv.Itoa(os.Getuid()), "proxies")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make folder for records of started proxies: %w", err)
	}
	for _, d := range []string{filepath.Dir(dir), dir} {
		info, err := os.Lstat(d)
		if err != nil {
			return "", fmt.Errorf("look at the folder for records of started proxies: %w", err)
		}
		sys, ok := info.Sys().(*syscall.Stat_t)
		if !info.IsDir() || !ok || int(sys.Uid) != os.Getuid() || info.Mode().Perm()&0o022 != 0 {
			return "", fmt.Errorf("%s is not a folder that belongs to this user alone; remove it", d)
		}
	}
	return dir, nil
}

// keep writes the record and returns the function that removes it.
func (r record) keep() (forget func(), err error) {
	dir, err := recordDir()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("write record of the started proxy: %w", err)
	}
	path := filepath.Join(dir, fmt.Sprintf("%d-%s.json", r.Proxy.PID, token()[:8]))
	// Renamed into place: a reader never sees half of it.
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return nil, fmt.Errorf("write record of the started proxy: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return nil, fmt.Errorf("write record of the started proxy: %w", err)
	}
	return func() { _ = os.Remove(path) }, nil
}

// Sweep ends proxies that an earlier process of ours left behind and that nobody
// owns any more: processes by the records in the temporary folder, containers by
// their labels. It touches nothing that this package did not start, and nothing
// whose owner lives. Start does it by itself.
func Sweep(ctx context.Context) error {
	return sweep(ctx, engineAnswers(ctx) == nil)
}

func sweep(ctx context.Context, containers bool) error {
	ctx, cancel := context.WithTimeout(ctx, sweepWithin)
	defer cancel()
	err := sweepProcesses(ctx)
	if containers {
		err = errors.Join(err, sweepContainers(ctx))
	}
	return err
}

func sweepProcesses(ctx context.Context) error {
	dir, err := recordDir()
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return fmt.Errorf("look for proxies left behind: %w", err)
	}
	var errs []error
	for _, file := range files {
		text, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			continue // its owner was quicker
		}
		var r record
		if err != nil || json.Unmarshal(text, &r) != nil || r.Proxy.PID <= 1 {
			errs = append(errs, fmt.Errorf("%s is not a record of ours; remove it", file))
			continue
		}
		errs = append(errs, r.sweep(ctx, file))
	}
	return errors.Join(errs...)
}

// sweep ends the process of one record if its owner is dead.
func (r record) sweep(ctx context.Context, file string) error {
	if r.Owner.here() {
		if r.Owner.alive() {
			return nil
		}
		if err := r.end(ctx); err != nil {
			return err
		}
	} else if r.Owner.Boot == bootID() {
		return nil // of another container on this kernel: not ours to judge
	}
	if r.OwnDir && filepath.Dir(r.Dir) == filepath.Dir(file) {
		if err := os.RemoveAll(r.Dir); err != nil {
			return fmt.Errorf("remove folder of a proxy left behind: %w", err)
		}
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove record of a proxy left behind: %w", err)
	}
	return nil
}

// end ends the recorded process and its group.
func (r record) end(ctx context.Context) error {
	pid := r.Proxy.PID
	if r.Proxy.alive() {
		_ = syscall.Kill(pid, syscall.SIGTERM) // gone already is as good
	} else if _, err := startOf(pid); err == nil {
		return nil // the id belongs to another process by now, and so does the group
	}
	force := time.Now().Add(stopWithin)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for r.Proxy.alive() {
		if time.Now().After(force) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("end process %d, a proxy left behind: %w", pid, ctx.Err())
		case <-tick.C:
		}
	}
	// Workers of a killed master outlive it, in its group.
	for _, worker := range group(pid) {
		_ = syscall.Kill(worker, syscall.SIGKILL)
	}
	return nil
}

func bootID() string {
	boot, _ := place()
	return boot
}
