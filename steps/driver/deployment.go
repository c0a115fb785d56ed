package driver

import (
	"context"
	"crypto"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

const tokensPath = "__api__/tokens"

// Credentials are the token and the key with which a deployment client signs requests.
type Credentials struct {
	Token string
	key   *rsa.PrivateKey
}

// keys returns the two key pairs that all clients of a run share. Clients differ by their
// tokens: generating a key takes longer than most scenarios.
var keys = sync.OnceValues(func() ([2]*rsa.PrivateKey, error) {
	var pairs [2]*rsa.PrivateKey
	for i := range pairs {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return pairs, fmt.Errorf("generate a key pair: %w", err)
		}
		pairs[i] = key
	}
	return pairs, nil
})

// NewCredentials returns a token and a key that no server knows.
func NewCredentials() (*Credentials, error) {
	pairs, err := keys()
	if err != nil {
		return nil, err
	}
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails
	return &Credentials{Token: "T" + hex.EncodeToString(raw[:]), key: pairs[0]}, nil
}

// OfAnotherKey returns credentials with the same token and a key that does not belong to it.
func (c *Credentials) OfAnotherKey() (*Credentials, error) {
	pairs, err := keys()
	if err != nil {
		return nil, err
	}
	return &Credentials{Token: c.Token, key: pairs[1]}, nil
}

// Signed holds the values that a signature covers.
type Signed struct {
	Method, Path, Date, Checksum string
}

// Sign returns the four header lines of a signed request in the form that rsconnect and
// Publisher send: RSA PKCS #1 v1.5 with SHA-1 over method, path, date and the MD5 of the
// body, separated by line feeds.
func (c *Credentials) Sign(s Signed) ([]HeaderLine, error) {
	digest := sha1.Sum([]byte(strings.Join([]string{s.Method, s.Path, s.Date, s.Checksum}, "\n")))
	signature, err := rsa.SignPKCS1v15(nil, c.key, crypto.SHA1, digest[:])
	if err != nil {
		return nil, fmt.Errorf("sign a request: %w", err)
	}
	return []HeaderLine{
		{"Date", s.Date}, {"X-Auth-Token", c.Token}, {"X-Auth-Signature", base64.StdEncoding.EncodeToString(signature)},
		{"X-Content-Checksum", s.Checksum},
	}, nil
}

// Checksum returns the MD5 of a body in the encoding of the deployment clients.
func Checksum(body []byte) string {
	sum := md5.Sum(body) // the deployment clients use MD5
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Date formats a time for a Date header (RFC 9110 section 5.6.7).
func Date(t time.Time) string { return t.UTC().Format(http.TimeFormat) }

// A requestSigner signs the requests of a deployment client.
type requestSigner struct {
	credentials *Credentials
	below       bool // sign only the path below the base URL, as Publisher does
}

// lines returns the header lines that sign one request.
func (s *requestSigner) lines(subject Subject, spec requestSpec) []HeaderLine {
	path := spec.url.EscapedPath()
	if base := subject.Public.EscapedPath(); s.below {
		path = "/" + strings.TrimPrefix(path, base)
	}
	lines, err := s.credentials.Sign(Signed{spec.method, path, Date(time.Now()), Checksum(spec.body)})
	if err != nil {
		return nil // the server refuses an unsigned request
	}
	return lines
}

// WithCredentials returns the persona's deployment client. It signs every request and
// sends neither a cookie nor an identity. It signs the path below the base URL if below
// is true, else the whole path.
func (p *Persona) WithCredentials(c *Credentials, below bool) *Persona {
	q := *p
	q.keyHeader, q.signer, q.cookies = nil, &requestSigner{c, below}, newCookies()
	return &q
}

// SignedPath returns the path that a client signs for a path below the public address.
func (p *Persona) SignedPath(path string) string {
	u, err := p.subject.resolve(path)
	if err != nil {
		return path
	}
	return u.EscapedPath()
}

// RegisterToken registers credentials, as a client does that has none yet. The reply
// holds the address at which a user claims them.
func (p *Persona) RegisterToken(ctx context.Context, c *Credentials) (*Reply, error) {
	der, err := x509.MarshalPKIXPublicKey(&c.key.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("encode a public key: %w", err)
	}
	body := fmt.Sprintf(`{"token":%q,"public_key":%q,"user_id":0}`, c.Token, base64.StdEncoding.EncodeToString(der))
	return p.WithoutIdentity().Call(ctx, http.MethodPost, tokensPath, []byte(body),
		HeaderLine{"Content-Type", "application/json"}, HeaderLine{"Accept", "application/json"}, HeaderLine{"X-Auth-Token", "anonymous-access"})
}

// The elements of a page that the suite reads: links, and forms with their fields.
var (
	linkTag   = regexp.MustCompile(`(?is)<a\b([^>]*)>(.*?)</a>`)
	formTag   = regexp.MustCompile(`(?is)<form\b([^>]*)>(.*?)</form>`)
	inputTag  = regexp.MustCompile(`(?is)<input\b([^>]*)>`)
	attribute = regexp.MustCompile(`(?is)\b(action|method|name|value|type|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))`)
)

func attributes(tag string) map[string]string {
	found := map[string]string{}
	for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
		found[strings.ToLower(m[1])] = html.UnescapeString(m[2] + m[3] + m[4])
	}
	return found
}

