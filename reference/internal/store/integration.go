package store

import (
	"context"
	"time"

	"countersign/reference/internal/integration"
)

// Integrations is the store of OAuth integrations, their associations with content, sessions and started logins. It
// implements integration.Store. The tokens and secrets that it stores are already sealed.
type Integrations struct {
	integrationReader
	db *DB
}

// Integrations returns the store of OAuth integrations.
func (db *DB) Integrations() *Integrations { return &Integrations{integrationReader{db.q}, db} }

// Update implements integration.Store.
func (s *Integrations) Update(ctx context.Context, do func(integration.Tx) error) error {
	return s.db.transact(ctx, lockContent, func(tx *Tx) error { return do(&integrationTx{integrationReader{tx.q}, tx}) })
}

// integrationReader implements integration.Reader.
type integrationReader struct{ q querier }

// integrationTx implements integration.Tx.
type integrationTx struct {
	integrationReader
	tx *Tx
}

var _ integration.Store = (*Integrations)(nil)

const selectIntegration = `SELECT ` + integrationColumns + ` FROM oauth_integrations i `

const integrationColumns = `i.guid, i.id, i.name, i.description, i.template, i.config, i.secret, i.created, i.updated`

// integrationTargets returns the fields of i in the order of integrationColumns.
func integrationTargets(i *integration.Integration) []any {
	return []any{&i.GUID, &i.ID, &i.Name, &i.Description, &i.Template, jsonText{&i.Config}, &i.Secret, stamp(&i.CreatedTime), stamp(&i.UpdatedTime)}
}

func scanIntegration(row scanner) (*integration.Integration, error) {
	var i integration.Integration
	return &i, row.Scan(integrationTargets(&i)...)
}

// Integration implements integration.Reader.
func (r integrationReader) Integration(ctx context.Context, guid string) (*integration.Integration, error) {
	return one(ctx, r.q, "read integration", selectIntegration+`WHERE i.guid = $1`, []any{guid}, scanIntegration)
}

// Integrations implements integration.Reader.
func (r integrationReader) Integrations(ctx context.Context) ([]*integration.Integration, error) {
	return list(ctx, r.q, "list integrations", selectIntegration+`ORDER BY i.id`, nil, scanIntegration)
}

// InsertIntegration implements integration.Tx.
func (t *integrationTx) InsertIntegration(ctx context.Context, i *integration.Integration) (err error) {
	if i.ID, err = t.tx.nextID(ctx, "integrations"); err != nil {
		return err
	}
	_, err = exec(ctx, t.q, "insert integration", `INSERT INTO oauth_integrations
		(guid, id, name, description, template, config, secret, created, updated) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		integrationTargets(i)...)
	return err
}

// UpdateIntegration implements integration.Tx.
func (t *integrationTx) UpdateIntegration(ctx context.Context, i *integration.Integration) error {
	return execOne(ctx, t.q, "update integration",
		`UPDATE oauth_integrations SET name = $2, description = $3, config = $4, secret = $5, updated = $6 WHERE guid = $1`,
		i.GUID, i.Name, i.Description, jsonText{i.Config}, i.Secret, stamp(&i.UpdatedTime))
}

// DeleteIntegration implements integration.Tx. Foreign keys delete the rows that refer to the integration.
func (t *integrationTx) DeleteIntegration(ctx context.Context, guid string) error {
	return execOne(ctx, t.q, "delete integration", `DELETE FROM oauth_integrations WHERE guid = $1`, guid)
}

const selectAssociations = `SELECT ` + integrationColumns + `, a.content_guid, a.created
	FROM oauth_associations a JOIN oauth_integrations i ON i.guid = a.integration_guid `

func scanAssociation(row scanner) (a integration.Association, err error) {
	return a, row.Scan(append(integrationTargets(&a.Integration), &a.ContentGUID, stamp(&a.CreatedTime))...)
}

// Associations implements integration.Reader.
func (r integrationReader) Associations(ctx context.Context, content string) ([]integration.Association, error) {
	return list(ctx, r.q, "list associations", selectAssociations+`WHERE a.content_guid = $1 ORDER BY i.id`, []any{content}, scanAssociation)
}

// AssociationsOf implements integration.Reader.
func (r integrationReader) AssociationsOf(ctx context.Context, guid string) ([]integration.Association, error) {
	return list(ctx, r.q, "list associations", selectAssociations+`WHERE a.integration_guid = $1 ORDER BY a.created, a.content_guid`,
		[]any{guid}, scanAssociation)
}

// InsertAssociation implements integration.Tx.
func (t *integrationTx) InsertAssociation(ctx context.Context, content, guid string, created time.Time) error {
	_, err := exec(ctx, t.q, "insert association",
		`INSERT INTO oauth_associations (content_guid, integration_guid, created) VALUES ($1, $2, $3)`, content, guid, stamp(&created))
	return err
}

// DeleteAssociations implements integration.Tx.
func (t *integrationTx) DeleteAssociations(ctx context.Context, content string) error {
	_, err := exec(ctx, t.q, "delete associations", `DELETE FROM oauth_associations WHERE content_guid = $1`, content)
	return err
}
