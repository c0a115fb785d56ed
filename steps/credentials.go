package steps

import (
	"context"

	"countersign/steps/scenario"
	"countersign/steps/vocabulary"
)

// credentialSteps make requests of clients other than browsers: with deployment credentials, and
// with headers of their own choice. In the headers of a table <alice's key> stands for her API key
// and <alice> for her username.
var credentialSteps = []vocabulary.Definition{
	vocabulary.Action(`{person} has deployment credentials`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.RequireCredentials(ctx)
	}),
	vocabulary.Action(`{person} obtains deployment credentials`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.ObtainCredentials(ctx)
	}),
	vocabulary.Action(`{person} makes a signed request`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.SendSigned(ctx, false, nil)
	}),
	vocabulary.Action(`{person} makes a signed request {flaw}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, f scenario.Flaw) error {
		return p.SendSigned(ctx, false, f)
	}),
	vocabulary.Action(`{person} makes a signed request beside her/his/their identity`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.SendSigned(ctx, true, nil)
	}),
	vocabulary.Action(`{person} makes a signed request beside her/his/their identity {flaw}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, f scenario.Flaw) error {
			return p.SendSigned(ctx, true, f)
		}),
	vocabulary.Action(`a client calls the API with the headers:`, func(ctx context.Context, s *scenario.State, headers []scenario.HeaderText) error {
		return s.CallAsClient(ctx, scenario.CallAPI, headers)
	}),
	vocabulary.Action(`a client calls the API about {content} with the headers:`,
		func(ctx context.Context, s *scenario.State, c *scenario.Content, headers []scenario.HeaderText) error {
			return s.CallAsClient(ctx, scenario.CallAbout(c), headers)
		}),
	vocabulary.Action(`a client calls {content} with the headers:`,
		func(ctx context.Context, s *scenario.State, c *scenario.Content, headers []scenario.HeaderText) error {
			return s.CallAsClient(ctx, scenario.CallContent(c), headers)
		}),
	vocabulary.Action(`a client calls the path {string} with the headers:`,
		func(ctx context.Context, s *scenario.State, path string, headers []scenario.HeaderText) error {
			return s.CallAsClient(ctx, scenario.CallPath(path), headers)
		}),

	vocabulary.Check(`the page on which {person} confirms deployment credentials is not shown in a frame of another site`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
			return p.CheckConfirmationNotFramed(ctx)
		}),
	vocabulary.Check(`every address in the reply begins with the address of the server`, func(_ context.Context, s *scenario.State) error {
		return s.CheckOwnAddresses()
	}),
}
