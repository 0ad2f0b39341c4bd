-- What the keyring has sealed moves to its newest key: the secrets of webhooks too.

GRANT UPDATE (secret) ON audit_witnesses TO rollcall_app;
