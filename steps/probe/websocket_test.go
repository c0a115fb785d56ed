package probe_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"countersign/steps/probe"
)

func dial(t *testing.T) (*websocket.Conn, context.Context) {
	t.Helper()
	server := httptest.NewServer(probe.Handler(nil))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	t.Cleanup(cancel)
	conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(server.URL, "http")+"/any/path", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	conn.SetReadLimit(1 << 20)
	return conn, ctx
}

func TestWebSocketEchoes(t *testing.T) {
	conn, ctx := dial(t)
	for _, said := range []string{"", "hello", strings.Repeat("x", 125), strings.Repeat("y", 126), strings.Repeat("z", 64<<10-1)} {
		if err := conn.Write(ctx, websocket.MessageText, []byte(said)); err != nil {
			t.Fatal(err)
		}
		kind, heard, err := conn.Read(ctx)
		if err != nil || kind != websocket.MessageText || string(heard) != said {
			t.Fatalf("%d octets came back as %d of kind %v, %v", len(said), len(heard), kind, err)
		}
	}
	if err := conn.Write(ctx, websocket.MessageBinary, []byte{0, 1, 2}); err != nil {
		t.Fatal(err)
	}
	if kind, heard, err := conn.Read(ctx); err != nil || kind != websocket.MessageBinary || len(heard) != 3 {
		t.Fatalf("kind %v, %v, %v", kind, heard, err)
	}
	go conn.Read(ctx) // the pong is processed only while a read is pending
	if err := conn.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Fatal(err)
	}
}

func TestWebSocketEndsWhatItDoesNotKnow(t *testing.T) {
	conn, ctx := dial(t)
	_ = conn.Write(ctx, websocket.MessageText, make([]byte, 70<<10)) // the server may close the connection during the write
	if _, heard, err := conn.Read(ctx); err == nil {
		t.Fatalf("%d octets came back", len(heard))
	}
}
