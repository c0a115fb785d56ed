package steps

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"countersign/steps/driver"
	"countersign/steps/probe"
	"countersign/steps/verdict"
)

// sayVisits: what content learns of a visit, and what it can obtain by asking for more than that.
var sayVisits = []sentence{
	{`{who} visits {who}, which asks for the token of {who} as well`, func(w *World, ctx context.Context, a []string) error {
		return w.visitsGreedy(ctx, a[0], a[1], a[2])
	}},
	{`{who} visits {who}, which opens {who} with its API key`, func(w *World, ctx context.Context, a []string) error {
		return w.visitsThrough(ctx, a[0], a[1], a[2], w.questions())
	}},
	{`{who} visits {who}, which hands its token to {who}`, func(w *World, ctx context.Context, a []string) error {
		actions := w.questions()
		actions[0] = driver.ExchangeAction("{header."+handedOn+"}", driver.UserSessionToken)
		return w.visitsThrough(ctx, a[0], a[1], a[2], actions)
	}},
	{`{anybody} visits {who} with the further header {value}`, func(w *World, ctx context.Context, a []string) error {
		return w.visitsSending(ctx, a[0], a[1], a[2])
	}},
	{`{who} visits {who}, which sets cookies of the same names as the server`, func(w *World, ctx context.Context, a []string) error {
		return w.visitsSettingCookies(ctx, a[0], a[1])
	}},
	{`the browser receives none of these cookies of {who}`, func(w *World, _ context.Context, a []string) error {
		i, err := w.item(a[0])
		if err != nil {
			return err
		}
		return cookiesHeldBack(i.visit)
	}},
	{`{who} has received no header with the value {value}`, func(w *World, _ context.Context, a []string) error {
		i, err := w.item(a[0])
		if err != nil {
			return err
		}
		report, err := i.report()
		if err != nil {
			return err
		}
		return received(report, w.onTheWire(a[1]))
	}},
	{`{who} and {who} have been given different tokens`, func(w *World, _ context.Context, a []string) error {
		var reports []*probe.Report
		for _, short := range a {
			i, err := w.item(short)
			if err != nil {
				return err
			}
			report, err := i.report()
			if err != nil {
				return err
			}
			reports = append(reports, report)
		}
		return differentTokens(reports[0], reports[1])
	}},
	{`the exchange forbids caches to store its reply`, func(w *World, _ context.Context, _ []string) error {
		return w.exchangeNotStored()
	}},
}

// visitsGreedy has content exchange, beside the token of its visit, what it may know of another user, and a token that it
// has made up.
func (w *World) visitsGreedy(ctx context.Context, who, short, other string) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	visitor, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	victim, err := w.user(ctx, other)
	if err != nil {
		return err
	}
	actions := w.questions()
	for _, subject := range []string{victim.guid, victim.Identity.Username, "made-up"} {
		actions = append(actions, driver.ExchangeAction(subject, driver.UserSessionToken), actions[1])
	}
	visit, err := visitor.Visit(ctx, i.guid, actions)
	i.saw(visit)
	return w.visited(i, err)
}

// handedOn is the header in which content hands the token of its visit to other content.
const handedOn = "X-Handed-On"

// visitsThrough has content open other content with the API key that it was given and the token of its visit, and reads
// what that content reports of the actions.
func (w *World) visitsThrough(ctx context.Context, who, short, through string, actions []probe.Action) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	inner, err := w.item(through)
	if err != nil {
		return err
	}
	visitor, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	script, err := json.Marshal(actions)
	if err != nil {
		return &verdict.Trouble{Op: "write actions", Err: err}
	}
	visit, err := visitor.Visit(ctx, i.guid, []probe.Action{{
		Do: probe.DoCall, Method: "GET",
		URL:     "{env.CONNECT_SERVER}" + driver.ContentPath(inner.guid) + "?probe=" + base64.RawURLEncoding.EncodeToString(script),
		Headers: map[string]string{"Authorization": "Key {env.CONNECT_API_KEY}", handedOn: "{header.Posit-Connect-User-Session-Token}"},
	}})
	i.saw(visit)
	if err != nil {
		return err
	}
	report, err := i.report()
	if err != nil {
		return err
	}
	var seen probe.Report
	if len(report.Results) != 1 || json.Unmarshal([]byte(report.Results[0].Body), &seen) != nil || seen.Probe != probe.Version {
		return fail("a report of the content "+through, "none")
	}
	inner.saw(&driver.Visit{Reply: visit.Reply, Report: &seen})
	return nil
}

