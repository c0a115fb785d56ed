package fakeidp

import (
	"maps"
	"net/http"
	"slices"
)

// An accountChoice is an account that the page offers.
type accountChoice struct {
	Name    string
	Checked bool
}

// A scopeChoice is a scope that the page offers, with its meaning if the provider knows it.
type scopeChoice struct{ Name, Meaning string }

// meanings explain the scopes that the provider interprets.
var meanings = map[string]string{
	scopeOpenID:  "Learn which account this is",
	scopeProfile: "See the name of the account",
	scopeOffline: "Keep access while you are not there",
}

// showChoice stores the request under a ticket and shows a page on which a user chooses an account and the access that
// it allows. Developers who run the provider by hand see it; scripts sign in first or use a default account.
func (ex *exchange) showChoice() (reply, error) {
	is, a := ex.is, ex.back
	ticket, err := is.mint("")
	if err != nil {
		return reply{}, err
	}
	is.mu.Lock()
	is.choices.put(digestOf(ticket), a, func(old *authRequest) bool { return !a.asked.Before(old.asked.Add(choiceLifetime)) })
	is.mu.Unlock()
	var scopes []scopeChoice
	for _, name := range is.offered(a) {
		scopes = append(scopes, scopeChoice{name, meanings[name]})
	}
	ex.entry.Detail = "the user was asked for an account"
	return page(http.StatusOK, "choice", map[string]any{
		"Title": "Sign in to " + is.name, "Issuer": is.name, "Client": a.client.spec.ID, "Redirect": a.redirectURI,
		"Ticket": ticket, "Accounts": ex.accountChoices(), "Scopes": scopes,
	})
}

// accountChoices returns the accounts of people. Accounts of services have no one who could sign in. The account of
// the present session is chosen, or else the first one.
func (ex *exchange) accountChoices() []accountChoice {
	current := ex.session()
	is := ex.is
	is.mu.Lock()
	defer is.mu.Unlock()
	names := slices.Sorted(maps.Keys(is.accounts))
	for _, c := range is.clients {
		names = slices.DeleteFunc(names, func(name string) bool { return name == c.spec.ServiceAccount })
	}
	var choices []accountChoice
	for i, name := range names {
		chosen := i == 0
		if current != nil && slices.Contains(names, current.account) {
			chosen = name == current.account
		}
		choices = append(choices, accountChoice{name, chosen})
	}
	return choices
}

// choose handles the choice of the user. The ticket is valid once and identifies the stored request, so that the
// request cannot be changed. Scopes without a mark are not granted (RFC 6749, section 3.3).
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
	refused := slices.DeleteFunc(slices.Clone(a.scope), func(name string) bool { return ps["allow:"+name] == "yes" })
	return ex.decide(&session{account: ps["account"], authTime: now}, refused)
}
