package runner

import (
	messages "github.com/cucumber/messages/go/v21"

	"github.com/cucumber/godog/formatters"
)

// silent is a formatter of godog that writes nothing.
type silent struct{}

type (
	pickle     = messages.Pickle
	pickleStep = messages.PickleStep
	definition = formatters.StepDefinition
)

func (silent) TestRunStarted()                                    {}
func (silent) Feature(*messages.GherkinDocument, string, []byte)  {}
func (silent) Pickle(*pickle)                                     {}
func (silent) Defined(*pickle, *pickleStep, *definition)          {}
func (silent) Failed(*pickle, *pickleStep, *definition, error)    {}
func (silent) Passed(*pickle, *pickleStep, *definition)           {}
func (silent) Skipped(*pickle, *pickleStep, *definition)          {}
func (silent) Undefined(*pickle, *pickleStep, *definition)        {}
func (silent) Pending(*pickle, *pickleStep, *definition)          {}
func (silent) Ambiguous(*pickle, *pickleStep, *definition, error) {}
func (silent) Summary()                                           {}
