// Package features is the specification: the features in Gherkin and the
// catalogue of the rules that they check, embedded so that a program that
// carries the suite needs no checkout. It reads nothing into them: steps/plan
// knows what a feature is, steps/rules what a row of the catalogue is.
package features

import (
	"embed"
	"io/fs"
)

//go:embed all:proxied all:oauth all:proxies rules.tsv options.tsv
var files embed.FS

// FS returns the specification: the rule catalogue rules.tsv, the documented options options.tsv,
// and the folders of features, each holding *.feature files.
func FS() fs.FS { return files }
