package instance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"countersign/steps/equipment"
	"countersign/steps/plan"
	"countersign/steps/target"
	"countersign/steps/verdict"
)

func TestFailureTrackerGivesUp(t *testing.T) {
	t.Parallel()
	block := &verdict.Block{Reason: "it ended", BySubject: true}
	fail := func(kinds ...string) func(*failureTracker) {
		return func(p *failureTracker) {
			for _, kind := range kinds {
				p.failed(kind, 0, block)
			}
		}
	}
	tests := []struct {
		name    string
		do      func(*failureTracker)
		givenUp bool
	}{
		{"nothing happened", func(*failureTracker) {}, false},
		{"instances that fail in one way", fail("a", "a", "a", "a"), true},
		{"instances that fail in several ways", fail("a", "a", "b", "a", "a", "b"), false},
		{"failures after an instance was ready", func(p *failureTracker) { p.succeeded(); fail("a", "a", "a", "a")(p) }, false},
		{"many failures after an instance was ready", func(p *failureTracker) { p.succeeded(); fail("a", "a", "a", "a", "a", "a", "a", "a")(p) }, true},
		{"two starts that timed out", func(p *failureTracker) { p.failed("a", readyTimeout, block); p.failed("a", shortReady, block) }, true},
		{"waiting below the bound", func(p *failureTracker) { p.wait(maxWaited-1, "x") }, false},
		{"waiting up to the bound", func(p *failureTracker) { p.wait(maxWaited/2, "x"); p.wait(maxWaited/2, "x") }, true},
	}
	for _, tt := range tests {
		p := newFailureTracker(t.Context())
		tt.do(p)
		if got := p.givenUp() != nil; got != tt.givenUp {
			t.Errorf("%s: given up: %v, want %v", tt.name, got, tt.givenUp)
		}
		if got := p.ctx.Err() != nil; got != tt.givenUp {
			t.Errorf("%s: context ended: %v, want %v", tt.name, got, tt.givenUp)
		}
		p.close()
	}
}

func TestReadyTimeAfterTimeouts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		unready int             // starts that timed out
		started []time.Duration // durations of successful starts
		want    time.Duration
	}{
		{"at first", 0, nil, readyTimeout},
		{"one timed out, none succeeded", 1, nil, shortReady},
		{"one timed out, others quick", 1, []time.Duration{time.Second}, readyTimeout},
		{"two timed out, others quick", maxUnready, []time.Duration{time.Second / 5, time.Second / 10}, quickReady},
		{"two timed out, one slow", maxUnready, []time.Duration{3 * time.Second, time.Second}, 12 * time.Second},
		{"two timed out, one very slow", maxUnready, []time.Duration{20 * time.Second}, readyTimeout},
	}
	for _, tt := range tests {
		p := newFailureTracker(t.Context())
		for range tt.unready {
			p.startTimedOut()
		}
		for _, took := range tt.started {
			p.started(took)
		}
		if got := p.readyTime(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
		p.close()
	}
}

// An endlessProcess is a process that does not reply and ends only when exited is closed.
type endlessProcess struct {
	equipment.Instance
	exited chan struct{}
}

func (p endlessProcess) Exited() <-chan struct{} { return p.exited }

// A singleProcess is equipment that starts the same process each time.
type singleProcess struct {
	equipment.Equipment
	process equipment.Instance
}

func (s singleProcess) Launch(context.Context, equipment.InstanceSpec) (equipment.Instance, error) {
	return s.process, nil
}

func TestLaunchRecordsTimeouts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		process := endlessProcess{exited: make(chan struct{})}
		defer close(process.exited)
		p := NewPool(t.Context(), singleProcess{process: process}, target.Target{Instances: 1}, t.TempDir(), func(*Instance) {})
		i := &Instance{Instance: &plan.Instance{ID: "i01", Front: plan.Direct, Listen: "127.0.0.1:1"}, dir: t.TempDir()}
		if err := i.prepare(); err != nil {
			t.Fatal(err)
		}
		for _, want := range []time.Duration{readyTimeout, shortReady, shortReady} {
			began := time.Now()
			err := p.launch(t.Context(), i, i.Configuration)
			if took := time.Since(began); !verdict.BySubject([]error{err}) || took != want {
				t.Errorf("%v after %v, want a block by the subject after %v", err, took, want)
			}
		}
	})
}

