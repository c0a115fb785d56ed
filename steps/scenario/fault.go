package scenario

import (
	"context"
	"encoding/json"
	"net/http"

	"countersign/fakeidp/control"
	"countersign/steps/check"
)

// A TokenRequest is the grant type of requests to the token endpoint of the provider.
type TokenRequest string

// TokenRequests are those that scenarios disturb.
var TokenRequests = map[string]TokenRequest{
	"logins":           control.GrantAuthorizationCode,
	"renewals":         control.GrantRefreshToken,
	"service accounts": control.GrantClientCredentials,
}

// A ProviderFault is how the provider answers a token request that it should grant.
type ProviderFault control.Fault

// ProviderFaults are those that scenarios use. Most happen before the provider processes the
// request, so that a code or refresh token remains valid.
var ProviderFaults = map[string]ProviderFault{
	"the status 403":                  refused(http.StatusForbidden),
	"the status 429":                  refused(http.StatusTooManyRequests),
	"the status 500":                  refused(http.StatusInternalServerError),
	"the status 503":                  refused(http.StatusServiceUnavailable),
	"the error page of a gateway":     instead(http.StatusBadGateway, "text/html", check.ProviderMarkup),
	"a page instead of tokens":        instead(http.StatusOK, "text/html", check.ProviderMarkup),
	"an empty body":                   instead(http.StatusOK, "application/json", ""),
	"malformed JSON":                  instead(http.StatusOK, "application/json", `{"access_token"="x"}`),
	"truncated JSON":                  instead(http.StatusOK, "application/json", `{"access_token":"x`),
	"a list instead of an object":     instead(http.StatusOK, "application/json", `["x"]`),
	"no access token":                 instead(http.StatusOK, "application/json", `{"token_type":"Bearer","expires_in":3600}`),
	"a token of an unknown type":      instead(http.StatusOK, "application/json", `{"access_token":"x","token_type":"unknown"}`),
	"an endless body":                 {Moment: control.Before, FloodBytes: 16 << 20},
	"a redirect":                      {Moment: control.Before, Redirect: "/elsewhere"},
	"a closed connection":             {Moment: control.Before, Drop: control.DropClose},
	"no reply in time":                {Moment: control.Before, DelayMS: 20_000, Status: http.StatusServiceUnavailable, Body: control.Text("{}")},
	"a reply that is lost on its way": {Moment: control.After, Drop: control.DropClose},

	"the media type text/plain": {MediaType: "text/plain"},
	"an expires_in of 3600.0":   expiresIn("3600.0"),
	"an expires_in of 3.6e3":    expiresIn("3.6e3"),
	"an expires_in of 1e20":     expiresIn("1e20"),
	"an expires_in of 0":        expiresIn("0"),
	"an expires_in of -1":       expiresIn("-1"),
	"an expires_in of null":     expiresIn("null"),
	"an expires_in in quotes":   expiresIn(`"3600"`),
	"an empty expires_in":       expiresIn(`""`),
}

// refused is a refusal without an error code.
func refused(status int) ProviderFault { return instead(status, "application/json", `{}`) }

// instead is another reply than that of the provider.
func instead(status int, mediaType, body string) ProviderFault {
	return ProviderFault{Moment: control.Before, Status: status, MediaType: mediaType, Body: control.Text(body)}
}

// expiresIn is a token response with a value of expires_in in JSON.
func expiresIn(value string) ProviderFault {
	return ProviderFault{Members: &control.Edit[json.RawMessage]{Set: map[string]json.RawMessage{"expires_in": json.RawMessage(value)}}}
}

// A ClockError is the number of seconds by which a clock is ahead.
type ClockError int

// ClockErrors are those of the provider's clock.
var ClockErrors = map[string]ClockError{"ahead": 3600, "behind": -3600}

// SetClock makes the clock of the provider wrong.
func (s *State) SetClock(ctx context.Context, off ClockError) error {
	p, err := s.requireIssuer(ctx)
	if err != nil {
		return err
	}
	_, err = p.control.SetClock(ctx, p.name, control.ClockSetting{OffsetSeconds: int(off)})
	return trouble("set the clock of the provider", err)
}

// CheckNoMarkup requires that the last reply does not contain the markup that the provider sent.
func (c *Comparison) CheckNoMarkup() error { return check.NoMarkup(c.Tried) }

// DisturbTokens makes the provider answer token requests of a grant type with a fault.
func (s *State) DisturbTokens(ctx context.Context, r TokenRequest, f ProviderFault) error {
	p, err := s.requireIssuer(ctx)
	if err != nil {
		return err
	}
	f.Endpoint, f.GrantType = control.EndpointToken, string(r)
	return trouble("script the provider", p.control.SetFaults(ctx, p.name, control.Fault(f)))
}

// FailRenewals makes the provider answer requests with a refresh token with an error instead of
// processing them.
func (s *State) FailRenewals(ctx context.Context, status int, code, mediaType string) error {
	body, err := json.Marshal(map[string]string{"error": code})
	if err != nil {
		return trouble("encode the error of the provider", err)
	}
	return s.DisturbTokens(ctx, control.GrantRefreshToken, instead(status, mediaType, string(body)))
}
