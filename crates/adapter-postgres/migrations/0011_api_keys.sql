-- API keys: programs at work in an organization. A key belongs to the organization, and goes on when whoever made it has left.

CREATE TABLE api_keys (
    org_id        uuid        NOT NULL REFERENCES organizations ON DELETE CASCADE,
    key_id        uuid        NOT NULL,
    -- How every secret of the key begins. It may be shown.
    prefix        text        NOT NULL CHECK (char_length(prefix) = 16),
    name          text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    scopes        text[]      NOT NULL CHECK (cardinality(scopes) > 0),
    created_by    uuid,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz,
    -- From anywhere when there are none.
    allowed_cidrs cidr[] CHECK (cardinality(allowed_cidrs) BETWEEN 1 AND 50),
    rate_requests integer CHECK (rate_requests > 0),
    rate_seconds  integer CHECK (rate_seconds > 0),
    last_used_at  timestamptz,
    last_used_ip  inet,
    revoked_at    timestamptz,
    version       integer     NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, key_id),
    CONSTRAINT api_keys_id_unique UNIQUE (key_id),
    CONSTRAINT api_keys_prefix_unique UNIQUE (prefix),
    FOREIGN KEY (org_id, created_by) REFERENCES members (org_id, user_id) ON DELETE SET NULL (created_by),
    CHECK ((rate_requests IS NULL) = (rate_seconds IS NULL))
);
CREATE INDEX api_keys_creator ON api_keys (org_id, created_by);
CREATE INDEX api_keys_not_revoked ON api_keys (org_id) WHERE revoked_at IS NULL;

-- What opens a key. For a while after a new secret was made the one before works too.
CREATE TABLE api_key_secrets (
    org_id      uuid  NOT NULL,
    key_id      uuid  NOT NULL,
    -- A digest by a key of the keyring, with the id of that key in front.
    secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 33),
    -- Until when it works; as long as the key does when nothing is said.
    works_until timestamptz,
    PRIMARY KEY (org_id, key_id, secret_hash),
    CONSTRAINT api_key_secrets_hash_unique UNIQUE (secret_hash),
    FOREIGN KEY (org_id, key_id) REFERENCES api_keys (org_id, key_id) ON DELETE CASCADE
);
-- Of a key one secret is the present one, and at most one was before.
CREATE UNIQUE INDEX api_key_secrets_present_unique ON api_key_secrets (org_id, key_id) WHERE works_until IS NULL;
CREATE UNIQUE INDEX api_key_secrets_previous_unique ON api_key_secrets (org_id, key_id) WHERE works_until IS NOT NULL;

GRANT SELECT, INSERT ON api_keys TO rollcall_app;
GRANT UPDATE (name, scopes, created_by, expires_at, allowed_cidrs, rate_requests, rate_seconds, revoked_at, version)
    ON api_keys TO rollcall_app;
GRANT INSERT, DELETE ON api_key_secrets TO rollcall_app;
GRANT SELECT (org_id, key_id, works_until), UPDATE (works_until) ON api_key_secrets TO rollcall_app;
ALTER TABLE api_keys        ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys        FORCE  ROW LEVEL SECURITY;
ALTER TABLE api_key_secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_key_secrets FORCE  ROW LEVEL SECURITY;
CREATE POLICY own_organization ON api_keys TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY own_organization ON api_key_secrets TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);

---------------------------------------------------------------------------------------------------
-- Nodes keep keys that they have looked up for a moment, and hear on the channel of sessions when one changes
---------------------------------------------------------------------------------------------------

CREATE FUNCTION api_keys_changed() RETURNS trigger
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('rollcall_sessions', OLD.key_id::text);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION api_keys_changed() FROM PUBLIC;

-- When a key was last used, and who is asked about it, is nothing that it is checked against.
CREATE TRIGGER api_keys_changed
    AFTER DELETE OR UPDATE OF name, scopes, expires_at, allowed_cidrs, rate_requests, rate_seconds, revoked_at ON api_keys
    FOR EACH ROW EXECUTE FUNCTION api_keys_changed();
CREATE TRIGGER api_keys_changed AFTER DELETE OR UPDATE ON api_key_secrets
    FOR EACH ROW EXECUTE FUNCTION api_keys_changed();

---------------------------------------------------------------------------------------------------
-- From a key to its organization, and back to when it was last used
---------------------------------------------------------------------------------------------------

GRANT SELECT ON api_keys, api_key_secrets TO rollcall_directory;
GRANT UPDATE (last_used_at, last_used_ip) ON api_keys TO rollcall_directory;
CREATE POLICY directory ON api_keys        FOR SELECT TO rollcall_directory USING (true);
CREATE POLICY directory ON api_key_secrets FOR SELECT TO rollcall_directory USING (true);
CREATE POLICY directory_seen ON api_keys   FOR UPDATE TO rollcall_directory USING (true);

