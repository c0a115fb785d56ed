package proxytest

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

// loginRoundTrip checks that a browser that requests a page is redirected to the form and,
// after signing in, returns to the identical URL with an identity.
func loginRoundTrip(t *testing.T, fronts map[string]front) {
	for _, id := range []string{"hardened", "hardened-id", "hardened-joined", "hardened-root", "careless", "careless-id", "careless-joined"} {
		f := fronts[id]
		t.Run(id, func(t *testing.T) {
			path := f.Prefix + "/x/a%2Fb?a=1&b=%26&c=d+e"
			r := signIn(t, f, path, path)
			if want := strings.TrimPrefix(path, f.Prefix); r.Line != "GET "+want+" HTTP/1.1" {
				t.Errorf("after the login the server received %q, want %q", r.Line, want)
			}
			wantLines(t, r, names.Username, "alice")
			wantLines(t, r, names.Role, "viewer")
			groups := []string{"g1", "g2"}
			if f.GroupsSeparator != "" {
				groups = []string{strings.Join(groups, f.GroupsSeparator)}
			}
			wantLines(t, r, names.Groups, groups...)
			if f.Headers.UniqueID != "" {
				wantLines(t, r, names.UniqueID, "id-1")
			}
		})
	}
}

// signIn requests path, follows the redirect to the form, submits the form, follows the
// redirect back, and returns the request that the server received.
func signIn(t *testing.T, f front, path, wantBack string) Record {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	do := func(method, to, body string) (*http.Response, string) {
		t.Helper()
		id := <-nextID
		req, err := http.NewRequest(method, to, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(headerID, id)
		if body != "" {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode >= 400 {
			t.Fatalf("%s %s: %s: %s", method, to, resp.Status, text)
		}
		return resp, id
	}
	resp, _ := do(http.MethodGet, "http://"+f.Listen+path, "")
	loginURL, err := resp.Location()
	if err != nil || resp.StatusCode != 307 {
		t.Fatalf("got %s for an anonymous request, want 307 to the login page", resp.Status)
	}
	resp, _ = do(http.MethodGet, loginURL.String(), "")
	if resp.StatusCode != 200 {
		t.Fatalf("the login page: %s", resp.Status)
	}
	form := url.Values{"username": {"alice"}, "unique_id": {"id-1"}, "first_name": {"Alice"}, "last_name": {"Liddell"},
		"email": {"alice@example.com"}, "role": {"viewer"}, "groups": {"g1", "g2"}}
	resp, _ = do(http.MethodPost, loginURL.String(), form.Encode())
	back := resp.Header.Get("Location")
	if resp.StatusCode != 303 || back != wantBack {
		t.Fatalf("after the login: %s to %q, want 303 to %q", resp.Status, back, wantBack)
	}
	_, id := do(http.MethodGet, "http://"+f.Listen+back, "")
	records := f.received(id)
	if len(records) != 1 {
		t.Fatalf("after the login %d requests reached the server, want 1", len(records))
	}
	return records[0]
}
