package web

import (
	"testing"

	"countersign/reference/internal/integration"
)

func TestEveryRefusalHasACode(t *testing.T) {
	t.Parallel()
	for _, reason := range []integration.Reason{integration.NoGrant, integration.NoSubjectType, integration.NoRequestedType, integration.BadSubject,
		integration.BadContentSession, integration.NotOwner, integration.NoAssociation, integration.BadAudience, integration.NeedAudience,
		integration.WrongAuthType, integration.WrongContent, integration.NoPermission, integration.NotLoggedIn, integration.RefreshInvalid, integration.ProviderFault} {
		if e := exchangeError(&integration.Refusal{Reason: reason, Text: "x"}); e.Status >= 500 || e.Code == errInternal.Code {
			t.Errorf("%s answers %d, code %d", reason, e.Status, e.Code)
		}
	}
	for _, reason := range []integration.LoginReason{integration.LoginState, integration.LoginRefused, integration.LoginIssuer,
		integration.LoginProvider, integration.LoginRefresh, integration.LoginType} {
		if e := toAPIError(loginFailure(&integration.LoginError{Reason: reason})); e.Status >= 500 || e.Code == errInternal.Code {
			t.Errorf("%s answers %d, code %d", reason, e.Status, e.Code)
		}
	}
}
