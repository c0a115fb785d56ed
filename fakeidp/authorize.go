package fakeidp

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/fakeidp/control"
)

// The forms of RFC 7636, sections 4.1 and 4.2. An S256 challenge is 32 bytes in base64url.
var (
	verifierSyntax  = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)
	challengeSyntax = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
)

// An authRequest is an authorization request with a valid client and redirect URI, to which the provider may
// redirect.
type authRequest struct {
	client      *client
	redirectURI string
	state       string
	scope       scope
	nonce       string
	challenge   string
	prompt      scope         // space-separated values, like scope
	maxAge      time.Duration // -1 if none
	asked       time.Time
}

// answer returns the URL to which the browser is redirected: the registered redirect URI with its query, state (RFC
// 6749, section 4.1.2) and iss (RFC 9207, section 2), also for errors.
func (a *authRequest) answer(iss string, values url.Values) string {
	values.Set("iss", a.client.claimedIssuer(iss))
	if a.state != "" {
		values.Set("state", a.state)
	}
	joint := "?"
	if strings.Contains(a.redirectURI, "?") {
		joint = "&"
	}
	return a.redirectURI + joint + values.Encode()
}

// authorize implements the authorization endpoint (RFC 6749, section 3.1; OpenID Connect Core, section 3.1.2).
func (ex *exchange) authorize() (reply, error) {
	ps, repeated, err := ex.authParams()
	if err != nil {
		return reply{}, err
	}
	if err := ex.recognise(ps); err != nil {
		return reply{}, err
	}
	_, ex.entry.HasPKCE = ps["code_challenge"]
	if repeated {
		// The error is reported after the client is known, so that the client receives it.
		return reply{}, errRepeated()
	}
	if err := ex.back.read(ps, ex.is.now()); err != nil {
		return reply{}, err
	}
	s, err := ex.currentSession()
	if err != nil {
		return reply{}, err
	}
	if s == nil {
		return ex.showChoice()
	}
	return ex.decide(s, nil)
}

// authParams returns the parameters of the query, or of the body of a POST.
func (ex *exchange) authParams() (params, bool, error) {
	if ex.r.Method == http.MethodPost {
		text, err := ex.formText()
		if err != nil {
			return nil, false, err
		}
		return parseOnce(text)
	}
	if len(ex.r.URL.RawQuery) > maxBody {
		return nil, false, invalidRequest("the request is too long")
	}
	return parseOnce(ex.r.URL.RawQuery)
}

// recognise checks client and redirect URI. Until both are valid there is no redirect (RFC 6749, section 4.1.2.1).
// Redirect URIs are compared octet for octet (RFC 9700, section 2.1).
func (ex *exchange) recognise(ps params) error {
	c := ex.is.client(ps["client_id"])
	if c == nil {
		return invalidRequest("client_id is missing, repeated or not registered").
			because(absent(ps["client_id"], "client_id is missing or repeated", "client_id is not registered"))
	}
	ex.entry.ClientID = c.spec.ID
	anyURI := c.lax().AnyRedirectURI && redirectable(ps["redirect_uri"])
	if !anyURI && !slices.Contains(c.spec.RedirectURIs, ps["redirect_uri"]) {
		return invalidRequest("redirect_uri is missing, repeated or not exactly one of those registered").
			because(absent(ps["redirect_uri"], "redirect_uri is missing or repeated", "redirect_uri is not exactly one of those registered"))
	}
	ex.entry.RedirectURI = ps["redirect_uri"]
	ex.back = &authRequest{client: c, redirectURI: ps["redirect_uri"]}
	if state := ps["state"]; visible(state) {
		ex.back.state = state
		return nil
	}
	return invalidRequest("state holds characters that are not printable ASCII")
}

// absent returns the first text if a parameter has no value, and otherwise the second one.
func absent(value, isAbsent, isPresent string) string {
	if value == "" {
		return isAbsent
	}
	return isPresent
}

// read reads and checks the other parameters of the request.
func (a *authRequest) read(ps params, now time.Time) error {
	a.asked, a.nonce = now, ps["nonce"]
	switch {
	// OpenID Connect Core, sections 6.1, 6.2 and 7.2.1.
	case ps["request"] != "":
		return newProblem(http.StatusBadRequest, "request_not_supported", "request objects are not supported")
	case ps["request_uri"] != "":
		return newProblem(http.StatusBadRequest, "request_uri_not_supported", "request objects are not supported")
	case ps["registration"] != "":
		return newProblem(http.StatusBadRequest, "registration_not_supported", "registration in a request is not supported")
	case ps["response_type"] == "":
		return invalidRequest("response_type is missing")
	case ps["response_type"] != "code":
		return unsupportedResponseType()
	case ps["response_mode"] != "" && ps["response_mode"] != "query":
		return invalidRequest("only response_mode query is supported")
	case !a.client.may(control.GrantAuthorizationCode):
		return unauthorizedClient()
	}
	var err error
	if a.scope, err = a.client.grantable(ps["scope"]); err != nil {
		return err
	}
	if err := a.readPKCE(ps); err != nil {
		return err
	}
	return a.readPrompt(ps)
}

