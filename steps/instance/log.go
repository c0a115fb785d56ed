package instance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"countersign/steps/equipment"
	"countersign/steps/transcript"
)

// Bounds of what is read of a log.
const (
	MaxLog     = 64 << 20 // octets that one instance may write to its log and output
	maxRead    = 4 << 20  // octets that one scenario reads of a log
	maxDigests = 4096     // secrets that are remembered of one log
)

// A LogReader reads what is appended to a file. It reads each octet once, and no
// more than maxRead octets in all.
type LogReader struct {
	File string
	From int64  // the offset at which the reader began
	Text []byte // what was read
	Full bool   // the file holds more than is read
}

// Read reads what was appended since the last call and reports whether there was
// anything. A file that has become shorter is read from its beginning.
func (l *LogReader) Read() bool {
	f, err := os.Open(l.File)
	if err != nil {
		return false // a file that does not exist holds nothing
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false
	}
	if info.Size() < l.From+int64(len(l.Text)) {
		l.From, l.Text, l.Full = 0, nil, false
	}
	at := l.From + int64(len(l.Text))
	room := int64(maxRead - len(l.Text))
	l.Full = info.Size()-at > room
	added, _ := io.ReadAll(io.NewSectionReader(f, at, min(room, info.Size()-at)))
	l.Text = append(l.Text, added...)
	return len(added) > 0
}

// tail returns what a file holds from an offset on, all of it if the file was
// replaced, and reports whether the file holds more than maxRead octets there.
func tail(file string, from int64) (text []byte, more bool) {
	l := &LogReader{File: file, From: from}
	l.Read()
	return l.Text, l.Full
}

// SizeOf returns the size of a file, 0 if there is none.
func SizeOf(file string) int64 {
	info, err := os.Stat(file)
	if err != nil {
		return 0
	}
	return info.Size()
}

// logTail returns the last lines of a log, without what may be a secret.
func logTail(file string) string {
	const lines, octets = 8, 4096
	text, _ := tail(file, max(0, SizeOf(file)-octets))
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return transcript.HideSecrets(strings.Join(all, "\n"))
}

// SearchLog searches one log for the provider's marks in a single pass. It reads at
// most limit octets and stops when ctx ends. It returns what it found, the digests of
// the secrets that the log holds as they were issued, and how much it read.
func SearchLog(ctx context.Context, file string, limit int64) (found []transcript.Sighting, digests map[string]bool, read int64, err error) {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, 0, nil
	}
	if err != nil {
		return nil, nil, 0, err
	}
	defer f.Close()
	secrets := &digester{digests: map[string]bool{}}
	source := &countedReader{ctx: ctx, from: io.LimitReader(f, limit)}
	found, err = transcript.LogSeek(io.TeeReader(source, secrets), transcript.AllKinds)
	return found, secrets.digests, source.read, err
}

// A countedReader counts what is read and ends with ctx.
type countedReader struct {
	ctx  context.Context
	from io.Reader
	read int64
}

func (r *countedReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	n, err := r.from.Read(p)
	r.read += int64(n)
	return n, err
}

// secret matches a marked secret as the provider issues it.
var secret = regexp.MustCompile(`(?:rt|at|ac|cs)_csn_[A-Za-z0-9_-]{16,}`)

// A digester collects the digests of the secrets in what is written to it, also of
// those that two writes hold together.
type digester struct {
	last    []byte // the end of what was written before
	digests map[string]bool
}

// longestSecret is how much of one write is looked at again with the next.
const longestSecret = 1 << 10

func (d *digester) Write(p []byte) (int, error) {
	text := append(d.last, p...)
	if bytes.Contains(text, []byte("_csn_")) {
		for _, value := range secret.FindAll(text, maxDigests) {
			if len(d.digests) < maxDigests {
				sum := sha256.Sum256(value)
				d.digests[hex.EncodeToString(sum[:])] = true
			}
		}
	}
	d.last = bytes.Clone(text[max(0, len(text)-longestSecret):])
	return len(p), nil
}

// watchLog stops a process that writes more than MaxLog octets to its log and its
// output, and removes the excess. It returns when the process has ended.
func (i *Instance) watchLog(process equipment.Instance) {
	const interval = 100 * time.Millisecond
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for running := true; running; {
		select {
		case <-process.Exited():
			running = false
		case <-ticker.C:
		}
		if !i.logIsTooLong() {
			continue
		}
		i.flooded.Store(true)
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		_ = process.Stop(ctx) // the stop of the instance reports what cannot be stopped
		cancel()
		for _, file := range i.Logs() {
			if SizeOf(file) > MaxLog {
				_ = os.Truncate(file, MaxLog)
			}
		}
		return
	}
}

func (i *Instance) logIsTooLong() bool {
	var written int64
	for _, file := range i.Logs() {
		written += SizeOf(file)
	}
	return written > MaxLog
}

// LogTooLong returns why an instance with too long a log was stopped.
func LogTooLong() string {
	return fmt.Sprintf("it wrote more than %d MiB to its log and its output, which is all that the suite reads", MaxLog>>20)
}

// hide returns the beginning of a text for people, without what may be a secret.
func hide(text []byte) string { return transcript.HideSecrets(string(text[:min(len(text), 2000)])) }

// LogSince returns what the log of the instance holds from an offset on, up to maxRead octets.
func (i *Instance) LogSince(from int64) string {
	text, _ := tail(i.Log(), from)
	return string(text)
}
