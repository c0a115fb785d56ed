package fakeidp

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"countersign/fakeidp/control"
)

// A tap is a source of randomness that can fail.
type tap struct{ dry bool }

func (t *tap) Read(p []byte) (int, error) {
	if t.dry {
		return 0, errors.New("canary: the tap ran dry")
	}
	for i := range p {
		p[i] = 7
	}
	return len(p), nil
}

// TestProviderFails checks that an error of the provider is server_error without its text, and that the refused
// request uses nothing up.
func TestProviderFails(t *testing.T) {
	t.Parallel()
	source := &tap{}
	p := New(Options{BaseURL: "http://provider.example", Rand: source})
	is, _, err := p.newIssuer(control.Issuer{
		Name: "blue", DefaultAccount: "alice", Accounts: []control.Account{{Name: "alice"}},
		Clients: []control.ClientSpec{{ID: "web", Secret: "s", OptionalPKCE: true, RedirectURIs: []string{"http://c/"}, GrantTypes: []string{"authorization_code"}}},
	})
	if err != nil || !p.add(is) {
		t.Fatal(err)
	}
	send := func(method, path, body string) *httptest.ResponseRecorder {
		req := httptest.NewRequest(method, "/blue"+path, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth("web", "s")
		w := httptest.NewRecorder()
		p.ServeHTTP(w, req)
		text, _ := io.ReadAll(w.Result().Body)
		if strings.Contains(string(text)+w.Header().Get("Location"), "canary") {
			t.Errorf("%s %s tells: %s", method, path, text)
		}
		return w
	}
	ask := "/authorize?response_type=code&client_id=web&scope=openid&redirect_uri=" + url.QueryEscape("http://c/")
	to, err := url.Parse(send("GET", ask, "").Header().Get("Location"))
	if err != nil || to.Query().Get("code") == "" {
		t.Fatalf("no code: %v %v", to, err)
	}
	redeem := url.Values{"grant_type": {"authorization_code"}, "code": {to.Query().Get("code")}, "redirect_uri": {"http://c/"}}.Encode()

	source.dry = true
	if w := send("GET", ask, ""); !strings.Contains(w.Header().Get("Location"), "error=server_error") {
		t.Errorf("authorize: %d %s", w.Code, w.Header().Get("Location"))
	}
	if w := send("GET", "/signin?account=alice", ""); w.Code != http.StatusInternalServerError {
		t.Errorf("signin: %d", w.Code)
	}
	if w := send("POST", "/token", redeem); w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "server_error") {
		t.Errorf("token: %d %s", w.Code, w.Body)
	}
	source.dry = false
	if w := send("POST", "/token", redeem); w.Code != http.StatusOK {
		t.Errorf("the same code, after the fault: %d %s", w.Code, w.Body)
	}
}
