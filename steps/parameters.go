package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	messages "github.com/cucumber/messages/go/v21"

	"countersign/fakeidp/control"
	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/plan"
	"countersign/steps/scenario"
	"countersign/steps/vocabulary"
)

// Kinds of things that steps make and that later steps need.
const (
	contentKind     = "content"
	integrationKind = "integration"
)

// newVocabulary returns the vocabulary of the features.
func newVocabulary() (*vocabulary.Set, error) {
	return vocabulary.NewSet[*scenario.State](slices.Concat(parameters, proxyParameters), below,
		serverSteps, logSteps, signInSteps, accountSteps, attributeSteps, keySteps, credentialSteps, groupSteps,
		contentSteps, visitSteps, managementSteps, dashboardSteps, integrationSteps, associationSteps, loginSteps,
		sessionSteps, tokenSteps, providerSteps, usermanagerSteps, proxySteps, proxyIdentitySteps, proxyLoginSteps, proxyWireSteps,
	)
}

// parameters are the parameter types of expressions.
var parameters = []vocabulary.Parameter{
	vocabulary.String(),
	vocabulary.Int(),

	// People and clients.
	vocabulary.Object("person", "", func(_ context.Context, s *scenario.State, name string) (*scenario.Person, error) {
		return s.Person(name), nil
	}),
	client("user", `"[^"]+"|the administrator`),
	client("visitor", `"[^"]+"|an anonymous visitor`),
	client("actor", `"[^"]+"|the administrator|an anonymous visitor`),
	vocabulary.Value("account", `"[^"]+"`, func(text string) (account, error) { return account(strings.Trim(text, `"`)), nil }),

	// Things that steps make.
	vocabulary.Made(vocabulary.Object("content", "", func(_ context.Context, s *scenario.State, name string) (*scenario.Content, error) {
		return s.Content(name)
	}), contentKind),
	vocabulary.NewName[scenario.ContentName]("new content", contentKind),
	vocabulary.Made(vocabulary.Object("integration", "", func(_ context.Context, s *scenario.State, name string) (*scenario.Integration, error) {
		return s.Integration(name)
	}), integrationKind),
	vocabulary.NewName[scenario.IntegrationName]("new integration", integrationKind),
	vocabulary.Object("group", `"[^"]*"`, func(_ context.Context, s *scenario.State, name string) (*scenario.Group, error) {
		return s.Group(name), nil
	}),
	vocabulary.NewName[scenario.GroupName]("new group", "group"),
	vocabulary.Value("groups", `"[^"]*"`, func(text string) (scenario.GroupList, error) {
		return scenario.ParseGroupList(strings.Trim(text, `"`)), nil
	}),

	vocabulary.Object("access", `the viewer "[^"]+"|an anonymous visitor|a visitor with a share link`, access),

	// Words that have a meaning.
	vocabulary.Choice("attribute", map[string]scenario.Attribute{
		"username": scenario.Username, "unique id": scenario.UniqueID, "first name": scenario.FirstName,
		"last name": scenario.LastName, "email": scenario.Email, "role": scenario.Role,
	}),
	vocabulary.Value("value", `(?:exactly )?"[^"]*"`, parseValue),
	vocabulary.Value("header line", `"[^"]*"`, func(text string) (scenario.HeaderText, error) {
		return scenario.ParseHeaderText(strings.Trim(text, `"`))
	}),
	vocabulary.Value("mode", `[a-z][a-z0-9-]*`, func(text string) (mode, error) { return mode(text), nil }),
	vocabulary.Choice("integration type", map[string]scenario.IntegrationType{
		"Viewer": scenario.Viewer, "Service Account": scenario.ServiceAccount,
	}),
	vocabulary.Choice("authentication", scenario.ClientAuthentications),
	vocabulary.Choice("setting", scenario.Settings),
	vocabulary.Choice("oauth list", scenario.Lists),
	vocabulary.Choice("secret", map[string]secret{"an access token": control.KindAccessToken, "a refresh token": control.KindRefreshToken}),
	vocabulary.Choice("malformation", scenario.Malformations),
	vocabulary.Choice("framing", scenario.Framings),
	vocabulary.Choice("flaw", scenario.Flaws),
	vocabulary.Choice("forgery", scenario.ForgedKeys),
	vocabulary.Choice("operation", scenario.Operations),
	vocabulary.Choice("group operation", scenario.GroupOperations),
	vocabulary.Choice("answer", scenario.AnswerChanges),
	vocabulary.Choice("token request", scenario.TokenRequests),
	vocabulary.Choice("provider fault", scenario.ProviderFaults),
	vocabulary.Choice("clock error", scenario.ClockErrors),
	vocabulary.Choice("interruption", scenario.Interruptions),
	vocabulary.Choice("exchange field", map[string]scenario.ExchangeField{
		"grant_type": "grant_type", "subject_token_type": "subject_token_type", "subject_token": "subject_token",
		"requested_token_type": "requested_token_type",
	}),
	vocabulary.Choice("protection", map[string]check.CookieProperty{
		"hidden from scripts": check.HiddenFromScripts, "kept from other sites": check.KeptFromOtherSites, "sent over https only": check.SentOverHTTPSOnly,
	}),
}

type (
	account string // at the OAuth provider: that of a person, or of the client of an integration
	mode    string // an app mode
	secret  string // a kind of secret, as the provider calls it
)

// client returns a parameter type for the client of a person who is signed in, of the
// administrator, or of an anonymous visitor.
func client(name, pattern string) vocabulary.Parameter {
	return vocabulary.Object(name, pattern, func(ctx context.Context, s *scenario.State, text string) (*driver.Persona, error) {
		switch text {
		case "the administrator":
			return s.Operator(), nil
		case "an anonymous visitor":
			return s.Anonymous(), nil
		}
		return s.Person(text).User(ctx)
	})
}

// access returns how visitors get at content.
func access(_ context.Context, s *scenario.State, text string) (scenario.Access, error) {
	if name, ok := strings.CutPrefix(text, `the viewer "`); ok {
		return scenario.Access{Viewer: s.Person(name)}, nil
	}
	return scenario.Access{Link: text == "a visitor with a share link"}, nil
}

// A value is that of an attribute. It is made unique for the scenario unless it is exact.
type value struct {
	text  string
	exact bool
}

func parseValue(text string) (value, error) {
	quoted, exact := strings.CutPrefix(text, "exactly ")
	return value{strings.Trim(quoted, `"`), exact}, nil
}

// of returns the value on the wire for an attribute.
func (v value) of(s *scenario.State, a scenario.Attribute) string {
	if v.exact {
		return v.text
	}
	return s.Unique(a, v.text)
}

// below are the kinds of arguments that stand below steps.
var below = []vocabulary.Below{
	vocabulary.BelowStep(plan.ReadArgument),
	vocabulary.BelowStep(readHeaders),
	vocabulary.BelowStep(readCallers),
}

// readHeaders reads a table of header names and values.
func readHeaders(below *messages.PickleStepArgument) ([]scenario.HeaderText, error) {
	if below.DataTable == nil {
		return nil, errors.New("a docstring stands below the step; want a table of header names and values")
	}
	var headers []scenario.HeaderText
	for _, row := range below.DataTable.Rows {
		if len(row.Cells) != 2 {
			return nil, fmt.Errorf("a row has %d cells; want a header name and its value", len(row.Cells))
		}
		headers = append(headers, scenario.HeaderText{Name: row.Cells[0].Value, Value: row.Cells[1].Value})
	}
	return headers, nil
}
