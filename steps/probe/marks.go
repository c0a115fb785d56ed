package probe

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"io"
	"strings"
)

// Kinds is a set of kinds of secrets that the provider marks.
type Kinds uint8

// The kinds, each with the prefix that the provider gives it.
const (
	RefreshToken      Kinds = 1 << iota // rt_csn_
	AccessToken                         // at_csn_
	AuthorizationCode                   // ac_csn_
	ClientSecret                        // cs_csn_

	AllKinds = RefreshToken | AccessToken | AuthorizationCode | ClientSecret
)

// String returns the names of the kinds as in a [Sighting].
func (k Kinds) String() string {
	var names []string
	for _, n := range []struct {
		kind Kinds
		name string
	}{
		{RefreshToken, "refresh_token"}, {AccessToken, "access_token"},
		{AuthorizationCode, "authorization_code"}, {ClientSecret, "client_secret"},
	} {
		if k&n.kind != 0 {
			names = append(names, n.name)
		}
	}
	return strings.Join(names, ",")
}

// A Match is a mark found by [Search]. Encoding is its encoding: "raw", "base64", "hex", or one of
// these after the encodings "percent", "gzip" and "zlib", joined by "+".
type Match struct {
	Kind     Kinds
	Encoding string
	Offset   int // of the core of the mark in the data; 0 in decoded data
}

const (
	// core is common to all marks, so that one search finds all kinds.
	core = "_csn_"
	// minTail is the minimum length of the random part of a raw mark. A server that
	// logs "rt_csn_..." has masked the secret.
	minTail = 8
	// maxDepth bounds the nesting of encodings.
	maxDepth = 3
	// maxInflated bounds the total size of the decompressed streams in one piece of data.
	maxInflated = 8 << 20
	// maxMatches bounds the number of matches.
	maxMatches = 64
	// maxStreams bounds the compressed streams that are decompressed in one piece of data.
	maxStreams = 8
)

// base64Cores holds the base64 encodings of the core by its position modulo three in the
// encoded data. None contains a character in which the standard and the URL alphabet differ.
// back is the distance from the characters to the start of the group with the first letter of
// the kind. skip is the number of bytes in that group before the kind.
var base64Cores = []struct {
	text       []byte
	back, skip int
}{
	{[]byte("X2Nzbl"), 4, 1},
	{[]byte("9jc25f"), 6, 2},
	{[]byte("fY3NuX"), 3, 0},
}

var (
	rawCore   = []byte(core)
	hexCore   = []byte("63736") // of 63 73 6e; the same in both cases, because it has no letter
	gzipMagic = []byte{0x1f, 0x8b, 8}
)

// Search returns the marks of the given kinds in data: raw, percent-encoded in any octets, in
// base64 of either alphabet at all three alignments, in hex of either case, and any of these in
// a gzip stream (anywhere) or a zlib stream (at the start).
//
// Search is fast for data without marks, because it runs over every octet that a server sends:
// it searches for a literal of each encoding with bytes.Index and verifies only its occurrences.
func Search(kinds Kinds, data []byte) []Match {
	budget := int64(maxInflated)
	return search(nil, kinds, data, 0, &budget)
}

// search appends the matches in data and in the data decoded from it, of which at most budget
// octets are decompressed.
func search(matches []Match, kinds Kinds, data []byte, depth int, budget *int64) []Match {
	matches = searchRaw(matches, kinds, data)
	matches = searchBase64(matches, kinds, data)
	matches = searchHex(matches, kinds, data)
	if depth == maxDepth {
		return matches
	}
	matches = searchPercent(matches, kinds, data, depth, budget)
	return searchCompressed(matches, kinds, data, depth, budget)
}

// kindOf returns the kind of a mark by the two letters before the core.
func kindOf(a, b byte) Kinds {
	switch string([]byte{a, b}) {
	case "rt":
		return RefreshToken
	case "at":
		return AccessToken
	case "ac":
		return AuthorizationCode
	case "cs":
		return ClientSecret
	}
	return 0
}

// each calls f with the offset of every occurrence of sep in data.
func forEachIndex(data, sep []byte, f func(at int)) {
	for at := 0; ; {
		i := bytes.Index(data[at:], sep)
		if i < 0 {
			return
		}
		f(at + i)
		at += i + 1
	}
}

func searchRaw(matches []Match, kinds Kinds, data []byte) []Match {
	forEachIndex(data, rawCore, func(at int) {
		if at < 2 || len(matches) >= maxMatches {
			return
		}
		kind := kindOf(data[at-2], data[at-1]) & kinds
		if kind != 0 && tail(data[at+len(core):]) {
			matches = append(matches, Match{kind, "raw", at})
		}
	})
	return matches
}

func tail(data []byte) bool {
	if len(data) < minTail {
		return false
	}
	for _, c := range data[:minTail] {
		if !isBase64(c) || c == '+' || c == '/' {
			return false
		}
	}
	return true
}

