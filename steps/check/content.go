package check

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"countersign/fakeidp/control"
	"countersign/steps/driver"
	"countersign/steps/probe"
	"countersign/steps/verdict"
)

// Reported returns the report of a visit. It returns a violation if the content did not answer.
func Reported(visit *driver.Visit, name string) (*probe.Report, error) {
	if visit == nil {
		return nil, &verdict.Trouble{Op: name + " was never visited"}
	}
	if visit.Report == nil {
		return nil, verdict.Broken("a report of the content "+name, "%s", visit.Reply.Summary())
	}
	return visit.Report, nil
}

// Tokens returns the digests of the tokens that content was given.
func Tokens(report *probe.Report) []string {
	var digests []string
	for _, r := range report.Results {
		if r.Token != "" {
			digests = append(digests, r.Token)
		}
	}
	return digests
}

// exchanges describes the replies to the exchanges of content, which are every second result:
// each is followed by a call with its token.
func exchanges(report *probe.Report) string {
	var answers []string
	for n := 0; n < len(report.Results); n += 2 {
		r := report.Results[n]
		if r.Error != "" {
			answers = append(answers, r.Error)
			continue
		}
		answers = append(answers, fmt.Sprintf("status %d code %d", r.Status, r.Code))
	}
	return "the exchanges ended with " + strings.Join(answers, "; ")
}

// SomeToken requires that content was given a token.
func SomeToken(report *probe.Report) error {
	if len(Tokens(report)) == 0 {
		return verdict.Broken("a token", "none: %s", exchanges(report))
	}
	return nil
}

// TokenOf requires that content was given tokens, and that the provider issued each of them to
// the account. journal is the provider's.
func TokenOf(report *probe.Report, journal []control.Entry, account string) error {
	given := Tokens(report)
	if len(given) == 0 {
		return verdict.Broken("a token of "+account, "none: %s", exchanges(report))
	}
	for _, digest := range given {
		if owner, issued := issuedTo(journal, digest); !issued || owner != account {
			return verdict.Broken("a token that the provider issued to "+account, "one issued to %q", owner)
		}
	}
	return nil
}

func issuedTo(journal []control.Entry, digest string) (account string, issued bool) {
	if n := issuing(journal, digest); n >= 0 {
		return journal[n].Account, true
	}
	return "", false
}

// issuing returns the place of the entry of a journal in which the access token with a digest was
// issued, or -1.
func issuing(journal []control.Entry, digest string) int {
	return slices.IndexFunc(journal, func(e control.Entry) bool {
		return slices.Contains(e.Issued, control.Issued{Kind: control.KindAccessToken, Digest: digest})
	})
}

// TokenOfClient requires that content was given tokens, and that the provider issued each of them
// in a request of a client.
func TokenOfClient(report *probe.Report, journal []control.Entry, clientID string) error {
	given := Tokens(report)
	if len(given) == 0 {
		return verdict.Broken("a token that the provider issued to "+clientID, "none: %s", exchanges(report))
	}
	for _, digest := range given {
		n := issuing(journal, digest)
		if n < 0 {
			return verdict.Broken("a token that the provider issued to "+clientID, "one that the provider did not issue")
		}
		if e := journal[n]; e.Endpoint != "token" || e.ClientID != clientID {
			return verdict.Broken("a token that the provider issued to "+clientID, "one that it issued at %s to %q", e.Endpoint, e.ClientID)
		}
	}
	return nil
}

// NoneIssuedSince requires that the provider issued no access token after the last of those that
// content was given.
func NoneIssuedSince(report *probe.Report, journal []control.Entry) error {
	last := -1
	for _, digest := range Tokens(report) {
		last = max(last, issuing(journal, digest))
	}
	if last < 0 {
		return nothingGranted("the content was given no token of the provider")
	}
	for _, e := range journal[last+1:] {
		for _, issued := range e.Issued {
			if issued.Kind == control.KindAccessToken {
				return verdict.Broken("no further access token", "one for a %s request of %s", e.GrantType, e.ClientID)
			}
		}
	}
	return nil
}

