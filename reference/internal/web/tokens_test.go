package web_test

import (
	"crypto"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// clientKeys are the key pairs of deployment clients. They are shared, because creating one takes longer than most
// tests.
var clientKeys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	var keys [2]*rsa.PrivateKey
	for i := range keys {
		var err error
		if keys[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			panic(err)
		}
	}
	return keys
})

// deployer is a deployment client like rsconnect.
type deployer struct {
	*persona
	token string
	key   *rsa.PrivateKey
}

func (s *site) deployer() *deployer {
	var raw [16]byte
	rand.Read(raw[:])
	return &deployer{persona: s.visitor(), token: "T" + hex.EncodeToString(raw[:]), key: clientKeys()[0]}
}

func publicKey(t testing.TB, key *rsa.PrivateKey) string {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// register requests the address at which a user claims the token.
func (d *deployer) register() *reply {
	return d.do("POST", "__api__/tokens", fmt.Sprintf(`{"token":%q,"public_key":%q,"user_id":0}`, d.token, publicKey(d.site.t, d.key)),
		"X-Auth-Token: anonymous-access")
}

// sign returns the headers of a signed request.
func (d *deployer) sign(method, path, body string) []string {
	path, _, _ = strings.Cut(path, "?")
	sum := md5.Sum([]byte(body))
	checksum := base64.StdEncoding.EncodeToString(sum[:])
	date := time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	digest := sha1.Sum([]byte(method + "\n" + path + "\n" + date + "\n" + checksum))
	signature, err := rsa.SignPKCS1v15(nil, d.key, crypto.SHA1, digest[:])
	if err != nil {
		d.site.t.Fatal(err)
	}
	return []string{"Date: " + date, "X-Auth-Token: " + d.token, "X-Content-Checksum: " + checksum,
		"X-Auth-Signature: " + base64.StdEncoding.EncodeToString(signature)}
}

func (d *deployer) signed(method, path, body string, lines ...string) *reply {
	return d.do(method, path, body, append(d.sign(method, "/"+path, body), lines...)...)
}

// claim submits the form of the page at the address.
func (p *persona) claim(address string) *reply {
	p.site.t.Helper()
	path := strings.TrimPrefix(address, p.site.url)
	page := p.get(path)
	if page.Status != 200 {
		return page
	}
	field := regexp.MustCompile(`name="xsrf" value="([^"]+)"`).FindStringSubmatch(page.Body)
	if field == nil {
		p.site.t.Fatalf("no form in %s", page.Body)
	}
	return p.do("POST", path, url.Values{"xsrf": {field[1]}}.Encode(), "Content-Type: application/x-www-form-urlencoded")
}

func (s *site) claimed(by *persona) *deployer {
	s.t.Helper()
	d := s.deployer()
	by.claim(d.register().want(200, 0).str("token_claim_url")).want(200, 0)
	return d
}

func TestDeploymentCredentials(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	s.signIn("root")
	ada := s.signIn("ada")
	d := s.deployer()
	address := d.register().want(200, 0).str("token_claim_url")
	if !strings.HasPrefix(address, s.url) {
		t.Fatalf("claim at %s", address)
	}
	d.signed("GET", "__api__/v1/user", "").want(401, 30) // the token is unclaimed
	s.visitor().claim(address).want(401, 24)
	s.byKey(ada.key()).claim(address).want(403, 95)
	path := strings.TrimPrefix(address, s.url)
	ada.get(path).want(200, 0)
	d.signed("GET", "__api__/v1/user", "").want(401, 30) // a GET does not claim the token
	ada.do("POST", path, "", "Sec-Fetch-Site: cross-site").want(403, 92)
	ada.do("POST", path, "xsrf=x", "Content-Type: application/x-www-form-urlencoded").want(403, 92)

	ada.claim(address).want(200, 0)
	for _, where := range []string{"__api__/v1/user", "__api__/users/current"} {
		if got := d.signed("GET", where, "").want(200, 0).str("username"); got != "ada" {
			t.Errorf("signed %s is %s", where, got)
		}
	}
	ada.claim(address).want(403, 84)
	d.register().want(400, 85)
	body := `{"name":"by token"}`
	guid := ada.get("__api__/v1/user").str("guid")
	d.signed("POST", "__api__/v1/users/"+guid+"/keys", body).want(200, 0) // no XSRF token
	d.get("__api__/v1/user", "X-Auth-Token: anonymous-access").want(401, 24)

	s.byKey(s.signIn("root").key()).post("__api__/v1/users/"+guid+"/lock", `{"locked":true}`).want(200, 0)
	d.signed("GET", "__api__/v1/user", "").want(403, 50)
	if log := s.log.String(); strings.Contains(log, d.token) {
		t.Error("the log holds a token")
	}
}

func TestTokenMustBeClaimedInTime(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	ada := s.signIn("ada")
	d := s.deployer()
	address := d.register().want(200, 0).str("token_claim_url")
	s.clock.pass(time.Hour + time.Second)
	ada.claim(address).want(401, 29)
	d.signed("GET", "__api__/v1/user", "").want(401, 29)
	s.clock.pass(24 * time.Hour)
	s.claimed(ada)
	ada.claim(address).want(404, 4) // the token was deleted
}

func TestBadTokenRequests(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	good := publicKey(t, clientKeys()[0])
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		body string
		code int
	}{
		"nothing":       {`{}`, 86},
		"no key":        {`{"token":"T00000000000000000000000000000000"}`, 86},
		"no token":      {`{"public_key":"` + good + `"}`, 86},
		"short token":   {`{"token":"T0","public_key":"` + good + `"}`, 25},
		"capitals":      {`{"token":"T0000000000000000000000000000000A","public_key":"` + good + `"}`, 25},
		"no base64":     {`{"token":"T00000000000000000000000000000000","public_key":"-"}`, 25},
		"no SPKI":       {`{"token":"T00000000000000000000000000000000","public_key":"AAAA"}`, 25},
		"small key":     {`{"token":"T00000000000000000000000000000000","public_key":"` + publicKey(t, small) + `"}`, 25},
		"unknown field": {`{"tokens":1}`, 121},
	} {
		s.visitor().do("POST", "__api__/tokens", tt.body, "X-Auth-Token: anonymous-access").want(400, tt.code)
		t.Log(name)
	}
}

