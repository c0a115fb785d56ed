-- +goose Up
CREATE TABLE content_items (
    guid        TEXT PRIMARY KEY,
    id          BIGINT NOT NULL UNIQUE,
    owner_guid  TEXT NOT NULL REFERENCES users (guid),
    name        TEXT NOT NULL,
    title       TEXT NOT NULL,
    description TEXT NOT NULL,
    access_type TEXT NOT NULL,
    app_mode    TEXT NOT NULL,
    bundle_id   BIGINT NOT NULL,
    settings    TEXT NOT NULL,
    created     BIGINT NOT NULL,
    deployed    BIGINT NOT NULL,
    UNIQUE (owner_guid, name)
);
CREATE INDEX content_items_name ON content_items (name);
CREATE TABLE content_permissions (
    id             BIGINT PRIMARY KEY,
    content_guid   TEXT NOT NULL REFERENCES content_items (guid) ON DELETE CASCADE,
    principal_guid TEXT NOT NULL,
    principal_type TEXT NOT NULL,
    role           TEXT NOT NULL,
    UNIQUE (content_guid, principal_type, principal_guid)
);
CREATE INDEX content_permissions_principal ON content_permissions (principal_type, principal_guid);
CREATE TABLE content_bundles (
    id           BIGINT PRIMARY KEY,
    content_guid TEXT NOT NULL REFERENCES content_items (guid) ON DELETE CASCADE,
    created_by   TEXT NOT NULL,
    created      BIGINT NOT NULL,
    size         BIGINT NOT NULL,
    md5          TEXT NOT NULL,
    sha1         TEXT NOT NULL,
    metadata     TEXT NOT NULL
);
CREATE INDEX content_bundles_content ON content_bundles (content_guid, id);
-- Apart from the bundles, so that a list of bundles never reads archives.
CREATE TABLE content_archives (
    bundle_id BIGINT PRIMARY KEY REFERENCES content_bundles (id) ON DELETE CASCADE,
    archive   BYTEA NOT NULL
);
CREATE TABLE content_renders (
    content_guid TEXT PRIMARY KEY REFERENCES content_items (guid) ON DELETE CASCADE,
    bundle_id    BIGINT NOT NULL,
    body         BYTEA NOT NULL,
    created      BIGINT NOT NULL
);
CREATE TABLE content_shares (
    guid         TEXT PRIMARY KEY,
    content_guid TEXT NOT NULL REFERENCES content_items (guid) ON DELETE CASCADE,
    token_hash   TEXT NOT NULL UNIQUE,
    created_by   TEXT NOT NULL,
    created      BIGINT NOT NULL
);
CREATE INDEX content_shares_content ON content_shares (content_guid);
-- A row lives as long as the process or render does: its tokens hold exactly that long.
CREATE TABLE content_executions (
    id           TEXT PRIMARY KEY,
    content_guid TEXT NOT NULL REFERENCES content_items (guid) ON DELETE CASCADE,
    owner_guid   TEXT NOT NULL,
    bundle_id    BIGINT NOT NULL,
    node         TEXT NOT NULL,
    class        TEXT NOT NULL,
    key_id       BIGINT REFERENCES api_keys (id) ON DELETE CASCADE,
    session_hash TEXT NOT NULL UNIQUE,
    started      BIGINT NOT NULL
);
CREATE INDEX content_executions_content ON content_executions (content_guid);
CREATE INDEX content_executions_key ON content_executions (key_id);
CREATE INDEX content_executions_node ON content_executions (node);
CREATE TABLE content_tasks (
    id           TEXT PRIMARY KEY,
    user_guid    TEXT NOT NULL,
    content_guid TEXT NOT NULL REFERENCES content_items (guid) ON DELETE CASCADE,
    node         TEXT NOT NULL,
    output       TEXT NOT NULL,
    finished     BOOLEAN NOT NULL,
    code         BIGINT NOT NULL,
    error        TEXT NOT NULL,
    created      BIGINT NOT NULL
);
CREATE INDEX content_tasks_content ON content_tasks (content_guid);
CREATE INDEX content_tasks_node ON content_tasks (node, finished);

CREATE TABLE oauth_integrations (
    guid        TEXT PRIMARY KEY,
    id          BIGINT NOT NULL UNIQUE,
    name        TEXT,
    description TEXT,
    template    TEXT NOT NULL,
    config      TEXT NOT NULL,
    secret      TEXT NOT NULL,
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL
);
CREATE TABLE oauth_associations (
    content_guid     TEXT NOT NULL REFERENCES content_items (guid) ON DELETE CASCADE,
    integration_guid TEXT NOT NULL REFERENCES oauth_integrations (guid) ON DELETE CASCADE,
    created          BIGINT NOT NULL,
    PRIMARY KEY (content_guid, integration_guid)
);
CREATE INDEX oauth_associations_integration ON oauth_associations (integration_guid);
-- "An authenticated user in Connect can have only one OAuth session per Viewer OAuth integration."
CREATE TABLE oauth_sessions (
    guid             TEXT PRIMARY KEY,
    id               BIGINT NOT NULL UNIQUE,
    user_guid        TEXT NOT NULL REFERENCES users (guid) ON DELETE CASCADE,
    integration_guid TEXT NOT NULL REFERENCES oauth_integrations (guid) ON DELETE CASCADE,
    access_token     TEXT NOT NULL,
    refresh_token    TEXT NOT NULL,
    obtained         BIGINT NOT NULL,
    expires          BIGINT NOT NULL,
    revision         BIGINT NOT NULL,
    leased_until     BIGINT NOT NULL,
    created          BIGINT NOT NULL,
    updated          BIGINT NOT NULL,
    UNIQUE (user_guid, integration_guid)
);
CREATE INDEX oauth_sessions_integration ON oauth_sessions (integration_guid);
CREATE TABLE oauth_logins (
    state_hash       TEXT PRIMARY KEY,
    browser_hash     TEXT NOT NULL,
    user_guid        TEXT NOT NULL REFERENCES users (guid) ON DELETE CASCADE,
    integration_guid TEXT NOT NULL REFERENCES oauth_integrations (guid) ON DELETE CASCADE,
    verifier         TEXT NOT NULL,
    redirect_uri     TEXT NOT NULL,
    return_to        TEXT NOT NULL,
    seq              BIGINT NOT NULL,
    expires          BIGINT NOT NULL
);
CREATE INDEX oauth_logins_user ON oauth_logins (user_guid, integration_guid, seq);
CREATE INDEX oauth_logins_integration ON oauth_logins (integration_guid);
CREATE INDEX oauth_logins_expires ON oauth_logins (expires);

-- +goose Down
DROP TABLE oauth_logins;
DROP TABLE oauth_sessions;
DROP TABLE oauth_associations;
DROP TABLE oauth_integrations;
DROP TABLE content_tasks;
DROP TABLE content_executions;
DROP TABLE content_shares;
DROP TABLE content_renders;
DROP TABLE content_archives;
DROP TABLE content_bundles;
DROP TABLE content_permissions;
DROP TABLE content_items;
