// Package nginx contains the template for the configuration of the nginx test proxy.
// Package proxies executes it with the listeners.
package nginx

import (
	"embed"
	"regexp"
	"strings"
	"text/template"
)

//go:embed *.tmpl
var files embed.FS

var parsed = template.Must(template.New("nginx.conf.tmpl").Funcs(template.FuncMap{
	"quote":    quote,
	"regex":    regexp.QuoteMeta,
	"variable": variable,
	"alias":    dashed,
	"dollar":   func(s string) string { return strings.ReplaceAll(s, "$", "${safe_dollar}") },
	"pair":     func(all, one any) map[string]any { return map[string]any{"All": all, "S": one} },
	"from2":    func(n []int) []int { return n[1:] },
}).ParseFS(files, "*.tmpl"))

// Template returns the template of the whole configuration file.
func Template() *template.Template { return parsed }

// quote returns a quoted string of nginx's configuration language.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// variable returns the name of nginx's variable for a header of the client: in lower case,
// with an underscore for each dash. It returns "" for a header whose name contains other
// characters than letters, digits, dashes and underscores, which has no variable.
func variable(header string) string {
	if !regexp.MustCompile(`^[A-Za-z0-9_-]+$`).MatchString(header) {
		return ""
	}
	return "http_" + strings.ReplaceAll(strings.ToLower(header), "-", "_")
}

// dashed returns the other spelling of a header that nginx does not drop as invalid, with
// dashes only. It returns "" if the header already has this spelling.
func dashed(header string) string {
	d := regexp.MustCompile(`[^A-Za-z0-9-]`).ReplaceAllString(header, "-")
	if d == header {
		return ""
	}
	return d
}
