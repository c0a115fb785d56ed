package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"countersign/reference/internal/dberr"
	"countersign/reference/internal/integration"
)

// Integrations is the part of the database that package integration needs. It implements integration.Store. The
// tokens and secrets that it stores are already sealed.
type Integrations struct{ db *DB }

// Integrations returns the store of OAuth integrations.
func (db *DB) Integrations() *Integrations { return &Integrations{db} }

// integrationError converts an error of the database to one of package integration.
func integrationError(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows), isOrphan(err), isUnstorable(err):
		return fmt.Errorf("%s: %w", op, dberr.NotFound)
	}
	return fmt.Errorf("%s: %w", op, named(err))
}

const integrationColumns = `i.guid, i.id, i.name, i.description, i.template, i.config, i.secret, i.created, i.updated`

func scanIntegration(scan func(...any) error, more ...any) (*integration.Integration, error) {
	var i integration.Integration
	var config string
	var created, updated int64
	targets := append([]any{&i.GUID, &i.ID, &i.Name, &i.Description, &i.Template, &config, &i.Secret, &created, &updated}, more...)
	if err := scan(targets...); err != nil {
		return nil, err
	}
	i.CreatedTime, i.UpdatedTime = fromMicros(created), fromMicros(updated)
	return &i, json.Unmarshal([]byte(config), &i.Config)
}

// CreateIntegration implements integration.Store.
func (s *Integrations) CreateIntegration(ctx context.Context, i *integration.Integration) error {
	config, err := json.Marshal(i.Config)
	if err != nil {
		return err
	}
	err = s.db.InTx(ctx, func(tx *Tx) error {
		if i.ID, err = tx.nextID(ctx, "integrations"); err != nil {
			return err
		}
		_, err := tx.exec(ctx, `INSERT INTO oauth_integrations (guid, id, name, description, template, config, secret, created, updated)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			i.GUID, i.ID, i.Name, i.Description, i.Template, string(config), i.Secret, toMicros(i.CreatedTime), toMicros(i.UpdatedTime))
		return err
	})
	return integrationError("create integration", err)
}

// Integration implements integration.Store.
func (s *Integrations) Integration(ctx context.Context, guid string) (*integration.Integration, error) {
	i, err := scanIntegration(s.db.q.QueryRowContext(ctx, `SELECT `+integrationColumns+` FROM oauth_integrations i WHERE i.guid = $1`, guid).Scan)
	return i, integrationError("read integration", err)
}

// Integrations implements integration.Store.
func (s *Integrations) Integrations(ctx context.Context) ([]*integration.Integration, error) {
	return collect(ctx, s.db.q, "list integrations", `SELECT `+integrationColumns+` FROM oauth_integrations i ORDER BY i.id`, nil,
		func(rows *sql.Rows) (*integration.Integration, error) { return scanIntegration(rows.Scan) })
}

// UpdateIntegration implements integration.Store.
func (s *Integrations) UpdateIntegration(ctx context.Context, guid string, change func(*integration.Integration) error) (*integration.Integration, error) {
	var in *integration.Integration
	var refused error // the error of change, which is returned unchanged
	err := s.db.InTx(ctx, func(tx *Tx) error {
		if _, err := tx.exec(ctx, `UPDATE oauth_integrations SET guid = guid WHERE guid = $1`, guid); err != nil {
			return err
		}
		var err error
		if in, err = scanIntegration(tx.q.QueryRowContext(ctx,
			`SELECT `+integrationColumns+` FROM oauth_integrations i WHERE i.guid = $1`, guid).Scan); err != nil {
			return err
		}
		before := in.Config
		if refused = change(in); refused != nil {
			return refused
		}
		config, err := json.Marshal(in.Config)
		if err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `UPDATE oauth_integrations SET name = $2, description = $3, config = $4, secret = $5, updated = $6
			WHERE guid = $1`, guid, in.Name, in.Description, string(config), in.Secret, toMicros(in.UpdatedTime)); err != nil {
			return err
		}
		if before.SameProvider(in.Config) {
			return nil
		}
		for _, table := range []string{"oauth_sessions", "oauth_logins"} {
			if _, err := tx.exec(ctx, `DELETE FROM `+table+` WHERE integration_guid = $1`, guid); err != nil {
				return err
			}
		}
		return nil
	})
	if refused != nil {
		return nil, refused
	}
	if err != nil {
		return nil, integrationError("update integration", err)
	}
	return in, nil
}

// DeleteIntegration implements integration.Store. Foreign keys delete the rows that refer to the integration.
func (s *Integrations) DeleteIntegration(ctx context.Context, guid string) error {
	return integrationError("delete integration", s.db.execRequired(ctx, `DELETE FROM oauth_integrations WHERE guid = $1`, guid))
}

// SetAssociations implements integration.Store.
func (s *Integrations) SetAssociations(ctx context.Context, content string, guids []string, now time.Time) error {
	err := s.db.InTx(ctx, func(tx *Tx) error {
		// Locking the row of the item prevents concurrent calls from mixing their associations, and shows whether the
		// item exists.
		if err := tx.execRequired(ctx, `UPDATE content_items SET guid = guid WHERE guid = $1`, content); err != nil {
			return err
		}
		kept, err := collect(ctx, tx.q, "list associations",
			`SELECT integration_guid, created FROM oauth_associations WHERE content_guid = $1`, []any{content},
			func(rows *sql.Rows) (a struct {
				guid    string
				created int64
			}, err error) {
				return a, rows.Scan(&a.guid, &a.created)
			})
		if err != nil {
			return err
		}
		since := map[string]int64{}
		for _, a := range kept {
			since[a.guid] = a.created
		}
		if _, err := tx.exec(ctx, `DELETE FROM oauth_associations WHERE content_guid = $1`, content); err != nil {
			return err
		}
		for _, guid := range guids {
			created, old := since[guid]
			if !old {
				created = toMicros(now)
			}
			if _, err := tx.exec(ctx, `INSERT INTO oauth_associations (content_guid, integration_guid, created) VALUES ($1, $2, $3)`,
				content, guid, created); err != nil {
				return err
			}
		}
		return nil
	})
	return integrationError("set associations", err)
}

const selectAssociations = `SELECT ` + integrationColumns + `, a.content_guid, a.created
	FROM oauth_associations a JOIN oauth_integrations i ON i.guid = a.integration_guid `

func (s *Integrations) associations(ctx context.Context, query, guid string) ([]integration.Association, error) {
	return collect(ctx, s.db.q, "list associations", query, []any{guid}, func(rows *sql.Rows) (integration.Association, error) {
		var a integration.Association
		var created int64
		i, err := scanIntegration(rows.Scan, &a.ContentGUID, &created)
		if err != nil {
			return a, err
		}
		a.Integration, a.CreatedTime = *i, fromMicros(created)
		return a, nil
	})
}

// Associations implements integration.Store.
func (s *Integrations) Associations(ctx context.Context, content string) ([]integration.Association, error) {
	return s.associations(ctx, selectAssociations+`WHERE a.content_guid = $1 ORDER BY i.id`, content)
}

// AssociationsOf implements integration.Store.
func (s *Integrations) AssociationsOf(ctx context.Context, guid string) ([]integration.Association, error) {
	return s.associations(ctx, selectAssociations+`WHERE a.integration_guid = $1 ORDER BY a.created, a.content_guid`, guid)
}

var _ integration.Store = (*Integrations)(nil)
