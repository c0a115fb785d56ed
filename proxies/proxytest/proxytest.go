// Package proxytest tests the proxies of this project for each program and runner: the
// requests that the server behind the proxy receives, octet by octet, and the replies that
// the client receives.
//
// The flavours have different requirements. Hardened must meet all of them. Careless must
// have its one defect. Documented must have the defects that were measured in the printed
// examples, so that they are not fixed by accident.
package proxytest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/proxies"
	"countersign/proxies/upstream"
)

// prefix is the public path prefix of the listeners, as in the examples.
const prefix = "/rsconnect"

// names are the header names of the configuration example in the documentation. The printed
// proxy examples use others.
var names = proxies.HeaderNames{
	Username: "X-Auth-Username", UniqueID: "X-Auth-ID", FirstName: "X-Auth-First-Name", LastName: "X-Auth-Last-Name",
	Email: "X-Auth-Email", Role: "X-Auth-RSC-Role", Groups: "X-Auth-Groups",
}

// printed are the header names of the printed proxy examples.
var printed = proxies.HeaderNames{
	Username: "X-Auth-Username", UniqueID: "X-Auth-Uniqueid", FirstName: "X-Auth-Firstname", LastName: "X-Auth-Lastname", Email: "X-Auth-Email",
}

// A front is one listener of the proxy under test with the recorder behind it.
type front struct {
	proxies.Listener
	kind     proxies.Kind
	recorder *upstream.Server
}

