package scenario

import (
	"strings"
	"testing"
)

func TestOdditiesHideTheWholeRequest(t *testing.T) {
	t.Parallel()
	const hidden = "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n"
	for name, oddity := range FramingOddities {
		lines, body := oddity(hidden)
		if len(lines) == 0 || !strings.Contains(body, hidden) {
			t.Errorf("%s: lines %q and body %q", name, lines, body)
		}
	}
	lines, body := FramingOddities["a length and chunks"](hidden)
	if strings.Join(lines, "|") != "Content-Length: 38|Transfer-Encoding: chunked" || body != "0\r\n\r\n"+hidden {
		t.Errorf("lines %q and body %q", lines, body)
	}
}

func TestAHiddenRequestHasTheLinesThatWereWritten(t *testing.T) {
	t.Parallel()
	h := hiddenRequest{octets: []byte("GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n")}
	if got := strings.Join(h.lines(), "|"); got != "GET /hidden HTTP/1.1|Host: h" {
		t.Errorf("lines %q", got)
	}
}

func TestFieldsOfHTTP2AreInLowerCase(t *testing.T) {
	t.Parallel()
	if f := fieldOf("X-Auth-Username: Alice"); f.Name != "x-auth-username" || f.Value != "Alice" {
		t.Errorf("got %q: %q", f.Name, f.Value)
	}
}
