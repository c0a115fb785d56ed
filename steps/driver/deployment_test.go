package driver_test

import (
	"context"
	"crypto"
	"crypto/md5"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"countersign/steps/driver"
)

// registry is a server with which clients register tokens. It verifies the signatures of requests.
type registry struct {
	token string
	key   *rsa.PublicKey
	claim string // the page, or its path
	posts []url.Values
}

func (g *registry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/__api__/tokens"):
		var in struct {
			Token     string `json:"token"`
			PublicKey string `json:"public_key"`
		}
		_ = json.NewDecoder(r.Body).Decode(&in)
		der, _ := base64.StdEncoding.DecodeString(in.PublicKey)
		key, _ := x509.ParsePKIXPublicKey(der)
		g.token, g.key = in.Token, key.(*rsa.PublicKey)
		if r.Header.Get("X-Auth-Token") != "anonymous-access" || r.Header.Get("X-Auth-Username") != "" {
			w.WriteHeader(400)
		}
		_, _ = io.WriteString(w, `{"token_claim_url":"`+g.claim+`"}`)
	case strings.HasSuffix(r.URL.Path, "/claim"):
		if r.Method == "POST" {
			_ = r.ParseForm()
			g.posts = append(g.posts, r.PostForm)
			return
		}
		_, _ = io.WriteString(w, g.claim)
	default:
		body, _ := io.ReadAll(r.Body)
		sum := md5.Sum(body)
		signed := strings.Join([]string{r.Method, r.URL.EscapedPath(), r.Header.Get("Date"), r.Header.Get("X-Content-Checksum")}, "\n")
		if r.Header.Get("Below") != "" {
			signed = strings.Replace(signed, "/base/", "/", 1)
		}
		digest := sha1.Sum([]byte(signed))
		signature, _ := base64.StdEncoding.DecodeString(r.Header.Get("X-Auth-Signature"))
		err := rsa.VerifyPKCS1v15(g.key, crypto.SHA1, digest[:], signature)
		switch {
		case err != nil || r.Header.Get("X-Content-Checksum") != base64.StdEncoding.EncodeToString(sum[:]) || r.Header.Get("X-Auth-Token") != g.token:
			w.WriteHeader(401)
		case r.Header.Get("Cookie")+r.Header.Get("X-Auth-Username")+r.Header.Get("Authorization") != "":
			w.WriteHeader(400)
		}
	}
}