// Run starts one proxy of this kind with listeners of all flavours and tests each listener.
// If the machine cannot run the proxy, Run skips the test, or fails it if CI is true.
func Run(t *testing.T, kind proxies.Kind, runner string) {
	t.Helper()
	recorder, err := upstream.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := recorder.Close(); err != nil {
			t.Error(err)
		}
	})
	id := names
	id.UniqueID = ""
	listeners := []proxies.Listener{
		{ID: "hardened", Headers: id, Gate: true},
		{ID: "hardened-id", Headers: names, Gate: true},
		{ID: "hardened-joined", Headers: id, GroupsSeparator: ",", Gate: true},
		{ID: "hardened-custom", Headers: proxies.HeaderNames{Username: "Remote_User-Of.This-Very-Long_Name", Groups: "X-G"}, GroupsSeparator: `$1%{HTTP_HOST}e"|\`, Gate: true},
		{ID: "hardened-open", Headers: id},
		{ID: "hardened-root", Headers: id, Gate: true},
		{ID: "careless", Flavour: proxies.Careless, Headers: id, Gate: true},
		{ID: "careless-id", Flavour: proxies.Careless, Headers: names, Gate: true},
		{ID: "careless-joined", Flavour: proxies.Careless, Headers: id, GroupsSeparator: "|", Gate: true},
		{ID: "documented", Flavour: proxies.Documented, Headers: proxies.HeaderNames{Username: printed.Username}, Gate: true},
		{ID: "documented-open", Flavour: proxies.Documented, Headers: proxies.HeaderNames{Username: printed.Username}},
		{ID: "documented-profile", Flavour: proxies.Documented, Headers: proxies.HeaderNames{Username: printed.Username, Email: printed.Email}, Gate: true},
		{ID: "documented-id", Flavour: proxies.Documented, Headers: printed, Gate: true},
		{ID: "documented-root", Flavour: proxies.Documented, Headers: proxies.HeaderNames{Username: printed.Username}, Gate: true},
	}
	fronts := make(map[string]front)
	for i, address := range freeAddresses(t, len(listeners)) {
		l := &listeners[i]
		l.Listen, l.Upstream = address, recorder.URL()
		if !strings.HasSuffix(l.ID, "-root") {
			l.Prefix = prefix
		}
		fronts[l.ID] = front{Listener: *l, kind: kind, recorder: recorder}
	}
	start(t, proxies.Options{Installation: proxies.InstallationFrom(os.Getenv), Kind: kind, Runner: runner, Listeners: listeners, Dir: t.TempDir()})
	hardened(t, fronts)
	careless(t, fronts)
	documented(t, fronts)
}

// start starts a proxy and stops it at the end of the test.
func start(t *testing.T, o proxies.Options) *proxies.Running {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, _, err := proxies.Usable(ctx, o.Kind, o.Runner, o.Installation); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("NOT TESTED, and CI must test it: %v", err)
		}
		t.Skipf("NOT TESTED: %v", err)
	}
	began := time.Now()
	running, err := proxies.Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s as %s answered on %d listeners after %v", o.Kind, running.Runner(), len(o.Listeners), time.Since(began).Round(time.Millisecond))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := running.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return running
}

// freeAddresses returns unused loopback addresses, with ports outside the range that the
// kernel uses for clients.
func freeAddresses(t testing.TB, n int) []string {
	t.Helper()
	var addresses []string
	for tries := 0; len(addresses) < n; tries++ {
		if tries > 1000 {
			t.Fatal("no free ports")
		}
		address := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000))
		if slices.Contains(addresses, address) {
			continue
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		_ = l.Close()
		addresses = append(addresses, address)
	}
	return addresses
}

// alice is the Cookie header of a user that is signed in.
const alice = "Cookie: verified-user=alice; proxyauth-as-id=id-1; proxyauth-as-first=Alice; proxyauth-as-last=Liddell; " +
	"proxyauth-as-email=alice@example.com; proxyauth-as-role=viewer; proxyauth-as-group-1=g1; proxyauth-as-group-2=g2"

var nextID = make(chan string)

func init() {
	go func() {
		for n := 1; ; n++ {
			nextID <- fmt.Sprintf("probe-%d", n)
		}
	}()
}

// A Record is a request that reached the server behind the proxy.
type Record struct{ upstream.Request }

// alike returns the values of the lines whose name is the header in any spelling.
func (r Record) alike(header string) []string {
	normalize := func(s string) string {
		return strings.Map(func(c rune) rune {
			if strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789", c) {
				return c
			}
			return '-'
		}, strings.ToLower(s))
	}
	var values []string
	for _, field := range r.Fields {
		name, value, _ := strings.Cut(field, ":")
		if normalize(name) == normalize(header) {
			values = append(values, strings.Trim(value, " \t"))
		}
	}
	return values
}

// exchange sends a request to the front and returns the answer and the request that the
// server received, or nil if the proxy did not pass it to the server.
func (f front) exchange(t testing.TB, line string, fields ...string) (Answer, *Record) {
	t.Helper()
	return f.exchangeBody(t, "", line, fields...)
}

func (f front) exchangeBody(t testing.TB, body, line string, fields ...string) (Answer, *Record) {
	t.Helper()
	id := <-nextID
	return f.exchangeID(t, id, body, line, fields...)
}

func (f front) exchangeID(t testing.TB, id, body, line string, fields ...string) (Answer, *Record) {
	t.Helper()
	answer := send(t, f.Listen, id, line, fields, body)
	records := f.received(id)
	if len(records) > 1 {
		t.Fatalf("%s: the server received %d requests, want at most one", line, len(records))
	}
	if len(records) == 0 {
		return answer, nil
	}
	return answer, &records[0]
}

// received returns the requests with an id that reached the server.
func (f front) received(id string) []Record {
	var records []Record
	for _, r := range f.recorder.Received(id) {
		records = append(records, Record{r})
	}
	return records
}

// redirected requests a page, to which the server answers with a redirect to location, and returns
// the Location that the client receives.
func (f front) redirected(t testing.TB, location string, fields ...string) string {
	t.Helper()
	id := <-nextID
	f.recorder.Script(id, upstream.Reply{Head: "HTTP/1.1 302 Found\r\nLocation: " + location + "\r\nContent-Length: 0"})
	answer, _ := f.exchangeID(t, id, "", "GET "+f.Prefix+"/x HTTP/1.1", append(fields, alice)...)
	return answer.Header.Get("Location")
}

// get sends a GET request, which the proxy must pass to the server.
func (f front) get(t testing.TB, path string, fields ...string) Record {
	t.Helper()
	answer, record := f.exchange(t, "GET "+f.Prefix+path+" HTTP/1.1", fields...)
	if record == nil {
		t.Fatalf("%s %s with %q did not reach the server: %d %s", f.ID, path, fields, answer.Status, answer.Body)
	}
	return *record
}

// wantLines compares the values of a header that the server received, line by line.
func wantLines(t testing.TB, r Record, header string, want ...string) {
	t.Helper()
	if got := r.alike(header); !slices.Equal(got, want) {
		t.Errorf("%s reached the server as %q, want %q", header, got, want)
	}
}

// wantGated checks that the answer is the redirect to the login page.
func wantGated(t testing.TB, a Answer, r *Record, location string) {
	t.Helper()
	if r != nil {
		t.Errorf("the request %s reached the server", r.Line)
	}
	// %2F and %2f are equivalent (RFC 3986, 2.1).
	if got := a.Header.Get("Location"); a.Status != 307 || !strings.EqualFold(got, location) {
		t.Errorf("got %d to %q, want 307 to %q", a.Status, got, location)
	}
}
