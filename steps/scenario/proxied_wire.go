package scenario

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/steps/arrival"
	"countersign/steps/check"
	"countersign/steps/verdict"
)

// SendBody sends a signed deployment request with a body of n octets, in chunks or with its length.
func (x *Proxied) SendBody(ctx context.Context, n int, chunked bool, further ...string) error {
	body := bytes.Repeat([]byte("0123456789abcdef"), n/16+1)[:n]
	sum := sha256.Sum256(body)
	x.digest, x.length = hex.EncodeToString(sum[:]), n
	lines := append(x.deploymentLines(body), "Content-Type: application/gzip")
	lines = append(lines, further...)
	return x.remember(x.send(ctx, fmt.Sprintf("a signed request with %d octets", n), RawRequest{Method: "POST", Lines: lines, Body: body, Chunked: chunked}))
}

// CheckBodyKept requires that the body of the last request arrived as it was sent.
func (x *Proxied) CheckBodyKept() error {
	return x.Check(func(p check.Passage) error { return check.BodyUnchanged(p, x.length, x.digest) })
}

// streamWait bounds the wait for a part of a stream that the server has sent.
const streamWait = 3 * time.Second

// A StreamFraming is the way in which a server marks the end of a stream.
type StreamFraming string

// The framings of streams.
const (
	streamLength StreamFraming = "a Content-Length"
	streamChunks StreamFraming = "chunks"
	streamClose  StreamFraming = "the end of the connection"
)

// StreamFramings are the framings by the words of features.
var StreamFramings = map[string]StreamFraming{string(streamLength): streamLength, string(streamChunks): streamChunks, string(streamClose): streamClose}

// streamParts are the parts of a stream.
var streamParts = []string{"part one;", "part two;", "part 333;"}

// reply returns the reply of a server that sends a stream.
func (f StreamFraming) reply() arrival.Reply {
	r := arrival.Reply{Head: "HTTP/1.1 200 OK\r\nContent-Type: text/plain", Parts: slices.Clone(streamParts)}
	switch f {
	case streamLength:
		r.Head += fmt.Sprintf("\r\nContent-Length: %d", len(strings.Join(streamParts, "")))
	case streamChunks:
		r.Head += "\r\nTransfer-Encoding: chunked"
		for i, part := range r.Parts {
			r.Parts[i] = fmt.Sprintf("%x\r\n%s\r\n", len(part), part)
		}
		r.Parts[len(r.Parts)-1] += "0\r\n\r\n"
	default:
		r.Head += "\r\nConnection: close"
		r.Close = true
	}
	return r
}

// OpenStream requests a stream, of which the server sends each part when the client has received the
// part before, or has waited for it for streamWait.
func (x *Proxied) OpenStream(ctx context.Context, c Caller, f StreamFraming) error {
	lines, err := x.credentials(ctx, c)
	if err != nil {
		return err
	}
	id := x.newID()
	x.state.Instance.Behind.Script(id, f.reply())
	conn, err := x.client("a stream").Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.Send("GET", x.octets(RawRequest{Method: "GET", Lines: lines}, id)); err != nil {
		return err
	}
	x.parts = nil
	begun := make(chan error, 1)
	go func() {
		_, err := conn.Begin()
		begun <- err
	}()
	select { // a proxy that buffers the reply sends its head after the last part
	case err = <-begun:
	case <-time.After(streamWait):
		x.parts = append(x.parts, "")
		for range streamParts {
			x.state.Instance.Behind.Release(id)
		}
		err = <-begun
	}
	for n := len(x.parts); err == nil && n < len(streamParts); n++ {
		x.parts = append(x.parts, string(conn.Read(len(streamParts[n]), streamWait)))
		x.state.Instance.Behind.Release(id)
	}
	return err
}

// CheckStreamed requires that each part of the stream arrived before the server sent the next one.
func (x *Proxied) CheckStreamed() error {
	if len(x.parts) == 0 {
		return missing("no stream was opened")
	}
	for n, part := range streamParts {
		if n >= len(x.parts) || x.parts[n] != part {
			return verdict.Broken("each part of the stream before the server sends the next", "%q after part %d was sent", x.parts[min(n, len(x.parts)-1)], n+1)
		}
	}
	return nil
}

// Redirect requests a page, to which the server answers with a redirect.
func (x *Proxied) Redirect(ctx context.Context, c Caller, location string) error {
	lines, err := x.credentials(ctx, c)
	if err != nil {
		return err
	}
	id := x.newID()
	x.state.Instance.Behind.Script(id, arrival.Reply{Head: "HTTP/1.1 302 Found\r\nLocation: " + x.address(location) + "\r\nContent-Length: 0"})
	return x.remember(x.sendID(ctx, "a page that redirects", id, RawRequest{Method: "GET", Lines: lines}))
}

// address replaces <upstream> by the URL of the server behind the proxy, <public> by the public URL
// without a slash at its end, and <prefix> by the path that the proxy removes.
func (x *Proxied) address(text string) string {
	return strings.NewReplacer("<upstream>", "http://"+x.state.Instance.Behind.Address(), "<public>", x.state.Instance.Subject.Origin()+x.prefix(), "<prefix>", x.prefix()).Replace(text)
}

// SetCookies requests a page, with which the server sets cookies.
func (x *Proxied) SetCookies(ctx context.Context, c Caller, lines []string) error {
	own, err := x.credentials(ctx, c)
	if err != nil {
		return err
	}
	id := x.newID()
	head := "HTTP/1.1 200 OK\r\nContent-Length: 0"
	for n := range lines {
		lines[n] = x.address(lines[n])
		head += "\r\nSet-Cookie: " + lines[n]
	}
	x.cookies = lines
	x.state.Instance.Behind.Script(id, arrival.Reply{Head: head})
	return x.remember(x.sendID(ctx, "a page that sets cookies", id, RawRequest{Method: "GET", Lines: own}))
}

// CheckCookiesKept requires that the cookies of the server reach the client unchanged.
func (x *Proxied) CheckCookiesKept() error {
	return x.Check(func(p check.Passage) error { return check.CookiesKept(p, x.cookies...) })
}

// CheckRedirected requires that the client is redirected to a location. A path may arrive as a path or
// as a URL of the proxy.
func (x *Proxied) CheckRedirected(location string) error {
	want := x.address(location)
	urls := []string{want}
	if path, ours := strings.CutPrefix(want, x.state.Instance.Subject.Origin()); ours {
		urls = append(urls, path)
	}
	return x.Check(func(p check.Passage) error { return check.LeadsTo(p, urls...) })
}

// CheckOriginalURL requires that X-RSC-Request contains the public URL of a path, once and in no other
// spelling.
func (x *Proxied) CheckOriginalURL(path string) error {
	want := x.state.Instance.Subject.Origin() + strings.ReplaceAll(path, "<prefix>", x.prefix())
	return x.Check(func(p check.Passage) error {
		if err := check.ReceivedExactly(p, "X-RSC-Request", want); err != nil {
			return err
		}
		return check.NoForgery(p, "X-RSC-Request", []string{want})
	})
}

// CheckAbsent requires that no header line that arrived contains a text.
func (x *Proxied) CheckAbsent(text string) error {
	return x.Check(func(p check.Passage) error {
		if err := check.ReachedServer(p); err != nil {
			return err
		}
		for _, line := range p.Arrived[0].Fields {
			if strings.Contains(line, text) {
				return verdict.Broken("no header line with "+text, "%q", line)
			}
		}
		return nil
	})
}
