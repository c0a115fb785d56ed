package main

import (
	"context"

	"countersign/proxies/process"
)

// runsFolder returns the folder in which this user's runs are created.
func runsFolder() (string, error) {
	base, err := process.UserFolder()
	if err != nil {
		return "", withHint(err, "remove it, or set TMPDIR to a folder that only you can write")
	}
	return base, nil
}

// openRun removes what killed runs left in base and creates a run. It returns the
// processes that it killed and the folders that it removed.
func openRun(ctx context.Context, base string) (r *process.Run, swept []string, err error) {
	swept, err = process.Sweep(ctx, base, 0)
	if err != nil {
		return nil, swept, err
	}
	r, err = process.NewRun(base)
	return r, swept, err
}
