package driver

import (
	"net/url"
	"testing"
)

// TestRequestNamesNoObject checks that a route contains words of the interface only.
func TestRequestNamesNoObject(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/__api__/v1/users": "/__api__/v1/users",
		"/rsconnect/__api__/v1/content/6f1b2f3c-0000-4000-8000-000000000001/permissions/7": "/__api__/v1/content/*/permissions/*",
		"/__oauth__/integrations/x%2Fy/login":                                              "/__oauth__/integrations/*/login",
		"/content/g/?share=secret":                                                         "/content/*",
		"/__api__/v1/content/g/secret":                                                     "/__api__/v1/content/*/*",
		"/elsewhere/secret":                                                                "*",
		"/":                                                                                "*",
	} {
		u, err := url.Parse("http://127.0.0.1:1" + path)
		if err != nil {
			t.Fatal(err)
		}
		if method, route := (&Reply{method: "GET", url: u}).Request(); method != "GET" || route != want {
			t.Errorf("%s gives %q %q, want %q", path, method, route, want)
		}
	}
	if method, route := (*Reply)(nil).Request(); method != "" || route != "" {
		t.Errorf("no reply gives %q %q", method, route)
	}
}
