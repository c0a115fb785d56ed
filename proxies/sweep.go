package proxies

import (
	"context"
	"errors"
	"path/filepath"

	"countersign/proxies/process"
)

// runsFolder returns the folder of this user for proxies. It contains a run for each proxy
// that runs as a process.
func runsFolder() (string, error) {
	base, err := process.UserFolder()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(base, "proxies")
	return dir, process.PrivateFolder(dir)
}

// Sweep stops the proxies of programs that ended without stopping them. It finds processes
// by their runs in the temporary folder, and containers by their labels. It does not stop
// proxies whose owner runs. Start calls it.
func Sweep(ctx context.Context) error {
	return sweep(ctx, pingEngine(ctx) == nil)
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
	base, err := runsFolder()
	if err != nil {
		return err
	}
	_, err = process.Sweep(ctx, base, stopWithin)
	return err
}
