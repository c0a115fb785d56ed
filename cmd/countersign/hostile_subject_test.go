package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Environment variables that make this test program serve as a hostile server. The
// variables of a sham name the real server and the content program.
const (
	hostileKind   = "HOSTILE_KIND"
	hostileCount  = "HOSTILE_COUNT"  // file to which an octet is written for each request that is not relayed
	hostileForked = "HOSTILE_FORKED" // set in a process that has left its parent
)

// A hostileBehaviour describes how a hostile server behaves.
type hostileBehaviour struct {
	// start is called before the server listens. log is the path of its log.
	start func(log string)
	// answer replies to a request. Behind a relay it replies to the requests that do
	// not prepare a scenario. If it is nil, the server replies 200 {} without a relay,
	// and relays all requests with one.
	answer http.HandlerFunc
	// ignoresTerm means that the server does not exit after SIGTERM.
	ignoresTerm bool
	// ignoresRefusal means that the server continues to run when the real server has
	// refused to start.
	ignoresRefusal bool
}

// hostileBehaviours are the behaviours of the hostile servers by name.
var hostileBehaviours = map[string]hostileBehaviour{
	"hangs":                     {answer: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
	"drips":                     {answer: drip},
	"is slow":                   {answer: answerLate},
	"has endless bodies":        {answer: answerEndlessly},
	"has huge bodies":           {answer: answerMuch(8 << 20)},
	"has many values":           {answer: answerMuch(1 << 20)},
	"has endless heads":         {answer: answerWith(endlessHead)},
	"has huge heads":            {answer: answerHugeHead},
	"floods its log":            {start: flood},
	"sends a gzip bomb":         {answer: answerBomb()},
	"promises too long a body":  {answer: answerWith(fixed("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{}"))},
	"promises too short a body": {answer: answerWith(fixed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))},
	"speaks broken HTTP":        {answer: answerWith(fixed("HTP/9 fine\r\n\x00\xff: \r\r\n\r\n{}"))},
	"ignores SIGTERM":           {start: func(string) { signal.Ignore(syscall.SIGTERM) }, ignoresTerm: true},
	"stays after a refusal":     {ignoresRefusal: true},
	"forks away":                {start: forkAway},
	"answers the ping only":     {answer: answerPing},
	"never listens":             {start: func(string) { time.Sleep(time.Hour) }},
	"listens late":              {start: func(string) { time.Sleep(3 * time.Second) }},
	"ends after a request":      {answer: answerAndEnd},
	"answers 200 {} to all":     {answer: answerEmpty},
}

// serveHostile serves as a hostile server under test. Its arguments are config, listen and
// log.
func serveHostile(args []string) error {
	config, listen, log := args[0], args[1], args[2]
	hostile, ok := hostileBehaviours[os.Getenv(hostileKind)]
	if !ok {
		return fmt.Errorf("%s=%q is not the name of a behaviour", hostileKind, os.Getenv(hostileKind))
	}
	if hostile.start != nil {
		hostile.start(log)
	}
	handler := hostile.answer
	if handler == nil {
		handler = answerEmpty
	}
	count, err := os.OpenFile(os.Getenv(hostileCount), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	counted := func(w http.ResponseWriter, r *http.Request) {
		_, _ = count.WriteString(".")
		handler(w, r)
	}
	if server := os.Getenv(shamRelay); server != "" {
		relay, real, err := startReal(server, config, listen, log)
		if err != nil {
			return err
		}
		hostile.follow(real)
		relayAll := hostile.answer == nil
		handler = func(w http.ResponseWriter, r *http.Request) {
			if relayAll || prepares(r) {
				relay.ServeHTTP(w, r)
				return
			}
			hostile.answer(w, r)
		}
		if relayAll {
			counted = handler
		}
	}
	return (&http.Server{Addr: listen, Handler: http.HandlerFunc(counted), ReadHeaderTimeout: 10 * time.Second}).ListenAndServe()
}

// follow exits when the real server exits.
func (h hostileBehaviour) follow(real *exec.Cmd) {
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM) // the real server receives it too
	go func() {
		_ = real.Wait()
		code := real.ProcessState.ExitCode()
		if code == 0 && h.ignoresTerm {
			return
		}
		if code != 0 && h.ignoresRefusal {
			<-terminated
		}
		os.Exit(code)
	}()
}

func answerEmpty(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, "{}")
}

func answerLate(w http.ResponseWriter, r *http.Request) {
	time.Sleep(2 * time.Second)
	answerEmpty(w, r)
}

// drip sends the header immediately and one octet of the body each second.
func drip(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	for {
		if _, err := io.WriteString(w, " "); err != nil {
			return
		}
		if http.NewResponseController(w).Flush() != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

func answerEndlessly(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"guid":"`)
	piece := bytes.Repeat([]byte("x"), 32<<10)
	for {
		if _, err := w.Write(piece); err != nil {
			return
		}
	}
}

// answerMuch replies with a JSON object of about n octets that has many members.
func answerMuch(n int) http.HandlerFunc {
	const member = `{"guid":"00000000-0000-0000-0000-000000000000","username":"x","n":1},`
	return func(w http.ResponseWriter, _ *http.Request) {
		body := `{"guid":"x","key":"x","results":[` + strings.Repeat(member, n/len(member)) + `{}]}`
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}
}

func answerHugeHead(w http.ResponseWriter, r *http.Request) {
	for n := range 200 {
		w.Header().Add(fmt.Sprintf("X-Filler-%d", n), strings.Repeat("x", 1<<10))
	}
	answerEmpty(w, r)
}

// answerBomb replies with 1 MiB that decompresses to 1 GiB. A gzip file may consist of
// several members, so it compresses one member and repeats it.
func answerBomb() http.HandlerFunc {
	// The data is compressed once, so that compression does not slow the server down.
	bomb := sync.OnceValue(func() []byte {
		var one bytes.Buffer
		compressor := gzip.NewWriter(&one)
		_, _ = compressor.Write(make([]byte, 16<<20))
		_ = compressor.Close()
		return one.Bytes()
	})
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		for range 64 {
			if _, err := w.Write(bomb()); err != nil {
				return
			}
		}
	}
}

// answerWith passes the connection to a function, and closes it afterwards.
func answerWith(write func(io.Writer) error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_ = write(conn)
	}
}

func fixed(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func endlessHead(w io.Writer) error {
	_, err := io.WriteString(w, "HTTP/1.1 200 OK\r\n")
	line := []byte(strings.Repeat("X-Filler: "+strings.Repeat("x", 90)+"\r\n", 100))
	for err == nil {
		_, err = w.Write(line)
	}
	return err
}

func answerPing(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/__ping__" {
		answerEmpty(w, r)
		return
	}
	<-r.Context().Done()
}

func answerAndEnd(w http.ResponseWriter, r *http.Request) {
	answerEmpty(w, r)
	_ = http.NewResponseController(w).Flush()
	os.Exit(1)
}

// flood writes 200 MB to the log and as much to standard output.
func flood(log string) {
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	piece := bytes.Repeat([]byte("a line of a log without any information\n"), 25_000)
	for range 200_000_000 / len(piece) {
		_, _ = f.Write(piece)
		_, _ = os.Stdout.Write(piece)
	}
}

// forkAway starts this program in another session and exits.
func forkAway(string) {
	if os.Getenv(hostileForked) != "" {
		return
	}
	self, err := os.Executable()
	if err != nil {
		return
	}
	daemon := exec.Command(self, os.Args[1:]...)
	daemon.Env = append(os.Environ(), hostileForked+"=1")
	daemon.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if daemon.Start() == nil {
		os.Exit(0)
	}
}
