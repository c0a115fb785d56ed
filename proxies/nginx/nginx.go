// Package nginx holds the configuration of the nginx test proxy as a template.
// The package proxies executes it with the listeners; nothing here knows them.
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

// quote writes a string of nginx's configuration language.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// variable is the name of nginx's variable with the client's line of a header:
// lower case, and an underscore for each dash. Only headers named with letters,
// digits, dashes and underscores have one; "" for the rest.
func variable(header string) string {
	if !regexp.MustCompile(`^[A-Za-z0-9_-]+$`).MatchString(header) {
		return ""
	}
	return "http_" + strings.ReplaceAll(strings.ToLower(header), "-", "_")
}

// dashed is the one other spelling of a header that nginx does not drop by
// itself as invalid: with dashes only. "" if the header is spelled so already.
func dashed(header string) string {
	d := regexp.MustCompile(`[^A-Za-z0-9-]`).ReplaceAllString(header, "-")
	if d == header {
		return ""
	}
	return d
}
