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

// Limits for logs.
const (
	MaxLog     = 64 << 20 // octets that an instance may write to its log and output
	maxRead    = 4 << 20  // octets that a scenario reads of a log
	maxDigests = 4096     // digests of secrets that are kept for a log
)

// A LogReader reads the octets that are appended to a file. It reads each octet once, and at most
// maxRead octets in total.
type LogReader struct {
	File string
	From int64  // the offset at which the reader began
	Text []byte // the octets read so far
	Full bool   // the file contains more than maxRead octets after From
}

// Read reads the octets appended since the last call and reports whether there were any. If the
// file has become shorter, Read begins at its start.
func (l *LogReader) Read() bool {
	f, err := os.Open(l.File)
	if err != nil {
		return false // the file does not exist yet
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
	free := int64(maxRead - len(l.Text))
	l.Full = info.Size()-at > free
	added, _ := io.ReadAll(io.NewSectionReader(f, at, min(free, info.Size()-at)))
	l.Text = append(l.Text, added...)
	return len(added) > 0
}

// tail returns the octets of a file from an offset on, or all of them if the file has become
// shorter. more reports whether there are more than maxRead octets.
func tail(file string, from int64) (text []byte, more bool) {
	l := &LogReader{File: file, From: from}
	l.Read()
	return l.Text, l.Full
}

// SizeOf returns the size of a file, or 0 if it does not exist.
func SizeOf(file string) int64 {
	info, err := os.Stat(file)
	if err != nil {
		return 0
	}
	return info.Size()
}

// logTail returns the last lines of a log without possible secrets.
func logTail(file string) string {
	const lines, octets = 8, 4096
	text, _ := tail(file, max(0, SizeOf(file)-octets))
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return transcript.HideSecrets(strings.Join(all, "\n"))
}

// SearchLog searches a log for the provider's marks in a single pass. It reads at most limit octets
// and stops when ctx is done. It returns the sightings, the digests of the unencoded secrets in the
// log, and the number of octets read.
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
	found, err = transcript.SearchLines(io.TeeReader(source, secrets), transcript.AllKinds)
	return found, secrets.digests, source.read, err
}

// A countedReader counts the octets read and returns an error when ctx is done.
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

// secret matches a secret in the form in which the provider issues it.
var secret = regexp.MustCompile(`(?:rt|at|ac|cs)_csn_[A-Za-z0-9_-]{16,}`)

// A digester collects the digests of the secrets in the text written to it. A secret may be split
// between two writes.
type digester struct {
	last    []byte // the end of the text written before
	digests map[string]bool
}

// longestSecret is the number of octets of a write that are searched again with the next one.
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

// watchLog stops a process that writes more than MaxLog octets to its log and its output, and
// truncates the files. It returns when the process has ended.
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
		_ = process.Stop(ctx) // an error is reported when the instance is stopped
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

// LogTooLong returns the reason for which an instance with too long a log is stopped.
func LogTooLong() string {
	return fmt.Sprintf("it wrote more than %d MiB to its log and its output, which is the limit of the suite", MaxLog>>20)
}

// hide returns the beginning of a text without possible secrets.
func hide(text []byte) string { return transcript.HideSecrets(string(text[:min(len(text), 2000)])) }

// LogSince returns the text of the log from an offset on, at most maxRead octets.
func (i *Instance) LogSince(from int64) string {
	text, _ := tail(i.Log(), from)
	return string(text)
}
