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

func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	block := &verdict.Block{Reason: "it ended", BySubject: true}
	fail := func(kinds ...string) func(*patience) {
		return func(p *patience) {
			for _, kind := range kinds {
				p.failed(kind, 0, block)
			}
		}
	}
	tests := []struct {
		name string
		do   func(*patience)
		over bool
	}{
		{"nothing happened", func(*patience) {}, false},
		{"instances that fail in one way", fail("a", "a", "a", "a"), true},
		{"instances that fail in several ways", fail("a", "a", "b", "a", "a", "b"), false},
		{"failures after an instance was ready", func(p *patience) { p.succeeded(); fail("a", "a", "a", "a")(p) }, false},
		{"many failures after an instance was ready", func(p *patience) { p.succeeded(); fail("a", "a", "a", "a", "a", "a", "a", "a")(p) }, true},
		{"two starts that were waited for", func(p *patience) { p.failed("a", readyTimeout, block); p.failed("a", shortReady, block) }, true},
		{"waiting below the bound", func(p *patience) { p.wait(maxWaited-1, "x") }, false},
		{"waiting that adds up", func(p *patience) { p.wait(maxWaited/2, "x"); p.wait(maxWaited/2, "x") }, true},
	}
	for _, tt := range tests {
		p := newPatience(t.Context())
		tt.do(p)
		if got := p.over() != nil; got != tt.over {
			t.Errorf("%s: given up: %v, want %v", tt.name, got, tt.over)
		}
		if got := p.ctx.Err() != nil; got != tt.over {
			t.Errorf("%s: context ended: %v, want %v", tt.name, got, tt.over)
		}
		p.close()
	}
}

func TestReadyTimeIsShorterOnceStartsWereAwaitedInVain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		unready int             // starts that were awaited in vain
		started []time.Duration // what others took
		want    time.Duration
	}{
		{"at first", 0, nil, readyTimeout},
		{"one in vain, none before", 1, nil, shortReady},
		{"one in vain, others quick", 1, []time.Duration{time.Second}, readyTimeout},
		{"two in vain, others quick", maxUnready, []time.Duration{time.Second / 5, time.Second / 10}, quickReady},
		{"two in vain, one slow", maxUnready, []time.Duration{3 * time.Second, time.Second}, 12 * time.Second},
		{"two in vain, one very slow", maxUnready, []time.Duration{20 * time.Second}, readyTimeout},
	}
	for _, tt := range tests {
		p := newPatience(t.Context())
		for range tt.unready {
			p.awaitedInVain()
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

// An endlessProcess is a process of the subject that does not answer, until it is ended.
type endlessProcess struct {
	equipment.Instance
	exited chan struct{}
}

func (p endlessProcess) Exited() <-chan struct{} { return p.exited }

// A lender is equipment that starts the same process each time.
type lender struct {
	equipment.Equipment
	process equipment.Instance
}

func (l lender) Launch(context.Context, equipment.InstanceSpec) (equipment.Instance, error) {
	return l.process, nil
}

func TestAStartThatIsAwaitedInVainIsNoted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		process := endlessProcess{exited: make(chan struct{})}
		defer close(process.exited)
		p := NewPool(t.Context(), lender{process: process}, target.Target{Instances: 1}, t.TempDir(), func(*Instance) {})
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

// Some blocks have no format of blockedBySubject.
func TestTheKindOfAFailure(t *testing.T) {
	t.Parallel()
	i := &Instance{Instance: &plan.Instance{}, dir: t.TempDir()}
	block := &verdict.Block{Reason: "signing in was not granted", BySubject: true}
	if got := i.failureKind(block); got != block.Reason {
		t.Errorf("before anything failed %q, want %q", got, block.Reason)
	}
	const format = "it gave no answer within %s"
	_ = i.blockedBySubject(format, readyTimeout)
	if got := i.failureKind(block); got != format {
		t.Errorf("after blockedBySubject %q, want %q", got, format)
	}
}

func TestAnInstanceWithoutAnswersIsGivenUp(t *testing.T) {
	t.Parallel()
	patience := newPatience(t.Context())
	defer patience.close()
	p := &Pool{patience: patience}
	i := &Instance{Instance: &plan.Instance{}}
	for range 3 {
		for range maxSilent - 1 {
			p.RecordAnswers(i, true, "silence")
		}
		p.RecordAnswers(i, false, "")
	}
	if err := p.unusable(i); err != nil {
		t.Errorf("answers in between: %v", err)
	}
	for range maxSilent {
		p.RecordAnswers(i, true, "silence")
	}
	if err := p.unusable(i); err == nil || !strings.Contains(err.Error(), "silence") {
		t.Errorf("%d scenarios without an answer: %v, want the last reason", maxSilent, err)
	}
}

func TestLogReaderReadsEachOctetOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "log")
	l := &LogReader{File: file}
	if l.Read() {
		t.Error("a file that does not exist held something")
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
		t.Error("the same octets were read twice")
	}
	writeFile(t, file, "new")
	if l.Read(); string(l.Text) != "new" {
		t.Errorf("of a file begun anew %q", l.Text)
	}
	writeFile(t, file, strings.Repeat("x", maxRead+10))
	if l.Read(); len(l.Text) != maxRead || !l.Full {
		t.Errorf("%d octets, full: %v, want %d and true", len(l.Text), l.Full, maxRead)
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
			t.Errorf("behind %d octets: %v, digests %v, read %d, %v", before, found, digests, read, err)
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
		t.Errorf("after the end of the run: read %d, %v", read, err)
	}
}

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
