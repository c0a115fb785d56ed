package steps

import (
	"context"
	"encoding/base64"
	"fmt"

	"countersign/steps/plan"
	"countersign/steps/verdict"
)

// sayUsermanager: the command-line tool beside the server. The server is stopped while the tool
// runs and started again after it. A tool that fails is held against a run of the same scenario
// that succeeded.
var sayUsermanager = []sentence{
	{`usermanager {changes} the {header} of {who} to {exactly}{value}`, func(w *World, ctx context.Context, a []string) error {
		return w.manageUser(ctx, w.newEdit(a[1], a[0], a[2], a[3]))
	}},
	{`usermanager makes {who} the owner of the group {who}`, func(w *World, ctx context.Context, a []string) error {
		p, err := w.holder(a[0])
		if err != nil {
			return err
		}
		user, err := w.stored(ctx, a[0])
		if err != nil {
			return err
		}
		return w.manageGroup(ctx, "new owner", a[1], map[string]string{"owner": user.Username, "owner_guid": p.guid})
	}},
	{`usermanager drops the owner of the group {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.manageGroup(ctx, "drop owner", a[0], map[string]string{})
	}},
	{`usermanager deletes the group {who}`, func(w *World, ctx context.Context, a []string) error {
		g, err := w.mustSeek(ctx, a[0])
		if err != nil {
			return err
		}
		err = w.manageGroup(ctx, "delete group", a[0], map[string]string{})
		g.removed = err == nil && w.lastTool().exit == 0
		return err
	}},
	{`usermanager normalizes the groups`, func(w *World, ctx context.Context, _ []string) error {
		return w.usermanager(ctx, "normalize groups", nil)
	}},
	{`usermanager succeeds`, func(w *World, _ context.Context, _ []string) error { return w.lastTool().succeeded() }},
	{`usermanager fails`, func(w *World, _ context.Context, _ []string) error { return w.toolFails() }},
	{`the owner of the group {who} is {who}`, func(w *World, ctx context.Context, a []string) error {
		p, err := w.holder(a[1])
		if err != nil {
			return err
		}
		return w.ownerIs(ctx, a[0], p.guid)
	}},
}

// A toolRun is what came of a run of the tool.
type toolRun struct {
	action string
	exit   int
	output string
}

func (t *toolRun) succeeded() error {
	switch {
	case t == nil:
		return &verdict.Trouble{Op: "usermanager was not run"}
	case t.exit != 0:
		return fail("the exit code 0 of usermanager ("+t.action+")", "%d: %s", t.exit, redactLog(t.output))
	}
	return nil
}

func (w *World) lastTool() *toolRun {
	if len(w.tools) == 0 {
		return nil
	}
	return w.tools[len(w.tools)-1]
}

// toolFails wants the tool to say by its exit code that it did not do what it was told.
func (w *World) toolFails() error {
	n := len(w.tools)
	switch {
	case n == 0:
		return &verdict.Trouble{Op: "usermanager was not run"}
	case n < 2 || w.tools[n-2].exit != 0:
		return &verdict.Block{Reason: "usermanager did nothing that its failure could be compared with", BySubject: true}
	case w.tools[n-1].exit == 0:
		return fail("an exit code other than 0", "0: %s", redactLog(w.tools[n-1].output))
	}
	return nil
}

func (w *World) manageUser(ctx context.Context, e *edit) error {
	user, err := w.stored(ctx, e.who)
	if err != nil {
		return err
	}
	if attribute(user, e.name) == e.value {
		return &verdict.Trouble{Op: "the " + e.name + " is " + e.value + " before it is changed"}
	}
	w.personas[e.who].view = nil // may no longer be what it was
	return w.usermanager(ctx, e.name, map[string]string{
		"username": user.Username, "guid": user.GUID,
		"value": e.value, "base64": base64.StdEncoding.EncodeToString([]byte(e.value)),
	})
}

func (w *World) manageGroup(ctx context.Context, action, short string, values map[string]string) error {
	g, err := w.mustSeek(ctx, short)
	if err != nil {
		return err
	}
	values["group"], values["group_guid"] = g.name, g.guid
	return w.usermanager(ctx, action, values)
}

// usermanager stops the server, runs the tool and starts the server again. What a scenario is
// given has to be done; otherwise whether the tool succeeds is for the scenario to judge.
func (w *World) usermanager(ctx context.Context, action string, values map[string]string) error {
	t := w.run.config.Target
	args, spelled := t.Arguments(action, values)
	switch {
	case !t.Declares("usermanager"):
		return &verdict.Inapplicable{Reason: "the target does not declare usermanager"}
	case !spelled:
		return &verdict.Inapplicable{Reason: fmt.Sprintf("the target does not say how usermanager is told the action %q", action)}
	case w.job.Lease != plan.Alone:
		return &verdict.Trouble{Op: "usermanager runs while a server is stopped that others may use; tag the scenario @alone"}
	}
	c := w.instance.Configuration
	err := w.restartAfter(ctx, c, func() error {
		exit, output, err := w.run.equipment.Tool(ctx, w.run.pool.spec(w.instance, c), args)
		if err != nil {
			return &verdict.Trouble{Op: "run usermanager beside " + w.instance.Name(), Err: err}
		}
		w.tools = append(w.tools, &toolRun{action: action, exit: exit, output: output})
		return nil
	})
	switch {
	case err != nil:
		return err
	case w.start.err != nil:
		return w.start.err // without the server there is nothing to look at
	case w.step.Type == "Context":
		return w.lastTool().succeeded()
	}
	return nil
}
