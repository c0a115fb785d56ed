package probe

import (
	"bytes"
	"encoding/json"
	"slices"
)

// object is a JSON object whose members know where they stand in the text, so
// that the one value that may hold a mark can be told from the rest.
type object struct {
	source  []byte
	members []member
}

type member struct {
	name string
	at   span
}

type span struct{ from, to int }

// readObject reads the members of a JSON object. Of anything else, and of
// what follows damage, there are none.
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

// span returns where the value of the last member of the name stands: that is
// the one that clients see when a name occurs twice.
func (o object) span(name string) span {
	for _, m := range slices.Backward(o.members) {
		if m.name == name {
			return m.at
		}
	}
	return span{}
}

// text returns the value of a member that is a string, else "".
func (o object) text(name string) string {
	var s string
	o.decode(name, &s)
	return s
}

// integer returns the value of a member that is an integer, else nil.
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
