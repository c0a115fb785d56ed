package scenario

import (
	"fmt"
	"regexp"
	"strings"

	"countersign/steps/driver"
)

// A HeaderText is a header line as a feature writes it. In its value <app> stands for the address
// of the content "app", <alice> for the username of "alice", <alice's key> for her API key.
type HeaderText struct{ Name, Value string }

// ParseHeaderText reads "Name: value".
func ParseHeaderText(text string) (HeaderText, error) {
	name, value, ok := strings.Cut(text, ": ")
	if !ok {
		return HeaderText{}, fmt.Errorf("%q is no header line; want a name, a colon, a blank and a value", text)
	}
	return HeaderText{name, value}, nil
}

// line returns the header line on the wire.
func (s *State) line(h HeaderText) driver.HeaderLine {
	for name, c := range s.contents {
		h.Value = strings.ReplaceAll(h.Value, "<"+name+">", s.Instance.Address()+driver.ContentPath(c.guid))
	}
	return driver.HeaderLine{Name: h.Name, Value: s.OnTheWire(h.Value)}
}

var placeholder = regexp.MustCompile(`<([a-z]+)('s key)?>`)

// literal are words in angle brackets that name no person: those that logs contain, and
// characters that cannot be written in a feature.
var literal = map[string]string{
	"<internal>": "<internal>", "<redacted>": "<redacted>", "<empty>": "<empty>", "<return>": "\r", "<newline>": "\n",
}

// OnTheWire replaces the placeholders of a text: <alice> by the unique name, <alice's key> by the
// API key.
func (s *State) OnTheWire(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(word string) string {
		if written, ok := literal[word]; ok {
			return written
		}
		short, isKey := strings.CutSuffix(strings.Trim(word, "<>"), "'s key")
		if !isKey {
			return s.WireName(short)
		}
		if p := s.people[short]; p != nil && p.browser != nil {
			return p.browser.Key()
		}
		return ""
	})
}
