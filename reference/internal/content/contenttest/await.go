package contenttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"syscall"
	"testing"
	"time"
)

// Ask sends one visit with a query to a content program.
func Ask(ctx context.Context, target *url.URL, transport http.RoundTripper, query string) (Echo, error) {
	var e Echo
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String()+"/?"+query, nil)
	if err != nil {
		return e, err
	}
	reply, err := transport.RoundTrip(request)
	if err != nil {
		return e, err
	}
	defer reply.Body.Close()
	return e, json.NewDecoder(reply.Body).Decode(&e)
}

// Eventually waits for a condition and fails with its last state.
func Eventually(t *testing.T, what string, holds func() (bool, string)) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		ok, seen := holds()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: last seen %s", what, seen)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Gone is the condition that a process has ended.
func Gone(pid int) func() (bool, string) {
	return func() (bool, string) {
		err := syscall.Kill(pid, 0)
		return errors.Is(err, syscall.ESRCH), fmt.Sprintf("process %d: %v", pid, err)
	}
}
