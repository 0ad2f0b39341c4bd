-- Second factors: authenticator apps, recovery codes, and the second step of signing in.

-- Whether an account has one. It changes together with what it is about, in the same transaction, and with the version.
-- A password that is one of two factors may be shorter than one that must do alone; the last factor is not turned off then.
ALTER TABLE users ADD COLUMN mfa_enabled boolean NOT NULL DEFAULT false;
ALTER TABLE users ADD COLUMN password_short boolean NOT NULL DEFAULT false;
GRANT SELECT (mfa_enabled, password_short), UPDATE (mfa_enabled, password_short) ON users TO rollcall_app;

---------------------------------------------------------------------------------------------------
-- What accounts have
---------------------------------------------------------------------------------------------------

-- One authenticator app at the most. Until a code confirms it, it opens nothing.
CREATE TABLE totp_seeds (
    user_id      uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    -- Sealed by the keyring, for this account alone.
    seed         bytea       NOT NULL,
    created_at   timestamptz NOT NULL,
    -- Where it was shown, and until when it waits for its first code.
    session_id   uuid,
    expires_at   timestamptz,
    confirmed_at timestamptz,
    -- The step of the code that was accepted last: no code of it, or of one before, is accepted again.
    last_step    bigint,
    PRIMARY KEY (user_id),
    CHECK ((confirmed_at IS NULL) = (last_step IS NULL)),
    CHECK ((confirmed_at IS NULL) = (expires_at IS NOT NULL)),
    CHECK ((confirmed_at IS NULL) = (session_id IS NOT NULL))
);
CREATE INDEX totp_seeds_expired ON totp_seeds (expires_at) WHERE expires_at IS NOT NULL;

-- SHA-256 of codes of 125 random bits, which need neither salt nor key. A code that was used is gone.
CREATE TABLE recovery_codes (
    user_id    uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    code_hash  bytea       NOT NULL CHECK (octet_length(code_hash) = 32),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);

---------------------------------------------------------------------------------------------------
-- Between the password and the second factor
---------------------------------------------------------------------------------------------------

CREATE TABLE mfa_challenges (
    challenge_id  uuid        NOT NULL,
    token_hash    bytea       NOT NULL CHECK (octet_length(token_hash) = 32),
    user_id       uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    -- The account as it was when its password was checked: whatever changes it makes the challenge worthless.
    user_version  integer     NOT NULL,
    -- Where the session is to work. Whether its owner is there is looked at when it opens.
    wanted_org_id uuid,
    wrong_codes   smallint    NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    PRIMARY KEY (challenge_id),
    CONSTRAINT mfa_challenges_token_unique UNIQUE (token_hash)
);
CREATE INDEX mfa_challenges_of_account ON mfa_challenges (user_id);
CREATE INDEX mfa_challenges_expired ON mfa_challenges (expires_at);

GRANT SELECT, INSERT, DELETE ON totp_seeds TO rollcall_app;
GRANT UPDATE (seed, created_at, session_id, expires_at, confirmed_at, last_step) ON totp_seeds TO rollcall_app;
GRANT SELECT, INSERT, DELETE ON recovery_codes TO rollcall_app;
GRANT INSERT, DELETE ON mfa_challenges TO rollcall_app;
GRANT SELECT (challenge_id, user_id, user_version, wanted_org_id, wrong_codes, created_at, expires_at)
    ON mfa_challenges TO rollcall_app;
GRANT UPDATE (wrong_codes) ON mfa_challenges TO rollcall_app;

ALTER TABLE totp_seeds     ENABLE ROW LEVEL SECURITY;
ALTER TABLE totp_seeds     FORCE  ROW LEVEL SECURITY;
ALTER TABLE recovery_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE recovery_codes FORCE  ROW LEVEL SECURITY;
ALTER TABLE mfa_challenges ENABLE ROW LEVEL SECURITY;
ALTER TABLE mfa_challenges FORCE  ROW LEVEL SECURITY;
CREATE POLICY own_account ON totp_seeds TO rollcall_app
    USING (user_id = NULLIF(current_setting('rollcall.user_id', true), '')::uuid);
CREATE POLICY own_account ON recovery_codes TO rollcall_app
    USING (user_id = NULLIF(current_setting('rollcall.user_id', true), '')::uuid);
CREATE POLICY own_account ON mfa_challenges TO rollcall_app
    USING (user_id = NULLIF(current_setting('rollcall.user_id', true), '')::uuid);
