// Package apache holds the configuration of the Apache httpd test proxy as a
// template. The package proxies executes it with the listeners; nothing here
// knows them.
package apache

import (
	"embed"
	"fmt"
	"regexp"
	"strings"
	"text/template"
)

//go:embed *.tmpl
var files embed.FS

var parsed = template.Must(template.New("httpd.conf.tmpl").Funcs(template.FuncMap{
	"quote":     quote,
	"regex":     regexp.QuoteMeta,
	"spellings": spellings,
	"oddities":  oddities,
	"pair":      func(all, one any) map[string]any { return map[string]any{"All": all, "S": one} },
	"header":    func(name, env string) map[string]string { return map[string]string{"Header": name, "Env": env} },
	"joined":    joined,
	"trimslash": func(s string) string { return strings.TrimPrefix(s, "/") },
	"upto":      func(n int, slots []int) []int { return slots[:n] },
	"next":      func(n int, slots []int) int { return n%len(slots) + 1 },
}).ParseFS(files, "*.tmpl"))

// Template returns the template of the whole configuration file.
func Template() *template.Template { return parsed }

// quote writes a string of httpd's configuration language.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// separators are the characters of header names that httpd lets through and that
// servers with a CGI-like environment make the same of: X_Auth_Username is
// X-Auth-Username there. nginx drops such names by itself, httpd does not.
const separators = "-_."

// most is the number of separators up to which every mixture is listed: 3^4 names.
const most = 4

var notPlain = regexp.MustCompile(`[^A-Za-z0-9]`)

// spellings lists a header with each separator in each spelling.
func spellings(header string) []string {
	at := notPlain.FindAllStringIndex(header, -1)
	if len(at) > most {
		return []string{header}
	}
	names := []string{header}
	seen := map[string]bool{header: true}
	for _, i := range at {
		for _, name := range names[:len(names):len(names)] {
			for _, c := range separators {
				other := name[:i[0]] + string(c) + name[i[1]:]
				if !seen[other] {
					seen[other] = true
					names = append(names, other)
				}
			}
		}
	}
	return names
}

// oddities is a regular expression for the spellings that spellings does not
// list, with stranger characters or too many separators. Requests with one are
// refused, since httpd removes headers by their exact name only.
func oddities(header string) string {
	pattern := notPlain.ReplaceAllString(header, "[^A-Za-z0-9]")
	if len(notPlain.FindAllStringIndex(header, -1)) > most {
		return "^(?!" + regexp.QuoteMeta(header) + "$)" + pattern + "$"
	}
	return "^(?![A-Za-z0-9._-]+$)" + pattern + "$"
}

// joined is the value of one header line with the first n groups.
func joined(n int, separator string) string {
	var slots []string
	for i := 1; i <= n; i++ {
		slots = append(slots, fmt.Sprintf("%%{SAFE_group%d}e", i))
	}
	return strings.Join(slots, strings.ReplaceAll(separator, "%", "%%"))
}
