package runner

import (
	"strings"

	"countersign/steps/plan"
	"countersign/steps/transcript"
)

// redirectRule is the rule that every redirect of the subject is held to.
const redirectRule = "PA-346"

// checkRedirects is the standing check at the end of a scenario over where the subject
// has sent clients. Behind a proxy it is not made: the proxy rewrites redirects and sends
// some of its own.
func (e *execution) checkRedirects() {
	if e.job.Front != plan.Direct || e.run.config.Target.Running != nil || e.instance == nil || e.instance.Subject.Direct == nil {
		return
	}
	targets := e.redirectTargets()
	for _, x := range e.recorder.Exchanges() {
		to, redirects := redirectOf(x, e.instance.Subject.Direct.String())
		if !redirects || targets.allow(to) {
			continue
		}
		place, _, _ := strings.Cut(to, "?")
		path, _, _ := strings.Cut(x.URL, "?")
		e.errs = append(e.errs, e.run.standing(redirectRule, "a redirect to a URL that begins with "+e.instance.PublishedAddress(),
			transcript.HideSecrets(x.Method+" "+path+": to "+place)))
		return
	}
}

// redirectOf returns where the reply of an exchange sends the client. It is false for
// what is no redirect and for what was not sent by the subject at base.
func redirectOf(x *transcript.Exchange, base string) (to string, ok bool) {
	if x.Status/100 != 3 || !strings.HasPrefix(x.URL, base) {
		return "", false
	}
	for line := range strings.Lines(string(x.ResponseHead)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.EqualFold(strings.TrimSpace(name), "Location") {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}

// redirectTargets are where a subject may send clients.
type redirectTargets struct {
	below   []string // URLs begin with one of them
	exactly []string
}

// redirectTargets are the addresses that the configurations of a scenario publish, the
// pages of the proxy as they are written, and the provider. A server that was told no
// address may leave it to the client.
func (e *execution) redirectTargets() redirectTargets {
	t := redirectTargets{below: []string{e.run.equipment.ProviderURL() + "/"}}
	for _, c := range e.state.Configurations() {
		address := c.Get("Server", "Address")
		switch {
		case address != "":
			t.below = append(t.below, strings.TrimSuffix(address, "/")+"/")
			t.exactly = append(t.exactly, strings.TrimSuffix(address, "/"))
		case c.Sets("Server", "Address"):
			t.below = append(t.below, "/", e.instance.Address())
		default:
			t.below = append(t.below, e.instance.Address())
		}
		t.exactly = append(t.exactly, c.Get("ProxyAuth", "LoginURL"), c.Get("ProxyAuth", "LogoutURL"))
	}
	return t
}

func (t redirectTargets) allow(to string) bool {
	for _, base := range t.below {
		if strings.HasPrefix(to, base) {
			return true
		}
	}
	for _, page := range t.exactly {
		if page != "" && to == page {
			return true
		}
	}
	return false
}
