package content

import (
	"bytes"
	"context"
	"countersign/reference/internal/dberr"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	deployTimeout = 2 * time.Minute
	renderTimeout = 60 * time.Second
	maxRender     = 8 << 20
)

// Deploy activates a bundle, in a task that clients poll. For rendered content the task also executes the render,
// because the documents do not define another "render request" (OI-105).
func (rt *Runtime) Deploy(ctx context.Context, item *Item, bundle *Bundle, user string) (taskID string, err error) {
	task := &Task{ID: newTaskID(), UserGUID: user, ContentGUID: item.GUID, Node: rt.Node, CreatedTime: rt.Now()}
	if err := rt.alive.Err(); err != nil {
		return "", ErrStopped
	}
	if err := rt.Store.CreateTask(ctx, task); err != nil {
		return "", fmt.Errorf("create task: %w", err)
	}
	rt.tasks.add(task.ID)
	d := &deployment{rt: rt, task: *task, guid: item.GUID, bundle: bundle}
	rt.tasks.group.Go(d.run)
	return task.ID, nil
}

// deployment is a running deploy task.
type deployment struct {
	rt     *Runtime
	task   Task
	guid   string
	bundle *Bundle
}

func (d *deployment) run() {
	ctx, cancel := context.WithTimeout(d.rt.alive, deployTimeout)
	defer cancel()
	err := d.deploy(ctx)
	d.task.Finished = true
	if err != nil {
		d.task.Code, d.task.Error = d.describeError(err)
		d.printf("Deployment failed: %s", d.task.Error)
	} else {
		d.printf("Deployment successful.")
	}
	// If the server is stopping, the end of the task must still be saved.
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := d.rt.Store.SaveTask(ctx, &d.task); err != nil && !errors.Is(err, dberr.NotFound) {
		d.rt.Log.Error("save task", "task", d.task.ID, "err", err)
	}
	d.rt.tasks.notify(d.task.ID, true)
}

// printf appends a formatted line to the output of the task.
func (d *deployment) printf(format string, args ...any) {
	for line := range strings.Lines(strings.ToValidUTF8(fmt.Sprintf(format, args...), "\uFFFD")) {
		d.task.Output = append(d.task.Output, strings.TrimRight(line, "\r\n"))
	}
}

// saveOutput saves the output so that clients that poll can read it.
func (d *deployment) saveOutput(ctx context.Context) error {
	if err := d.rt.Store.SaveTask(ctx, &d.task); err != nil {
		return err
	}
	d.rt.tasks.notify(d.task.ID, false)
	return nil
}

// deployError is a failure with an error code of Connect and a text for the publisher.
type deployError struct {
	code int
	text string
}

func (e *deployError) Error() string { return e.text }

// describeError returns the code and the error of the task for an error. Details that do not concern the publisher
// are written to the log.
func (d *deployment) describeError(err error) (int, string) {
	var known *deployError
	var bundle *BundleError
	switch {
	case errors.As(err, &known):
		return known.code, known.text
	case errors.As(err, &bundle):
		return 38, bundle.Error()
	case errors.Is(err, dberr.NotFound):
		return 28, "The content or its bundle no longer exists."
	case errors.Is(err, ErrNoRuntime):
		return 59, err.Error()
	case errors.Is(err, context.Canceled):
		return 1, "The server is stopping."
	case errors.Is(err, context.DeadlineExceeded):
		return 1, fmt.Sprintf("The deployment took longer than %s.", deployTimeout)
	}
	d.rt.Log.Error("deploy content", "content", d.guid, "err", err)
	return 1, "An internal failure occurred."
}

