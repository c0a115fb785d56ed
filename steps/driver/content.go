package driver

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"countersign/steps/probe"
)

// CreateContent makes an item; its kind comes with the first bundle.
func (p *Persona) CreateContent(ctx context.Context, name string) (*Reply, error) {
	return p.json(ctx, http.MethodPost, api("content"), map[string]string{"name": name, "title": name})
}

// Content reads an item.
func (p *Persona) Content(ctx context.Context, guid string) (*Reply, error) {
	return p.Get(ctx, api("content", guid))
}

// Contents lists the guids of the items that the caller may see; nil if the reply holds no list.
func (p *Persona) Contents(ctx context.Context) ([]string, *Reply, error) {
	reply, err := p.Get(ctx, api("content"))
	var guids []string
	for _, item := range list[struct {
		GUID string `json:"guid"`
	}](reply) {
		guids = append(guids, item.GUID)
	}
	return guids, reply, err
}

// DeleteContent removes an item.
func (p *Persona) DeleteContent(ctx context.Context, guid string) (*Reply, error) {
	return p.Call(ctx, http.MethodDelete, api("content", guid), nil)
}

// UploadBundle gives an item a bundle, octet for octet.
func (p *Persona) UploadBundle(ctx context.Context, guid string, bundle []byte) (*Reply, error) {
	return p.Call(ctx, http.MethodPost, api("content", guid, "bundles"), bundle,
		HeaderLine{"Content-Type", "application/gzip"}, HeaderLine{"Accept", "application/json"})
}

// Deploy starts the task that makes a bundle the one in use.
func (p *Persona) Deploy(ctx context.Context, guid, bundleID string) (*Reply, error) {
	return p.json(ctx, http.MethodPost, api("content", guid, "deploy"), map[string]string{"bundle_id": bundleID})
}

// Task is what the verbs read of a task.
type Task struct {
	ID       string   `json:"id"`
	Finished bool     `json:"finished"`
	Code     int      `json:"code"`
	Error    string   `json:"error"`
	Output   []string `json:"output"`
}

// Task reads a task once.
func (p *Persona) Task(ctx context.Context, id string) (*Reply, error) {
	return p.Get(ctx, api("tasks", id))
}

// AwaitTask asks for a task until it has finished, at most for the poll limit.
// A reply that describes no task is returned as it is, with the zero task.
func (p *Persona) AwaitTask(ctx context.Context, id string) (Task, *Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, p.subject.Limits.Poll)
	defer cancel()
	var last *Reply
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		reply, err := p.Get(ctx, api("tasks", id)+"?wait=1")
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
		timer := time.NewTimer(pause) // for a subject that does not wait as it was asked to
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return Task{}, last, unusable(last, "await the task for "+p.subject.Limits.Poll.String())
		}
	}
}

// Redeploy uploads a bundle for an item, deploys it and awaits the task. It
// stops at the first reply that is no success and returns it; a task that
// fails is an error, since its reply is a success.
func (p *Persona) Redeploy(ctx context.Context, guid, mode string, actions []probe.Action) (*Reply, error) {
	bundle, err := Bundle(mode, actions)
	if err != nil {
		return nil, err
	}
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

// PublishContent makes an item of an app mode whose content does the actions,
// and deploys it. The guid is "" where a reply on the way was no success; that
// reply is returned.
func (p *Persona) PublishContent(ctx context.Context, name, mode string, actions []probe.Action) (guid string, reply *Reply, err error) {
	made, err := p.CreateContent(ctx, name)
	if err != nil || !made.Is(2) || made.Text("guid") == "" {
		return "", made, err
	}
	guid = made.Text("guid")
	reply, err = p.Redeploy(ctx, guid, mode, actions)
	if err != nil || !reply.Is(2) {
		return "", reply, err
	}
	return guid, reply, nil
}

// ChangeContent changes one member of an item.
func (p *Persona) ChangeContent(ctx context.Context, guid, member, value string) (*Reply, error) {
	return p.json(ctx, http.MethodPatch, api("content", guid), map[string]string{member: value})
}

// SetAccess says who may see an item: "all", "logged_in" or "acl".
func (p *Persona) SetAccess(ctx context.Context, guid, access string) (*Reply, error) {
	return p.ChangeContent(ctx, guid, "access_type", access)
}

// Permit gives a user a role on an item, "viewer" or "owner".
func (p *Persona) Permit(ctx context.Context, guid, userGUID, role string) (*Reply, error) {
	return p.json(ctx, http.MethodPost, api("content", guid, "permissions"),
		map[string]string{"principal_guid": userGUID, "principal_type": "user", "role": role})
}

// CreateShareLink makes a share link to an item. Nobody documents how, so the
// endpoint comes from the target: a path below __api__/ in which {content}
// stands for the item. The URL is "" if the reply has none.
func (p *Persona) CreateShareLink(ctx context.Context, endpoint, guid string) (link string, reply *Reply, err error) {
	path := "__api__/" + strings.ReplaceAll(strings.TrimPrefix(endpoint, "/"), "{content}", url.PathEscape(guid))
	reply, err = p.json(ctx, http.MethodPost, path, map[string]any{})
	if err != nil || !reply.Is(2) {
		return "", reply, err
	}
	return reply.Text("url"), reply, nil
}