// Link returns the href of the link in a page that has this label, as the page has it, and
// whether there is such a link.
func (r *Reply) Link(label string) (href string, ok bool) {
	for _, link := range linkTag.FindAllSubmatch(r.Body, -1) {
		if strings.TrimSpace(html.UnescapeString(string(link[2]))) == label {
			return attributes(string(link[1]))["href"], true
		}
	}
	return "", false
}

// PressLink sends the request of the link in a page that has this label. It returns nil if
// the page has no such link.
func (p *Persona) PressLink(ctx context.Context, page *Reply, label string) (*Reply, error) {
	href, ok := page.Link(label)
	if !ok {
		return nil, nil
	}
	to, err := page.url.Parse(href)
	if err != nil || origin(to) != origin(p.subject.Public) {
		return nil, unusable(page, "follow the link "+label)
	}
	return p.send(ctx, requestSpec{method: http.MethodGet, url: to, lines: navigationFrom("same-origin")})
}

// ConfirmationPage opens an address of the server in the persona's browser, follows its
// redirects and returns the last page. asks reports whether the page has a form with the
// method post.
func (p *Persona) ConfirmationPage(ctx context.Context, address string) (page *Reply, asks bool, err error) {
	u, err := url.Parse(address)
	if err != nil || origin(u) != origin(p.subject.Public) {
		return nil, false, &NoAnswer{Op: "open the address", BySubject: true, Err: publicError("the address is not one of the server under test")}
	}
	first, err := p.send(ctx, requestSpec{method: http.MethodGet, url: u, lines: navigationHeaders})
	if err != nil {
		return nil, false, err
	}
	chain, err := p.Follow(ctx, first)
	if err != nil {
		return nil, false, err
	}
	page = chain[len(chain)-1]
	form := formTag.FindSubmatch(page.Body)
	return page, page.Is(2) && form != nil && strings.EqualFold(attributes(string(form[1]))["method"], "post"), nil
}

// Confirm opens an address of the server in the persona's browser and, if the page has a
// form with the method post, submits it. It returns the last reply.
func (p *Persona) Confirm(ctx context.Context, address string) (*Reply, error) {
	page, asks, err := p.ConfirmationPage(ctx, address)
	if err != nil || !asks {
		return page, err
	}
	form := formTag.FindSubmatch(page.Body)
	to, err := page.url.Parse(attributes(string(form[1]))["action"])
	if err != nil || origin(to) != origin(p.subject.Public) {
		return nil, unusable(page, "submit the form")
	}
	fields := url.Values{}
	for _, tag := range inputTag.FindAllSubmatch(form[2], -1) {
		if input := attributes(string(tag[1])); input["name"] != "" {
			fields.Add(input["name"], input["value"])
		}
	}
	pressed, err := p.send(ctx, requestSpec{
		method: http.MethodPost, url: to, body: []byte(fields.Encode()),
		lines: []HeaderLine{
			{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "text/html"}, {"Origin", origin(p.subject.Public)},
			{"Sec-Fetch-Dest", "document"}, {"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Site", "same-origin"},
		},
	})
	if err != nil {
		return nil, err
	}
	chain, err := p.Follow(ctx, pressed)
	if err != nil {
		return nil, err
	}
	return chain[len(chain)-1], nil
}
