package probe

import (
	"bytes"
	"encoding/json"
	"slices"
)

// An object is a JSON object with the positions of its members in the text, so that the value that
// may contain a mark can be separated from the rest.
type object struct {
	source  []byte
	members []member
}

type member struct {
	name string
	at   span
}

type span struct{ from, to int }

// readObject parses the members of a JSON object. It returns no members if text is not a JSON object
// or is malformed.
func readObject(text []byte) object {
	o := object{source: text}
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return o
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return object{}
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return object{}
		}
		to := int(d.InputOffset())
		o.members = append(o.members, member{name.(string), span{to - len(raw), to}})
	}
	if _, err := d.Token(); err != nil {
		return object{}
	}
	return o
}

// names returns the names of the members, sorted.
func (o object) names() []string {
	var names []string
	for _, m := range o.members {
		names = append(names, m.name)
	}
	slices.Sort(names)
	return names
}

// span returns the position of the value of the last member with the name. If a name occurs twice,
// clients see the last value.
func (o object) span(name string) span {
	for _, m := range slices.Backward(o.members) {
		if m.name == name {
			return m.at
		}
	}
	return span{}
}

// text returns the value of a member that is a string, or "".
func (o object) text(name string) string {
	var s string
	o.decode(name, &s)
	return s
}

// integer returns the value of a member that is an integer, or nil.
func (o object) integer(name string) *int64 {
	var n *int64
	o.decode(name, &n)
	return n
}

func (o object) decode(name string, into any) {
	if at := o.span(name); at.to > at.from {
		_ = json.Unmarshal(o.source[at.from:at.to], into)
	}
}
