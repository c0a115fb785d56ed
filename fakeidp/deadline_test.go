package fakeidp_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// A request that announces a body and does not send it ends soon at both listeners.
func TestUnfinishedBodies(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	for _, tt := range []struct{ base, head string }{
		{r.base, "POST /nobody/token"}, {r.base, "GET /blue/jwks"},
		{r.base, "POST /blue/token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded"},
		{r.mgmt.Base, "GET /issuers"}, {r.mgmt.Base, "PUT /issuers/red HTTP/1.1\r\nContent-Type: application/json"},
	} {
		t.Run(tt.head, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", strings.TrimPrefix(tt.base, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			head := tt.head
			if !strings.Contains(head, "HTTP/1.1") {
				head += " HTTP/1.1"
			}
			fmt.Fprint(conn, head+"\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx")
			conn.SetReadDeadline(time.Now().Add(12 * time.Second))
			for text := make([]byte, 4096); err == nil; {
				_, err = conn.Read(text)
			}
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the connection is still open")
			}
		})
	}
}
