-- The end of an organization: deleted, which can be undone for a while, and then purged.

-- Owns the two functions that remove what is over, audit log included. Nobody can log in as it.
DO $$
BEGIN
    BEGIN
        CREATE ROLE rollcall_purge NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    BEGIN
        EXECUTE format('GRANT rollcall_purge TO %I', current_user);
    EXCEPTION WHEN unique_violation THEN NULL;
    END;
END
$$;
GRANT USAGE ON SCHEMA public TO rollcall_purge;

ALTER TABLE organizations
    ADD COLUMN deleted_at timestamptz,
    ADD COLUMN purge_at   timestamptz,
    -- How many rows have been removed, by table, once it has begun.
    ADD COLUMN purged     jsonb,
    ADD CONSTRAINT organizations_deletion_whole CHECK ((deleted_at IS NULL) = (purge_at IS NULL)),
    -- Whatever the code does, nobody is left without time to think again.
    ADD CONSTRAINT organizations_purge_later CHECK (purge_at >= deleted_at + interval '720 hours'),
    ADD CONSTRAINT organizations_purged_deleted CHECK (purged IS NULL OR deleted_at IS NOT NULL);
CREATE INDEX organizations_purge ON organizations (purge_at) WHERE purge_at IS NOT NULL;
GRANT UPDATE (deleted_at, purge_at) ON organizations TO rollcall_app;

-- The organization's end is the end of every session in it, whosever they are.
CREATE POLICY organization_ends ON sessions FOR DELETE TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);

ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check
    CHECK (kind IN ('confirm_signup', 'invitation', 'password_reset', 'password_changed', 'organization_deleted'));

---------------------------------------------------------------------------------------------------
-- Nothing leads into an organization that is deleted
---------------------------------------------------------------------------------------------------

ALTER POLICY own_account ON organizations
    USING (deleted_at IS NULL
           AND EXISTS (SELECT FROM members m
                        WHERE m.org_id = organizations.org_id
                          AND m.user_id = NULLIF(current_setting('rollcall.user_id', true), '')::uuid));

CREATE OR REPLACE FUNCTION directory_credentials(wanted_key text)
RETURNS TABLE (user_id uuid, email text, name text, locale text, time_zone text, status text,
               created_at timestamptz, version integer, password_hash text, org_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT u.user_id, u.email, u.name, u.locale, u.time_zone, u.status, u.created_at, u.version,
           u.password_hash,
           (SELECT m.org_id FROM members m JOIN organizations o ON o.org_id = m.org_id
             WHERE m.user_id = u.user_id AND o.deleted_at IS NULL
             ORDER BY COALESCE(m.last_seen_at, m.joined_at) DESC, m.org_id LIMIT 1)
      FROM users u
     WHERE u.email_key = wanted_key;
END
$$;

CREATE OR REPLACE FUNCTION directory_invitation(wanted_hash bytea)
RETURNS TABLE (org_id uuid, org_name text, inviter_name text, invitation_id uuid, email text, role text,
               state text, invited_by uuid, created_at timestamptz, expires_at timestamptz,
               accepted_at timestamptz, version integer, account_exists boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT i.org_id, o.name, u.name, i.invitation_id, i.email, i.role, i.state, i.invited_by, i.created_at,
           i.expires_at, i.accepted_at, i.version,
           EXISTS (SELECT FROM users a WHERE a.email_key = i.email_key)
      FROM invitations i
      JOIN organizations o ON o.org_id = i.org_id
      LEFT JOIN users u ON u.user_id = i.invited_by
     WHERE i.token_hash = wanted_hash AND o.deleted_at IS NULL;
END
$$;

-- There is always an Owner, but not of what is deleted: its people may go, and it goes itself in the end. It is looked
-- at again when the deletion is undone.
CREATE OR REPLACE FUNCTION organization_keeps_an_owner() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    org uuid := CASE TG_OP WHEN 'INSERT' THEN NEW.org_id ELSE OLD.org_id END;
BEGIN
    PERFORM team_lock(org);
    IF EXISTS (SELECT FROM organizations o WHERE o.org_id = org AND o.deleted_at IS NULL)
        AND NOT EXISTS (SELECT FROM members m WHERE m.org_id = org AND m.role = 'owner')
    THEN
        RAISE EXCEPTION 'an organization keeps at least one Owner'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'members_last_owner', TABLE = 'members';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER organizations_restored AFTER UPDATE OF deleted_at ON organizations
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL)
    EXECUTE FUNCTION organization_keeps_an_owner();

---------------------------------------------------------------------------------------------------
-- The purge: the one way by which anything leaves the audit log, and only with the whole organization
---------------------------------------------------------------------------------------------------

CREATE POLICY task ON organizations FOR SELECT TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'purge' AND deleted_at IS NOT NULL);

-- The role sees nothing but what belongs to deleted organizations, and of that only the keys.
GRANT SELECT (org_id, deleted_at, purge_at, purged), UPDATE (purged), DELETE ON organizations TO rollcall_purge;
GRANT SELECT (org_id, mail_id), DELETE ON mails TO rollcall_purge;
GRANT SELECT (org_id, invitation_id), DELETE ON invitations TO rollcall_purge;
GRANT SELECT (org_id, event_id), DELETE ON audit_events TO rollcall_purge;
GRANT SELECT (org_id, session_id), DELETE ON sessions TO rollcall_purge;
GRANT SELECT (org_id, user_id), DELETE ON members TO rollcall_purge;
CREATE POLICY purge ON organizations TO rollcall_purge USING (deleted_at IS NOT NULL);
CREATE POLICY purge ON mails TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = mails.org_id));
CREATE POLICY purge ON invitations TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = invitations.org_id));
CREATE POLICY purge ON audit_events TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = audit_events.org_id));
CREATE POLICY purge ON sessions TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = sessions.org_id));
CREATE POLICY purge ON members TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = members.org_id));

CREATE OR REPLACE FUNCTION audit_log_is_append_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_user = 'rollcall_purge' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;

-- Removes some rows of an organization whose time is over; gives back how many. None are left when that is 0. NULL when
-- it is not to be purged, or somebody else is at it.
CREATE FUNCTION purge_rows(org uuid, as_of timestamptz, at_most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- A table that belongs to organizations goes on this list, before those that it refers to.
    tables CONSTANT text[] := ARRAY[
        ['mails', 'mail_id'], ['invitations', 'invitation_id'], ['audit_events', 'event_id'],
        ['sessions', 'session_id'], ['members', 'user_id']];
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

-- Removes the organization itself, once nothing else is left of it; gives back how many rows were removed before, by
-- table. NULL when it is not to be purged, or not yet, or somebody else is at it.
CREATE FUNCTION purge_organization(org uuid, as_of timestamptz) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    counts jsonb;
BEGIN
    IF purge_rows(org, as_of, 1) IS DISTINCT FROM 0 THEN
        RETURN NULL;
    END IF;
    DELETE FROM organizations o WHERE o.org_id = org RETURNING COALESCE(o.purged, '{}') INTO counts;
    RETURN counts;
END
$$;

REVOKE ALL ON FUNCTION purge_rows(uuid, timestamptz, integer), purge_organization(uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION purge_rows(uuid, timestamptz, integer), purge_organization(uuid, timestamptz) TO rollcall_app;
GRANT CREATE ON SCHEMA public TO rollcall_purge;
ALTER FUNCTION purge_rows(uuid, timestamptz, integer) OWNER TO rollcall_purge;
ALTER FUNCTION purge_organization(uuid, timestamptz) OWNER TO rollcall_purge;
REVOKE CREATE ON SCHEMA public FROM rollcall_purge;
