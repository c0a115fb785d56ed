package steps

import "testing"

// TestSpoil holds that the ending of a link is another afterwards, and that the rest stays.
func TestSpoil(t *testing.T) {
	for link, want := range map[string]string{
		"http://server.example/content/1/?share=abcdefghijkl": "http://server.example/content/1/?share=abcd00000000",
		"http://server.example/content/1/?share=abcd00000000": "http://server.example/content/1/?share=abcd11111111",
		"short": "00000000",
	} {
		if got := spoil(link); got != want {
			t.Errorf("spoil(%q) = %q, want %q", link, got, want)
		}
	}
}