// NoToken requires that content ran and was refused a token, or that the visit was refused.
// obtained reports whether content was given a token before, to compare with.
func NoToken(visit *driver.Visit, name string, obtained bool) error {
	if !obtained {
		return nothingGranted("no content was given a token")
	}
	if visit != nil && visit.Report == nil && visit.Reply.Refuses() {
		return nil
	}
	report, err := Reported(visit, name)
	if err != nil {
		return err
	}
	if len(Tokens(report)) > 0 {
		return verdict.Broken("no token", "one")
	}
	for n := 0; n < len(report.Results); n += 2 {
		if s := report.Results[n].Status; s != 0 && !report.Results[n].Refused() {
			return verdict.Broken("a refusal of the exchange (4xx or 501)", "%s", exchanges(report))
		}
	}
	return nil
}

// SameTokens requires that content was given the tokens that it was given before.
func SameTokens(before, after *probe.Report) error {
	first, second := Tokens(before), Tokens(after)
	if len(first) == 0 {
		return nothingGranted("the visit before obtained no token")
	}
	if !slices.Equal(first, second) {
		return verdict.Broken("the same token as before", "%d others: %s", len(second), exchanges(after))
	}
	return nil
}

// OtherTokens requires that content was given tokens, and none of those that it was given before.
func OtherTokens(before, after *probe.Report) error {
	first, second := Tokens(before), Tokens(after)
	switch {
	case len(first) == 0:
		return nothingGranted("the execution before obtained no token")
	case len(second) == 0:
		return verdict.Broken("another token than before", "none: %s", exchanges(after))
	}
	for _, digest := range second {
		if slices.Contains(first, digest) {
			return verdict.Broken("another token than before", "the same")
		}
	}
	return nil
}

// TokenThenNone requires that the first of two exchanges was granted and the second, after a
// change, refused. The results of the report are the two exchanges with the change between.
func TokenThenNone(report *probe.Report) error {
	if len(report.Results) != 3 {
		return &verdict.Trouble{Op: "the visit was not one with a change between two exchanges"}
	}
	before, change, after := report.Results[0], report.Results[1], report.Results[2]
	switch {
	case before.Token == "" || change.Status/100 != 2:
		return &verdict.Block{Reason: "the first exchange, or the change after it, was not granted", BySubject: true}
	case after.Token != "":
		return verdict.Broken("no token in the second exchange", "one")
	case !after.Refused():
		return verdict.Broken("a refusal of the second exchange (4xx or 501)", "status %d", after.Status)
	}
	return nil
}

// DifferentTokens requires that two items were given different tokens for their visits, and for
// their executions unless these came in files. The probe reports tokens as digests.
func DifferentTokens(one, other *probe.Report) error {
	const visit, execution = "Posit-Connect-User-Session-Token", "CONNECT_CONTENT_SESSION_TOKEN"
	a, sent := one.Request.Header(visit)
	b, _ := other.Request.Header(visit)
	if !sent {
		return verdict.Broken("a report of the token of the visit", "none")
	}
	if a == b {
		return verdict.Broken("two tokens of two visits", "the same")
	}
	if token := one.Environment[execution]; token != "" && token == other.Environment[execution] {
		return verdict.Broken("two tokens of two executions", "the same")
	}
	return nil
}

// Rows requires that the provider's resource gave content exactly these rows for its tokens.
func Rows(report *probe.Report, name string, wanted []string) error {
	var got []string
	asked := false
	for n, result := range report.Results {
		if n%2 == 0 { // an exchange
			asked = asked || result.Token != ""
			continue
		}
		var body struct{ Rows []string }
		if result.Status == http.StatusOK && json.Unmarshal([]byte(result.Body), &body) == nil {
			got = append(got, body.Rows...)
		}
	}
	slices.Sort(got)
	got = slices.Compact(got)
	if !asked {
		return verdict.Broken("a token with which "+name+" asks for data", "none: %s", exchanges(report))
	}
	if !slices.Equal(got, wanted) {
		return verdict.Broken(fmt.Sprintf("the rows %q", wanted), "the rows %q", got)
	}
	return nil
}

