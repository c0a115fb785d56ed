package installed

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxFile bounds the size of a configuration file, and maxFiles the number of files of a configuration.
const (
	maxFile  = 1 << 20
	maxFiles = 100
)

// A Place is a line of a file.
type Place struct {
	File string // as the user knows it
	Line int    // from 1
}

func (p Place) String() string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// short returns the place without the folder of the file.
func (p Place) short() string { return fmt.Sprintf("%s:%d", filepath.Base(p.File), p.Line) }

// A file is one file of a configuration, with the changes that the suite makes in it.
type file struct {
	name  string // as the user knows it
	text  []byte
	copy  string // base name of the private copy
	edits []edit
	added []int // lines, as the user counts, before which a line was added
}

// An edit replaces the octets from start to end.
type edit struct {
	start, end int
	text       string
}

// replace records a change. The replacement has as many line ends as the original, so that the line
// numbers in messages of the proxy remain those of the user's file.
func (f *file) replace(start, end int, text string) {
	f.edits = append(f.edits, edit{start, end, text})
}

// addLine adds a line before the one that begins at an octet.
func (f *file) addLine(at int, text string) {
	f.added = append(f.added, f.place(at).Line)
	f.edits = append(f.edits, edit{at, at, text + "\n"})
}

// original returns the number that a line of the copy has in the file of the user.
func (f *file) original(line int) int {
	shift := 0
	for _, before := range slices.Sorted(slices.Values(f.added)) {
		if line-shift > before {
			shift++
		}
	}
	return line - shift
}

// remove records the removal of a directive.
func (f *file) remove(start, end int) { f.edits = append(f.edits, edit{start, end, ""}) }

// changed returns the text with all changes.
func (f *file) changed() []byte {
	edits := slices.Clone(f.edits)
	slices.SortStableFunc(edits, func(a, b edit) int {
		// An insertion comes before what is changed at its place. A removal comes before the changes
		// inside it, which it hides.
		return cmp.Or(cmp.Compare(a.start, b.start), compareBool(a.start < a.end, b.start < b.end), cmp.Compare(b.end, a.end))
	})
	var out bytes.Buffer
	at := 0
	for _, e := range edits {
		if e.start < at {
			continue
		}
		out.Write(f.text[at:e.start])
		out.WriteString(e.text)
		lost := bytes.Count(f.text[e.start:e.end], []byte("\n")) - strings.Count(e.text, "\n")
		for range max(lost, 0) {
			out.WriteByte('\n')
		}
		at = e.end
	}
	out.Write(f.text[at:])
	return out.Bytes()
}

// compareBool orders false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// place returns the place of an octet.
func (f *file) place(offset int) Place {
	return Place{f.name, 1 + bytes.Count(f.text[:offset], []byte("\n"))}
}

// readFile reads a file with a limit.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadText(path, f)
}

// ReadText reads the text of a configuration file. The error reports a text that is too large.
func ReadText(name string, r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(raw) > maxFile {
		return nil, fmt.Errorf("%s: larger than %d octets; give the configuration file of a proxy", name, maxFile)
	}
	if at := bytes.IndexByte(raw, 0); at >= 0 {
		return nil, fmt.Errorf("%s:%d: contains a NUL octet; give the configuration file of a proxy", name, 1+bytes.Count(raw[:at], []byte("\n")))
	}
	return raw, nil
}

// files are the files of a configuration. The first one is the file that the user named.
type files struct {
	all  []*file
	root string // folder to which relative includes belong
}

// add records a file under a private name that no other file has.
func (fs *files) add(name string, text []byte) (*file, error) {
	if len(fs.all) >= maxFiles {
		return nil, fmt.Errorf("%s: the configuration includes more than %d files; give a file with the configuration of one proxy", name, maxFiles)
	}
	f := &file{name: name, text: text, copy: fmt.Sprintf("file%d-%s", len(fs.all), safeName.ReplaceAllString(filepath.Base(name), "_"))}
	fs.all = append(fs.all, f)
	return f, nil
}

var safeName = regexp.MustCompile(`[^A-Za-z0-9._-]`)

// find returns the files that an include names. A relative name belongs to the folder of the
// configuration.
func (fs *files) find(pattern string) ([]string, error) {
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(fs.root, pattern)
	}
	found, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	slices.Sort(found)
	return found, nil
}

// write writes the private copies of all files into a folder.
func (fs *files) write(dir string, fill *strings.Replacer) error {
	for _, f := range fs.all {
		if err := os.WriteFile(filepath.Join(dir, f.copy), []byte(fill.Replace(string(f.changed()))), 0o644); err != nil {
			return fmt.Errorf("copy the configuration of the proxy: %w", err)
		}
	}
	return nil
}

// restoreNames replaces the paths of private copies by the names that the user knows.
func (fs *files) restoreNames(dir, text string) string {
	for _, f := range fs.all {
		path := filepath.Join(dir, f.copy)
		onLine := regexp.MustCompile(`line (\d+) of ` + regexp.QuoteMeta(path))
		text = onLine.ReplaceAllStringFunc(text, func(s string) string {
			n, _ := strconv.Atoi(onLine.FindStringSubmatch(s)[1]) // digits
			return fmt.Sprintf("line %d of %s", f.original(n), path)
		})
		text = strings.ReplaceAll(text, path, f.name)
	}
	return text
}