// Invalid signatures are refused, regardless of other credentials in the request.
func TestBadSignatures(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	ada := s.signIn("ada")
	d := s.claimed(ada)
	other := &deployer{persona: d.persona, token: d.token, key: clientKeys()[1]}
	const me = "__api__/v1/user"
	replaced := func(name, value string) []string {
		lines := d.sign("GET", "/"+me, "")
		for i, l := range lines {
			if strings.HasPrefix(l, name+":") {
				lines[i] = name + ": " + value
			}
		}
		return lines
	}
	for name, lines := range map[string][]string{
		"another key":         other.sign("GET", "/"+me, ""),
		"another path":        d.sign("GET", "/__api__/v1/users", ""),
		"another method":      d.sign("POST", "/"+me, ""),
		"another body":        d.sign("GET", "/"+me, "x"),
		"another date":        replaced("Date", "Thu, 09 Mar 2023 14:29:00 GMT"),
		"no signature":        replaced("X-Auth-Signature", ""),
		"no base64":           replaced("X-Auth-Signature", "-"),
		"unknown token":       replaced("X-Auth-Token", "T00000000000000000000000000000000"),
		"empty token":         replaced("X-Auth-Token", ""),
		"token twice":         append(d.sign("GET", "/"+me, ""), "X-Auth-Token: "+d.token),
		"signature twice":     append(d.sign("GET", "/"+me, ""), "X-Auth-Signature: x"),
		"checksum twice":      append(d.sign("GET", "/"+me, ""), "X-Content-Checksum: x"),
		"path of X-RSC":       append(d.sign("GET", "/elsewhere", ""), "X-Rsc-Request: http://x/elsewhere"),
		"two public paths":    append(d.sign("GET", "/p/"+me, ""), "X-Rsc-Request: http://x/p/"+me),
		"token and signature": {"X-Auth-Token: " + d.token},
	} {
		t.Run(name, func(t *testing.T) {
			s.visitor().do("GET", me, "", lines...).want(401, 30)
			ada.do("GET", me, "", lines...).want(401, 30) // neither header nor session has an effect
		})
	}
	if got := s.user("bob").do("GET", me, "", d.sign("GET", "/"+me, "")...).want(200, 0).str("username"); got != "ada" {
		t.Errorf("a signed request beside a header is %s", got)
	}
	s.visitor("X-Auth-Username: ada", "X-Auth-Username: bob").do("GET", me, "", d.sign("GET", "/"+me, "")...).want(401, 30)
}

