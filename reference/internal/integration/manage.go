package integration

import (
	"context"
	"maps"
	"unicode/utf8"

	"github.com/google/uuid"
)

// maxName and maxDescription bound the texts of an integration, in characters.
const (
	maxName        = 256
	maxDescription = 4096
)

// A Change contains the values of a request that creates or changes an integration. Nil values do not change.
type Change struct {
	Template    string // "" means the present one
	Name        *Text
	Description *Text
	Config      map[string]any // merged into the configuration; a nil value removes the key
	Permissions int            // the number of permissions; this server supports none
}

// Text is a new value of a text that an integration need not have.
type Text struct{ Value *string } // nil removes the text

// Integrations returns all integrations, oldest first.
func (s *Service) Integrations(ctx context.Context) ([]*Integration, error) {
	return s.store.Integrations(ctx)
}

// Integration returns an integration, or dberr.NotFound.
func (s *Service) Integration(ctx context.Context, guid string) (*Integration, error) {
	return s.store.Integration(ctx, guid)
}

// Create creates an integration. It returns ErrTemplate, ErrName, ErrDescription, ErrPermissions or ErrConfig for a
// value that is not valid.
func (s *Service) Create(ctx context.Context, c Change) (*Integration, error) {
	if c.Template != TemplateCustom {
		return nil, ErrTemplate
	}
	now := s.now()
	in := &Integration{GUID: uuid.NewString(), Template: TemplateCustom, CreatedTime: now}
	if err := s.apply(c, in); err != nil {
		return nil, err
	}
	err := s.store.Update(ctx, func(tx Tx) error { return tx.InsertIntegration(ctx, in) })
	if err != nil {
		return nil, err
	}
	return in, nil
}

// Change changes an integration. It returns dberr.NotFound if the integration does not exist, ErrTemplateFixed for
// another template, and the errors of Create. If the provider changes (Config.SameProvider), it deletes the sessions
// and started logins of the integration.
func (s *Service) Change(ctx context.Context, guid string, c Change) (*Integration, error) {
	var in *Integration
	err := s.store.Update(ctx, func(tx Tx) (err error) {
		if in, err = tx.Integration(ctx, guid); err != nil {
			return err
		}
		if c.Template != "" && c.Template != in.Template {
			return ErrTemplateFixed
		}
		before := in.Config
		if err := s.apply(c, in); err != nil {
			return err
		}
		if err := tx.UpdateIntegration(ctx, in); err != nil {
			return err
		}
		if before.SameProvider(in.Config) {
			return nil
		}
		if err := tx.DeleteSessionsOf(ctx, guid); err != nil {
			return err
		}
		return tx.DeleteLoginsOf(ctx, guid)
	})
	if err != nil {
		return nil, err
	}
	return in, nil
}

// Delete deletes an integration with its associations, sessions and started logins. It returns dberr.NotFound.
func (s *Service) Delete(ctx context.Context, guid string) error {
	return s.store.Update(ctx, func(tx Tx) error { return tx.DeleteIntegration(ctx, guid) })
}

// Verify checks the configuration of a Service Account integration: it requests a token and discards it. It returns
// dberr.NotFound, ErrNotVerifiable for another integration, or ErrProvider.
func (s *Service) Verify(ctx context.Context, guid string) error {
	in, err := s.store.Integration(ctx, guid)
	if err != nil {
		return err
	}
	if in.Config.AuthType != ServiceAccount {
		return ErrNotVerifiable
	}
	_, err = s.ServiceToken(ctx, in)
	return providerFault(err)
}

// apply applies c to an integration, except for the template, and sets the time of the change.
func (s *Service) apply(c Change, in *Integration) error {
	if err := setText(&in.Name, c.Name, maxName, ErrName); err != nil {
		return err
	}
	if err := setText(&in.Description, c.Description, maxDescription, ErrDescription); err != nil {
		return err
	}
	if c.Permissions > 0 {
		return refuse(ErrPermissions, "The parameter is invalid: this server has no permissions of integrations, permissions must be empty.")
	}
	in.UpdatedTime = s.now()
	return s.configure(in, c.Config)
}

// setText sets a text that may be missing. It returns tooLong if the text has more than most characters.
func setText(target **string, text *Text, most int, tooLong error) error {
	if text == nil {
		return nil
	}
	if text.Value != nil && utf8.RuneCountInString(*text.Value) > most {
		return tooLong
	}
	*target = text.Value
	return nil
}

// configure merges config into the configuration of an integration. Absent keys, including the secret, do not change;
// null removes a key.
func (s *Service) configure(in *Integration, config map[string]any) error {
	merged := map[string]any{}
	if in.Config.AuthMode != "" {
		merged = in.Config.Public()
	}
	maps.Copy(merged, config)
	parsed, secret, err := ParseConfig(merged)
	if err != nil {
		return err
	}
	sealed := in.Secret
	if _, named := config[secretKey]; named {
		sealed = ""
		if secret != nil {
			sealed = s.sealSecret(in.GUID, *secret)
		}
	}
	if err := parsed.Validate(sealed != ""); err != nil {
		return err
	}
	in.Config, in.Secret = parsed, sealed
	return nil
}