// TestFailureKind checks the kind of a block with and without a format of blockedBySubject.
func TestFailureKind(t *testing.T) {
	t.Parallel()
	i := &Instance{Instance: &plan.Instance{}, dir: t.TempDir()}
	block := &verdict.Block{Reason: "the sign-in was refused", BySubject: true}
	if got := i.failureKind(block); got != block.Reason {
		t.Errorf("before a failure: %q, want %q", got, block.Reason)
	}
	const format = "it gave no answer within %s"
	_ = i.blockedBySubject(format, readyTimeout)
	if got := i.failureKind(block); got != format {
		t.Errorf("after blockedBySubject: %q, want %q", got, format)
	}
}

func TestAnInstanceWithoutAnswersIsGivenUp(t *testing.T) {
	t.Parallel()
	tracker := newFailureTracker(t.Context())
	defer tracker.close()
	p := &Pool{failures: tracker}
	i := &Instance{Instance: &plan.Instance{}}
	for range 3 {
		for range maxSilent - 1 {
			p.RecordAnswers(i, true, "timed out")
		}
		p.RecordAnswers(i, false, "")
	}
	if err := p.unusable(i); err != nil {
		t.Errorf("with replies in between: %v", err)
	}
	for range maxSilent {
		p.RecordAnswers(i, true, "timed out")
	}
	if err := p.unusable(i); err == nil || !strings.Contains(err.Error(), "timed out") {
		t.Errorf("%d scenarios without a reply: %v, want the last reason", maxSilent, err)
	}
}

func TestLogReaderReadsEachOctetOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "log")
	l := &LogReader{File: file}
	if l.Read() {
		t.Error("Read reports octets of a file that does not exist")
	}
	steps := []struct{ write, want string }{{"before ", "before "}, {"after", "before after"}}
	var all string
	for _, s := range steps {
		all += s.write
		writeFile(t, file, all)
		if !l.Read() || string(l.Text) != s.want {
			t.Errorf("read %q, want %q", l.Text, s.want)
		}
	}
	if l.Read() {
		t.Error("Read read the same octets twice")
	}
	writeFile(t, file, "new")
	if l.Read(); string(l.Text) != "new" {
		t.Errorf("read %q of a file that was replaced, want new", l.Text)
	}
	writeFile(t, file, strings.Repeat("x", maxRead+10))
	if l.Read(); len(l.Text) != maxRead || !l.Full {
		t.Errorf("read %d octets, full %v; want %d and true", len(l.Text), l.Full, maxRead)
	}
}

func TestSearchLogFindsMarksAcrossPieces(t *testing.T) {
	t.Parallel()
	const token = "rt_csn_abcdefghijklmnopqrstuvwxyz"
	sum := sha256.Sum256([]byte(token))
	for _, before := range []int{0, 1<<20 - 10, 1<<20 + 5, 2<<20 - len(token)/2} {
		file := filepath.Join(t.TempDir(), "log")
		writeFile(t, file, strings.Repeat("x", before)+" "+token+"\n")
		found, digests, read, err := SearchLog(t.Context(), file, MaxLog)
		if err != nil || len(found) == 0 || !digests[hex.EncodeToString(sum[:])] || read != int64(before+len(token)+2) {
			t.Errorf("after %d octets: %v, digests %v, read %d, %v", before, found, digests, read, err)
		}
		found, _, read, err = SearchLog(t.Context(), file, int64(before))
		if err != nil || len(found) != 0 || read != int64(before) {
			t.Errorf("within %d octets: %v, read %d, %v", before, found, read, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	file := filepath.Join(t.TempDir(), "log")
	writeFile(t, file, "text")
	if _, _, read, err := SearchLog(ended, file, MaxLog); err == nil || read != 0 {
		t.Errorf("after the end of the context: read %d, %v", read, err)
	}
}

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
