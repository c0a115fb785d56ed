package fakeidp_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"countersign/fakeidp"
)

// The budgets on two cores are thousands of client credentials grants and a thousand code grants with PKCE per
// second, including ES256. The benchmarks use a socket and include the work of the client; "handler" measures the
// provider alone.

func BenchmarkClientCredentials(b *testing.B) {
	r := newRig(b, blue())
	body := form("grant_type", "client_credentials")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if g := r.post("/token", body, r.as("machine")); g.status != http.StatusOK {
				b.Errorf("%d %s", g.status, g.text)
			}
		}
	})
	perSecond(b)
}

func BenchmarkCodePKCE(b *testing.B) {
	r := newRig(b, blue())
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			g := r.post("/token", redemption(r.code("web")), r.as("web"))
			if g.str("id_token") == "" {
				b.Errorf("%d %s", g.status, g.text)
			}
		}
	})
	perSecond(b)
}

func BenchmarkRefresh(b *testing.B) {
	r := newRig(b, blue())
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		token := r.redeem("web").str("refresh_token")
		for pb.Next() {
			g := r.refresh("web", token)
			if token = g.str("refresh_token"); token == "" {
				b.Errorf("%d %s", g.status, g.text)
			}
		}
	})
	perSecond(b)
}

func BenchmarkCodePKCEHandler(b *testing.B) {
	p := fakeidp.New(fakeidp.Options{BaseURL: "http://provider.example"})
	m := httptest.NewServer(p.Management())
	b.Cleanup(m.Close)
	r := &rig{t: b, http: m.Client()}
	r.mgmt.Base = m.URL
	var err error
	if r.made, err = r.mgmt.CreateIssuer(b.Context(), blue()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			w := httptest.NewRecorder()
			p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/blue/authorize?"+query("web").Encode(), nil))
			u, err := url.Parse(w.Header().Get("Location"))
			if err != nil {
				b.Error(err)
			}
			req := httptest.NewRequest(http.MethodPost, "/blue/token", strings.NewReader(redemption(u.Query().Get("code"))))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.as("web")(req)
			w = httptest.NewRecorder()
			p.ServeHTTP(w, req)
			if w.Code != http.StatusOK {
				b.Errorf("%d %s", w.Code, w.Body)
			}
		}
	})
	perSecond(b)
}

func perSecond(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "grants/s")
}
