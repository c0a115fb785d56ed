package steps

import (
	"testing"

	"countersign/fakeidp/control"
)

// TestNoneRenewed holds that a request with a refresh token is a renewal, whatever came of it, and that others are none.
func TestNoneRenewed(t *testing.T) {
	code := entry{Endpoint: "token", GrantType: control.GrantAuthorizationCode, Outcome: "ok"}
	renewal := entry{Endpoint: "token", GrantType: control.GrantRefreshToken, Outcome: "invalid_grant"}
	if err := noneRenewed([]entry{code, {Endpoint: "authorize"}}); err != nil {
		t.Errorf("without a renewal: %v", err)
	}
	if _, broken := asViolation(noneRenewed([]entry{code, renewal})); !broken {
		t.Error("a renewal was not noticed")
	}
}
