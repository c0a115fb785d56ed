package content_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/reference/internal/content"
	"countersign/reference/internal/content/contenttest"
	"countersign/reference/internal/dberr"
)

// folder returns the path of an unpacked bundle.
func (r *rig) folder(item *content.Item) string {
	return filepath.Join(r.options.DataDir, "apps", item.GUID, strconv.FormatInt(item.BundleID, 10))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// A bundle that is no longer active remains unpacked while a visit uses it.
func TestFolderRemainsWhileVisited(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	static := r.running("static", map[string]string{"index.html": "one"})
	file, err := r.service.Open(t.Context(), static, "")
	if err != nil {
		t.Fatal(err)
	}
	process := r.running("python-api", nil)
	_, leave, err := r.service.Process(t.Context(), process)
	if err != nil {
		t.Fatal(err)
	}
	_, newStatic := r.deploy(static, contenttest.Bundle(t, "static", map[string]string{"index.html": "two"}))
	_, newProcess := r.deploy(process, contenttest.Bundle(t, "python-api", nil))
	for _, item := range []*content.Item{static, newStatic, process, newProcess} {
		if !exists(r.folder(item)) {
			t.Errorf("bundle %d is not unpacked", item.BundleID)
		}
	}
	if text, err := io.ReadAll(file); err != nil || string(text) != "one" {
		t.Errorf("read %q, %v", text, err)
	}
	leave()
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	for _, item := range []*content.Item{static, process} {
		if exists(r.folder(item)) {
			t.Errorf("inactive bundle %d is still unpacked", item.BundleID)
		}
	}
	for _, item := range []*content.Item{newStatic, newProcess} {
		if !exists(r.folder(item)) {
			t.Errorf("active bundle %d is not unpacked", item.BundleID)
		}
	}
}

// A bundle that becomes active again while a visit uses it remains unpacked.
func TestFolderOfABundleThatIsActiveAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first := r.running("static", map[string]string{"index.html": "one"})
	file, err := r.service.Open(t.Context(), first, "")
	if err != nil {
		t.Fatal(err)
	}
	r.deploy(first, contenttest.Bundle(t, "static", map[string]string{"index.html": "two"}))
	id, err := r.service.Deploy(t.Context(), r.owner, first.GUID, &first.BundleID)
	if err != nil {
		t.Fatal(err)
	}
	if task, err := r.service.Task(t.Context(), r.owner, id, 100, 10*time.Second); err != nil || !task.Finished || task.Error != "" {
		t.Fatalf("task %+v, %v", task, err)
	}
	if err := file.Close(); err != nil || !exists(r.folder(first)) {
		t.Errorf("the active bundle is not unpacked (%v)", err)
	}
}

