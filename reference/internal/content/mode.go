package content

import (
	"slices"
)

// Mode is an item's app_mode, from the manifest of its bundle.
type Mode string

// ModeUnknown is the mode of an item before its first deployment.
const ModeUnknown Mode = "unknown"

// Class says how the server treats a mode. The OAuth document speaks of interactive, rendered and static content and
// defines none of them: interactive content is a running process that answers visits, rendered content
// is a program that the server runs once to make a page, static content is files.
type Class string

const (
	ClassUnknown     Class = "unknown"
	ClassInteractive Class = "interactive"
	ClassRendered    Class = "rendered"
	ClassStatic      Class = "static"
)

// classes holds the modes that Posit's clients know. The last line of the interactive ones is in no client's list; they need
// a running process and are treated as interactive.
var classes = map[Mode]Class{
	"api": ClassInteractive, "jupyter-voila": ClassInteractive, "python-api": ClassInteractive,
	"python-bokeh": ClassInteractive, "python-dash": ClassInteractive, "python-fastapi": ClassInteractive,
	"python-shiny": ClassInteractive, "python-streamlit": ClassInteractive, "quarto-shiny": ClassInteractive,
	"rmd-shiny": ClassInteractive, "shiny": ClassInteractive, "tensorflow-saved-model": ClassInteractive,
	"python-gradio": ClassInteractive, "python-panel": ClassInteractive, "nodejs": ClassInteractive,

	"rmd-static": ClassRendered, "jupyter-static": ClassRendered, "quarto-static": ClassRendered,

	"static": ClassStatic,
}

// aliases are other spellings that clients write into manifests.
var aliases = map[Mode]Mode{"nodejs-api": "nodejs"}

// ParseMode reads a manifest's metadata.appmode. Modes are compared exactly; "unknown" cannot be asked for.
func ParseMode(s string) (Mode, bool) {
	m := Mode(s)
	if to, ok := aliases[m]; ok {
		m = to
	}
	_, known := classes[m]
	return m, known
}

// Class answers ClassUnknown for a mode that is none.
func (m Mode) Class() Class {
	if c, known := classes[m]; known {
		return c
	}
	return ClassUnknown
}

// Executes says whether content of the class ever runs as a program.
func (c Class) Executes() bool { return c == ClassInteractive || c == ClassRendered }

// Modes lists every mode that can be deployed, sorted.
func Modes() []Mode {
	all := make([]Mode, 0, len(classes))
	for m := range classes {
		all = append(all, m)
	}
	slices.Sort(all)
	return all
}
