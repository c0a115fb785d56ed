package web

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

// A signature holds for the very text that was signed, in whatever headers it comes.
func FuzzVerifySignature(f *testing.F) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		f.Fatal(err)
	}
	const date, sum = "Thu, 09 Mar 2023 14:29:00 GMT", "1B2M2Y8AsgTpgAmY7PhCfg=="
	digest := sha1.Sum([]byte(canonical("GET", "/a", date, sum)))
	raw, err := rsa.SignPKCS1v15(nil, key, crypto.SHA1, digest[:])
	if err != nil {
		f.Fatal(err)
	}
	good := base64.StdEncoding.EncodeToString(raw)
	f.Add("GET", "/a", date, sum, good)
	f.Add("GET", "/a", date+", "+date, sum, good)
	f.Add("GET", "/a\n"+date, sum, "", good)
	f.Add("POST", "/rsconnect/a%0Ab", "", sum, strings.Repeat("A", 344))
	f.Fuzz(func(t *testing.T, method, path, d, c, signature string) {
		h := http.Header{"Date": {d}, checksumHeader: {c}, signatureHeader: {signature}}
		err := verifySignature(&key.PublicKey, method, []string{"/never", path}, h)
		same := canonical(method, path, d, c) == canonical("GET", "/a", date, sum)
		decoded, bad := base64.StdEncoding.DecodeString(signature)
		if (err == nil) != (same && bad == nil && string(decoded) == string(raw) && d != "" && c != "") {
			t.Errorf("%q %q %q %q: %v", method, path, d, c, err)
		}
	})
}

func FuzzPathOf(f *testing.F) {
	for _, s := range []string{"http://h/a?b", "https://h:1/rsconnect/a%0Ab", "(null)://(null)(null)", "http://h", "/a", "http://u@h//a", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		path, ok := pathOf(s)
		if ok && (!strings.HasPrefix(path, "/") || strings.Contains(path, "?") || !strings.Contains(s, path)) {
			t.Errorf("%q has the path %q", s, path)
		}
	})
}