// Deleting an item removes its folders, those in use with their last user.
func TestFoldersOfADeletedItem(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.running("static", map[string]string{"index.html": "one"})
	file, err := r.service.Open(t.Context(), item, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.service.Delete(t.Context(), r.owner, item.GUID); err != nil {
		t.Fatal(err)
	}
	if !exists(r.folder(item)) {
		t.Error("the folder of a visit was removed")
	}
	if err := file.Close(); err != nil || exists(filepath.Dir(r.folder(item))) {
		t.Errorf("the folder of a deleted item remains (%v)", err)
	}
	if _, err := r.service.Open(t.Context(), item, ""); !errors.Is(err, dberr.NotFound) {
		t.Errorf("Open of a deleted item = %v", err)
	}
}

// A failed deployment leaves no folder of its bundle.
func TestFolderOfAFailedDeployment(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.item()
	r.deploy(item, contenttest.Bundle(t, "cobol", nil))
	if exists(filepath.Join(r.options.DataDir, "apps", item.GUID)) {
		t.Error("the folder of the bundle remains")
	}
}

func TestConcurrentUnpacking(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.running("static", map[string]string{"index.html": "one"})
	if err := os.RemoveAll(r.folder(item)); err != nil { // as on another node
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			file, err := r.service.Open(t.Context(), item, "index.html")
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			if err := file.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
	wg.Wait()
	entries, err := os.ReadDir(filepath.Dir(r.folder(item)))
	if err != nil || len(entries) != 1 {
		t.Errorf("entries %v, %v; want the bundle only", entries, err)
	}
}

// A killed server leaves folders that it was unpacking or removing.
func TestStartRemovesIncompleteFolders(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	item := r.running("static", map[string]string{"index.html": "one"})
	left := []string{filepath.Join(filepath.Dir(r.folder(item)), "unpacking-1"), filepath.Join(filepath.Dir(r.folder(item)), "removing-1")}
	for _, dir := range left {
		if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	again, err := content.New(t.Context(), r.options)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close(t.Context()) //nolint:errcheck // nothing runs
	for _, dir := range left {
		if exists(dir) {
			t.Errorf("%s remains", filepath.Base(dir))
		}
	}
	if !exists(r.folder(item)) {
		t.Error("the folder of the active bundle was removed")
	}
}

// crowded is a store whose insertions of archives wait.
type crowded struct {
	content.Store
	entered, leave chan struct{}
	mu             sync.Mutex
	inside, most   int
}

func (c *crowded) InsertBundle(ctx context.Context, b *content.Bundle, archive []byte) error {
	c.add(1)
	defer c.add(-1)
	c.entered <- struct{}{}
	<-c.leave
	return c.Store.InsertBundle(ctx, b, archive)
}

func (c *crowded) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inside += n
	c.most = max(c.most, c.inside)
}

// Of many concurrent uploads, two are in memory at a time. The others wait, until their client gives up.
func TestUploadsInMemory(t *testing.T) {
	t.Parallel()
	const n = 8
	store := &crowded{entered: make(chan struct{}, n), leave: make(chan struct{})}
	r := newRig(t, func(o *content.Options) { store.Store, o.Store = o.Store, store })
	item := r.item()
	add := func(ctx context.Context, text string) (*content.Bundle, error) {
		received, err := r.service.Receive(strings.NewReader(text))
		if err != nil {
			return nil, err
		}
		defer received.Close()
		return r.service.AddBundle(ctx, r.owner, item.GUID, received, nil)
	}
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			text := strings.Repeat(fmt.Sprint(i), 1000)
			b, err := add(t.Context(), text)
			if err != nil {
				t.Errorf("AddBundle: %v", err)
				return
			}
			archive, err := r.service.Archive(t.Context(), r.owner, item.GUID, b.ID)
			if err != nil {
				t.Errorf("Archive: %v", err)
				return
			}
			defer archive.Close()
			if got, err := io.ReadAll(archive); err != nil || string(got) != text {
				t.Errorf("archive %d has %d bytes (%v)", b.ID, len(got), err)
			}
		})
	}
	<-store.entered
	<-store.entered
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := add(ctx, "late"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an upload whose client gives up: %v", err)
	}
	close(store.leave)
	wg.Wait()
	if store.most != 2 {
		t.Errorf("%d archives were in memory at a time, want 2", store.most)
	}
}

// broken is a body that ends with an error.
type broken struct{ io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func TestReceive(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	u, err := r.service.Receive(strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%d %x %x", u.Size, u.MD5, u.SHA1); got != "5 5d41402abc4b2a76b9719d911017c592 aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d" {
		t.Errorf("received %s", got)
	}
	for range 2 { // a reader starts at the beginning
		if text, err := io.ReadAll(u.Reader()); err != nil || string(text) != "hello" {
			t.Errorf("read %q, %v", text, err)
		}
	}
	if err := u.Close(); err != nil {
		t.Error(err)
	}
	var body *content.BodyError
	if _, err := r.service.Receive(broken{bytes.NewReader([]byte("part"))}); !errors.As(err, &body) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("Receive of a broken body = %v, want a BodyError", err)
	}
	if left, err := os.ReadDir(filepath.Join(r.options.DataDir, "archives")); err != nil || len(left) != 0 {
		t.Errorf("files that remain: %v, %v", left, err)
	}
}
