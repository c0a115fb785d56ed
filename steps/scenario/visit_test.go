package scenario

import "testing"

// TestChangeEnding checks that the ending of a link is another one and that the rest stays.
func TestChangeEnding(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]string{
		"http://server.example/content/1/?share=abcdefghijkl": "http://server.example/content/1/?share=abcd00000000",
		"http://server.example/content/1/?share=abcd00000000": "http://server.example/content/1/?share=abcd11111111",
		"short": "00000000",
	} {
		if got := changeEnding(link); got != want {
			t.Errorf("changeEnding(%q) = %q, want %q", link, got, want)
		}
	}
}
