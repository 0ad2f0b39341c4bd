-- The rest of a person's own account: another address, its end, and what is held about it.

GRANT UPDATE (email, email_key) ON users TO rollcall_app;
GRANT DELETE ON users TO rollcall_app;

---------------------------------------------------------------------------------------------------
-- Another address
---------------------------------------------------------------------------------------------------

-- Whether the new address has an account is only looked at when the mail is written, so that asking is the same for every
-- address. Wishes that were replaced or taken back are kept until they run out: the limit counts them.
CREATE TABLE email_changes (
    change_id  uuid        NOT NULL,
    user_id    uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    -- The one that it was asked for in; it may have ended since.
    session_id uuid        NOT NULL,
    email      text        NOT NULL,
    email_key  text        NOT NULL,
    open       boolean     NOT NULL DEFAULT true,
    token_hash bytea CHECK (octet_length(token_hash) = 32),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (change_id),
    CONSTRAINT email_changes_token_unique UNIQUE (token_hash),
    CHECK (token_hash IS NULL OR open)
);
-- The latest wins.
CREATE UNIQUE INDEX email_changes_open_unique ON email_changes (user_id) WHERE open;
CREATE INDEX email_changes_of_account ON email_changes (user_id, created_at);
CREATE INDEX email_changes_of_address ON email_changes (email_key);
CREATE INDEX email_changes_expired ON email_changes (expires_at);

GRANT INSERT, DELETE ON email_changes TO rollcall_app;
GRANT SELECT (change_id, user_id, session_id, email, email_key, open, created_at, expires_at) ON email_changes TO rollcall_app;
GRANT UPDATE (open, token_hash) ON email_changes TO rollcall_app;
ALTER TABLE email_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE email_changes FORCE  ROW LEVEL SECURITY;
CREATE POLICY task ON email_changes TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'email_changes');
CREATE POLICY own_account ON email_changes TO rollcall_app
    USING (user_id = NULLIF(current_setting('rollcall.user_id', true), '')::uuid);
CREATE POLICY own_address ON email_changes FOR SELECT TO rollcall_app
    USING (email_key = (SELECT u.email_key FROM users u
                         WHERE u.user_id = NULLIF(current_setting('rollcall.user_id', true), '')::uuid));
CREATE POLICY own_address_forgets ON email_changes FOR DELETE TO rollcall_app
    USING (email_key = (SELECT u.email_key FROM users u
                         WHERE u.user_id = NULLIF(current_setting('rollcall.user_id', true), '')::uuid));

GRANT SELECT ON email_changes TO rollcall_directory;
CREATE POLICY directory ON email_changes FOR SELECT TO rollcall_directory USING (true);

