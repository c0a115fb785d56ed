package web

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"countersign/reference/internal/account"
	"countersign/reference/internal/dberr"
)

// A request that the server cannot process now is answered with 503, and with the time of another try if that can
// help. The reply does not contain the cause.
func TestUnavailable(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want string
		wait string
	}{
		{dberr.Busy, "is busy", "5"},
		{dberr.Full, "has no space", ""},
		{account.ErrTooManyPasswords, "Too many users are signing in", "5"},
	} {
		w := httptest.NewRecorder()
		writeError(w, toAPIError(fmt.Errorf("%w: %w", tt.err, errors.New("cause"))))
		if w.Code != 503 || w.Header().Get("Retry-After") != tt.wait || !strings.Contains(w.Body.String(), tt.want) || strings.Contains(w.Body.String(), "cause") {
			t.Errorf("%v: %d, Retry-After %q, %s", tt.err, w.Code, w.Header().Get("Retry-After"), w.Body)
		}
	}
}
