package probe_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"countersign/steps/probe"
)

const random = "q0ZbX-7uT_hn3mPzLkWcVyRd5eGaSf1J"

var marks = map[probe.Kinds]string{
	probe.RefreshToken:      "rt_csn_" + random,
	probe.AccessToken:       "at_csn_" + random,
	probe.AuthorizationCode: "ac_csn_" + random,
	probe.ClientSecret:      "cs_csn_" + random,
}

func percent(s string, spell func(i int) string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, spell(i), s[i])
	}
	return b.String()
}

func compressed(t testing.TB, name string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if name == "zlib" {
		w = zlib.NewWriter(&b)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSearchFindsEveryEncoding(t *testing.T) {
	t.Parallel()
	for kind, mark := range marks {
		cases := map[string]struct{ data, encoding string }{
			"raw":             {`{"x":"` + mark + `"}`, "raw"},
			"start":           {mark, "raw"},
			"percent some":    {"a?b=" + strings.ReplaceAll(mark, "_", "%5f") + "&c", "percent"},
			"percent all":     {percent(mark, func(int) string { return "%%%02X" }), "percent"},
			"percent mixed":   {percent(mark, func(i int) string { return []string{"%%%02x", "%c", "%%%02X"}[i%3] }), "percent"},
			"percent tail":    {mark[:7] + percent(mark[7:], func(int) string { return "%%%02x" }), "percent"},
			"percent twice":   {strings.ReplaceAll(mark, "_", "%255F"), "percent+percent"},
			"after percent":   {"100% of 5%% " + mark, "raw"},
			"hex lower":       {"x" + hex.EncodeToString([]byte(mark)), "hex"},
			"hex upper":       {strings.ToUpper(hex.EncodeToString([]byte(mark))), "hex"},
			"gzip":            {string(compressed(t, "gzip", []byte("zz"+mark))), "gzip"},
			"gzip inside":     {"--boundary\r\n\r\n" + string(compressed(t, "gzip", []byte(mark))), "gzip"},
			"zlib":            {string(compressed(t, "zlib", []byte("zz"+mark))), "zlib"},
			"base64 in gzip":  {string(compressed(t, "gzip", []byte(base64.StdEncoding.EncodeToString([]byte(mark))))), "gzip+base64"},
			"gzip cut short":  {string(cut(compressed(t, "gzip", []byte(mark+" and more")), 9)), "gzip"},
			"escaped base64":  {"%20" + strings.ReplaceAll(base64.StdEncoding.EncodeToString([]byte(mark)), "X", "%58"), "percent+base64"},
			"raw and percent": {mark + " %41", "raw"},
		}
		for pad := range 3 {
			text := []byte(strings.Repeat("\xff", pad) + mark + "!")
			for name, coding := range map[string]*base64.Encoding{"std": base64.StdEncoding, "url": base64.RawURLEncoding} {
				cases[fmt.Sprintf("base64 %s at %d", name, pad)] = struct{ data, encoding string }{
					"Bearer x." + coding.EncodeToString(text), "base64",
				}
			}
		}
		for name, c := range cases {
			matches := probe.Search(probe.AllKinds, []byte(c.data))
			if len(matches) != 1 || matches[0].Kind != kind || matches[0].Encoding != c.encoding {
				t.Errorf("%s %s: got %+v, want one match in %s", kind, name, matches, c.encoding)
			}
			if matches := probe.Search(probe.AllKinds&^kind, []byte(c.data)); len(matches) != 0 {
				t.Errorf("%s %s: got %+v for other kinds, want none", kind, name, matches)
			}
		}
	}
}

func cut(data []byte, n int) []byte { return data[:len(data)-n] }

func TestSearchOfDataWithoutMarks(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"empty":        "",
		"masked":       "refresh token rt_csn_... and rt_csn_***",
		"prefix":       "rt_csn_",
		"other letter": "xt_csn_" + random,
		"core first":   "_csn_" + random,
		"core base64":  "X2NzblX2Nzbl9jc25ffY3NuX",
		"core hex":     "63736e5f 63736",
		"percent":      "%%%zz%4 100%",
		"gzip magic":   "\x1f\x8b\x08 and nothing\x1f\x8b\x08",
		"zlib magic":   "\x78\x9c and nothing at all",
	} {
		if matches := probe.Search(probe.AllKinds, []byte(data)); len(matches) != 0 {
			t.Errorf("%s: got %+v, want none", name, matches)
		}
	}
}

func TestSearchIsBoundedByCompressionBombs(t *testing.T) {
	t.Parallel()
	bomb := compressed(t, "gzip", make([]byte, 16<<20))
	for range 2 {
		bomb = compressed(t, "gzip", bomb)
	}
	if matches := probe.Search(probe.AllKinds, bomb); len(matches) != 0 {
		t.Errorf("got %+v, want none", matches)
	}
}

// TestSearchInflatesABoundedAmountInAll checks the bound on the total size of decompressed streams.
func TestSearchInflatesABoundedAmountInAll(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]int{3 << 20: 1, 4 << 20: 0} {
		var data []byte
		for range 2 {
			data = append(append(data, compressed(t, "gzip", make([]byte, size))...), '\n')
		}
		data = append(data, compressed(t, "gzip", []byte(marks[probe.AccessToken]))...)
		if matches := probe.Search(probe.AllKinds, data); len(matches) != want {
			t.Errorf("after two streams of %d octets: got %+v, want %d", size, matches, want)
		}
	}
}

func FuzzSearch(f *testing.F) {
	for _, mark := range marks {
		f.Add([]byte(mark), 3)
	}
	f.Fuzz(func(t *testing.T, noise []byte, at int) {
		mark := marks[probe.RefreshToken]
		if at < 0 || at > len(noise) {
			at = 0
		}
		data := string(noise[:at]) + mark + string(noise[at:])
		if len(probe.Search(probe.RefreshToken, []byte(data))) == 0 {
			t.Errorf("mark not found in %q", data)
		}
	})
}

func BenchmarkSearch(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	record := func(i int) string {
		return fmt.Sprintf(`{"guid":"%08x-%04x","username":"alice-%d","access_type":"logged_in","created_time":"2024-07-16T19:28:05Z"},`, r.Uint32(), r.Uint32()&0xffff, i)
	}
	var text strings.Builder
	for i := 0; text.Len() < 256<<10; i++ {
		text.WriteString(record(i))
	}
	noise := make([]byte, 256<<10)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	head := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: rsconnect=MTcz; Path=/; HttpOnly\r\nX-Correlation-Id: 7b0c\r\nContent-Length: 311\r\n\r\n" + text.String()[:311]
	for name, data := range map[string][]byte{
		"json": []byte(text.String()), "reply": []byte(head), "random": noise,
		"hex": []byte(hex.EncodeToString(noise)), "base64": []byte(base64.StdEncoding.EncodeToString(noise)),
		"percent": []byte(strings.ReplaceAll(text.String(), `"`, "%22")),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if probe.Search(probe.AllKinds, data) != nil {
					b.Fatal("found a mark in noise")
				}
			}
		})
	}
}
