package plan_test

import (
	"testing"
	"testing/fstest"

	"countersign/steps/plan"
)

const proxySample = `Feature: Proxies

  @PA-022
  Scenario: With a profile
    Then it holds

  @PA-022
  Scenario: With the username only
    Given a server configured with:
      | ProxyAuth.UsernameHeader | X-Auth-Username |
    Then it holds
`

// TestInstancesOfAProxyUnderTest checks the prefix and the addresses of listeners of a proxy: the printed
// basic example of Apache removes no prefix, and only proxies that the suite configures have an address for
// HTTP/2.
func TestInstancesOfAProxyUnderTest(t *testing.T) {
	documents, err := plan.Read(fstest.MapFS{"proxies/sample.feature": {Data: []byte(proxySample)}})
	if err != nil {
		t.Fatal(err)
	}
	profile, err := plan.ConfigurationOf([][2]string{{"ProxyAuth.EmailHeader", "X-Auth-Email"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		front, flavour string
		basic          string // prefix with the username only
		ports          int
	}{
		{plan.Apache, "documented", "", 4},
		{plan.Apache, "hardened", plan.Prefix, 4},
		{plan.Nginx, "documented", plan.Prefix, 4},
		{plan.Proxy, "", plan.Prefix, 2},
	} {
		p, err := plan.Make(documents, plan.Selection{Seat: plan.SeatProxy, Fronts: []string{test.front}, Behind: plan.Behind{Flavour: test.flavour, Server: profile}})
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Instances) != 2 || p.Ports() != test.ports {
			t.Fatalf("%s: %d instances, %d ports, want 2 and %d", test.front, len(p.Instances), p.Ports(), test.ports)
		}
		p.Listen([]int{1, 2, 3, 4})
		for _, i := range p.Instances {
			want := plan.Prefix
			if i.Configuration.Headers.Email == "" {
				want = test.basic
			}
			if i.Prefix != want || i.Address() != "http://"+i.FrontListen+want+"/" || (i.FrontHTTP2 != "") != (test.front != plan.Proxy) {
				t.Errorf("%s (%s): prefix %q, address %s, HTTP/2 at %q", test.front, test.flavour, i.Prefix, i.Address(), i.FrontHTTP2)
			}
		}
	}
}
