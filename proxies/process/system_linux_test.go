package process

import (
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	const fields = "S 10 20 30 0 -1 4194304 1 2 3 4 150 50 7 3 20 0 5 0 9876 1 2"
	tests := []struct {
		name, text string
		ok         bool
	}{
		{"an ordinary name", "42 (nginx) " + fields, true},
		{"a name with parentheses and spaces", "42 (a) b (c) " + fields, true},
		{"no name", "42 " + fields, false},
		{"too few fields", "42 (nginx) S 10 20", false},
		{"nothing", "", false},
	}
	want := Info{
		PID: 42, Parent: 10, Group: 20, Session: 30, State: "S", Threads: 5, Start: newStamp("9876"),
		CPU: 2 * time.Second, ChildCPU: 100 * time.Millisecond,
	}
	for _, tt := range tests {
		got, ok := parseStat(42, []byte(tt.text))
		if ok != tt.ok || ok && got != want {
			t.Errorf("%s: parseStat() = %+v, %t; want %+v, %t", tt.name, got, ok, want, tt.ok)
		}
	}
}

func TestNamespace(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]string{"pid:[4026531836]": "4026531836", "": "", "pid": ""} {
		if got := namespace(link); got != want {
			t.Errorf("namespace(%q) = %q, want %q", link, got, want)
		}
	}
}

func TestFindReadsThisProcess(t *testing.T) {
	t.Parallel()
	p, found := Find(os.Getpid())
	if !found || p.Parent != os.Getppid() || p.Ended() || !p.Start.Local() || !Alive(p.PID, p.Start) {
		t.Errorf("Find() = %+v, %t for this process", p, found)
	}
	if Alive(p.PID, newStamp("0")) {
		t.Error("Alive() = true for another start time")
	}
	all, err := List()
	if err != nil || !slices.ContainsFunc(all, func(q Info) bool { return q.PID == p.PID && q.Start == p.Start }) {
		t.Errorf("List() does not contain this process, error %v", err)
	}
	if pids := PIDs(p.PID); len(pids) == 0 || pids[0] != p.PID {
		t.Errorf("PIDs() = %v, want this process first", pids)
	}
	if Name(p.PID) == "" || OwnCPU() <= 0 {
		t.Errorf("Name() = %q, OwnCPU() = %v for this process", Name(p.PID), OwnCPU())
	}
}

// endFirstThread is the variable of the environment that makes the test program end its
// first thread, see init.
const endFirstThread = "PROCESS_TEST_END_FIRST_THREAD"

// init ends the first thread of the program, which runs it, and leaves the other threads
// running.
func init() {
	if os.Getenv(endFirstThread) != "" {
		runtime.LockOSThread()
		go time.Sleep(time.Hour) // the runtime ends the program if it has no other goroutine
		_, _, _ = unix.Syscall(unix.SYS_EXIT, 0, 0, 0)
	}
}

// TestSweepEndsAProcessWhoseFirstThreadHasEnded checks that such a process, which the system
// reports as a zombie, counts as running.
func TestSweepEndsAProcessWhoseFirstThreadHasEnded(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{endFirstThread + "=1"}
	startPlain(t, cmd)
	var p Info
	eventually(t, "the end of the first thread", func() bool {
		p, _ = Find(cmd.Process.Pid)
		return p.State == "Z"
	})
	if p.Ended() {
		t.Errorf("Ended() = true for %+v, whose other threads run", p)
	}
	abandonedRun(t, base, p)
	if _, err := Sweep(t.Context(), base, 0); err != nil {
		t.Fatal(err)
	}
	if p, found := Find(p.PID); found && p.Threads > 1 {
		t.Errorf("process %d still has %d threads after Sweep", p.PID, p.Threads)
	}
}

func TestMarks(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sleep", "1000")
	cmd.Env = []string{"FIRST=1", "COUNTERSIGN_RUN=run-0", "LAST=2"}
	startPlain(t, cmd)
	pid := cmd.Process.Pid
	eventually(t, "the environment of the process", func() bool { return HasMark(pid, "LAST=2") })
	for assignment, want := range map[string]bool{"FIRST=1": true, "COUNTERSIGN_RUN=run-0": true, "COUNTERSIGN_RUN=run-": false, "IRST=1": false, "OTHER=1": false} {
		if got := HasMark(pid, assignment); got != want {
			t.Errorf("HasMark(%q) = %t, want %t", assignment, got, want)
		}
	}
	if got := RunMark(pid); got != "COUNTERSIGN_RUN=run-0" {
		t.Errorf("RunMark() = %q", got)
	}
}

func TestParsePss(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want int64
		ok   bool
	}{
		{"00400000-7fff ---p 0 00:00 0 [rollup]\nRss:   2000 kB\nPss:                1234 kB\nPss_Dirty: 7 kB\n", 1234 * 1024, true},
		{"Pss: 0 kB\n", 0, true},
		{"Rss: 2000 kB\n", 0, false},
		{"Pss: many kB\n", 0, false},
		{"", 0, false},
	}
	for _, tt := range tests {
		if got, ok := parsePss(tt.text); got != tt.want || ok != tt.ok {
			t.Errorf("parsePss(%q) = %d, %t; want %d, %t", tt.text, got, ok, tt.want, tt.ok)
		}
	}
}