CREATE POLICY task ON totp_seeds TO rollcall_app USING (current_setting('rollcall.task', true) = 'second_factors');
CREATE POLICY task ON mfa_challenges TO rollcall_app USING (current_setting('rollcall.task', true) = 'second_factors');

GRANT SELECT ON mfa_challenges TO rollcall_directory;
CREATE POLICY directory ON mfa_challenges FOR SELECT TO rollcall_directory USING (true);

-- The challenge of a token, and the organization that its account worked in last.
CREATE FUNCTION directory_mfa_challenge(wanted_hash bytea)
RETURNS TABLE (challenge_id uuid, user_id uuid, user_version integer, wanted_org_id uuid, wrong_codes smallint,
               expires_at timestamptz, home_org_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.challenge_id, c.user_id, c.user_version, c.wanted_org_id, c.wrong_codes, c.expires_at,
           (SELECT m.org_id FROM members m JOIN organizations o ON o.org_id = m.org_id
             WHERE m.user_id = u.user_id AND o.deleted_at IS NULL
             ORDER BY COALESCE(m.last_seen_at, m.joined_at) DESC, m.org_id LIMIT 1)
      FROM mfa_challenges c JOIN users u ON u.user_id = c.user_id
     WHERE c.token_hash = wanted_hash AND u.status = 'active';
END
$$;

ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check
    CHECK (kind IN ('confirm_signup', 'invitation', 'password_reset', 'password_changed', 'organization_deleted',
                    'email_change', 'email_change_requested', 'email_changed', 'account_deleted', 'failed_sign_ins',
                    'mfa_enabled', 'mfa_disabled', 'recovery_code_used', 'recovery_codes_renewed',
                    'passkey_added', 'passkey_removed', 'mfa_reset', 'mfa_required', 'mfa_reminder'));

---------------------------------------------------------------------------------------------------
-- Whether there is a second factor is known with the account
---------------------------------------------------------------------------------------------------

DROP FUNCTION directory_credentials(text);
CREATE FUNCTION directory_credentials(wanted_key text)
RETURNS TABLE (user_id uuid, email text, name text, locale text, time_zone text, status text,
               created_at timestamptz, mfa_enabled boolean, version integer, password_hash text, org_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT u.user_id, u.email, u.name, u.locale, u.time_zone, u.status, u.created_at, u.mfa_enabled, u.version,
           u.password_hash,
           (SELECT m.org_id FROM members m JOIN organizations o ON o.org_id = m.org_id
             WHERE m.user_id = u.user_id AND o.deleted_at IS NULL
             ORDER BY COALESCE(m.last_seen_at, m.joined_at) DESC, m.org_id LIMIT 1)
      FROM users u
     WHERE u.email_key = wanted_key;
END
$$;

DROP FUNCTION directory_session(bytea);
CREATE FUNCTION directory_session(wanted_hash bytea)
RETURNS TABLE (session_id uuid, authenticated_at timestamptz, last_seen_at timestamptz, expires_at timestamptz,
               user_id uuid, email text, user_name text, locale text, time_zone text, status text,
               user_created_at timestamptz, mfa_enabled boolean, user_version integer,
               org_id uuid, org_name text, slug text, plan text, org_created_at timestamptz,
               org_version integer, role text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.session_id, s.authenticated_at, s.last_seen_at, s.expires_at,
           u.user_id, u.email, u.name, u.locale, u.time_zone, u.status, u.created_at, u.mfa_enabled, u.version,
           o.org_id, o.name, o.slug, o.plan, o.created_at, o.version, m.role
      FROM sessions s
      JOIN users u ON u.user_id = s.user_id
      LEFT JOIN members m ON m.org_id = s.org_id AND m.user_id = s.user_id
      LEFT JOIN organizations o ON o.org_id = m.org_id
     WHERE s.token_hash = wanted_hash;
END
$$;

REVOKE ALL ON FUNCTION directory_credentials(text), directory_session(bytea), directory_mfa_challenge(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory_credentials(text), directory_session(bytea), directory_mfa_challenge(bytea) TO rollcall_app;
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION directory_credentials(text) OWNER TO rollcall_directory;
ALTER FUNCTION directory_mfa_challenge(bytea) OWNER TO rollcall_directory;
ALTER FUNCTION directory_session(bytea) OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;
