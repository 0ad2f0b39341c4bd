-- Changing credentials: new passwords, forgotten passwords, fresh proofs of who somebody is.

GRANT UPDATE (password_hash) ON users TO rollcall_app;
GRANT UPDATE (authenticated_at) ON sessions TO rollcall_app;

-- Somebody says that they have forgotten the password of an address. Whether it has an account is only looked at when the
-- mail is written, so that asking is the same for every address.
CREATE TABLE password_resets (
    reset_id   uuid        NOT NULL,
    email      text        NOT NULL,
    email_key  text        NOT NULL,
    token_hash bytea CHECK (octet_length(token_hash) = 32),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (reset_id),
    CONSTRAINT password_resets_token_unique UNIQUE (token_hash)
);
CREATE INDEX password_resets_of_address ON password_resets (email_key, created_at);
CREATE INDEX password_resets_expired ON password_resets (expires_at);

GRANT INSERT, DELETE ON password_resets TO rollcall_app;
GRANT SELECT (reset_id, email, email_key, created_at, expires_at) ON password_resets TO rollcall_app;
GRANT UPDATE (token_hash) ON password_resets TO rollcall_app;
ALTER TABLE password_resets ENABLE ROW LEVEL SECURITY;
ALTER TABLE password_resets FORCE  ROW LEVEL SECURITY;
CREATE POLICY task ON password_resets TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'password_resets');
CREATE POLICY own_address ON password_resets TO rollcall_app
    USING (email_key = (SELECT u.email_key FROM users u
                         WHERE u.user_id = NULLIF(current_setting('rollcall.user_id', true), '')::uuid));

ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check
    CHECK (kind IN ('confirm_signup', 'invitation', 'password_reset', 'password_changed'));

GRANT SELECT ON password_resets TO rollcall_directory;
CREATE POLICY directory ON password_resets FOR SELECT TO rollcall_directory USING (true);

CREATE FUNCTION directory_password_reset(wanted_hash bytea)
RETURNS TABLE (reset_id uuid, user_id uuid, expires_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT r.reset_id, u.user_id, r.expires_at
      FROM password_resets r JOIN users u ON u.email_key = r.email_key
     WHERE r.token_hash = wanted_hash AND u.status = 'active';
END
$$;
REVOKE ALL ON FUNCTION directory_password_reset(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory_password_reset(bytea) TO rollcall_app;
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION directory_password_reset(bytea) OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;
