package steps

import (
	"context"

	"countersign/steps/plan"
)

// sayServer: the server as it is configured. The planner has read the
// configuration and the scenario has its instance when the sentence is said.
var sayServer = []sentence{
	{plan.ConfigurationStep, func(*World, context.Context, []string) error { return nil }},
}
