package report

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// maxTranscript bounds the octets that are read of one transcript.
const maxTranscript = 32 << 10

// Transcripts reads the transcripts of a report, up to a total size.
type Transcripts struct {
	files       fs.FS
	total, left int
}

// NewTranscripts returns a reader of the transcripts below the folder of a report, which reads at most
// total octets and a part of one transcript. files may be nil.
func NewTranscripts(files fs.FS, total int) *Transcripts {
	return &Transcripts{files: files, total: total, left: total}
}

// Read returns the text of a transcript, or the reason why there is none. A report can come from a file
// that other people have changed, so that Read opens files in the folder transcripts only.
func (t *Transcripts) Read(name string) (text, missing string) {
	switch {
	case t.files == nil:
		return "", "the transcript was not given"
	case path.Dir(name) != "transcripts" || !fs.ValidPath(name):
		return "", "this is not the name of a transcript"
	case t.left <= 0:
		return "", fmt.Sprintf("only %d MiB of exchanges are shown; read the file", t.total>>20)
	}
	file, err := t.files.Open(name)
	if err != nil {
		return "", "the file cannot be read"
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxTranscript+1))
	if err != nil {
		return "", "the file cannot be read"
	}
	text = string(raw)
	if len(raw) > maxTranscript {
		text = strings.ToValidUTF8(text[:maxTranscript], "") + "\n… the file contains more"
	}
	t.left -= len(text)
	return text, ""
}
