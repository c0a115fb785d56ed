// Package apache contains the template for the configuration of the Apache httpd test
// proxy. Package proxies parses and executes it.
package apache

import (
	"embed"
	"fmt"
	"regexp"
	"strings"
	"text/template"
)

// Files contains the template httpd.conf.tmpl of the whole configuration file, and the
// templates that it uses.
//
//go:embed *.tmpl
var Files embed.FS

// Functions are the functions of the templates, in addition to those for both proxies.
var Functions = template.FuncMap{
	"spellings":      spellings,
	"otherSpellings": otherSpellings,
	"header":         func(name, env string) map[string]string { return map[string]string{"Header": name, "Env": env} },
	"joined":         joined,
	"trimslash":      func(s string) string { return strings.TrimPrefix(s, "/") },
	"upto":           func(n int, slots []int) []int { return slots[:n] },
	"next":           func(n int, slots []int) int { return n%len(slots) + 1 },
}

// separators are characters of header names that servers with a CGI-like environment do
// not distinguish: there, X_Auth_Username and X-Auth-Username are the same. nginx drops
// such names by default, httpd does not.
const separators = "-_."

// maxSeparators is the number of separators up to which spellings returns all
// combinations, which are 3^4 names.
const maxSeparators = 4

var notAlphanumeric = regexp.MustCompile(`[^A-Za-z0-9]`)

// spellings returns the names that result from replacing the separators of a header in all
// combinations. It returns only the header if it has more than maxSeparators.
func spellings(header string) []string {
	at := notAlphanumeric.FindAllStringIndex(header, -1)
	if len(at) > maxSeparators {
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

// otherSpellings returns a regular expression for the spellings that spellings does not
// return, because of other characters or too many separators. The configuration refuses
// requests with such a header, because httpd removes headers by their exact name only.
func otherSpellings(header string) string {
	pattern := notAlphanumeric.ReplaceAllString(header, "[^A-Za-z0-9]")
	if len(notAlphanumeric.FindAllStringIndex(header, -1)) > maxSeparators {
		return "^(?!" + regexp.QuoteMeta(header) + "$)" + pattern + "$"
	}
	return "^(?![A-Za-z0-9._-]+$)" + pattern + "$"
}

// joined returns the value of one header line with the first n groups.
func joined(n int, separator string) string {
	var slots []string
	for i := 1; i <= n; i++ {
		slots = append(slots, fmt.Sprintf("%%{SAFE_group%d}e", i))
	}
	return strings.Join(slots, strings.ReplaceAll(separator, "%", "%%"))
}