CREATE FUNCTION directory_email_change(wanted_hash bytea)
RETURNS TABLE (change_id uuid, user_id uuid, session_id uuid, email text, expires_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.change_id, c.user_id, c.session_id, c.email, c.expires_at
      FROM email_changes c JOIN users u ON u.user_id = c.user_id
     WHERE c.token_hash = wanted_hash AND u.status = 'active';
END
$$;

---------------------------------------------------------------------------------------------------
-- Letters to addresses that an account may not have any more by the time they are sent
---------------------------------------------------------------------------------------------------

-- A row is gone as soon as its letter is not tried again. It does not go with the account: its last letters are about that.
CREATE TABLE notices (
    notice_id uuid NOT NULL,
    user_id   uuid NOT NULL,
    email     text NOT NULL,
    name      text NOT NULL,
    PRIMARY KEY (notice_id)
);
GRANT SELECT, INSERT, DELETE ON notices TO rollcall_app;
ALTER TABLE notices ENABLE ROW LEVEL SECURITY;
ALTER TABLE notices FORCE  ROW LEVEL SECURITY;
CREATE POLICY task ON notices TO rollcall_app USING (current_setting('rollcall.task', true) = 'outbox');
CREATE POLICY own_account ON notices TO rollcall_app
    USING (user_id = NULLIF(current_setting('rollcall.user_id', true), '')::uuid);

ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check
    CHECK (kind IN ('confirm_signup', 'invitation', 'password_reset', 'password_changed', 'organization_deleted',
                    'email_change', 'email_change_requested', 'email_changed', 'account_deleted'));

---------------------------------------------------------------------------------------------------
-- What is held about an account in the audit logs
---------------------------------------------------------------------------------------------------

-- An id as audit events write it: a TypeID, 26 characters of five bits.
CREATE FUNCTION type_id(prefix text, id uuid) RETURNS text
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
    SELECT prefix || '_' || string_agg(
               substr('0123456789abcdefghjkmnpqrstvwxyz', 1 + substring(bits FROM 5 * n + 1 FOR 5)::bit(5)::integer, 1), '' ORDER BY n)
      FROM (SELECT B'00' || ('x' || replace(id::text, '-', ''))::bit(128)) AS of_id (bits), generate_series(0, 25) AS n
$$;

CREATE INDEX audit_events_by_actor ON audit_events (actor_id, written) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_events_on_target ON audit_events (target_id, written) WHERE target_id IS NOT NULL;
CREATE INDEX audit_events_naming ON audit_events ((personal #>> '{email,value}')) WHERE personal ? 'email';
CREATE INDEX audit_events_naming_before ON audit_events ((personal #>> '{email_before,value}'))
    WHERE personal ? 'email_before';

-- An account sees the events that it made happen, or that happened to it, in whichever log.
CREATE POLICY own_account ON audit_events FOR SELECT TO rollcall_app
    USING (actor_id = (SELECT type_id('user', NULLIF(current_setting('rollcall.user_id', true), '')::uuid))
        OR target_id = (SELECT type_id('user', NULLIF(current_setting('rollcall.user_id', true), '')::uuid)));

---------------------------------------------------------------------------------------------------
-- The end of an account. Each function is about the account of the scope, and takes no other.
---------------------------------------------------------------------------------------------------

GRANT SELECT, UPDATE (personal) ON audit_events TO rollcall_directory;
GRANT UPDATE (email, email_key, version) ON invitations TO rollcall_directory;
CREATE POLICY directory ON audit_events FOR SELECT TO rollcall_directory USING (true);
CREATE POLICY directory_erasure ON audit_events FOR UPDATE TO rollcall_directory USING (true);
CREATE POLICY directory_erasure ON invitations  FOR UPDATE TO rollcall_directory USING (true);
GRANT DELETE ON signups, password_resets, email_changes TO rollcall_directory;
CREATE POLICY directory_erasure ON signups         FOR DELETE TO rollcall_directory USING (true);
CREATE POLICY directory_erasure ON password_resets FOR DELETE TO rollcall_directory USING (true);
CREATE POLICY directory_erasure ON email_changes   FOR DELETE TO rollcall_directory USING (true);

-- How many Owners there are in each organization that the account is in.
CREATE FUNCTION directory_owners() RETURNS TABLE (org_id uuid, owners bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT m.org_id, (SELECT count(*) FROM members o WHERE o.org_id = m.org_id AND o.role = 'owner')
      FROM members m
     WHERE m.user_id = NULLIF(current_setting('rollcall.user_id', true), '')::uuid;
END
$$;

-- The account's addresses: the one it has, and those that it had before and that nobody else has now.
CREATE FUNCTION account_addresses() RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT array_agg(a.address)
      FROM (SELECT u.email_key FROM users u
             WHERE u.user_id = NULLIF(current_setting('rollcall.user_id', true), '')::uuid
             UNION
            SELECT e.personal #>> '{email_before,value}' FROM audit_events e
             WHERE e.target_id = type_id('user', NULLIF(current_setting('rollcall.user_id', true), '')::uuid)
               AND e.action = 'account.email_changed' AND e.outcome = 'success' AND e.personal ? 'email_before'
               AND NOT EXISTS (SELECT FROM users o WHERE o.email_key = e.personal #>> '{email_before,value}')) a (address)
$$;

-- The open invitations to the account's addresses, locked.
CREATE FUNCTION directory_invitations_to_account() RETURNS TABLE (org_id uuid, invitation_id uuid, role text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT i.org_id, i.invitation_id, i.role
      FROM invitations i
     WHERE i.email_key = ANY (account_addresses()) AND i.state = 'pending'
     ORDER BY i.org_id, i.invitation_id
       FOR UPDATE;
END
$$;
CREATE INDEX invitations_to_address ON invitations (email_key);

-- Erases what identifies the account's person: in the audit logs, from where they acted and what events say of them; in
-- invitations to them, the address. What waits for their addresses is forgotten. What events say of others stays.
CREATE FUNCTION erase_account() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    them      text   := type_id('user', NULLIF(current_setting('rollcall.user_id', true), '')::uuid);
    addresses text[] := account_addresses();
    invited   text[] := ARRAY(SELECT type_id('inv', i.invitation_id) FROM invitations i
                               WHERE i.email_key = ANY (addresses) AND i.state <> 'pending');
BEGIN
    UPDATE audit_events e
       SET personal = COALESCE(
               (SELECT jsonb_object_agg(p.field, p.kept)
                  FROM jsonb_each(e.personal) p (field, kept)
                 WHERE CASE WHEN p.field IN ('ip', 'user_agent')
                            -- About whoever acted; nobody we know may well have been them.
                            THEN e.actor_id IS NOT NULL AND e.actor_id <> them
                            ELSE e.target_id IS DISTINCT FROM them
                                 AND NOT COALESCE(e.target_id = ANY (invited), false)
                                 AND p.kept ->> 'value' <> ALL (addresses)
                       END), '{}')
     WHERE e.personal <> '{}'
       AND (e.actor_id = them OR e.target_id = them OR e.target_id = ANY (invited)
            OR (e.personal ? 'email' AND e.personal #>> '{email,value}' = ANY (addresses))
            OR (e.personal ? 'email_before' AND e.personal #>> '{email_before,value}' = ANY (addresses)));
    UPDATE invitations i SET email = 'erased@rollcall.invalid', email_key = 'erased@rollcall.invalid', version = version + 1
     WHERE i.email_key = ANY (addresses) AND i.state <> 'pending';
    DELETE FROM signups s WHERE s.email_key = ANY (addresses);
    DELETE FROM password_resets r WHERE r.email_key = ANY (addresses);
    DELETE FROM email_changes c WHERE c.email_key = ANY (addresses);
END
$$;

-- What is written in the audit log stays written, whoever asks. The one exception: what identifies a person may be erased, field
-- by field, by `erase_account`. The leaf, which holds a promise of each field, stays.
CREATE FUNCTION audit_log_only_forgets_persons() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_user = 'rollcall_directory'
        AND to_jsonb(NEW) - 'personal' = to_jsonb(OLD) - 'personal'
        AND jsonb_typeof(NEW.personal) = 'object'
        AND NOT EXISTS (SELECT FROM jsonb_each(NEW.personal) p WHERE p.value IS DISTINCT FROM OLD.personal -> p.key)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
DROP TRIGGER audit_events_append_only ON audit_events;
CREATE TRIGGER audit_events_append_only BEFORE DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();
CREATE TRIGGER audit_events_only_forget_persons BEFORE UPDATE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION audit_log_only_forgets_persons();

---------------------------------------------------------------------------------------------------
-- Who may call, and who owns, the functions
---------------------------------------------------------------------------------------------------

REVOKE ALL ON FUNCTION directory_email_change(bytea), directory_owners(), directory_invitations_to_account(),
    account_addresses(), erase_account(), type_id(text, uuid), audit_log_only_forgets_persons() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory_email_change(bytea), directory_owners(), directory_invitations_to_account(),
    erase_account(), type_id(text, uuid) TO rollcall_app;
GRANT EXECUTE ON FUNCTION type_id(text, uuid), account_addresses() TO rollcall_directory;
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION directory_email_change(bytea) OWNER TO rollcall_directory;
ALTER FUNCTION directory_owners() OWNER TO rollcall_directory;
ALTER FUNCTION directory_invitations_to_account() OWNER TO rollcall_directory;
ALTER FUNCTION erase_account() OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;