func isBase64(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '_' || c == '+' || c == '/'
}

func searchBase64(matches []Match, kinds Kinds, data []byte) []Match {
	for _, b := range base64Cores {
		forEachIndex(data, b.text, func(at int) {
			const window = 12 // nine bytes contain the prefix of any mark
			from := at - b.back
			if from < 0 || from+window > len(data) {
				return
			}
			var text [window]byte
			for i, c := range data[from : from+window] {
				switch c {
				case '+':
					c = '-'
				case '/':
					c = '_'
				}
				text[i] = c
			}
			var plain [9]byte
			if _, err := base64.RawURLEncoding.Decode(plain[:], text[:]); err != nil {
				return
			}
			matches = prefixed(matches, kinds, plain[b.skip:], "base64", at)
		})
	}
	return matches
}

func searchHex(matches []Match, kinds Kinds, data []byte) []Match {
	forEachIndex(data, hexCore, func(at int) {
		const before, window = 6, 14
		from := at - before
		if from < 0 || from+window > len(data) {
			return
		}
		var plain [window / 2]byte
		if _, err := hex.Decode(plain[:], data[from:from+window]); err != nil {
			return
		}
		matches = prefixed(matches, kinds, plain[:], "hex", at)
	})
	return matches
}

// prefixed appends a match if plain begins with a mark.
func prefixed(matches []Match, kinds Kinds, plain []byte, encoding string, at int) []Match {
	if len(matches) >= maxMatches || len(plain) < 2 || !bytes.HasPrefix(plain[2:], rawCore) {
		return matches
	}
	if kind := kindOf(plain[0], plain[1]) & kinds; kind != 0 {
		matches = append(matches, Match{kind, encoding, at})
	}
	return matches
}

func searchPercent(matches []Match, kinds Kinds, data []byte, depth int, budget *int64) []Match {
	plain := unescape(data)
	if plain == nil {
		return matches
	}
	// The search of the decoded data finds the earlier matches again. Only the additional
	// matches of a kind and encoding were percent-encoded.
	type kindEncoding struct {
		kind     Kinds
		encoding string
	}
	var known map[kindEncoding]int
	for _, f := range matches {
		if known == nil {
			known = make(map[kindEncoding]int)
		}
		known[kindEncoding{f.Kind, f.Encoding}]++
	}
	for _, f := range search(nil, kinds, plain, depth+1, budget) {
		if w := (kindEncoding{f.Kind, f.Encoding}); known[w] > 0 {
			known[w]--
			continue
		}
		matches = append(matches, Match{f.Kind, behind("percent", f.Encoding), 0})
	}
	return matches
}

// unescape decodes every %XX in data, or returns nil if there is none.
func unescape(data []byte) []byte {
	at := bytes.IndexByte(data, '%')
	for at >= 0 && !escaped(data[at:]) {
		next := bytes.IndexByte(data[at+1:], '%')
		if next < 0 {
			return nil
		}
		at += 1 + next
	}
	if at < 0 {
		return nil
	}
	plain := append(make([]byte, 0, len(data)), data[:at]...)
	for at < len(data) {
		if data[at] == '%' && escaped(data[at:]) {
			plain = append(plain, unhex(data[at+1])<<4|unhex(data[at+2]))
			at += 3
			continue
		}
		plain = append(plain, data[at])
		at++
	}
	return plain
}

func escaped(data []byte) bool {
	return len(data) >= 3 && unhex(data[1]) < 16 && unhex(data[2]) < 16
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

func searchCompressed(matches []Match, kinds Kinds, data []byte, depth int, budget *int64) []Match {
	streams := 0
	forEachIndex(data, gzipMagic, func(at int) {
		if streams++; streams > maxStreams {
			return
		}
		if r, err := gzip.NewReader(bytes.NewReader(data[at:])); err == nil {
			matches = searchStream(matches, kinds, r, "gzip", depth, budget)
		}
	})
	// RFC 1950 section 2.2: method 8, and the first two octets are a multiple of 31.
	if len(data) > 6 && data[0]&15 == 8 && (int(data[0])<<8|int(data[1]))%31 == 0 {
		if r, err := zlib.NewReader(bytes.NewReader(data)); err == nil {
			matches = searchStream(matches, kinds, r, "zlib", depth, budget)
		}
	}
	return matches
}

// searchStream searches as much of a stream as can be decompressed. A mark before damaged data
// is found.
func searchStream(matches []Match, kinds Kinds, r io.Reader, name string, depth int, budget *int64) []Match {
	var plain bytes.Buffer
	n, _ := io.Copy(&plain, io.LimitReader(r, *budget))
	*budget -= n
	for _, f := range search(nil, kinds, plain.Bytes(), depth+1, budget) {
		matches = append(matches, Match{f.Kind, behind(name, f.Encoding), 0})
	}
	return matches
}

func behind(decoder, encoding string) string {
	if encoding == "raw" {
		return decoder
	}
	return decoder + "+" + encoding
}
