package proxies

import (
	"context"
	"errors"
	"path/filepath"

	"countersign/proxies/process"
)

// runsFolder returns the folder of this user for proxies: each proxy that runs as a
// process has a run in it.
func runsFolder() (string, error) {
	base, err := process.UserFolder()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(base, "proxies")
	return dir, process.PrivateFolder(dir)
}

// Sweep ends the proxies that this package has started in a program that ended
// without stopping them: processes by their runs in the temporary folder, containers
// by their labels. It touches nothing whose owner runs. Start calls it.
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
	base, err := runsFolder()
	if err != nil {
		return err
	}
	_, err = process.Sweep(ctx, base, stopWithin)
	return err
}
