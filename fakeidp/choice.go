package fakeidp

import (
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// choicePage lets a user choose an account. Developers who run the provider manually see it; scripts sign in first or
// use a default account.
var choicePage = template.Must(template.New("choice").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sign in at {{.Issuer}}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 30rem; margin: 3rem auto; padding: 0 1rem; }
fieldset { border: 1px solid #888; border-radius: .3rem; margin: 1rem 0; }
label { display: block; padding: .2rem 0; }
button { font: inherit; padding: .4rem 1.2rem; }
</style>
</head>
<body>
<h1>Sign in at {{.Issuer}}</h1>
<p><strong>{{.Client}}</strong> asks for access{{if .Scope}} to <code>{{.Scope}}</code>{{end}}.
This is a fake provider for tests: nobody needs a password.</p>
<form method="post" action="choose">
<input type="hidden" name="ticket" value="{{.Ticket}}">
<fieldset>
<legend>Who are you?</legend>
{{range $i, $name := .Accounts}}<label><input type="radio" name="account" value="{{$name}}"{{if eq $i 0}} checked{{end}}> {{$name}}</label>
{{else}}<p>This issuer has no accounts.</p>
{{end}}</fieldset>
<button name="decision" value="approve">Approve</button>
<button name="decision" value="deny">Deny</button>
</form>
</body>
</html>
`))

// showChoice stores the request under a ticket and shows the page.
func (ex *exchange) showChoice() (reply, error) {
	is, a := ex.is, ex.back
	ticket, err := is.mint("")
	if err != nil {
		return reply{}, err
	}
	is.mu.Lock()
	is.choices.put(digestOf(ticket), a, func(old *authRequest) bool { return !a.asked.Before(old.asked.Add(choiceLifetime)) })
	names := slices.Sorted(maps.Keys(is.accounts))
	is.mu.Unlock()

	var body strings.Builder
	if err := choicePage.Execute(&body, map[string]any{
		"Issuer": is.name, "Client": a.client.spec.ID, "Scope": a.scope.String(), "Ticket": ticket, "Accounts": names,
	}); err != nil {
		return reply{}, err
	}
	ex.entry.Detail = "asked whom"
	return page(http.StatusOK, body.String()), nil
}

// choose handles the choice of the user. The ticket is valid once and identifies the stored request, so that the
// request cannot be changed.
func (ex *exchange) choose() (reply, error) {
	ps, err := ex.form()
	if err != nil {
		return reply{}, err
	}
	is := ex.is
	is.mu.Lock()
	a, ok := is.choices.take(digestOf(ps["ticket"]))
	known := is.accounts[ps["account"]] != nil
	is.mu.Unlock()
	now := is.now()
	if !ok || !now.Before(a.asked.Add(choiceLifetime)) {
		return reply{}, invalidRequest("this question was answered before, or too long ago")
	}
	ex.back = a
	ex.entry.ClientID, ex.entry.RedirectURI, ex.entry.HasPKCE = a.client.spec.ID, a.redirectURI, a.challenge != ""
	switch {
	case ps["decision"] == "deny":
		return reply{}, refusedBy("access_denied")
	case ps["decision"] != "approve" || !known:
		return reply{}, invalidRequest("the answer names no account of the issuer")
	}
	return ex.decide(&session{account: ps["account"], authTime: now})
}
