package fakeidp_test

import (
	"net/http"
	"testing"
)

// TestSessionIsOneIssuers checks that the cookie is sent to its own issuer only, is HttpOnly, and has no effect at
// another issuer.
func TestSessionIsOneIssuers(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	green := blue()
	green.Name, green.DefaultAccount = "green", ""
	if _, err := r.mgmt.CreateIssuer(t.Context(), green); err != nil {
		t.Fatal(err)
	}
	c := r.signIn("bob")
	if c.Path != "/blue" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Domain != "" {
		t.Errorf("cookie %v", c)
	}
	carry := func(req *http.Request) { req.AddCookie(c) }
	ask := "/authorize?" + query("web", "prompt", "none").Encode()
	if r.back(r.get(ask, carry)).Get("code") == "" || r.last().Account != "bob" {
		t.Errorf("at its own issuer: %+v", r.last())
	}
	r.iss = r.base + "/green"
	if back := r.back(r.get(ask, carry)); back.Get("error") != "login_required" {
		t.Errorf("at another issuer: %v", back)
	}
}

// TestSignOutEndsTheSession checks that the provider ends the session, in addition to the deletion of the cookie.
func TestSignOutEndsTheSession(t *testing.T) {
	t.Parallel()
	spec := blue()
	spec.DefaultAccount = ""
	r := newRig(t, spec)
	c := r.signIn("bob")
	carry := func(req *http.Request) { req.AddCookie(c) }
	ask := "/authorize?" + query("web", "prompt", "none").Encode()
	if r.back(r.get(ask, carry)).Get("code") == "" {
		t.Fatal("signed in, and not recognised")
	}
	r.get("/signout", carry)
	if back := r.back(r.get(ask, carry)); back.Get("error") != "login_required" {
		t.Errorf("the kept cookie still works: %v", back)
	}
}

func (r *rig) signIn(account string) *http.Cookie {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodGet, r.iss+"/signin?account="+account, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := r.http.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	if cookies := resp.Cookies(); resp.StatusCode == http.StatusNoContent && len(cookies) == 1 {
		return cookies[0]
	}
	r.t.Fatalf("sign-in: %d %v", resp.StatusCode, resp.Header)
	return nil
}