// NoOtherCookie requires that content received no Cookie header, or one that contains nothing
// but the cookie.
func NoOtherCookie(report *probe.Report, cookie string) error {
	if report.Request == nil {
		return verdict.Broken("a report of the request", "one without it")
	}
	for _, digest := range report.Request.Headers["Cookie"] {
		if digest != "sha256:"+probe.Digest(cookie) {
			return verdict.Broken("no other cookie than "+cookie, "a Cookie header with another digest")
		}
	}
	return nil
}

// NoHeaderWith requires that content received no header with a value, which the probe reports
// as it is, or as a digest if it may be a secret.
func NoHeaderWith(report *probe.Report, value string) error {
	if report.Request == nil {
		return verdict.Broken("a report of the request", "one without it")
	}
	for name, values := range report.Request.Headers {
		for _, got := range values {
			if strings.Contains(got, value) || got == "sha256:"+probe.Digest(value) || got == "sha256:"+probe.Digest("Key "+value) {
				return verdict.Broken("no header with the value "+value, "%s", name)
			}
		}
	}
	return nil
}

// Planted is the value of cookies that content sets in place of the server's.
const Planted = "planted-by-content"

// CookiesHeldBack requires that no cookie with the value [Planted] reached the browser in a
// visit in which content set such cookies.
func CookiesHeldBack(visit *driver.Visit) error {
	if visit == nil || visit.Report == nil || len(visit.Report.Results) == 0 {
		return &verdict.Block{Reason: "the content did not report that it set cookies", BySubject: true}
	}
	for _, cookie := range visit.Reply.Header["Set-Cookie"] {
		if name, value, _ := strings.Cut(cookie, "="); strings.HasPrefix(value, Planted) {
			return verdict.Broken("no cookie of content in place of the server's", "Set-Cookie: %s=%s", name, Planted)
		}
	}
	return nil
}

// granted returns the results of reports that are granted exchanges.
func granted(reports []*probe.Report) []probe.Result {
	var all []probe.Result
	for _, report := range reports {
		for _, r := range report.Results {
			if r.Token != "" {
				all = append(all, r)
			}
		}
	}
	return all
}

// ExchangesNotStored requires that the reply to each granted exchange forbids caches to store
// it.
func ExchangesNotStored(reports []*probe.Report) error {
	exchanges := granted(reports)
	if len(exchanges) == 0 {
		return &verdict.Block{Reason: "no exchange was granted", BySubject: true}
	}
	for _, r := range exchanges {
		control := r.Headers["Cache-Control"]
		if !slices.ContainsFunc(control, func(v string) bool { return strings.Contains(strings.ToLower(v), "no-store") }) {
			return verdict.Broken("Cache-Control: no-store", "%q", control)
		}
	}
	return nil
}

// NoRefreshToken requires that no granted exchange returned a refresh token, and that content
// saw none elsewhere.
func NoRefreshToken(reports []*probe.Report) error {
	for _, r := range granted(reports) {
		if r.Has("refresh_token") {
			return verdict.Broken("no refresh_token in the reply", "one")
		}
	}
	for _, report := range reports {
		if err := NotSeenByContent(report, control.KindRefreshToken); err != nil {
			return err
		}
	}
	return nil
}

// NotSeenByContent requires that content saw no secret of a kind.
func NotSeenByContent(report *probe.Report, kind string) error {
	for _, s := range report.Sightings {
		if s.Kind == kind {
			return verdict.Broken("no "+Words(kind), "one in %s of what the content %s sees", s.Where, s.Encoding)
		}
	}
	return nil
}

// Words returns the name of a kind of secret as words: "access_token" as "access token".
func Words(kind string) string { return strings.ReplaceAll(kind, "_", " ") }

// ReportsEnvironment requires a report that contains the environment and the request.
func ReportsEnvironment(report *probe.Report) error {
	if report.Request == nil || len(report.Environment) == 0 {
		return verdict.Broken("a report of the environment and the request", "one without them")
	}
	return nil
}
