package scenario

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"countersign/steps/check"
	"countersign/steps/instance"
	"countersign/steps/plan"
	"countersign/steps/transcript"
	"countersign/steps/verdict"
)

// A Server is the server of a scenario, which the scenario may restart, and a further process that
// it may start.
type Server struct {
	state    *State
	start    *instance.Start // the last start by the scenario itself, nil if there was none
	started  int             // further processes
	lostTime time.Duration   // in starts that failed
	log      *log            // what the scenario has read of the log
	warnings warnings
	tools    []toolRun

	// Settled reports that the server has refused to start, where it may, so that nothing is left
	// to check.
	Settled bool
}

// StartFurther starts a process on fresh data and ports of its own, in the place of an earlier one.
// Whether it starts is left to later steps.
func (sv *Server) StartFurther(ctx context.Context, c plan.Configuration) error {
	s := sv.state
	if err := sv.mayStart(); err != nil {
		return err
	}
	if err := sv.StopFurther(); err != nil {
		return err
	}
	sv.started++
	planned := &plan.Instance{
		ID: fmt.Sprintf("%s-%s-%d", s.Instance.ID, s.Suffix, sv.started), Configuration: c, Front: plan.Direct, Listen: s.Job.Listen,
	}
	start, err := s.Pool.StartFurther(ctx, planned)
	return sv.record(start, err)
}

func (sv *Server) mayStart() error {
	if sv.state.Target.Running != nil {
		return &verdict.Inapplicable{Reason: "the suite did not start the server under test"}
	}
	return nil
}

func (sv *Server) record(start *instance.Start, err error) error {
	if start != nil {
		sv.start = start
		if start.Err != nil {
			sv.lostTime += start.Took
		}
	}
	return err
}

// lost returns the time that failed starts took, if it is at least a minimum.
func (sv *Server) lost(atLeast time.Duration) time.Duration {
	if sv.lostTime < atLeast {
		return 0
	}
	return sv.lostTime
}

// StopFurther stops the process that the scenario has started beside its instance.
func (sv *Server) StopFurther() error {
	err := sv.state.Pool.StopFurther(sv.start)
	if sv.start != nil && sv.start.Instance != sv.state.Instance {
		sv.start = nil
	}
	return err
}

// Restart stops the instance of the scenario, which has it alone, and starts it on the same data
// with another configuration.
func (sv *Server) Restart(ctx context.Context, c plan.Configuration) error {
	if err := sv.mayStart(); err != nil {
		return err
	}
	return sv.restart(ctx, c, func() error { return nil })
}

// RequireRestart is [Server.Restart] for a server that has to start.
func (sv *Server) RequireRestart(ctx context.Context, c plan.Configuration) error {
	if err := sv.Restart(ctx, c); err != nil {
		return err
	}
	return sv.start.RequireRunning()
}

// restart does something while the instance is stopped.
func (sv *Server) restart(ctx context.Context, c plan.Configuration, meanwhile func() error) error {
	s := sv.state
	output := s.Instance.Output()
	if err := s.Pool.Stop(s.Instance); err != nil {
		return err
	}
	sv.keepLog()
	if err := meanwhile(); err != nil {
		return err
	}
	start, err := s.Pool.Restart(ctx, s.Instance, c, output)
	return sv.record(start, err)
}

// CheckStarts requires that the server that the scenario has started runs.
func (sv *Server) CheckStarts() error { return sv.judge((*instance.Start).RequireRunning) }

// CheckRefuses requires that the server has refused to start.
func (sv *Server) CheckRefuses() error { return sv.judge((*instance.Start).RequireRefused) }

// CheckStartsOrRefuses accepts a server that runs, and one that refuses a configuration under which
// there is nothing to test: later steps are left out then.
func (sv *Server) CheckStartsOrRefuses() error {
	return sv.judge(func(start *instance.Start) error {
		if start.Err == nil {
			return nil
		}
		err := start.RequireRefused()
		sv.Settled = err == nil
		return err
	})
}

// CheckNames requires that the server has refused to start and that its log or output contains a
// text.
func (sv *Server) CheckNames(text string) error {
	return sv.judge(func(start *instance.Start) error {
		if err := start.RequireRefused(); err != nil {
			return err
		}
		return start.RequireMessage(text)
	})
}

func (sv *Server) judge(judge func(*instance.Start) error) error {
	if sv.start == nil {
		return missing("the scenario has started no server")
	}
	return judge(sv.start)
}