// visitsSending visits content with a header line that no honest client sends.
func (w *World) visitsSending(ctx context.Context, who, short, line string) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	visitor, err := w.visitor(ctx, who)
	if err != nil {
		return err
	}
	lines, err := w.further(line)
	if err != nil {
		return err
	}
	visit, err := visitor.VisitActing(ctx, i.guid, w.questions(), lines...)
	i.saw(visit)
	return w.visited(i, err)
}

// planted is the value of cookies that content sets in place of the server's.
const planted = "planted-by-content"

// visitsSettingCookies has content set, for every cookie that the server has set in the visitor's browser, one of the same
// name.
func (w *World) visitsSettingCookies(ctx context.Context, who, short string) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	visitor, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	names := visitor.CookieNames()
	if len(names) == 0 {
		return &verdict.Inapplicable{Reason: "the server sets no cookie when a user signs in"}
	}
	var actions []probe.Action
	for _, name := range names {
		actions = append(actions, probe.Action{Do: probe.DoSetCookie, Cookie: name + "=" + planted + "; Path=/"})
	}
	visit, err := visitor.Visit(ctx, i.guid, actions)
	i.saw(visit)
	return w.visited(i, err)
}

// cookiesHeldBack returns a violation if a cookie that content has set for the server's name reached the browser.
func cookiesHeldBack(visit *driver.Visit) error {
	if visit == nil || visit.Report == nil || len(visit.Report.Results) == 0 {
		return &verdict.Block{Reason: "the content did not report that it set cookies", BySubject: true}
	}
	for _, cookie := range visit.Reply.Header["Set-Cookie"] {
		if name, value, _ := strings.Cut(cookie, "="); strings.HasPrefix(value, planted) {
			return fail("no cookie of content in place of the server's", "Set-Cookie: %s=%s", name, planted)
		}
	}
	return nil
}

// received returns a violation if a header of a visit reached the content with a value, or with the digest by which the
// probe reports secrets.
func received(report *probe.Report, value string) error {
	if report.Request == nil {
		return fail("a report of the request", "one without it")
	}
	for name, values := range report.Request.Headers {
		for _, got := range values {
			if strings.Contains(got, value) || got == "sha256:"+probe.Digest(value) || got == "sha256:"+probe.Digest("Key "+value) {
				return fail("no header with the value "+value, "%s", name)
			}
		}
	}
	return nil
}

// exchangeNotStored looks at the exchanges that content has reported as granted.
func (w *World) exchangeNotStored() error {
	granted := 0
	for _, i := range w.items {
		if i.visit == nil || i.visit.Report == nil {
			continue
		}
		for _, r := range i.visit.Report.Results {
			if r.Token == "" {
				continue
			}
			granted++
			if err := notStored(r); err != nil {
				return err
			}
		}
	}
	if granted == 0 {
		return &verdict.Block{Reason: "no exchange was granted", BySubject: true}
	}
	return nil
}

// notStored returns a violation unless the reply of an exchange says that no cache may store it.
func notStored(r probe.Result) error {
	control := r.Headers["Cache-Control"]
	if !slices.ContainsFunc(control, func(v string) bool { return strings.Contains(strings.ToLower(v), "no-store") }) {
		return fail("Cache-Control: no-store", "%q", control)
	}
	return nil
}

// differentTokens compares what two items report of their tokens, which the probe gives as digests: that of the visit, and
// that of the execution unless it came in a file.
func differentTokens(one, other *probe.Report) error {
	const visit, execution = "Posit-Connect-User-Session-Token", "CONNECT_CONTENT_SESSION_TOKEN"
	a, sent := one.Request.Header(visit)
	b, _ := other.Request.Header(visit)
	if !sent {
		return fail("a report of the token of the visit", "none")
	}
	if a == b {
		return fail("two tokens of two visits", "the same")
	}
	if token := one.Environment[execution]; token != "" && token == other.Environment[execution] {
		return fail("two tokens of two executions", "the same")
	}
	return nil
}
