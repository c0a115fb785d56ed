package driver

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"countersign/steps/plan"
)

// loginProxy is a proxy that redirects anonymous requests to gate and has a login page at /login.
func loginProxy(t *testing.T, gate string) Subject {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/app/", func(w http.ResponseWriter, r *http.Request) {
		if gate != "" {
			http.Redirect(w, r, gate, http.StatusTemporaryRedirect)
		}
	})
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		if from := r.Referer(); from != "" {
			fmt.Fprintf(w, `<form method="post" action="/login?url=%s"></form>`, url.QueryEscape(from))
		}
	})
	mux.HandleFunc("GET /logout", func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Path: "/", MaxAge: -1})
	})
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: r.FormValue("user"), Path: "/"})
		http.Redirect(w, r, r.URL.Query().Get("url"), http.StatusSeeOther)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	subject, err := NewSubject(s.URL+"/app/", "", "proxy")
	if err != nil {
		t.Fatal(err)
	}
	return subject
}

func logIn(t *testing.T, s Subject, known string) *ProxyLogin {
	t.Helper()
	p := NewPersona(s, "alice", Identity{}, plan.HeaderNames{}, nil).WithoutIdentity()
	login, err := p.LogIn(t.Context(), "/app/page", known, url.Values{"user": {"alice"}})
	if err != nil {
		t.Fatal(err)
	}
	return login
}

func TestLogInFollowsTheRedirectToTheLoginPage(t *testing.T) {
	t.Parallel()
	login := logIn(t, loginProxy(t, "/login?url=/app/page"), "")
	if login.Redirect == nil || login.Cookie != "session=alice" || login.Done.Header.Get("Location") != "/app/page" {
		t.Errorf("cookie %q, reply to the form %v", login.Cookie, login.Done.Summary())
	}
}

func TestLogInOpensAKnownPageWithoutARedirect(t *testing.T) {
	t.Parallel()
	if login := logIn(t, loginProxy(t, ""), "/login"); login.Redirect != nil || login.Cookie != "session=alice" {
		t.Errorf("cookie %q, redirect %v", login.Cookie, login.Redirect)
	}
	if login := logIn(t, loginProxy(t, ""), ""); login.Done != nil || login.Cookie != "" {
		t.Error("a form was submitted although neither the proxy nor the target names a login page")
	}
}

func TestLogInSendsNothingToAnotherOrigin(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s was sent to another origin", r.Method, r.URL)
	}))
	defer other.Close()
	if login := logIn(t, loginProxy(t, other.URL+"/login"), ""); login.Done != nil || !login.Page.Is(3) {
		t.Errorf("the login went on after %s", login.Page.Summary())
	}
}

func TestLogInFromSubmitsTheFormToItsAction(t *testing.T) {
	t.Parallel()
	s := loginProxy(t, "")
	p := NewPersona(s, "alice", Identity{}, plan.HeaderNames{}, nil).WithoutIdentity()
	from := s.Origin() + "/app/page?a=1&b=2"
	login, err := p.LogInFrom(t.Context(), from, "/login", url.Values{"user": {"alice"}})
	if err != nil {
		t.Fatal(err)
	}
	if login.Cookie != "session=alice" || login.Done.Location() != from {
		t.Errorf("cookie %q, redirected to %s", login.Cookie, login.Done.Location())
	}
	if _, err := login.Open(t.Context(), "/logout"); err != nil || login.Cookie != "" {
		t.Errorf("after the log-out: cookie %q, %v", login.Cookie, err)
	}
}

func TestOpenAndLogInReturnsToThePage(t *testing.T) {
	t.Parallel()
	for gate, want := range map[string]string{"/login?url=/login": "/login", "/login?url=http://elsewhere.example/": "/login"} {
		s := loginProxy(t, gate)
		page, last, err := NewPersona(s, "alice", Identity{Username: "alice"}, plan.HeaderNames{}, nil).OpenAndLogIn(t.Context(), "page")
		if err != nil {
			t.Fatal(err)
		}
		if page != s.Origin()+"/app/page" || last.url.Path != want {
			t.Errorf("%s: opened %s, ended at %s", gate, page, last.Summary())
		}
	}
}
