package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/steps/check"
	"countersign/steps/driver"
)

// A FramingOddity writes a request whose length is ambiguous or malformed, with another request in its
// body. It returns the header lines that frame the body, and the body.
type FramingOddity func(hidden string) (lines []string, body string)

// FramingOddities are the oddities by the words of features.
var FramingOddities = map[string]FramingOddity{
	"the length of its body":                       framed("Content-Length: %d"),
	"two lengths":                                  framed("Content-Length: %d", "Content-Length: 0"),
	"two lengths, the right one last":              framed("Content-Length: 0", "Content-Length: %d"),
	"two lengths in one line":                      framed("Content-Length: 0, %d"),
	"a length with a sign":                         framed("Content-Length: +%d"),
	"a hexadecimal length":                         framed("Content-Length: 0x%x"),
	"a length with a blank before the colon":       framed("Content-Length : %d"),
	"a length and Content_Length":                  framed("Content-Length: %d", "Content_Length: 0"),
	"a length and chunks":                          chunked("Transfer-Encoding: chunked"),
	"chunks and a blank before the colon":          chunked("Transfer-Encoding : chunked"),
	"chunks by Transfer_Encoding":                  chunked("Transfer_Encoding: chunked"),
	"chunks in a folded line":                      chunked("Transfer-Encoding:\r\n chunked"),
	"chunks after a vertical tab":                  chunked("Transfer-Encoding: \vchunked"),
	"an unknown transfer coding":                   chunked("Transfer-Encoding: xchunked"),
	"an unknown transfer coding beside chunks":     chunked("Transfer-Encoding: chunked, identity"),
	"a transfer coding twice":                      chunked("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
	"a chunk whose length does not fit in 64 bits": func(hidden string) ([]string, string) { return chunkLines, "10000000000000000\r\n0\r\n\r\n" + hidden },
	"a chunk with an extension":                    func(hidden string) ([]string, string) { return chunkLines, chunk(hidden, ";a=\"0\r") + "0\r\n\r\n" },
	"chunks whose lines end with a line feed alone": func(hidden string) ([]string, string) {
		return chunkLines, fmt.Sprintf("%x\n%s\n0\n\n", len(hidden), hidden)
	},
}

var chunkLines = []string{"Transfer-Encoding: chunked"}

// chunk returns one chunk with an extension.
func chunk(data, extension string) string {
	return fmt.Sprintf("%x%s\r\n%s\r\n", len(data), extension, data)
}

// framed returns an oddity whose body is the hidden request. Lines with a verb contain its length.
func framed(lines ...string) FramingOddity {
	return func(hidden string) ([]string, string) {
		filled := slices.Clone(lines)
		for n, line := range filled {
			if strings.Contains(line, "%") {
				filled[n] = fmt.Sprintf(line, len(hidden))
			}
		}
		return filled, hidden
	}
}

// chunked returns an oddity whose body is by its Content-Length the end of chunks and the hidden request.
// By the other lines, it ends before the hidden request.
func chunked(lines ...string) FramingOddity {
	return func(hidden string) ([]string, string) {
		body := "0\r\n\r\n" + hidden
		return append([]string{fmt.Sprintf("Content-Length: %d", len(body))}, lines...), body
	}
}

// A hiddenRequest is a request that a client has hidden, or has sent where the proxy may not read it.
type hiddenRequest struct {
	id     string
	octets []byte
}

// lines returns the lines of the head.
func (h hiddenRequest) lines() []string {
	return strings.Split(strings.TrimSuffix(string(h.octets), "\r\n\r\n"), "\r\n")
}

// hide remembers a forged request of an API client as a hidden one and returns its octets.
func (x *Proxied) hide(ctx context.Context) ([]byte, error) {
	lines, err := x.credentials(ctx, apiClient)
	if err != nil {
		return nil, err
	}
	for _, name := range x.identityNames() {
		lines = append(lines, name+": "+x.state.WireName("mallory"))
	}
	h := hiddenRequest{id: x.newID()}
	h.octets = x.octets(RawRequest{Method: "GET", Lines: lines}, h.id)
	x.hidden = []hiddenRequest{h}
	return h.octets, nil
}

// settleTime bounds the wait for connections that a proxy still holds open after a reply.
const settleTime = 3 * time.Second

// Hide sends a request with an oddity and a forged request of an API client in its body.
func (x *Proxied) Hide(ctx context.Context, c Caller, oddity FramingOddity) error {
	own, err := x.credentials(ctx, c)
	if err != nil {
		return err
	}
	hidden, err := x.hide(ctx)
	if err != nil {
		return err
	}
	lines, body := oddity(string(hidden))
	sent, err := x.send(ctx, "the request with a hidden one", RawRequest{Method: "POST", Lines: slices.Concat(own, lines), Raw: body})
	var silence *driver.NoAnswer
	if errors.As(err, &silence) && ctx.Err() == nil {
		err = nil // a proxy may wait for octets that do not come
	}
	settle, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	_ = x.state.Instance.Behind.Settle(settle) // a proxy may keep its connection open; what arrived is judged
	return x.remember(sent, err)
}

// CheckNotSmuggled requires that no hidden request reached the server as the client wrote it.
func (x *Proxied) CheckNotSmuggled() error {
	if len(x.hidden) == 0 {
		return missing("no request was hidden")
	}
	for _, h := range x.hidden {
		if err := check.NotSmuggled(x.state.Instance.Behind.Received(h.id), h.lines()); err != nil {
			return err
		}
	}
	return nil
}