// A toolRun is what came of a run of usermanager.
type toolRun struct {
	action string
	exit   int
	output string
}

// ChangeUser has usermanager change an attribute of a person's account to a value.
func (sv *Server) ChangeUser(ctx context.Context, p *Person, a Attribute, value string) error {
	user, err := p.account(ctx)
	if err != nil {
		return err
	}
	if a.read(user) == value {
		return missing("the %s is %s before it is changed", a, value)
	}
	p.view = nil // may no longer be what it was
	return sv.runTool(ctx, string(a), map[string]string{
		"username": user.Username, "guid": user.GUID,
		"value": value, "base64": base64.StdEncoding.EncodeToString([]byte(value)),
	})
}

// RequireUserChanged is [Server.ChangeUser] for a change that has to succeed.
func (sv *Server) RequireUserChanged(ctx context.Context, p *Person, a Attribute, value string) error {
	if err := sv.ChangeUser(ctx, p, a, value); err != nil {
		return err
	}
	return sv.CheckToolSucceeded()
}

// ChangeOwner has usermanager make a person the owner of a group.
func (sv *Server) ChangeOwner(ctx context.Context, g *Group, p *Person) error {
	if _, err := p.accountGUID(); err != nil {
		return err
	}
	user, err := p.account(ctx)
	if err != nil {
		return err
	}
	return sv.manageGroup(ctx, "new owner", g, map[string]string{"owner": user.Username, "owner_guid": p.guid})
}

// DropOwner has usermanager take the owner away from a group.
func (sv *Server) DropOwner(ctx context.Context, g *Group) error {
	return sv.manageGroup(ctx, "drop owner", g, map[string]string{})
}

// DeleteGroup has usermanager delete a group.
func (sv *Server) DeleteGroup(ctx context.Context, g *Group) error {
	found, err := g.require(ctx)
	if err != nil {
		return err
	}
	err = sv.manageGroup(ctx, "delete group", found, map[string]string{})
	found.removed = err == nil && sv.CheckToolSucceeded() == nil
	return err
}

// NormalizeGroups has usermanager normalize the unique ids of groups.
func (sv *Server) NormalizeGroups(ctx context.Context) error {
	return sv.runTool(ctx, "normalize groups", nil)
}

func (sv *Server) manageGroup(ctx context.Context, action string, g *Group, values map[string]string) error {
	found, err := g.require(ctx)
	if err != nil {
		return err
	}
	values["group"], values["group_guid"] = found.name, found.guid
	return sv.runTool(ctx, action, values)
}

// runTool stops the server, runs usermanager and starts the server again. Whether the tool succeeds
// is left to later steps.
func (sv *Server) runTool(ctx context.Context, action string, values map[string]string) error {
	s := sv.state
	args, spelled := s.Target.Arguments(action, values)
	switch {
	case !s.Target.Declares("usermanager"):
		return &verdict.Inapplicable{Reason: "the target does not declare usermanager"}
	case !spelled:
		return &verdict.Inapplicable{Reason: fmt.Sprintf("the target does not say how usermanager is told the action %q", action)}
	}
	err := sv.restart(ctx, s.Instance.Configuration, func() error {
		exit, output, err := s.Pool.RunTool(ctx, s.Instance, args)
		if err != nil {
			return &verdict.Trouble{Op: "run usermanager beside " + s.Instance.Name(), Err: err}
		}
		sv.tools = append(sv.tools, toolRun{action: action, exit: exit, output: transcript.HideSecrets(output)})
		return nil
	})
	if err != nil {
		return err
	}
	return sv.start.Err // without the server there is nothing to look at
}

// CheckToolSucceeded requires that the last run of usermanager ended with exit code 0.
func (sv *Server) CheckToolSucceeded() error {
	if len(sv.tools) == 0 {
		return missing("usermanager was not run")
	}
	last := sv.tools[len(sv.tools)-1]
	return check.ExitCodeZero(last.action, last.exit, last.output)
}

// CheckToolFailed requires that the last run of usermanager ended with another exit code than 0,
// compared with one before it that succeeded.
func (sv *Server) CheckToolFailed() error {
	n := len(sv.tools)
	if n == 0 {
		return missing("usermanager was not run")
	}
	return check.ExitCodeNotZero(n > 1 && sv.tools[n-2].exit == 0, sv.tools[n-1].exit, sv.tools[n-1].output)
}
