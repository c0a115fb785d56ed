package web_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkHeaderAuthenticated compares a request that the proxy's header authenticates, in a
// session, with a bare handler that answers the same bytes, at one client and at sixteen.
// The budgets: 0.4 of the bare handler's throughput at one, 0.25 at sixteen.
func BenchmarkHeaderAuthenticated(b *testing.B) {
	s := newSite(b, proxied)
	ada := s.signIn("ada")
	body := ada.get("__api__/v1/user").want(200, 0).object()
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		json.NewEncoder(w).Encode(body) //nolint:errcheck // a benchmark
	}))
	b.Cleanup(bare.Close)
	header := http.Header{
		"X-Auth-Username": {"ada"},
		"Cookie":          {"rsconnect=" + ada.cookie("rsconnect") + "; RSC-XSRF=" + ada.cookie("RSC-XSRF")},
	}
	for _, target := range []struct{ name, url string }{{"bare", bare.URL + "/"}, {"server", s.url + "__api__/v1/user"}} {
		for _, clients := range []int{1, 16} {
			b.Run(target.name+"/clients="+map[int]string{1: "1", 16: "16"}[clients], func(b *testing.B) {
				client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
				defer client.CloseIdleConnections()
				visit := func() {
					req, err := http.NewRequest("GET", target.url, nil)
					if err != nil {
						b.Error(err)
						return
					}
					req.Header = header
					res, err := client.Do(req)
					if err != nil {
						b.Error(err)
						return
					}
					io.Copy(io.Discard, res.Body) //nolint:errcheck // a benchmark
					res.Body.Close()
					if res.StatusCode != 200 || len(res.Header["Set-Cookie"]) > 0 {
						b.Errorf("status %d, cookies %s", res.StatusCode, strings.Join(res.Header["Set-Cookie"], " "))
					}
				}
				next := make(chan struct{}, clients)
				done := make(chan struct{})
				b.ResetTimer()
				for range clients {
					go func() {
						for range next {
							visit()
						}
						done <- struct{}{}
					}()
				}
				for range b.N {
					next <- struct{}{}
				}
				close(next)
				for range clients {
					<-done
				}
			})
		}
	}
}
