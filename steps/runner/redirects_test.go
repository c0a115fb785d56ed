package runner

import (
	"testing"

	"countersign/steps/transcript"
)

func TestRedirectTargets(t *testing.T) {
	t.Parallel()
	targets := redirectTargets{
		below:   []string{"http://127.0.0.2:9000/", "https://example.com/connect/"},
		exactly: []string{"https://example.com/connect", "https://login.example.com/a?b=1#c", ""},
	}
	cases := map[string]bool{
		"https://example.com/connect/content/1/":    true,
		"https://example.com/connect":               true,
		"http://127.0.0.2:9000/s/authorize?x=1":     true,
		"https://login.example.com/a?b=1#c":         true,
		"https://login.example.com/a?b=1":           false,
		"https://example.com/connected/":            false,
		"https://example.com/":                      false,
		"http://example.com/connect/content/1/":     false,
		"/connect/content/1/":                       false,
		"//elsewhere.example.com/":                  false,
		"content/1/":                                false,
		"":                                          false,
		"https://example.com.evil.example/connect/": false,
	}
	for to, want := range cases {
		if got := targets.allow(to); got != want {
			t.Errorf("allow(%q) = %v, want %v", to, got, want)
		}
	}
}

func TestRedirectOf(t *testing.T) {
	t.Parallel()
	const base = "http://127.0.0.1:20000/"
	head := []byte("HTTP/1.1 302 Found\r\nlocation:  /x?y \r\nDate: now\r\n\r\n")
	cases := []struct {
		name string
		x    transcript.Exchange
		want string
		ok   bool
	}{
		{"a redirect", transcript.Exchange{URL: base + "a", Status: 302, ResponseHead: head}, "/x?y", true},
		{"a created resource", transcript.Exchange{URL: base + "a", Status: 201, ResponseHead: head}, "", false},
		{"another server's", transcript.Exchange{URL: "http://127.0.0.2:20000/a", Status: 302, ResponseHead: head}, "", false},
		{"not modified", transcript.Exchange{URL: base, Status: 304, ResponseHead: []byte("HTTP/1.1 304 Not Modified\r\n\r\n")}, "", false},
	}
	for _, c := range cases {
		if to, ok := redirectOf(&c.x, base); to != c.want || ok != c.ok {
			t.Errorf("%s: %q, %v, want %q, %v", c.name, to, ok, c.want, c.ok)
		}
	}
}
