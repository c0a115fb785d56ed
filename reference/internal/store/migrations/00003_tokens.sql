-- +goose Up
CREATE TABLE deployment_tokens (
    token      TEXT PRIMARY KEY,
    public_key TEXT NOT NULL,
    user_guid  TEXT REFERENCES users (guid) ON DELETE CASCADE,
    created    BIGINT NOT NULL,
    claimed    BIGINT NOT NULL
);
CREATE INDEX deployment_tokens_user ON deployment_tokens (user_guid, created);

-- +goose Down
DROP TABLE deployment_tokens;
