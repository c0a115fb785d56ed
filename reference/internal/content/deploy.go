package content

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content/execution"
	"countersign/reference/internal/dberr"
)

// Codes of Connect for failures of deployments.
const (
	codeNoBundle      = 28
	codeInvalidBundle = 38
	codeOtherClass    = 110
)

// deployment activates a bundle. For rendered content it also executes the render, because the documents do not
// define another "render request" (OI-105).
type deployment struct {
	service  *Service
	guid     string
	bundle   int64
	progress *execution.Progress
}

// run implements execution.Job.
func (d *deployment) run(ctx context.Context, p *execution.Progress) error {
	d.progress = p
	err := d.deploy(ctx)
	var bundle *BundleError
	switch {
	case errors.As(err, &bundle):
		return &execution.Failure{Code: codeInvalidBundle, Text: bundle.Error()}
	case errors.Is(err, dberr.NotFound):
		return &execution.Failure{Code: codeNoBundle, Text: "The content or its bundle no longer exists."}
	}
	return err
}

func (d *deployment) deploy(ctx context.Context) error {
	defer d.cleanUp(context.WithoutCancel(ctx)) // after the folder is closed
	item, err := d.service.store.Item(ctx, d.guid)
	if err != nil {
		return err
	}
	d.progress.Printf("Unpacking bundle %d ...", d.bundle)
	if err := d.progress.Save(ctx); err != nil {
		return err
	}
	folder, err := d.service.folders.open(ctx, d.guid, d.bundle)
	if err != nil {
		return err
	}
	defer folder.close()
	manifest, err := ReadManifest(folder.path)
	if err != nil {
		return err
	}
	class := manifest.Mode.Class()
	if before := item.Mode.Class(); before != ClassUnknown && before != class {
		return &execution.Failure{Code: codeOtherClass, Text: fmt.Sprintf("This content is %s; a bundle with the app mode %s would make it %s.", before, manifest.Mode, class)}
	}
	item.BundleID = d.bundle
	render, err := d.prepare(ctx, item, folder, manifest)
	if err != nil {
		return err
	}
	if err := d.activate(ctx, manifest.Mode, render); err != nil {
		return err
	}
	d.progress.Printf("Content is %s (%s).", class, manifest.Mode)
	d.service.runtime.Stop(d.guid)
	return nil
}

// activate makes the bundle the active one, unless it was deleted meanwhile.
func (d *deployment) activate(ctx context.Context, mode Mode, render *Render) error {
	return d.service.store.Update(ctx, func(tx Tx) error {
		if _, err := tx.Bundle(ctx, d.guid, d.bundle); err != nil {
			return err
		}
		if err := tx.SetActive(ctx, d.guid, d.bundle, mode, d.service.now()); err != nil || render == nil {
			return err
		}
		return tx.PutRender(ctx, render)
	})
}

// prepare checks the requirements of visits of a bundle. It returns the render of rendered content, which it
// executes, and nil for other content.
func (d *deployment) prepare(ctx context.Context, item *Item, f *folder, manifest Manifest) (*Render, error) {
	switch manifest.Mode.Class() {
	case ClassStatic:
		if _, err := os.Stat(filepath.Join(f.path, filepath.FromSlash(manifest.Entry))); err != nil {
			return nil, badBundle("the file %s is missing", manifest.Entry)
		}
		return nil, nil
	case ClassRendered:
		return d.render(ctx, item, f)
	}
	return nil, d.service.runtime.Check(execution.KindProcess)
}

func (d *deployment) render(ctx context.Context, item *Item, f *folder) (*Render, error) {
	if err := d.service.runtime.Check(execution.KindRender); err != nil {
		return nil, err
	}
	d.progress.Printf("Rendering ...")
	if err := d.progress.Save(ctx); err != nil {
		return nil, err
	}
	body, output, err := d.service.runtime.Render(ctx, work(item, f))
	d.progress.Printf("%s", output)
	if err != nil {
		return nil, err
	}
	return &Render{ContentGUID: d.guid, BundleID: d.bundle, Body: body, CreatedTime: d.service.now()}, nil
}

// cleanUp removes the folders of inactive bundles of the item, or all if the item was deleted meanwhile. Only the log
// reports an error, because the next deployment tries again.
func (d *deployment) cleanUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	item, err := d.service.store.Item(ctx, d.guid)
	switch {
	case err == nil:
		err = d.service.folders.retire(d.guid, item.BundleID)
	case errors.Is(err, dberr.NotFound):
		err = d.service.folders.retire(d.guid, 0)
	}
	if err != nil {
		d.service.log.Error("remove folders of inactive bundles", "content", d.guid, "err", err)
	}
}

// Task returns a task when it is finished or has more than first lines of output, or after the time wait. It returns
// ErrNoTask if there is no such task, or if another user has started it. Administrators may see all tasks.
func (s *Service) Task(ctx context.Context, by account.Actor, id string, first int, wait time.Duration) (*execution.Task, error) {
	// The permission is checked before waiting, so that other users do not learn when the task changes.
	task, err := s.runtime.WaitTask(ctx, id, 0, 0)
	if errors.Is(err, dberr.NotFound) || err == nil && task.UserGUID != by.User.GUID && by.Role != account.Administrator {
		return nil, ErrNoTask
	}
	if err != nil || wait <= 0 {
		return task, err
	}
	return s.runtime.WaitTask(ctx, id, first, wait)
}