CREATE FUNCTION directory_api_key(wanted_hashes bytea[])
RETURNS TABLE (key_id uuid, prefix text, name text, scopes text[], created_by uuid, created_at timestamptz,
               expires_at timestamptz, allowed_cidrs text[], rate_requests integer, rate_seconds integer,
               revoked_at timestamptz, version integer, works_until timestamptz,
               org_id uuid, org_name text, slug text, plan text, org_created_at timestamptz, org_version integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT k.key_id, k.prefix, k.name, k.scopes, k.created_by, k.created_at, k.expires_at, k.allowed_cidrs::text[],
           k.rate_requests, k.rate_seconds, k.revoked_at, k.version, s.works_until,
           o.org_id, o.name, o.slug, o.plan, o.created_at, o.version
      FROM api_key_secrets s
      JOIN api_keys k ON k.org_id = s.org_id AND k.key_id = s.key_id
      JOIN organizations o ON o.org_id = k.org_id
     WHERE s.secret_hash = ANY (wanted_hashes) AND o.deleted_at IS NULL;
END
$$;

-- Rows that somebody else is changing are left alone: this is not worth waiting for, and the next use is noted as well.
CREATE FUNCTION directory_api_keys_used(used_keys uuid[], used_at timestamptz[], used_ips text[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH used AS (
        SELECT u.key_id, u.at, u.ip FROM unnest(used_keys, used_at, used_ips) AS u (key_id, at, ip)),
    free AS MATERIALIZED (
        SELECT f.key_id FROM api_keys f JOIN used ON used.key_id = f.key_id
         WHERE f.last_used_at IS NULL OR f.last_used_at < used.at
         ORDER BY f.key_id FOR UPDATE OF f SKIP LOCKED)
    UPDATE api_keys k SET last_used_at = used.at, last_used_ip = used.ip::inet
      FROM free JOIN used ON used.key_id = free.key_id
     WHERE k.key_id = free.key_id
$$;

---------------------------------------------------------------------------------------------------
-- The end of an organization
---------------------------------------------------------------------------------------------------

GRANT SELECT (org_id, key_id), DELETE ON api_keys TO rollcall_purge;
CREATE POLICY purge ON api_keys TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = api_keys.org_id));

CREATE OR REPLACE FUNCTION purge_rows(org uuid, as_of timestamptz, at_most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- A table that belongs to organizations goes on this list, before those that it refers to. What opens a key goes with it.
    tables CONSTANT text[] := ARRAY[
        ['mails', 'mail_id'], ['invitations', 'invitation_id'], ['api_keys', 'key_id'], ['audit_events', 'event_id'],
        ['sessions', 'session_id'], ['mfa_deadlines', 'user_id'], ['security_controls', 'control'],
        ['members', 'user_id']];
    entry text[];
    removed bigint;
BEGIN
    -- One at a time; and whoever wants to undo the deletion waits, and then finds that it has begun.
    PERFORM FROM organizations o WHERE o.org_id = org AND o.purge_at <= as_of FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    FOREACH entry SLICE 1 IN ARRAY tables LOOP
        EXECUTE format('DELETE FROM %1$I WHERE org_id = $1 AND %2$I IN (SELECT %2$I FROM %1$I WHERE org_id = $1 LIMIT $2)',
                       entry[1], entry[2]) USING org, at_most;
        GET DIAGNOSTICS removed = ROW_COUNT;
        IF removed > 0 THEN
            UPDATE organizations o
               SET purged = COALESCE(o.purged, '{}')
                            || jsonb_build_object(entry[1], COALESCE((o.purged ->> entry[1])::bigint, 0) + removed)
             WHERE o.org_id = org;
            RETURN removed;
        END IF;
    END LOOP;
    RETURN 0;
END
$$;

---------------------------------------------------------------------------------------------------
-- A key that somebody has found is told of to the Owners
---------------------------------------------------------------------------------------------------

ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check
    CHECK (kind IN ('confirm_signup', 'invitation', 'password_reset', 'password_changed', 'organization_deleted',
                    'email_change', 'email_change_requested', 'email_changed', 'account_deleted', 'failed_sign_ins',
                    'mfa_enabled', 'mfa_disabled', 'recovery_code_used', 'recovery_codes_renewed', 'passkey_added',
                    'passkey_removed', 'mfa_reset', 'mfa_required', 'mfa_reminder', 'api_key_reported'));

REVOKE ALL ON FUNCTION directory_api_key(bytea[]), directory_api_keys_used(uuid[], timestamptz[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory_api_key(bytea[]), directory_api_keys_used(uuid[], timestamptz[], text[]) TO rollcall_app;
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION directory_api_key(bytea[]) OWNER TO rollcall_directory;
ALTER FUNCTION directory_api_keys_used(uuid[], timestamptz[], text[]) OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;
