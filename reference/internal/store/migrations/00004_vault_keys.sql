-- +goose Up
-- The ids of the keys that sealed what is stored here. They tell nothing of the keys.
CREATE TABLE vault_keys (
    id TEXT PRIMARY KEY
);

-- +goose Down
DROP TABLE vault_keys;