// readPKCE implements RFC 7636, sections 4.3 and 4.4. It refuses a challenge without a method, because the default
// method plain does not protect against an attacker who can read the request.
func (a *authRequest) readPKCE(ps params) error {
	if a.client.lax().IgnorePKCE {
		return nil
	}
	a.challenge = ps["code_challenge"]
	method := ps["code_challenge_method"]
	switch {
	case a.challenge == "" && method != "":
		return invalidRequest("code_challenge_method without code_challenge")
	case a.challenge == "" && !a.client.spec.OptionalPKCE:
		return invalidRequest("code_challenge is required") // RFC 9700, section 2.1.1
	case a.challenge == "":
		return nil
	case method != "S256":
		return invalidRequest("transform algorithm not supported: code_challenge_method must be S256")
	case !challengeSyntax.MatchString(a.challenge):
		return invalidRequest("code_challenge is not well-formed")
	}
	return nil
}

// readPrompt reads the parameter prompt (OpenID Connect Core, section 3.1.2.1).
func (a *authRequest) readPrompt(ps params) error {
	var err error
	if a.prompt, err = parseScope(ps["prompt"]); err != nil {
		return invalidRequest("prompt is not well-formed")
	}
	if !a.prompt.within(scope{"none", "login", "consent", "select_account"}) {
		return invalidRequest("prompt has an unknown value")
	}
	if a.prompt.has("none") && len(a.prompt) > 1 {
		return invalidRequest("prompt none stands alone")
	}
	a.maxAge = -1
	if text := ps["max_age"]; text != "" {
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return invalidRequest("max_age is not a number of seconds")
		}
		a.maxAge = time.Duration(n) * time.Second
	}
	return nil
}

// currentSession returns the session of the browser. If there is none, it signs in the default account of the issuer.
// It returns nil if the user must choose an account.
func (ex *exchange) currentSession() (*session, error) {
	now := ex.is.now()
	s := ex.session()
	a := ex.back
	if s != nil && (a.prompt.has("login") || a.maxAge >= 0 && now.Sub(s.authTime) > a.maxAge) {
		if a.prompt.has("none") {
			return nil, interaction("login_required")
		}
		s = &session{account: s.account, authTime: now} // accounts have no passwords, so that a new login always succeeds
	}
	if s == nil {
		ex.is.mu.Lock()
		if name := ex.is.defaultAccount; name != "" {
			s = &session{account: name, authTime: now}
		}
		ex.is.mu.Unlock()
	}
	switch {
	case s == nil && a.prompt.has("none"):
		return nil, interaction("login_required")
	case a.prompt.has("select_account"):
		return nil, nil
	}
	return s, nil
}

// offered returns the scopes that the account can grant. OpenID Connect Core, section 11: offline_access is ignored,
// and not refused, for clients that may not have it.
func (is *issuer) offered(a *authRequest) scope {
	if is.omitRefresh || !a.client.may(control.GrantRefreshToken) {
		return a.scope.without(scopeOffline)
	}
	return a.scope
}

// decide follows the script of the account and redirects the browser with a code or an error. The user has refused
// some scopes.
func (ex *exchange) decide(s *session, refused scope) (reply, error) {
	ex.entry.Account = s.account
	is, a := ex.is, ex.back
	var consent control.Consent
	if err := is.change(s.account, func(acc *account) { consent = acc.consent }); err != nil {
		return reply{}, err
	}
	if !consent.Approve {
		return reply{}, refusedBy(consent.Error)
	}
	withheld := append(slices.Clone(consent.Withhold), refused...)
	if len(a.scope) > 0 && a.scope.within(withheld) {
		return reply{}, refusedBy("access_denied")
	}
	granted := is.offered(a).without(withheld...)
	secret, err := is.mint(markCode)
	if err != nil {
		return reply{}, err
	}
	now := is.now()
	g := &grant{client: a.client, account: s.account, scope: granted, nonce: a.nonce, authTime: s.authTime}
	k := &code{single: single{grant: g, issued: now}, redirectURI: a.redirectURI, challenge: a.challenge}
	is.mu.Lock()
	is.codes.put(digestOf(secret), k, func(old *code) bool { return !now.Before(old.issued.Add(codeMemory)) })
	is.mu.Unlock()
	ex.entry.Scope = granted.String()
	ex.issued(control.KindCode, secret)
	return redirect(a.answer(ex.iss, url.Values{"code": {secret}})), nil
}
