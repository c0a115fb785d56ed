package steps

import "testing"

// However a server writes a name and its value, the two stand on one line.
func TestGives(t *testing.T) {
	t.Parallel()
	cases := []struct {
		log, name, value string
		want             bool
	}{
		{`headers.X-Custom=blue`, "X-Custom", "blue", true},
		{`"X-Custom": ["blue"]`, "X-Custom", "blue", true},
		{`x-custom: blue`, "X-Custom", "blue", true},
		{`X-Custom -> blue`, "X-Custom", "blue", true},
		{`{"name":"X-Custom","time":"12:00","value":"blue"}`, "X-Custom", "blue", true},
		{`the header "X-Custom" came with blue`, "X-Custom", "blue", true},
		{`cookies colour (<redacted>), rsconnect (<internal>)`, "colour", "<redacted>", true},
		{`cookies colour (<redacted>), rsconnect (<internal>)`, "rsconnect", "<internal>", true},
		{`Accept: */*; Authorization: <internal>; User-Agent: x`, "Authorization", "<internal>", true},

		{`nothing`, "X-Custom", "blue", false},
		{"X-Custom\nblue", "X-Custom", "blue", false},
		{`blue X-Custom`, "X-Custom", "blue", false},
		{`X-Custom-Other=blue`, "X-Custom", "blue", false},
		{`My-X-Custom=blue`, "X-Custom", "blue", false},
		{`colour=<internal> other=<redacted>`, "colour", "<redacted>", false},
		{`Authorization: Key abc; User-Agent: x; rsconnect=<internal>`, "Authorization", "<internal>", false},
		{`Proxy-Authorization: <internal>`, "Authorization", "<internal>", false},
		{`Authorization: *** X-Custom: blue rsconnect: <internal>`, "Authorization", "<internal>", false},
	}
	for _, c := range cases {
		if got := gives(c.log+"\n", []string{c.name}, c.value); got != c.want {
			t.Errorf("%q gives %s as %s: %v, want %v", c.log, c.name, c.value, got, c.want)
		}
	}
}
