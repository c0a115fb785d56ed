-- +goose Up
CREATE TABLE sequences (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
CREATE TABLE users (
    guid       TEXT PRIMARY KEY,
    id         BIGINT NOT NULL UNIQUE,
    unique_id  TEXT NOT NULL UNIQUE,
    username   TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name  TEXT NOT NULL,
    email      TEXT NOT NULL,
    role       TEXT NOT NULL,
    confirmed  BOOLEAN NOT NULL,
    locked     BOOLEAN NOT NULL,
    created    BIGINT NOT NULL,
    updated    BIGINT NOT NULL,
    active     BIGINT NOT NULL,
    credential TEXT NOT NULL
);
CREATE INDEX users_username ON users (username);
CREATE INDEX users_role ON users (role);
CREATE INDEX users_listing ON users (first_name, last_name, username, email);
CREATE TABLE groups (
    guid       TEXT PRIMARY KEY,
    id         BIGINT NOT NULL UNIQUE,
    unique_id  TEXT UNIQUE,
    name       TEXT NOT NULL,
    owner_guid TEXT REFERENCES users (guid) ON DELETE SET NULL,
    created    BIGINT NOT NULL
);
CREATE INDEX groups_name ON groups (name);
CREATE INDEX groups_owner ON groups (owner_guid);
CREATE TABLE group_members (
    group_guid TEXT NOT NULL REFERENCES groups (guid) ON DELETE CASCADE,
    user_guid  TEXT NOT NULL REFERENCES users (guid) ON DELETE CASCADE,
    PRIMARY KEY (group_guid, user_guid)
);
CREATE INDEX group_members_user ON group_members (user_guid);
CREATE TABLE sessions (
    id             TEXT PRIMARY KEY,
    user_guid      TEXT NOT NULL REFERENCES users (guid) ON DELETE CASCADE,
    xsrf           TEXT NOT NULL,
    headers_digest TEXT NOT NULL,
    created        BIGINT NOT NULL,
    expires        BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_guid);
CREATE INDEX sessions_expires ON sessions (expires);
CREATE TABLE api_keys (
    id           BIGINT PRIMARY KEY,
    kind         TEXT NOT NULL,
    user_guid    TEXT NOT NULL REFERENCES users (guid) ON DELETE CASCADE,
    content_guid TEXT NOT NULL,
    name         TEXT NOT NULL,
    hash         TEXT NOT NULL UNIQUE,
    tail         TEXT NOT NULL,
    role         TEXT NOT NULL,
    created      BIGINT NOT NULL,
    used         BIGINT NOT NULL,
    expires      BIGINT NOT NULL
);
CREATE INDEX api_keys_expiry ON api_keys (kind, expires);
CREATE INDEX api_keys_user ON api_keys (user_guid);
CREATE INDEX api_keys_content ON api_keys (content_guid);

-- +goose Down
DROP TABLE api_keys;
DROP TABLE sessions;
DROP TABLE group_members;
DROP TABLE groups;
DROP TABLE users;
DROP TABLE sequences;