// A client signs the path of its URL or the part after its base URL, before proxies rewrite it.
func TestSignedPaths(t *testing.T) {
	t.Parallel()
	s := newSite(t, "[Server]\nAddress = https://connect.example.com/apps/\n"+proxied)
	ada := s.signIn("ada")
	d := s.deployer()
	address := d.register().want(200, 0).str("token_claim_url")
	path, ok := strings.CutPrefix(address, "https://connect.example.com/apps/")
	if !ok {
		t.Fatalf("claim at %s", address)
	}
	page := ada.get(path).want(200, 0)
	field := regexp.MustCompile(`name="xsrf" value="([^"]+)"`).FindStringSubmatch(page.Body)
	// The cookie is for HTTPS and another path, so the test adds it itself.
	var jar []string
	for _, c := range page.Header["Set-Cookie"] {
		pair, _, _ := strings.Cut(c, ";")
		jar = append(jar, pair)
	}
	ada.do("POST", path, "xsrf="+url.QueryEscape(field[1]), "Content-Type: application/x-www-form-urlencoded", "Cookie: "+strings.Join(jar, "; ")).want(200, 0)

	for name, tt := range map[string]struct {
		signed, received string
		told             string
		status           int
	}{
		"as received":      {"/__api__/v1/user", "__api__/v1/user", "", 200},
		"with the prefix":  {"/apps/__api__/v1/user", "__api__/v1/user", "", 200},
		"with a query":     {"/apps/__api__/v1/user", "__api__/v1/user?a=b", "", 200},
		"a foreign prefix": {"/other/__api__/v1/user", "__api__/v1/user", "https://connect.example.com/other/__api__/v1/user", 401},
	} {
		t.Run(name, func(t *testing.T) {
			lines := d.sign("GET", tt.signed, "")
			if tt.told != "" {
				lines = append(lines, "X-Rsc-Request: "+tt.told)
			}
			s.visitor().do("GET", tt.received, "", lines...).want(tt.status, 0)
		})
	}
}

// A large body is stored until its checksum is verified, and has no effect if the checksum is wrong.
func TestSignedBodies(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	root := s.signIn("root")
	d := s.claimed(root)
	body := `{"username":"made"}`
	lines := d.sign("POST", "/__api__/v1/users", body)
	d.do("POST", "__api__/v1/users", strings.Replace(body, "made", "evil", 1), lines...).want(401, 30)
	d.do("POST", "__api__/v1/users", body, lines...).want(200, 0)
	for _, size := range []int{1<<20 - 1, 1 << 20, 1<<20 + 1, 5 << 20} {
		padded := body + strings.Repeat(" ", size-len(body))
		d.signed("POST", "__api__/v1/users", padded).want(map[bool]int{true: 409, false: 400}[size <= 1<<20], 0)
		d.do("POST", "__api__/v1/users", padded+" ", d.sign("POST", "/__api__/v1/users", padded)...).want(401, 30)
	}
	if got := s.usernames(); got != "root made" {
		t.Errorf("users %s", got)
	}
}
