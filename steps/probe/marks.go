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

// String names the kinds in the words of a sighting.
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

// Find is one mark found by [Seek]. Encoding tells how it was hidden: "raw",
// "base64", "hex", or one of these behind "percent" and "gzip", joined by "+".
type Find struct {
	Kind     Kinds
	Encoding string
	Offset   int // of the mark's core in the data given; 0 behind a decoder
}

const (
	// core is common to all marks, so that one search serves four kinds.
	core = "_csn_"
	// minTail is how much of the random part must follow a plain mark: a
	// server that logs "rt_csn_..." masked its secret and leaked nothing.
	minTail = 8
	// maxDepth bounds decoders behind decoders.
	maxDepth = 3
	// maxInflated bounds what all compressed streams in one piece of data may grow to.
	maxInflated = 8 << 20
	// maxFinds bounds what is reported of data that is full of marks.
	maxFinds = 64
	// maxStreams bounds the compressed streams tried in one piece of data.
	maxStreams = 8
)

// base64Cores are the characters that the core always becomes in base64, by
// its position modulo three in the encoded data. None holds a character in
// which the standard and the URL alphabet differ. back is the distance from
// these characters to the start of the group that holds the kind's first
// letter, skip the bytes in that group before the kind.
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
	hexCore   = []byte("63736") // of 63 73 6e: no letter, so one spelling
	gzipMagic = []byte{0x1f, 0x8b, 8}
)

// Seek returns the marks of the given kinds in data: raw, percent-encoded in
// any octets, in base64 of either alphabet at all three alignments, in hex of
// either case, and any of these behind gzip (anywhere) or zlib (at the start).
//
// It is fast where there is nothing to find, because it runs over every octet
// that a subject sends: each encoding is reduced to a literal that bytes.Index
// seeks, and verified only where that occurs.
func Seek(kinds Kinds, data []byte) []Find {
	room := int64(maxInflated)
	return seek(nil, kinds, data, 0, &room)
}

// seek searches data, and what room is left for behind decoders.
func seek(finds []Find, kinds Kinds, data []byte, depth int, room *int64) []Find {
	finds = seekRaw(finds, kinds, data)
	finds = seekBase64(finds, kinds, data)
	finds = seekHex(finds, kinds, data)
	if depth == maxDepth {
		return finds
	}
	finds = seekPercent(finds, kinds, data, depth, room)
	return seekCompressed(finds, kinds, data, depth, room)
}

// kindOf tells the kind of a mark by the two letters before the core.
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
func each(data, sep []byte, f func(at int)) {
	for at := 0; ; {
		i := bytes.Index(data[at:], sep)
		if i < 0 {
			return
		}
		f(at + i)
		at += i + 1
	}
}

func seekRaw(finds []Find, kinds Kinds, data []byte) []Find {
	each(data, rawCore, func(at int) {
		if at < 2 || len(finds) >= maxFinds {
			return
		}
		kind := kindOf(data[at-2], data[at-1]) & kinds
		if kind != 0 && tail(data[at+len(core):]) {
			finds = append(finds, Find{kind, "raw", at})
		}
	})
	return finds
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

func seekBase64(finds []Find, kinds Kinds, data []byte) []Find {
	for _, b := range base64Cores {
		each(data, b.text, func(at int) {
			const window = 12 // nine bytes hold any mark's prefix
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
			finds = prefixed(finds, kinds, plain[b.skip:], "base64", at)
		})
	}
	return finds
}

func seekHex(finds []Find, kinds Kinds, data []byte) []Find {
	each(data, hexCore, func(at int) {
		const before, window = 6, 14
		from := at - before
		if from < 0 || from+window > len(data) {
			return
		}
		var plain [window / 2]byte
		if _, err := hex.Decode(plain[:], data[from:from+window]); err != nil {
			return
		}
		finds = prefixed(finds, kinds, plain[:], "hex", at)
	})
	return finds
}

// prefixed adds a find if plain starts with a mark.
func prefixed(finds []Find, kinds Kinds, plain []byte, encoding string, at int) []Find {
	if len(finds) >= maxFinds || len(plain) < 2 || !bytes.HasPrefix(plain[2:], rawCore) {
		return finds
	}
	if kind := kindOf(plain[0], plain[1]) & kinds; kind != 0 {
		finds = append(finds, Find{kind, encoding, at})
	}
	return finds
}

func seekPercent(finds []Find, kinds Kinds, data []byte, depth int, room *int64) []Find {
	plain := unescape(data)
	if plain == nil {
		return finds
	}
	// What needed no decoding was found already and is found again: only the
	// surplus of a kind and encoding was hidden by percent signs.
	type what struct {
		kind     Kinds
		encoding string
	}
	var known map[what]int
	for _, f := range finds {
		if known == nil {
			known = make(map[what]int)
		}
		known[what{f.Kind, f.Encoding}]++
	}
	for _, f := range seek(nil, kinds, plain, depth+1, room) {
		if w := (what{f.Kind, f.Encoding}); known[w] > 0 {
			known[w]--
			continue
		}
		finds = append(finds, Find{f.Kind, behind("percent", f.Encoding), 0})
	}
	return finds
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

func seekCompressed(finds []Find, kinds Kinds, data []byte, depth int, room *int64) []Find {
	streams := 0
	each(data, gzipMagic, func(at int) {
		if streams++; streams > maxStreams {
			return
		}
		if r, err := gzip.NewReader(bytes.NewReader(data[at:])); err == nil {
			finds = seekStream(finds, kinds, r, "gzip", depth, room)
		}
	})
	// RFC 1950 section 2.2: method 8, and the first two octets a multiple of 31.
	if len(data) > 6 && data[0]&15 == 8 && (int(data[0])<<8|int(data[1]))%31 == 0 {
		if r, err := zlib.NewReader(bytes.NewReader(data)); err == nil {
			finds = seekStream(finds, kinds, r, "zlib", depth, room)
		}
	}
	return finds
}

// seekStream looks into as much of a stream as can be read: a damaged end
// does not hide a mark before it.
func seekStream(finds []Find, kinds Kinds, r io.Reader, name string, depth int, room *int64) []Find {
	var plain bytes.Buffer
	n, _ := io.Copy(&plain, io.LimitReader(r, *room))
	*room -= n
	for _, f := range seek(nil, kinds, plain.Bytes(), depth+1, room) {
		finds = append(finds, Find{f.Kind, behind(name, f.Encoding), 0})
	}
	return finds
}

func behind(decoder, encoding string) string {
	if encoding == "raw" {
		return decoder
	}
	return decoder + "+" + encoding
}
