-- Keys that sign what others check on their own: access tokens. All nodes share them.

CREATE TABLE signing_keys (
    -- The thumbprint of the public key (RFC 7638).
    kid         text        NOT NULL,
    purpose     text        NOT NULL CHECK (purpose IN ('access_token')),
    public_key  bytea       NOT NULL CHECK (octet_length(public_key) = 32),
    -- Sealed by the keyring, for this row alone.
    private_key bytea       NOT NULL,
    created_at  timestamptz NOT NULL,
    signs_from  timestamptz NOT NULL,
    retires_at  timestamptz CHECK (retires_at > signs_from),
    PRIMARY KEY (kid)
);
-- Of a purpose one key has no end, whoever makes keys at the same time.
CREATE UNIQUE INDEX signing_keys_last_unique ON signing_keys (purpose) WHERE retires_at IS NULL;

GRANT SELECT, INSERT, DELETE ON signing_keys TO rollcall_app;
GRANT UPDATE (retires_at) ON signing_keys TO rollcall_app;
ALTER TABLE signing_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE signing_keys FORCE  ROW LEVEL SECURITY;
CREATE POLICY task ON signing_keys TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'signing_keys');
