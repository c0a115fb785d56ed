package scenario

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"

	"countersign/steps/arrival"
	"countersign/steps/check"
	"countersign/steps/verdict"
)

// webSocket is the name of the only protocol to which a client may change.
const webSocket = "websocket"

// A tunnel is what became of a request for another protocol.
type tunnel struct {
	next   string // the id of a request after it on the same connection
	echoed bool   // what the client sent came back
}

// ChangeProtocol asks for another protocol, which the server accepts, and then sends a further request
// on the same connection.
func (x *Proxied) ChangeProtocol(ctx context.Context, c Caller, protocol string) error {
	next := x.newID()
	return x.changeProtocol(ctx, c, protocol, next, x.octets(RawRequest{Method: "GET"}, next))
}

// SendThroughWebSocket opens a WebSocket, which the server accepts, and sends n octets through it.
func (x *Proxied) SendThroughWebSocket(ctx context.Context, c Caller, n int) error {
	return x.changeProtocol(ctx, c, webSocket, x.newID(), bytes.Repeat([]byte("0123456789abcdef"), n/16+1)[:n])
}

// changeProtocol asks for another protocol and then sends further octets, which the server returns. next
// is the id of a request among them.
func (x *Proxied) changeProtocol(ctx context.Context, c Caller, protocol, next string, further []byte) error {
	own, err := x.credentials(ctx, c)
	if err != nil {
		return err
	}
	id := x.newID()
	x.tunnel = tunnel{next: next}
	conn, err := x.client("a change to " + protocol).Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	lines := append(slices.Clone(own), "Connection: Upgrade, HTTP2-Settings", "Upgrade: "+protocol, "HTTP2-Settings: AAMAAABkAAQAAP__")
	if protocol == webSocket {
		lines = append(slices.Clone(own), handshake(protocol)...)
	}
	if err := conn.Send("GET", x.octets(RawRequest{Method: "GET", Lines: lines, Keep: true}, id)); err != nil {
		return err
	}
	reply, err := conn.Reply()
	if err != nil {
		return err
	}
	x.last = check.Passage{What: "the request for " + protocol, Reply: reply, Arrived: x.state.Instance.Behind.Received(id)}
	if reply.Status != 101 {
		return nil
	}
	sent := make(chan struct{})
	go func() {
		_ = conn.Write(further) // the proxy may have closed the connection
		close(sent)
	}()
	x.tunnel.echoed = bytes.Equal(conn.Read(len(further), streamWait), further)
	conn.Close() // ends a write that the proxy does not read
	<-sent
	x.last.Arrived = x.state.Instance.Behind.Received(id)
	return nil
}

// RefuseWebSocket asks for a WebSocket, which the server answers with a status and no body, and then sends
// a forged request of an API client on the same connection.
func (x *Proxied) RefuseWebSocket(ctx context.Context, c Caller, status int) error {
	own, err := x.credentials(ctx, c)
	if err != nil {
		return err
	}
	hidden, err := x.hide(ctx)
	if err != nil {
		return err
	}
	id := x.newID()
	x.state.Instance.Behind.Script(id, arrival.Reply{Head: fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Length: 0", status, http.StatusText(status))})
	conn, err := x.client("a WebSocket that is refused").Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.Send("GET", x.octets(RawRequest{Method: "GET", Lines: append(slices.Clone(own), handshake(webSocket)...), Keep: true}, id)); err != nil {
		return err
	}
	reply, err := conn.Reply()
	if err != nil {
		return err
	}
	x.last = check.Passage{What: "the refused WebSocket", Reply: reply, Arrived: x.state.Instance.Behind.Received(id)}
	if conn.Send("GET", hidden) == nil {
		_, _ = conn.Reply() // the proxy may have closed the connection; what arrived is judged
	}
	return nil
}

// CheckNoTunnel requires that a request after the one for another protocol did not reach the server
// without the proxy having read it.
func (x *Proxied) CheckNoTunnel() error {
	if x.tunnel.next == "" {
		return missing("no other protocol was asked for")
	}
	return x.Check(func(p check.Passage) error {
		for _, r := range p.Arrived {
			if bytes.Contains(r.Tunnel, []byte(x.tunnel.next)) {
				return verdict.Broken("a connection on which the proxy reads every request", "a tunnel: the next request reached the server as the client wrote it")
			}
		}
		return nil
	})
}

// CheckTunnel requires that octets passed in both directions after the change of the protocol.
func (x *Proxied) CheckTunnel() error {
	return x.Check(func(p check.Passage) error {
		if err := check.ReachedServer(p); err != nil {
			return err
		}
		if !x.tunnel.echoed {
			return verdict.Broken("a WebSocket that carries data in both directions", "status %d and no data", p.Reply.Status)
		}
		return nil
	})
}
