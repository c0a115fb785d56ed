package driver

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"countersign/steps/probe"
)

// CreateContent creates a content item. Its app mode comes with the first bundle.
func (p *Persona) CreateContent(ctx context.Context, name string) (*Reply, error) {
	return p.json(ctx, http.MethodPost, APIPath("content"), map[string]string{"name": name, "title": name})
}

// Content reads a content item.
func (p *Persona) Content(ctx context.Context, guid string) (*Reply, error) {
	return p.Get(ctx, APIPath("content", guid))
}

// Contents returns the guids of the items that the caller may see, or nil if the reply
// holds no list.
func (p *Persona) Contents(ctx context.Context) ([]string, *Reply, error) {
	reply, err := p.Get(ctx, APIPath("content"))
	var guids []string
	for _, item := range decodeList[struct {
		GUID string `json:"guid"`
	}](reply) {
		guids = append(guids, item.GUID)
	}
	return guids, reply, err
}

// DeleteContent deletes a content item.
func (p *Persona) DeleteContent(ctx context.Context, guid string) (*Reply, error) {
	return p.Call(ctx, http.MethodDelete, APIPath("content", guid), nil)
}

// UploadBundle uploads a bundle to a content item.
func (p *Persona) UploadBundle(ctx context.Context, guid string, bundle []byte) (*Reply, error) {
	return p.Call(ctx, http.MethodPost, APIPath("content", guid, "bundles"), bundle,
		HeaderLine{"Content-Type", "application/gzip"}, HeaderLine{"Accept", "application/json"})
}

// Deploy starts the task that activates a bundle.
func (p *Persona) Deploy(ctx context.Context, guid, bundleID string) (*Reply, error) {
	return p.json(ctx, http.MethodPost, APIPath("content", guid, "deploy"), map[string]string{"bundle_id": bundleID})
}

// Task holds the members of a task that the suite reads.
type Task struct {
	ID       string   `json:"id"`
	Finished bool     `json:"finished"`
	Code     int      `json:"code"`
	Error    string   `json:"error"`
	Output   []string `json:"output"`
}

// Task reads a task.
func (p *Persona) Task(ctx context.Context, id string) (*Reply, error) {
	return p.Get(ctx, APIPath("tasks", id))
}

// AwaitTask polls a task until it has finished, at most for the poll limit. It returns
// a reply that describes no task together with the zero Task.
func (p *Persona) AwaitTask(ctx context.Context, id string) (Task, *Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, p.subject.Limits.Poll)
	defer cancel()
	var last *Reply
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		reply, err := p.Get(ctx, APIPath("tasks", id)+"?wait=1")
		if err != nil {
			if last == nil || ctx.Err() == nil {
				return Task{}, last, err
			}
			return Task{}, last, unusable(last, "await the task for "+p.subject.Limits.Poll.String())
		}
		var task Task
		if !reply.Is(2) || reply.Decode(&task) != nil || task.Finished {
			return task, reply, nil
		}
		last = reply
		timer := time.NewTimer(pause) // for a server that does not honor wait=1
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return Task{}, last, unusable(last, "await the task for "+p.subject.Limits.Poll.String())
		}
	}
}

// Redeploy uploads a bundle to a content item, deploys it and awaits the task. It
// returns the first reply that is no success. A task that fails is an error, because
// the reply that describes it is a success.
func (p *Persona) Redeploy(ctx context.Context, guid, mode string, actions []probe.Action) (*Reply, error) {
	bundle, err := Bundle(mode, actions)
	if err != nil {
		return nil, err
	}
	return p.deployBundle(ctx, guid, bundle)
}

func (p *Persona) deployBundle(ctx context.Context, guid string, bundle []byte) (*Reply, error) {
	uploaded, err := p.UploadBundle(ctx, guid, bundle)
	if err != nil || !uploaded.Is(2) {
		return uploaded, err
	}
	deployed, err := p.Deploy(ctx, guid, uploaded.Text("id"))
	if err != nil || !deployed.Is(2) {
		return deployed, err
	}
	task, reply, err := p.AwaitTask(ctx, deployed.Text("task_id"))
	switch {
	case err != nil || !reply.Is(2):
		return reply, err
	case !task.Finished:
		return reply, unusable(reply, "await the task")
	case task.Error != "" || task.Code != 0:
		return reply, unusable(reply, "deploy the bundle")
	}
	return reply, nil
}

// PublishContent creates a content item of an app mode and deploys a bundle whose
// content executes the actions. If a reply is no success, PublishContent returns it
// with an empty guid.
func (p *Persona) PublishContent(ctx context.Context, name, mode string, actions []probe.Action) (guid string, reply *Reply, err error) {
	bundle, err := Bundle(mode, actions)
	if err != nil {
		return "", nil, err
	}
	return p.PublishBundle(ctx, name, bundle)
}

// PublishBundle is like [Persona.PublishContent] with a bundle.
func (p *Persona) PublishBundle(ctx context.Context, name string, bundle []byte) (guid string, reply *Reply, err error) {
	made, err := p.CreateContent(ctx, name)
	if err != nil || !made.Is(2) || made.Text("guid") == "" {
		return "", made, err
	}
	guid = made.Text("guid")
	reply, err = p.deployBundle(ctx, guid, bundle)
	if err != nil || !reply.Is(2) {
		return "", reply, err
	}
	return guid, reply, nil
}

// ChangeContent changes one member of a content item.
func (p *Persona) ChangeContent(ctx context.Context, guid, member, value string) (*Reply, error) {
	return p.json(ctx, http.MethodPatch, APIPath("content", guid), map[string]string{member: value})
}

// SetAccess sets the access type of a content item: "all", "logged_in" or "acl".
func (p *Persona) SetAccess(ctx context.Context, guid, access string) (*Reply, error) {
	return p.ChangeContent(ctx, guid, "access_type", access)
}

// Permit gives a user a role on a content item, "viewer" or "owner".
func (p *Persona) Permit(ctx context.Context, guid, userGUID, role string) (*Reply, error) {
	return p.json(ctx, http.MethodPost, APIPath("content", guid, "permissions"),
		map[string]string{"principal_guid": userGUID, "principal_type": "user", "role": role})
}

// CreateShareLink creates a share link to a content item. The documents do not describe
// the endpoint, so the target names it: a path below __api__/ in which {content} stands
// for the guid. The link is "" if the reply has none.
func (p *Persona) CreateShareLink(ctx context.Context, endpoint, guid string) (link string, reply *Reply, err error) {
	path := "__api__/" + strings.ReplaceAll(strings.TrimPrefix(endpoint, "/"), "{content}", url.PathEscape(guid))
	reply, err = p.json(ctx, http.MethodPost, path, map[string]any{})
	if err != nil || !reply.Is(2) {
		return "", reply, err
	}
	return reply.Text("url"), reply, nil
}
