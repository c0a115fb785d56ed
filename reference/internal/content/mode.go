package content

// Mode is the app_mode of an item, from the manifest of its bundle.
type Mode string

// ModeUnknown is the mode of an item before its first deployment.
const ModeUnknown Mode = "unknown"

// Class is the way in which the server executes a mode. The OAuth document mentions interactive, rendered and static
// content without defining them. On this server, interactive content is a running process that replies to visits,
// rendered content is a program that the server runs once to create a page, and static content is files.
type Class string

const (
	ClassUnknown     Class = "unknown"
	ClassInteractive Class = "interactive"
	ClassRendered    Class = "rendered"
	ClassStatic      Class = "static"
)

// classes holds the modes of the clients of Posit. The modes in the last line of the interactive ones are in no list
// of a client; they need a running process and are therefore interactive.
var classes = map[Mode]Class{
	"api": ClassInteractive, "jupyter-voila": ClassInteractive, "python-api": ClassInteractive,
	"python-bokeh": ClassInteractive, "python-dash": ClassInteractive, "python-fastapi": ClassInteractive,
	"python-shiny": ClassInteractive, "python-streamlit": ClassInteractive, "quarto-shiny": ClassInteractive,
	"rmd-shiny": ClassInteractive, "shiny": ClassInteractive, "tensorflow-saved-model": ClassInteractive,
	"python-gradio": ClassInteractive, "python-panel": ClassInteractive, "nodejs": ClassInteractive,

	"rmd-static": ClassRendered, "jupyter-static": ClassRendered, "quarto-static": ClassRendered,

	"static": ClassStatic,
}

// aliases maps other spellings that clients write into manifests.
var aliases = map[Mode]Mode{"nodejs-api": "nodejs"}

// ParseMode parses metadata.appmode of a manifest, which is case-sensitive. Clients cannot request "unknown".
func ParseMode(s string) (Mode, bool) {
	m := Mode(s)
	if to, ok := aliases[m]; ok {
		m = to
	}
	_, known := classes[m]
	return m, known
}

// Class returns ClassUnknown for an unknown mode.
func (m Mode) Class() Class {
	if c, known := classes[m]; known {
		return c
	}
	return ClassUnknown
}

// Executes reports whether content of the class is executed as a program.
func (c Class) Executes() bool { return c == ClassInteractive || c == ClassRendered }
