package main

import (
	"context"

	"countersign/proxies/process"
)

// runsFolder returns the folder of this user for runs.
func runsFolder() (string, error) {
	base, err := process.UserFolder()
	if err != nil {
		return "", withHint(err, "remove it, or set TMPDIR to a folder of your own")
	}
	return base, nil
}

// openRun kills what the killed runs in base have left and creates a run. It returns
// the processes that it has killed and the folders that it has removed.
func openRun(ctx context.Context, base string) (r *process.Run, swept []string, err error) {
	swept, err = process.Sweep(ctx, base, 0)
	if err != nil {
		return nil, swept, err
	}
	r, err = process.NewRun(base)
	return r, swept, err
}
