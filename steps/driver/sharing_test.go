package driver_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"countersign/steps/transcript"
)

func TestListsAreNilOnlyWithoutAList(t *testing.T) {
	t.Parallel()
	for body, isNil := range map[string]bool{
		`[]`: false, `[{"guid":"a","has_refresh_token":true,"user_guid":null,"oauth_integration_guid":"i","more":{}}]`: false,
		`{}`: true, `null`: true, `[{"guid":5}]`: true, `[] []`: true,
	} {
		s := subjectAt(t, serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		got, _, err := alice(s, nil).Sessions(t.Context())
		if err != nil || (got == nil) != isNil {
			t.Errorf("%s: got %v %v", body, got, err)
		}
		if len(got) == 1 && (!got[0].HasRefreshToken || got[0].IntegrationGUID != "i" || got[0].UserGUID != "") {
			t.Errorf("%s: got %+v", body, got)
		}
	}
}

func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	peers := map[string]bool{}
	s := subjectAt(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		peers[r.RemoteAddr] = true
		answerJSON(w, 200, map[string]string{"path": r.URL.Path})
	}))
	one, two := transcript.New(transcript.Options{}), transcript.New(transcript.Options{})
	for range 10 {
		for _, rec := range []*transcript.Recorder{one, two} {
			if _, err := alice(s, rec).Whoami(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(peers) != 1 {
		t.Errorf("got %d connections, want 1", len(peers))
	}
	for _, rec := range []*transcript.Recorder{one, two} {
		for _, x := range rec.Exchanges() {
			if rec.Len() != 10 || x.Status != 200 || len(x.ResponseBody) == 0 || !strings.HasPrefix(string(x.RequestHead), "GET /__api__/v1/user HTTP/1.1\r\n") {
				t.Errorf("exchange %d: %q %q", x.Seq, x.RequestHead, x.ResponseHead)
			}
		}
	}
}

func TestConcurrentPersonas(t *testing.T) {
	t.Parallel()
	s := subjectAt(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "rsconnect", Value: "x"})
		answerJSON(w, 200, map[string]string{"who": r.Header.Get("X-Auth-Username")})
	}))
	rec := transcript.New(transcript.Options{})
	p := alice(s, rec)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := p.Whoami(t.Context()); err != nil {
				t.Error(err)
			}
			if _, err := p.SignIn(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, x := range rec.Exchanges() {
		if !strings.Contains(string(x.RequestHead), "X-Auth-Username: alice-bcd") || !strings.Contains(string(x.ResponseBody), "alice-bcd") {
			t.Errorf("exchange %d holds octets of another exchange: %q %q", x.Seq, x.RequestHead, x.ResponseBody)
		}
	}
}
