package web_test

import (
	"os"
	"strings"
	"testing"

	"countersign/reference/internal/account"
)

// A copy of the database contains neither the cookie nor the XSRF token of a session.
func TestDatabaseContainsNoTokens(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	ada := s.signIn("ada")
	stored := ""
	for _, suffix := range []string{"", "-wal"} {
		part, err := os.ReadFile(s.path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		stored += string(part)
	}
	for what, text := range map[string]string{
		"username": account.EncodeUniqueID("ada"), "cookie": ada.cookie("rsconnect"), "XSRF token": ada.cookie("RSC-XSRF"),
	} {
		if text == "" || strings.Contains(stored, text) != (what == "username") {
			t.Errorf("the database contains the %s: %t", what, strings.Contains(stored, text))
		}
	}
}

func TestXSRF(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	ada := s.signIn("ada")
	guid, token := ada.get("__api__/v1/user").str("guid"), ada.cookie("RSC-XSRF")
	key := ada.key()
	path, body := "__api__/v1/users/"+guid+"/keys", `{"name":"k"}`
	other, earlier := s.signIn("bob").cookie("RSC-XSRF"), s.signIn("ada").cookie("RSC-XSRF")
	// cookies returns a visitor with cookies of another server on the same host, in addition to those of ada.
	session, xsrf := "rsconnect="+ada.cookie("rsconnect")+"; ", "RSC-XSRF="+token+"; "
	cookies := func(all string) *persona {
		return s.visitor("X-Auth-Username: ada", "Cookie: "+strings.TrimSuffix(all, "; "))
	}
	for _, tt := range []struct {
		name   string
		who    *persona
		lines  []string
		status int
	}{
		{"with the token", ada, []string{"X-Rsc-Xsrf: " + token}, 200},
		{"without", ada, nil, 403},
		{"wrong", ada, []string{"X-Rsc-Xsrf: " + token + "x"}, 403},
		{"somebody else's", s.visitor("X-Auth-Username: ada", "Cookie: rsconnect="+ada.cookie("rsconnect")+"; RSC-XSRF="+other), []string{"X-Rsc-Xsrf: " + other}, 403},
		{"of another session", cookies(session + "RSC-XSRF=" + earlier), []string{"X-Rsc-Xsrf: " + earlier}, 403},
		{"one of two XSRF cookies", cookies(session + "RSC-XSRF=theirs; " + xsrf), []string{"X-Rsc-Xsrf: " + token}, 200},
		{"one of two of each", cookies("rsconnect=theirs; " + session + xsrf + "RSC-XSRF=theirs; "), []string{"X-Rsc-Xsrf: " + token}, 200},
		{"none of two", cookies(session + "RSC-XSRF=theirs; RSC-XSRF=" + other + "; "), []string{"X-Rsc-Xsrf: " + other}, 403},
		{"the sixteenth of each", cookies(strings.Repeat("rsconnect=x; RSC-XSRF=x; ", 15) + session + xsrf), []string{"X-Rsc-Xsrf: " + token}, 200},
		{"by key", s.byKey(key), nil, 200},
		{"no session yet", s.user("ada"), nil, 200},
		{"no session yet, own page", s.user("ada"), []string{"Origin: " + strings.TrimSuffix(s.url, "/")}, 200},
		{"no session yet, foreign page", s.user("ada"), []string{"Origin: https://evil.example"}, 403},
		{"no session yet, opaque page", s.user("ada"), []string{"Origin: null"}, 403},
		{"no session yet, foreign site", s.user("ada"), []string{"Sec-Fetch-Site: cross-site"}, 403},
		{"no session yet, sibling site", s.user("ada"), []string{"Sec-Fetch-Site: same-site"}, 403},
		{"no session yet, same origin", s.user("ada"), []string{"Sec-Fetch-Site: same-origin", "Origin: https://behind.a.proxy"}, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code := 0
			if tt.status == 403 {
				code = 92
			}
			tt.who.do("POST", path, body, tt.lines...).want(tt.status, code)
		})
	}
}
