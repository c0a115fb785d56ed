package fakeidp

import (
	"net/http"
	"strings"

	"countersign/fakeidp/control"
)

// bearer returns the access token of a request (RFC 6750). It reads the Authorization header only.
func (ex *exchange) bearer() (*accessToken, error) {
	if ex.r.URL.Query().Has("access_token") {
		return nil, invalidRequest("a token in the URL is not taken, RFC 6750 section 2.3")
	}
	headers := ex.r.Header.Values("Authorization")
	if len(headers) > 1 {
		return nil, invalidRequest("there is more than one Authorization header")
	}
	if len(headers) == 0 {
		return nil, tokenMissing()
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil, tokenMissing()
	}
	if token == "" || strings.ContainsAny(token, " ,") {
		return nil, invalidRequest("the bearer token is not well-formed")
	}
	ex.presented(control.KindAccessToken, token)

	is := ex.is
	is.mu.Lock()
	defer is.mu.Unlock()
	t, ok := is.access.get(digestOf(token))
	if !ok {
		return nil, invalidToken("the provider knows no such access token")
	}
	ex.entry.Account, ex.entry.ClientID = t.account, t.client.spec.ID
	switch {
	case t.revoked || t.ended:
		return nil, invalidToken("the access token is revoked")
	case !t.active(is.now()):
		return nil, invalidToken("the access token has expired")
	}
	return t, nil
}

// resource returns the data that access tokens protect. It shows whether a client uses the right token.
func (ex *exchange) resource() (reply, error) {
	t, err := ex.bearer()
	if err != nil {
		return reply{}, err
	}
	rows := ex.is.rows(t.account)
	if len(rows) == 0 {
		return reply{}, accessDenied()
	}
	return jsonReply(http.StatusOK, struct {
		Account string   `json:"account"`
		Rows    []string `json:"rows"`
	}{t.account, rows})
}

// userinfo implements OpenID Connect Core, section 5.3, for tokens with the scope openid.
func (ex *exchange) userinfo() (reply, error) {
	t, err := ex.bearer()
	if err != nil {
		return reply{}, err
	}
	if !t.scope.has(scopeOpenID) {
		return reply{}, insufficientScope()
	}
	body := map[string]string{"sub": t.account}
	if t.scope.has(scopeProfile) {
		body["preferred_username"] = t.account
	}
	return jsonReply(http.StatusOK, body)
}
