-- Passkeys: keys of devices that prove by themselves who their owners are, and the challenges that devices answer.

CREATE TABLE passkeys (
    user_id       uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    passkey_id    uuid        NOT NULL,
    -- The id by which the device knows it, which is unique among all accounts (WebAuthn Level 3, section 7.1).
    credential_id bytea       NOT NULL CHECK (octet_length(credential_id) BETWEEN 1 AND 1023),
    -- The public key and what else answers are checked against. No secret is in it.
    key           text        NOT NULL,
    counter       bigint      NOT NULL,
    backed_up     boolean     NOT NULL,
    name          text        NOT NULL,
    created_at    timestamptz NOT NULL,
    last_used_at  timestamptz,
    PRIMARY KEY (user_id, passkey_id),
    CONSTRAINT passkeys_credential_unique UNIQUE (credential_id)
);

-- A challenge is over with its first answer. Whose it is may not be known before.
CREATE TABLE passkey_ceremonies (
    challenge_hash bytea       NOT NULL CHECK (octet_length(challenge_hash) = 32),
    purpose        text        NOT NULL,
    user_id        uuid        REFERENCES users ON DELETE CASCADE,
    -- The session, or the sign-in that waits for its second step, that the answer is good for.
    bound_to       uuid,
    -- Sealed by the keyring.
    state          bytea       NOT NULL,
    expires_at     timestamptz NOT NULL,
    PRIMARY KEY (challenge_hash),
    CONSTRAINT passkey_ceremonies_purpose_check CHECK (
        CASE purpose
            WHEN 'sign_in' THEN user_id IS NULL AND bound_to IS NULL
            WHEN 'registration' THEN user_id IS NOT NULL AND bound_to IS NOT NULL
            WHEN 'elevation' THEN user_id IS NOT NULL AND bound_to IS NOT NULL
            WHEN 'second_step' THEN user_id IS NOT NULL AND bound_to IS NOT NULL
            ELSE false
        END)
);
CREATE INDEX passkey_ceremonies_of_account ON passkey_ceremonies (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX passkey_ceremonies_expired ON passkey_ceremonies (expires_at);

GRANT SELECT, INSERT, DELETE ON passkeys TO rollcall_app;
GRANT UPDATE (key, counter, backed_up, name, last_used_at) ON passkeys TO rollcall_app;
GRANT SELECT, INSERT, DELETE ON passkey_ceremonies TO rollcall_app;

ALTER TABLE passkeys           ENABLE ROW LEVEL SECURITY;
ALTER TABLE passkeys           FORCE  ROW LEVEL SECURITY;
ALTER TABLE passkey_ceremonies ENABLE ROW LEVEL SECURITY;
ALTER TABLE passkey_ceremonies FORCE  ROW LEVEL SECURITY;
CREATE POLICY own_account ON passkeys TO rollcall_app
    USING (user_id = NULLIF(current_setting('rollcall.user_id', true), '')::uuid);
CREATE POLICY task ON passkey_ceremonies TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'passkey_ceremonies');

GRANT SELECT ON passkeys TO rollcall_directory;
CREATE POLICY directory ON passkeys FOR SELECT TO rollcall_directory USING (true);

-- The passkey that a device knows by an id, and its account.
CREATE FUNCTION directory_passkey(wanted_credential bytea)
RETURNS TABLE (passkey_id uuid, key text, counter bigint, backed_up boolean,
               user_id uuid, email text, name text, locale text, time_zone text, status text,
               created_at timestamptz, mfa_enabled boolean, version integer, org_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT p.passkey_id, p.key, p.counter, p.backed_up,
           u.user_id, u.email, u.name, u.locale, u.time_zone, u.status, u.created_at, u.mfa_enabled, u.version,
           (SELECT m.org_id FROM members m JOIN organizations o ON o.org_id = m.org_id
             WHERE m.user_id = u.user_id AND o.deleted_at IS NULL
             ORDER BY COALESCE(m.last_seen_at, m.joined_at) DESC, m.org_id LIMIT 1)
      FROM passkeys p JOIN users u ON u.user_id = p.user_id
     WHERE p.credential_id = wanted_credential;
END
$$;
REVOKE ALL ON FUNCTION directory_passkey(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory_passkey(bytea) TO rollcall_app;
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION directory_passkey(bytea) OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;

ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check
    CHECK (kind IN ('confirm_signup', 'invitation', 'password_reset', 'password_changed', 'organization_deleted',
                    'email_change', 'email_change_requested', 'email_changed', 'account_deleted', 'failed_sign_ins',
                    'mfa_enabled', 'mfa_disabled', 'recovery_code_used', 'recovery_codes_renewed',
                    'passkey_added', 'passkey_removed', 'mfa_reset', 'mfa_required', 'mfa_reminder'));
