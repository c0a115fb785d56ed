package fakeidp

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"
)

// pageStyle is the style sheet of all pages. The Content-Security-Policy has its hash, so that a page can have no other
// style.
const pageStyle = `
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5a6775; --line: #d3dae2; --card: #fff; --ground: #eef1f5; --accent: #1a56b0; --on: #fff; --warn: #8a4b00; --warnbg: #fff4e0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf3; --soft: #a4b1bf; --line: #3c4855; --card: #1c242d; --ground: #11161c; --accent: #7db0ff; --on: #0c1420; --warn: #ffcf8a; --warnbg: #3a2a10; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 30rem; margin: 2.5rem auto; padding: 2rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 .25rem; font-size: 1.4rem; line-height: 1.3; }
p { margin: .5rem 0; }
.soft, .back { color: var(--soft); font-size: .9rem; }
.notice { margin: 1rem 0; padding: .6rem .9rem; border-radius: .5rem; background: var(--warnbg); color: var(--warn); font-size: .9rem; }
fieldset { margin: 1.25rem 0; padding: 0; border: 0; min-width: 0; }
legend { padding: 0; font-weight: 600; }
label { display: flex; gap: .75rem; align-items: baseline; margin: .5rem 0 0; padding: .6rem .9rem; border: 1px solid var(--line); border-radius: .5rem; cursor: pointer; }
label:has(input:checked) { border-color: var(--accent); }
label:has(input:focus-visible) { outline: 3px solid var(--accent); outline-offset: 2px; }
label span { flex: 1; }
label small { display: block; color: var(--soft); }
input { accent-color: var(--accent); }
.buttons { display: flex; gap: .75rem; margin-top: 1.5rem; }
button { flex: 1; padding: .7rem 1rem; font: inherit; font-weight: 600; border: 1px solid var(--accent); border-radius: .5rem; background: transparent; color: var(--accent); cursor: pointer; }
button.main { background: var(--accent); color: var(--on); }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
code { font-size: .9em; }
`

// pages are the pages that the provider shows to people. They have no scripts.
var pages = template.Must(template.New("").Parse(`{{define "head"}}<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>` + pageStyle + `</style>
</head>
<body>
<main>
{{end}}{{define "choice"}}{{template "head" .}}<h1>Sign in to allow access</h1>
<p><strong>{{.Client}}</strong> asks for access to an account at <strong>{{.Issuer}}</strong>.</p>
<p class="notice">This is a provider for tests. No account has a password.</p>
<form method="post" action="choose">
<input type="hidden" name="ticket" value="{{.Ticket}}">
<fieldset>
<legend>Account</legend>
{{range .Accounts}}<label><input type="radio" name="account" value="{{.Name}}" required{{if .Checked}} checked{{end}}><span>{{.Name}}</span></label>
{{else}}<p>This issuer has no accounts.</p>
{{end}}</fieldset>
{{if .Scopes}}<fieldset>
<legend>Access to allow</legend>
<p class="soft">Clear the box of each scope that you do not want to allow.</p>
{{range .Scopes}}<label><input type="checkbox" name="allow:{{.Name}}" value="yes" checked><span><code>{{.Name}}</code>{{with .Meaning}}<small>{{.}}</small>{{end}}</span></label>
{{end}}</fieldset>
{{end}}<div class="buttons">
<button class="main" name="decision" value="approve">Allow</button>
<button name="decision" value="deny" formnovalidate>Deny</button>
</div>
<p class="back">You will return to <code>{{.Redirect}}</code>.</p>
</form>
</main>
</body>
</html>
{{end}}{{define "refusal"}}{{template "head" .}}<h1>Request refused</h1>
<p>{{.Description}}.</p>
<p class="soft">Error code: <code>{{.Code}}</code>. The provider does not return to a client, because it does not know which client has sent the request.</p>
</main>
</body>
</html>
{{end}}`))

// pagePolicy permits the style sheet, and no script, image, font or frame (RFC 9700, section 4.16). It has no
// form-action, because browsers would apply it to the redirect to the client.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; frame-ancestors 'none'"
}()

// page returns an HTML page that cannot be framed and executes nothing.
func page(status int, name string, data map[string]any) (reply, error) {
	var body strings.Builder
	if err := pages.ExecuteTemplate(&body, name, data); err != nil {
		return reply{}, err
	}
	return reply{
		status: status,
		header: http.Header{
			"Content-Type":            {"text/html; charset=utf-8"},
			"Content-Security-Policy": {pagePolicy},
			"X-Frame-Options":         {"DENY"},
		},
		body: []byte(body.String()),
	}, nil
}