func TestMemoryOfThisProcess(t *testing.T) {
	t.Parallel()
	size, err := Memory(os.Getpid())
	if err != nil {
		t.Skipf("NOT RUN: memory cannot be read: %v", err)
	}
	if size < 1<<20 {
		t.Errorf("Memory() = %d octets for this process", size)
	}
}

func TestControlGroups(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       []string
	}{
		{"version 2", "0::/docker/abc\n", []string{"/sys/fs/cgroup/memory/docker/abc", "/sys/fs/cgroup/docker/abc"}},
		{"version 1", "5:memory:/docker/abc\n0::/\n", []string{"/sys/fs/cgroup/memory/docker/abc", "/sys/fs/cgroup/docker/abc"}},
		{"the root of the system", "0::/\n", nil},
		{"no control group", "unreadable\n", nil},
	}
	for _, tt := range tests {
		if got := controlGroups(tt.text); !slices.Equal(got, tt.want) {
			t.Errorf("%s: controlGroups() = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestParseAnonymous(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       int64
		ok         bool
	}{
		{"version 2", "file 99\nanon 4096\n", 4096, true},
		{"version 1", "cache 99\ntotal_cache 99\ntotal_rss 8192\n", 8192, true},
		{"no value", "anon\n", 0, false},
		{"another file", "usage 5\n", 0, false},
	}
	for _, tt := range tests {
		if got, ok := parseAnonymous(tt.text); got != tt.want || ok != tt.ok {
			t.Errorf("%s: parseAnonymous() = %d, %t; want %d, %t", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

func TestParseSocket(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, line string
		want       string
		ok         bool
	}{
		{"IPv4", "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 777 1", "127.0.0.1:8080", true},
		{"IPv6", "0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 777 1", "[::1]:8080", true},
		{"a connection", "0: 0100007F:1F90 0100007F:9999 01 00000000:00000000 00:00000000 00000000 0 0 777 1", "", false},
		{"the heading", "sl local_address rem_address st tx_queue rx_queue tr tm->when retrnsmt uid timeout inode", "", false},
		{"an address of three octets", "0: 010000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 777 1", "", false},
		{"a port that is no number", "0: 0100007F:XYZ 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 777 1", "", false},
		{"too few fields", "0: 0100007F:1F90 00000000:0000 0A", "", false},
	}
	for _, tt := range tests {
		got, ok := parseSocket(tt.line)
		if ok != tt.ok || ok && (got.address.String() != tt.want || got.inode != "777") {
			t.Errorf("%s: parseSocket() = %v, %t; want %s, %t", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

func TestAccepting(t *testing.T) {
	t.Parallel()
	list := []boundSocket{
		{netip.MustParseAddrPort("127.0.0.1:80"), "1"},
		{netip.MustParseAddrPort("0.0.0.0:80"), "2"},
		{netip.MustParseAddrPort("[::]:80"), "3"},
		{netip.MustParseAddrPort("[::ffff:127.0.0.2]:80"), "4"},
		{netip.MustParseAddrPort("127.0.0.1:81"), "5"},
	}
	tests := []struct {
		at   string
		want Sockets
	}{
		{"127.0.0.1:80", Sockets{"1"}},
		{"127.0.0.2:80", Sockets{"4"}},
		{"127.0.0.3:80", Sockets{"2", "3"}},
		{"0.0.0.0:80", Sockets{"1", "2", "3", "4"}},
		{"127.0.0.2:81", nil},
		{"127.0.0.1:82", nil},
	}
	for _, tt := range tests {
		if got := accepting(list, netip.MustParseAddrPort(tt.at)); !slices.Equal(got, tt.want) {
			t.Errorf("accepting(%s) = %v, want %v", tt.at, got, tt.want)
		}
	}
}

// TestListenersAreReadBeforeConnections checks that a table is read no further than its first
// connection.
func TestListenersAreReadBeforeConnections(t *testing.T) {
	t.Parallel()
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:4E20 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0 100 0 0 10 0
   1: 0100007F:4E20 0100007F:9C40 03 00000000:00000000 01:00000064 00000000     0        0 0 1 0
   2: 0100007F:4E21 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1 0 100 0 0 10 0
   3: 0100007F:4E20 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 13 1 0 20 4 30 10 -1
   4: 0100007F:4E22 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 14 1 0 100 0 0 10 0
`
	var inodes []string
	for _, s := range listeners(strings.NewReader(table)) {
		inodes = append(inodes, s.inode)
	}
	if want := []string{"11", "12"}; !slices.Equal(inodes, want) {
		t.Errorf("the inodes of listeners are %v, want %v", inodes, want)
	}
}

func TestListeningFindsThisProcess(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	sockets := Listening(netip.MustParseAddrPort(l.Addr().String()))
	all, err := List()
	if err != nil {
		t.Fatal(err)
	}
	if got := pidsOf(sockets.Holders(all)); !slices.Equal(got, []int{os.Getpid()}) {
		t.Errorf("holders of %s = %v, want this process, %d", l.Addr(), got, os.Getpid())
	}
	if Sockets(nil).HeldBy(os.Getpid()) {
		t.Error("HeldBy() = true without sockets")
	}
}
