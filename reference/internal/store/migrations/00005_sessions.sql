-- +goose Up
-- The XSRF token of a session is derived from its cookie. The browsers of existing sessions have another token, which
-- the server does not accept any more, so that their users must sign in again.
DELETE FROM sessions;
ALTER TABLE sessions DROP COLUMN xsrf;
-- Each sign-in looks for sessions of the user beyond the newest 200.
DROP INDEX sessions_user;
CREATE INDEX sessions_user ON sessions (user_guid, created DESC, id);
-- Keys of this kind are not created any more.
DELETE FROM api_keys WHERE kind = 'visitor';
DROP INDEX api_keys_expiry;

-- +goose Down
CREATE INDEX api_keys_expiry ON api_keys (kind, expires);
DROP INDEX sessions_user;
CREATE INDEX sessions_user ON sessions (user_guid);
DELETE FROM sessions;
ALTER TABLE sessions ADD COLUMN xsrf TEXT NOT NULL DEFAULT '';
