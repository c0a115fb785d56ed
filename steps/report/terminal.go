package report

import (
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"countersign/steps/verdict"
)

// IsTerminal reports whether w is a terminal. The null device is a character device but not a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// A palette colours text if it is on.
type palette struct{ on bool }

const (
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
	grey   = "90"
	bold   = "1"
)

func (p palette) paint(code, s string) string {
	if !p.on || s == "" || code == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// words maps the outcomes to their words in the matrix and their colours. Words of outcomes that
// fail a run are in capitals, so that they stand out without colours.
var words = map[verdict.Outcome]struct{ text, colour string }{
	verdict.Pass:          {"pass", green},
	verdict.Fail:          {"FAIL", red},
	verdict.Error:         {"ERROR", red},
	verdict.Blocked:       {"BLOCKED", red},
	verdict.NotRun:        {"NOT RUN", red},
	verdict.Advice:        {"advice", yellow},
	verdict.Skipped:       {"skipped", grey},
	verdict.NotApplicable: {"n/a", grey},
}

// cellWord returns the word of a cell and its colour. The word of a missing cell is a hyphen.
func cellWord(c Cell, present bool) (text, colour string) {
	if !present {
		return "-", grey
	}
	if c.Accepted && (c.Outcome == verdict.Fail || c.Outcome == verdict.Advice) {
		return "known", yellow
	}
	w := words[c.Outcome]
	return w.text, w.colour
}

// maxShown bounds the number of characters of a value that a terminal shows.
const maxShown = 600

// printable escapes and shortens text from the server under test for a terminal.
func printable(s string) string {
	n := 0
	for i := range s {
		if n == maxShown {
			return Visible(s[:i]) + "… (" + itoa(utf8.RuneCountInString(s[i:])) + " characters more)"
		}
		n++
	}
	return Visible(s)
}

// Visible replaces characters that are not printable by escape sequences of Go, so that text from the
// server under test can neither move the cursor nor begin a new line, and cannot change the direction
// of other text.
func Visible(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[i])|0x100, 16)[1:])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

// pad appends blanks to s up to a width in characters.
func pad(s string, width int) string {
	if n := width - utf8.RuneCountInString(s); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s
}

// cut shortens s to a width in characters and marks the cut by an ellipsis.
func cut(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	if width < 2 {
		return ""
	}
	runes := []rune(s)
	return strings.TrimRight(string(runes[:width-1]), " ") + "…"
}

// wrap breaks s at blanks into lines of at most the given width.
func wrap(s string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
