package scenario

import (
	"context"
	"encoding/json"
	"net/http"

	"countersign/steps/driver"
	"countersign/steps/probe"
)

// An Interruption is a change that the administrator makes in the middle of a visit, between two
// exchanges of the content. It returns the call of the API that makes the change. The content
// makes this call with the key of the administrator, so that it falls between the two exchanges.
type Interruption func(ctx context.Context, v interruptedVisit) (apiCall, error)

// An interruptedVisit is a visit of a person to content that is associated with an integration.
type interruptedVisit struct {
	content     *Content
	visitor     *Person
	integration *Integration
}

// An apiCall is a request to the API: a method, a path below the public URL, and a body that is sent
// as JSON unless it is nil.
type apiCall struct {
	method, path string
	body         any
}

// Interruptions are those that scenarios use.
var Interruptions = map[string]Interruption{
	"the administrator locks the visitor": func(_ context.Context, v interruptedVisit) (apiCall, error) {
		return apiCall{http.MethodPost, driver.APIPath("users", v.visitor.guid, "lock"), map[string]bool{"locked": true}}, nil
	},
	"the administrator deletes the session of the visitor": func(ctx context.Context, v interruptedVisit) (apiCall, error) {
		session, err := v.visitor.oneSession(ctx, v.integration)
		return apiCall{http.MethodDelete, driver.APIPath("oauth", "sessions", session.GUID), nil}, err
	},
	"the administrator deletes the integration": func(_ context.Context, v interruptedVisit) (apiCall, error) {
		return apiCall{http.MethodDelete, driver.APIPath("oauth", "integrations", v.integration.guid), nil}, nil
	},
	"the administrator removes the association": func(_ context.Context, v interruptedVisit) (apiCall, error) {
		return apiCall{http.MethodPut, driver.APIPath("content", v.content.guid, "oauth", "integrations", "associations"), []string{}}, nil
	},
	"the administrator opens the content to anyone": func(_ context.Context, v interruptedVisit) (apiCall, error) {
		return apiCall{http.MethodPatch, driver.APIPath("content", v.content.guid), map[string]string{"access_type": string(Anyone)}}, nil
	},
	"the administrator removes the permission of the visitor": func(ctx context.Context, v interruptedVisit) (apiCall, error) {
		path, err := v.content.byOwner().PermissionPath(ctx, v.content.guid, v.visitor.guid)
		return apiCall{http.MethodDelete, path, nil}, err
	},
}

// VisitInterrupted is one visit during which the content asks for the token of its visitor, a
// change is made, and the content asks again.
func (c *Content) VisitInterrupted(ctx context.Context, visitor *Person, change Interruption) error {
	b, err := visitor.User(ctx)
	if err != nil {
		return err
	}
	if c.associated == nil {
		return missing("%s is associated with no integration", c.Name)
	}
	call, err := change(ctx, interruptedVisit{content: c, visitor: visitor, integration: c.associated})
	if err != nil {
		return err
	}
	action, err := c.state.operatorCall(call)
	if err != nil {
		return err
	}
	ask := c.state.Questions()[0]
	return c.VisitActing(ctx, b, []probe.Action{ask, action, ask})
}

// operatorCall returns the action with which content makes a call of the administrator.
func (s *State) operatorCall(call apiCall) (probe.Action, error) {
	action := probe.Action{
		Do: probe.DoCall, Method: call.method, URL: "{env.CONNECT_SERVER}" + call.path,
		Headers: map[string]string{"Authorization": "Key " + s.Operator().Key()},
	}
	if call.body == nil {
		return action, nil
	}
	text, err := json.Marshal(call.body)
	if err != nil {
		return probe.Action{}, trouble("write a call of the administrator", err)
	}
	action.Headers["Content-Type"], action.Body = "application/json", string(text)
	return action, nil
}
