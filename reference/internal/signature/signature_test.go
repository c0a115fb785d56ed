package signature

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/base64"
	"math/big"
	"net/http"
	"strings"
	"testing"
)

// fixedKey returns the same key in each process, because results of one worker of a fuzz run must be valid in the
// others. It is neither secret nor long enough for other purposes.
func fixedKey(tb testing.TB) *rsa.PrivateKey {
	tb.Helper()
	prime := func(seed string) *big.Int {
		sum := sha512.Sum512([]byte(seed))
		sum[0] |= 0xc0
		sum[len(sum)-1] |= 1
		p := new(big.Int).SetBytes(sum[:])
		for !p.ProbablyPrime(20) {
			p.Add(p, big.NewInt(2))
		}
		return p
	}
	p, q := prime("p"), prime("q")
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537},
		D:         new(big.Int).ModInverse(big.NewInt(65537), phi), Primes: []*big.Int{p, q},
	}
	key.Precompute()
	if err := key.Validate(); err != nil {
		tb.Fatal(err)
	}
	return key
}

// FuzzVerify checks that a signature is valid only for the signed text, once in each header.
func FuzzVerify(f *testing.F) {
	key := fixedKey(f)
	const method, path, date, sum = "GET", "/rsconnect/__api__/v1/user", "Thu, 09 Mar 2023 14:29:00 GMT", "1B2M2Y8AsgTpgAmY7PhCfg=="
	digest := sha1.Sum([]byte(canonical(method, path, date, sum)))
	raw, err := rsa.SignPKCS1v15(nil, key, crypto.SHA1, digest[:])
	if err != nil {
		f.Fatal(err)
	}
	good := base64.StdEncoding.EncodeToString(raw)
	// The last argument is a second line of the header with the signature.
	for _, c := range [][6]string{
		{method, path, date, sum, good, ""},
		{method, path, date, sum, good, good},
		{method, path, date, sum, good, "x"},
		{"get", path, date, sum, good, ""}, {"POST", path, date, sum, good, ""},
		{method, "/__api__/v1/user", date, sum, good, ""}, {method, "//rsconnect/__api__/v1/user", date, sum, good, ""},
		{method, "/rsconnect%2F__api__/v1/user", date, sum, good, ""}, {method, path + "/", date, sum, good, ""}, {method, path + "?a=b", date, sum, good, ""},
		{method, "/rsconnect/__api__/v1/%2B", date, sum, good, ""}, {method, path + "\n" + date, sum, "", good, ""},
		{"", method + "\n" + path, date, sum, good, ""}, {method + "\n" + path, date, sum, "", good, ""},
		{method, path, date + ", " + date, sum, good, ""}, {method, path, date, sum + "," + sum, good, ""}, {method, path, date, sum, good + "," + good, ""},
		{method, path, "", sum, good, ""}, {method, path, date, "", good, ""}, {method, path, date, sum, "", ""}, {method, path, date, sum, "====", ""},
		{method, path, date, sum, strings.ToLower(good), ""}, {method, path, date, sum, good[:len(good)-4], ""}, {method, path, date, sum, good + good, ""},
		{method, path, date, sum, base64.URLEncoding.EncodeToString(raw), ""}, {method, path, date, sum, strings.TrimRight(good, "="), ""},
		{method, path, date, sum, base64.StdEncoding.EncodeToString(append([]byte{0}, raw...)), ""}, {method, path, date, sum, strings.Repeat("A", 172), ""},
		{method, path, date, sum, base64.StdEncoding.EncodeToString(new(big.Int).Add(key.N, new(big.Int).SetBytes(raw)).Bytes()), ""},
		{"POST", "/rsconnect/a%0Ab", date, sum, strings.Repeat("A", 344), ""},
	} {
		f.Add(c[0], c[1], c[2], c[3], c[4], c[5])
	}
	f.Fuzz(func(t *testing.T, m, p, d, c, signature, second string) {
		h := http.Header{"Date": {d}, ChecksumHeader: {c}, Header: {signature}}
		decoded, bad := base64.StdEncoding.DecodeString(signature)
		want := bad == nil && string(decoded) == string(raw) && d != "" && c != "" && canonical(m, p, d, c) == canonical(method, path, date, sum)
		if err := Verify(&key.PublicKey, m, []string{"/never", p}, h); (err == nil) != want {
			t.Errorf("%q %q %q %q %q: %v", m, p, d, c, signature, err)
		}
		for _, name := range []string{"Date", ChecksumHeader, Header} {
			twice := h.Clone()
			twice[name] = append(twice[name], second)
			if Verify(&key.PublicKey, m, []string{p}, twice) == nil {
				t.Errorf("two lines of %s: %q", name, twice[name])
			}
		}
		if err := Verify(&key.PublicKey, m, nil, h); err == nil {
			t.Error("a signature holds for no path")
		}
	})
}
