package reference

import (
	"context"
	_ "embed" // for the document
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
	"countersign/reference/internal/integration"
	"countersign/reference/internal/store"
	"countersign/reference/internal/vault"
	"countersign/reference/internal/web"
)

// document describes the HTTP interface as OpenAPI.
//
//go:embed openapi.yaml
var document []byte

// assemble creates the services and the HTTP server.
func (s *Server) assemble(ctx context.Context, c Config) error {
	accounts := s.accounts()
	items, err := s.content(ctx, c, accounts)
	if err != nil {
		return err
	}
	s.closers.add(func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, stopGrace)
		defer cancel()
		return items.Close(ctx)
	})
	integrations, err := s.integrations(ctx, items)
	if err != nil {
		return err
	}
	s.serve(web.New(web.Options{
		Config: s.cfg, Log: s.log, Now: time.Now, Base: s.Base(), Accounts: accounts,
		Content: items, Integrations: integrations, Document: document,
	}))
	return nil
}

// content creates the service of content.
func (s *Server) content(ctx context.Context, c Config, accounts *account.Service) (*content.Service, error) {
	var app *url.URL
	if c.AppURL != "" {
		var err error
		if app, err = url.Parse(c.AppURL); err != nil || app.Host == "" || app.Scheme != "http" && app.Scheme != "https" {
			return nil, &ConfigError{[]string{"--app-url: wants an http or https URL"}}
		}
	}
	node, err := lockNode(s.cfg.Server.DataDir)
	if err != nil {
		return nil, err
	}
	s.closers.addCloser(node)
	return content.New(ctx, content.Options{
		Store: s.store.Content(), Accounts: accounts, DataDir: s.cfg.Server.DataDir, Node: node.id,
		Server: s.Base(), Command: c.Runtime, App: app, Now: time.Now, Log: s.log,
	})
}

// integrations creates the service of OAuth integrations, with the keys that seal their tokens.
func (s *Server) integrations(ctx context.Context, items *content.Service) (*integration.Service, error) {
	keys, err := vault.OpenDir(s.cfg.Server.DataDir)
	if err != nil {
		return nil, err
	}
	err = s.store.UseVaultKey(ctx, keys.ID(), keys.Has)
	if errors.Is(err, store.ErrOtherKeys) {
		return nil, fmt.Errorf("%w than those in %s: copy the %s of a server that uses this database, or put the old one back", err,
			filepath.Join(s.cfg.Server.DataDir, vault.FileName), vault.FileName)
	}
	if err != nil {
		return nil, err
	}
	return integration.New(integration.Options{
		Store: s.store.Integrations(), Vault: keys, Log: s.log, Content: items,
	})
}