func TestSignedRequestsVerify(t *testing.T) {
	t.Parallel()
	g := &registry{claim: "x"}
	p := alice(subjectAt(t, serve(t, g.ServeHTTP)+"base/"), nil)
	c, err := driver.NewCredentials()
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^T[0-9a-f]{32}$`).MatchString(c.Token) {
		t.Errorf("token %q", c.Token)
	}
	ctx := context.Background()
	if reply, err := p.RegisterToken(ctx, c); err != nil || !reply.Is(2) {
		t.Fatal(reply.Summary(), err)
	}
	another, err := c.OfAnotherKey()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		by     *driver.Persona
		lines  []driver.HeaderLine
		status int
	}{
		{"whole path", p.WithCredentials(c, false), nil, 200},
		{"path below", p.WithCredentials(c, true), []driver.HeaderLine{{Name: "Below", Value: "1"}}, 200},
		{"another key", p.WithCredentials(another, false), nil, 401},
		{"no key", p.WithCredentials(c, false).WithKey(), nil, 401},
	} {
		for _, body := range []string{"", `{"name":"x"}`} {
			reply, err := tt.by.Call(ctx, "POST", "__api__/v1/content/a%2Fb?c=d", []byte(body), tt.lines...)
			if err != nil || reply.Status != tt.status {
				t.Errorf("%s: %s, %v", tt.name, reply.Summary(), err)
			}
		}
	}
}

func TestConfirmSubmitsTheForm(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, tt := range []struct {
		name, page string
		want       string // what was posted
		refused    bool
	}{
		{"a form", `<form class=a method="POST" action="claim"><input type=hidden name="x" value="a&amp;b"><input name='y' value=1><button>Go</button></form>`, "x=a%26b&y=1", false},
		{"no form", `<p>Done.`, "", false},
		{"a search", `<form action="claim"><input name="q"></form>`, "", false},
		{"a form of another site", `<form method=post action="http://elsewhere.example.com/"></form>`, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := &registry{claim: tt.page}
			base := serve(t, g.ServeHTTP)
			_, err := alice(subjectAt(t, base), nil).Confirm(ctx, base+"claim")
			var noAnswer *driver.NoAnswer
			if (err != nil) != tt.refused || tt.refused && !errors.As(err, &noAnswer) {
				t.Fatalf("error %v", err)
			}
			got := ""
			if len(g.posts) > 0 {
				got = g.posts[0].Encode()
			}
			if got != tt.want {
				t.Errorf("posted %q, want %q", got, tt.want)
			}
		})
	}
	if _, err := alice(subjectAt(t, serve(t, func(http.ResponseWriter, *http.Request) {})), nil).Confirm(ctx, "http://elsewhere.example.com/"); err == nil {
		t.Error("Confirm opened an address of another site")
	}
}

func TestPressLink(t *testing.T) {
	t.Parallel()
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/in" {
			http.Redirect(w, r, "https://login.example.com/", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, `<a href="/help">Help</a> <a class=b href='/in'> Log In </a> <a href="//elsewhere.example.com/">Away</a>`)
	})
	p, ctx := alice(subjectAt(t, base), nil), context.Background()
	page, err := p.Get(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	if reply, err := p.PressLink(ctx, page, "Log In"); err != nil || reply.Location() != "https://login.example.com/" {
		t.Errorf("%s, %v", reply.Summary(), err)
	}
	if reply, err := p.PressLink(ctx, page, "Log Out"); err != nil || reply != nil {
		t.Errorf("a missing link: %s, %v", reply.Summary(), err)
	}
	if _, err := p.PressLink(ctx, page, "Away"); err == nil {
		t.Error("PressLink followed a link to another site")
	}
}

func TestOpenWebSocket(t *testing.T) {
	t.Parallel()
	s := subjectAt(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Auth-Username") == "" || r.Header.Get("Origin") != "http://"+r.Host {
			w.WriteHeader(403)
			return
		}
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow()
		kind, said, err := conn.Read(r.Context())
		if err == nil {
			_ = conn.Write(r.Context(), kind, said)
		}
	}))
	ctx := context.Background()
	p := alice(s, nil)
	socket, err := p.OpenWebSocket(ctx, "guid", "", "hello")
	if err != nil || socket.Reply.Status != 101 || socket.Echo != "hello" {
		t.Fatalf("%+v, %v", socket, err)
	}
	for name, try := range map[string]func() (*driver.Socket, error){
		"anonymous": func() (*driver.Socket, error) { return p.WithoutIdentity().OpenWebSocket(ctx, "guid", "", "hello") },
		"another site": func() (*driver.Socket, error) {
			return p.OpenWebSocket(ctx, "guid", "https://elsewhere.example.com", "hello")
		},
	} {
		if socket, err := try(); err != nil || socket.Reply.Status != 403 || socket.Echo != "" {
			t.Errorf("%s: %+v, %v", name, socket, err)
		}
	}
	invalid := subjectAt(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		w.WriteHeader(101)
	}))
	if _, err := alice(invalid, nil).OpenWebSocket(ctx, "guid", "", "hello"); err == nil {
		t.Error("OpenWebSocket accepted a handshake without Sec-WebSocket-Accept")
	}
}

func TestLink(t *testing.T) {
	t.Parallel()
	page := &driver.Reply{Status: 200, Body: []byte(`<a href="/in?a=1&amp;b=&#39;c&#39;"> Log In </a><a class=x href='https://x/out'>Log Out</a><b>Log Off</b>`)}
	for label, want := range map[string]string{"Log In": "/in?a=1&b='c'", "Log Out": "https://x/out", "Log Off": "", "Log": ""} {
		if href, ok := page.Link(label); href != want || ok != (want != "") {
			t.Errorf("Link(%q) = %q, %v; want %q", label, href, ok, want)
		}
	}
}
