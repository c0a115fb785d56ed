// Package nginx contains the template for the configuration of the nginx test proxy.
// Package proxies parses and executes it.
package nginx

import (
	"embed"
	"regexp"
	"strings"
	"text/template"
)

// Files contains the template nginx.conf.tmpl of the whole configuration file, and the
// templates that it uses.
//
//go:embed *.tmpl
var Files embed.FS

// Functions are the functions of the templates, in addition to those for both proxies.
var Functions = template.FuncMap{
	"variable": variable,
	"alias":    dashed,
	"dollar":   func(s string) string { return strings.ReplaceAll(s, "$", "${safe_dollar}") },
	"from2":    func(n []int) []int { return n[1:] },
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