func (d *deployment) deploy(ctx context.Context) error {
	defer d.rt.tasks.lockItem(d.guid)()
	select {
	case d.rt.tasks.slots <- struct{}{}:
		defer func() { <-d.rt.tasks.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	item, err := d.rt.Store.Item(ctx, d.guid)
	if err != nil {
		return err
	}
	d.printf("Unpacking bundle %d ...", d.bundle.ID)
	if err := d.saveOutput(ctx); err != nil {
		return err
	}
	folder, err := d.rt.unpacked(ctx, d.guid, d.bundle.ID)
	if err != nil {
		return err
	}
	manifest, err := ReadManifest(folder)
	if err != nil {
		return err
	}
	class := manifest.Mode.Class()
	if before := item.Mode.Class(); before != ClassUnknown && before != class {
		return &deployError{110, fmt.Sprintf("This content is %s; a bundle with the app mode %s would make it %s.", before, manifest.Mode, class)}
	}
	if err := d.rt.CheckRuntime(class); err != nil {
		return err
	}
	item.BundleID, item.Mode = d.bundle.ID, manifest.Mode
	render, err := d.render(ctx, item, folder, manifest)
	if err != nil {
		return err
	}
	if err := d.rt.Store.Activate(ctx, d.guid, d.bundle.ID, manifest.Mode, render, d.rt.Now()); err != nil {
		return err
	}
	d.printf("Content is %s (%s).", class, manifest.Mode)
	d.rt.Stop(d.guid)
	d.rt.removeOldBundles(d.guid, d.bundle.ID)
	return nil
}

// render executes rendered content once. For other content it checks the requirements of a visit.
func (d *deployment) render(ctx context.Context, item *Item, folder string, manifest Manifest) (*Render, error) {
	switch manifest.Mode.Class() {
	case ClassStatic:
		if _, err := os.Stat(filepath.Join(folder, filepath.FromSlash(manifest.Entry))); err != nil {
			return nil, badBundle("the file %s is missing", manifest.Entry)
		}
		return nil, nil
	case ClassRendered:
	default:
		return nil, nil
	}
	d.printf("Rendering ...")
	if err := d.saveOutput(ctx); err != nil {
		return nil, err
	}
	body, output, err := d.rt.render(ctx, item, folder)
	d.printf("%s", output)
	if err != nil {
		return nil, err
	}
	return &Render{ContentGUID: d.guid, BundleID: d.bundle.ID, Body: body, CreatedTime: d.rt.Now()}, nil
}

// render executes rendered content once and returns its standard output and the end of its standard error.
func (rt *Runtime) render(ctx context.Context, item *Item, folder string) (body []byte, output string, err error) {
	ctx, cancel := context.WithTimeout(ctx, renderTimeout)
	defer cancel()
	command, err := rt.command()
	if err != nil {
		return nil, "", err
	}
	l, err := rt.begin(ctx, item, folder, ClassRendered, rt.Keys)
	if err != nil {
		return nil, "", err
	}
	defer rt.end(l)
	cmd := exec.Command(command[0], append(command[1:], "render")...)
	cmd.Dir, cmd.Env = folder, rt.environment(l)
	page, log := &bounded{max: maxRender}, &tail{max: 16 << 10}
	cmd.Stdout, cmd.Stderr = page, log
	program, err := rt.spawner.start(cmd, log)
	if err != nil {
		return nil, "", &deployError{59, "The content could not be executed: " + err.Error()}
	}
	select {
	case <-program.done:
	case <-ctx.Done():
		rt.revoke(l)
		program.end()
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, log.String(), &deployError{59, fmt.Sprintf("The render took longer than %s.", renderTimeout)}
		}
		return nil, log.String(), ctx.Err()
	}
	switch {
	case program.err != nil:
		return nil, log.String(), &deployError{59, "The render failed: " + program.err.Error()}
	case page.over:
		return nil, log.String(), &deployError{59, fmt.Sprintf("The render wrote more than %d bytes.", maxRender)}
	}
	return page.text.Bytes(), log.String(), nil
}

// bounded stores written data up to a limit and records whether there was more. The buffer is not embedded because
// io.Copy would use its ReadFrom, which ignores the limit.
type bounded struct {
	text bytes.Buffer
	max  int
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if room := b.max - b.text.Len(); len(p) > room {
		b.over = true
		b.text.Write(p[:room])
		return len(p), nil
	}
	return b.text.Write(p)
}

// Bundles are unpacked into the folders DataDir/apps/{item}/{bundle}. Archives are in the store, which nodes share.
// Each node has its own folders and creates them when they are first needed.

func (rt *Runtime) itemDir(guid string) string { return filepath.Join(rt.DataDir, "apps", guid) }

// Folder returns a function that returns the unpacked active bundle of an item.
func (rt *Runtime) Folder(item *Item) Folder {
	return func(ctx context.Context) (string, error) { return rt.unpacked(ctx, item.GUID, item.BundleID) }
}

// unpacked returns the folder of a bundle. It unpacks into a folder of another name first, so that a folder of the
// final name is complete.
func (rt *Runtime) unpacked(ctx context.Context, guid string, bundle int64) (string, error) {
	dir := filepath.Join(rt.itemDir(guid), strconv.FormatInt(bundle, 10))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	archive, err := rt.Store.Archive(ctx, guid, bundle)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(rt.itemDir(guid), 0o700); err != nil {
		return "", err
	}
	temp, err := os.MkdirTemp(rt.itemDir(guid), "unpacking-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	if err := Unpack(bytes.NewReader(archive), temp); err != nil {
		return "", err
	}
	if err := os.Rename(temp, dir); err != nil {
		if _, there := os.Stat(dir); there == nil {
			return dir, nil // another visit was faster
		}
		return "", err
	}
	return dir, nil
}

// removeOldBundles removes the folders of the other bundles of an item. A process that still runs in one of them
// keeps its open files.
func (rt *Runtime) removeOldBundles(guid string, keep int64) {
	entries, err := os.ReadDir(rt.itemDir(guid))
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.Name() != strconv.FormatInt(keep, 10) && !strings.HasPrefix(e.Name(), "unpacking-") {
			os.RemoveAll(filepath.Join(rt.itemDir(guid), e.Name())) //nolint:errcheck // the next deployment tries again
		}
	}
}

// Remove stops the executions of a deleted item and removes its folders.
func (rt *Runtime) Remove(guid string) error {
	rt.Stop(guid)
	return os.RemoveAll(rt.itemDir(guid))
}
