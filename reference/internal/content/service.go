package content

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"time"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content/execution"
)

// Options configures a Service. Store, Accounts and DataDir are required.
type Options struct {
	Store    Store
	Accounts *account.Service
	DataDir  string   // bundles are unpacked in it, and executions have their folders in it
	Node     string   // identifies this node among those that share the store
	Server   string   // the public address of the server, with a trailing slash
	Command  []string // executes content; empty means execution.DefaultProgram
	App      *url.URL // an app that replaces the processes; see execution.Options
	Now      func() time.Time
	Log      *slog.Logger
}

// Service enforces the rules of content and executes it. It is safe for concurrent use. Close stops all executions.
type Service struct {
	store    Store
	accounts *account.Service
	runtime  *execution.Runtime
	folders  *folders
	archives *archives
	now      func() time.Time
	log      *slog.Logger
}

// New returns a Service. It first removes the data that an earlier process of this node left: executions, unfinished
// tasks and files. The data folder must belong to this node only.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{store: o.Store, accounts: o.Accounts, now: o.Now, log: o.Log}
	var err error
	if s.archives, err = newArchives(o.DataDir, o.Store); err != nil {
		return nil, err
	}
	if s.folders, err = newFolders(o.DataDir, s.archives); err != nil {
		return nil, err
	}
	s.runtime, err = execution.New(ctx, execution.Options{
		Store: o.Store, Keys: ownerKeys{o.Accounts}, DataDir: o.DataDir, Node: o.Node, Server: o.Server,
		Command: o.Command, App: o.App, Now: o.Now, Log: o.Log,
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Close stops all executions and tasks and waits for them until ctx is done.
func (s *Service) Close(ctx context.Context) error {
	return errors.Join(s.runtime.Close(ctx), s.archives.close())
}

// ownerKeys creates API keys of content in the name of its owner: "CONNECT_API_KEY" has the rights of the publisher.
// A key is bound to its item, so that processes of other items cannot use it in an exchange.
type ownerKeys struct{ accounts *account.Service }

// IssueContentKey implements execution.Keys.
func (k ownerKeys) IssueContentKey(ctx context.Context, owner, item string) (string, int64, error) {
	made, key, err := k.accounts.IssueContentKey(ctx, owner, item)
	return key, made.ID, err
}

// visitor returns the data of a user for decisions on access.
func (s *Service) visitor(ctx context.Context, by account.Actor) (Visitor, error) {
	if by.Anonymous() {
		return Visitor{}, nil
	}
	groups, err := s.accounts.GroupsOf(ctx, by.User.GUID)
	if err != nil {
		return Visitor{}, err
	}
	v := Visitor{UserGUID: by.User.GUID, Publisher: by.Role.AtLeast(account.Publisher), Admin: by.Role == account.Administrator}
	for _, g := range groups {
		v.Groups = append(v.Groups, g.GUID)
	}
	return v, nil
}

// Item returns an item without a check of permissions, or dberr.NotFound.
func (s *Service) Item(ctx context.Context, guid string) (*Item, error) {
	return s.store.Item(ctx, guid)
}

// Execution returns a running execution, or dberr.NotFound.
func (s *Service) Execution(ctx context.Context, id string) (*execution.Execution, error) {
	return s.store.Execution(ctx, id)
}

// ExecutionBySession returns the running execution with that hash of its session token, or dberr.NotFound.
func (s *Service) ExecutionBySession(ctx context.Context, hash string) (*execution.Execution, error) {
	return s.store.ExecutionBySession(ctx, hash)
}

// RoleOfUser returns the role of a user on an item. It is AppNone for a user who is locked or deleted.
func (s *Service) RoleOfUser(ctx context.Context, item *Item, guid string) (AppRole, error) {
	user, err := s.accounts.FindUser(ctx, guid)
	if errors.Is(err, account.ErrNoUser) || err == nil && user.Locked {
		return AppNone, nil
	}
	if err != nil {
		return AppNone, err
	}
	v, err := s.visitor(ctx, account.Actor{User: user, Role: user.Role})
	if err != nil {
		return AppNone, err
	}
	permissions, err := s.store.Permissions(ctx, item.GUID)
	if err != nil {
		return AppNone, err
	}
	return RoleOf(item, permissions, v), nil
}
