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

// IsTerminal reports whether w is a terminal, which is where colours and lines that
// rewrite themselves belong. The null device is a character device and no terminal.
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

// A palette colours words, or leaves them as they are.
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

// words are the outcomes as a column of the matrix shows them, with their colours.
// What breaks a run is in capitals, so that it stands out without colours too.
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

// cellWord is the word of a cell and its colour; absent cells are a hyphen.
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

// maxShown is how much of a value of the subject's a terminal shows, in characters.
const maxShown = 600

// printable makes text of the subject's fit for a terminal: escaped, and cut where
// it is long.
func printable(s string) string {
	n := 0
	for i := range s {
		if n == maxShown {
			return escape(s[:i]) + "… (" + itoa(utf8.RuneCountInString(s[i:])) + " characters more)"
		}
		n++
	}
	return escape(s)
}

// escape replaces what is not printable, so that a subject can neither move the
// cursor nor forge a line.
func escape(s string) string {
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

// pad fills s with blanks on the right to a width in characters.
func pad(s string, width int) string {
	if n := width - utf8.RuneCountInString(s); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s
}

// cut shortens s to a width in characters, marking that it did.
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

// wrap breaks s into lines of at most a width at its blanks.
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
