-- The organization's rule about second factors: whether it asks for them, and by when each of its people needs one.

CREATE TABLE security_controls (
    org_id     uuid        NOT NULL REFERENCES organizations ON DELETE CASCADE,
    control    text        NOT NULL CHECK (control IN ('mfa_required')),
    enabled    boolean     NOT NULL,
    grace_days integer     NOT NULL CHECK (grace_days BETWEEN 0 AND 90),
    changed_at timestamptz NOT NULL,
    changed_by uuid REFERENCES users ON DELETE SET NULL,
    version    integer     NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, control)
);
CREATE INDEX security_controls_changed_by ON security_controls (changed_by);

-- By when somebody needs a second factor in an organization. A row is made when the rule goes on, and when somebody comes in
-- while it is on. It outlives the membership and the rule, so that neither leaving nor switching off gains any time; it goes
-- with the account, or the organization. All of it is on this database's clock, which nodes do not have to agree on.
CREATE TABLE mfa_deadlines (
    org_id      uuid        NOT NULL REFERENCES organizations ON DELETE CASCADE,
    user_id     uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    deadline_at timestamptz NOT NULL,
    -- When the next letter about it is due, if there is to be another,
    notice_at   timestamptz,
    -- and whether the first has been written.
    told        boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (org_id, user_id)
);
CREATE INDEX mfa_deadlines_of_account ON mfa_deadlines (user_id);
CREATE INDEX mfa_deadlines_notices ON mfa_deadlines (notice_at) WHERE notice_at IS NOT NULL;

-- The service removes neither.
GRANT SELECT, INSERT ON security_controls, mfa_deadlines TO rollcall_app;
GRANT UPDATE (enabled, grace_days, changed_at, changed_by, version) ON security_controls TO rollcall_app;
GRANT UPDATE (deadline_at, notice_at, told) ON mfa_deadlines TO rollcall_app;

ALTER TABLE security_controls ENABLE ROW LEVEL SECURITY;
ALTER TABLE security_controls FORCE  ROW LEVEL SECURITY;
ALTER TABLE mfa_deadlines     ENABLE ROW LEVEL SECURITY;
ALTER TABLE mfa_deadlines     FORCE  ROW LEVEL SECURITY;
CREATE POLICY own_organization ON security_controls TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY own_organization ON mfa_deadlines TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
-- Where letters are due, and nothing else of it.
CREATE POLICY task ON mfa_deadlines FOR SELECT TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'mfa_notices');

-- A deadline only ever moves closer, whatever the code does.
CREATE FUNCTION mfa_deadlines_move_closer() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.deadline_at > OLD.deadline_at THEN
        RAISE EXCEPTION 'a deadline for a second factor is not extended' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER mfa_deadlines_move_closer BEFORE UPDATE OF deadline_at ON mfa_deadlines
    FOR EACH ROW EXECUTE FUNCTION mfa_deadlines_move_closer();

-- When the letter after this moment is due: seven days, three days and one day before the deadline.
CREATE FUNCTION mfa_next_notice(deadline timestamptz, as_of timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT min(n.at) FROM (VALUES (deadline - interval '168 hours'), (deadline - interval '72 hours'),
                                  (deadline - interval '24 hours')) AS n (at) WHERE n.at > as_of
$$;

ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check
    CHECK (kind IN ('confirm_signup', 'invitation', 'password_reset', 'password_changed', 'organization_deleted',
                    'email_change', 'email_change_requested', 'email_changed', 'account_deleted', 'failed_sign_ins',
                    'mfa_enabled', 'mfa_disabled', 'recovery_code_used', 'recovery_codes_renewed',
                    'passkey_added', 'passkey_removed', 'mfa_reset', 'mfa_required', 'mfa_reminder'));

---------------------------------------------------------------------------------------------------
-- Sessions are checked against it
---------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION sessions_changed() RETURNS trigger
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed record := CASE TG_OP WHEN 'INSERT' THEN NEW ELSE OLD END;
BEGIN
    IF TG_ARGV[0] = 'account' THEN
        PERFORM pg_notify('rollcall_sessions', changed.user_id::text);
    ELSE
        PERFORM pg_notify('rollcall_sessions', changed.org_id::text);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER sessions_changed AFTER INSERT OR DELETE OR UPDATE OF enabled ON security_controls
    FOR EACH ROW EXECUTE FUNCTION sessions_changed('organization');
-- New ones come with a change of the rule, or with a member who has no session there yet.
CREATE TRIGGER sessions_changed AFTER DELETE OR UPDATE OF deadline_at ON mfa_deadlines
    FOR EACH ROW EXECUTE FUNCTION sessions_changed('account');

GRANT SELECT ON security_controls, mfa_deadlines TO rollcall_directory;
CREATE POLICY directory ON security_controls FOR SELECT TO rollcall_directory USING (true);
CREATE POLICY directory ON mfa_deadlines     FOR SELECT TO rollcall_directory USING (true);

DROP FUNCTION directory_session(bytea);
CREATE FUNCTION directory_session(wanted_hash bytea)
RETURNS TABLE (session_id uuid, authenticated_at timestamptz, last_seen_at timestamptz, expires_at timestamptz,
               user_id uuid, email text, user_name text, locale text, time_zone text, status text,
               user_created_at timestamptz, mfa_enabled boolean, user_version integer,
               org_id uuid, org_name text, slug text, plan text, org_created_at timestamptz,
               org_version integer, role text, mfa_deadline_at timestamptz, mfa_as_of timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.session_id, s.authenticated_at, s.last_seen_at, s.expires_at,
           u.user_id, u.email, u.name, u.locale, u.time_zone, u.status, u.created_at, u.mfa_enabled, u.version,
           o.org_id, o.name, o.slug, o.plan, o.created_at, o.version, m.role,
           -- Whoever has no deadline where one is asked for is late.
           CASE WHEN c.enabled AND NOT u.mfa_enabled THEN COALESCE(d.deadline_at, now()) END, now()
      FROM sessions s
      JOIN users u ON u.user_id = s.user_id
      LEFT JOIN members m ON m.org_id = s.org_id AND m.user_id = s.user_id
      LEFT JOIN organizations o ON o.org_id = m.org_id
      LEFT JOIN security_controls c ON c.org_id = m.org_id AND c.control = 'mfa_required'
      LEFT JOIN mfa_deadlines d ON d.org_id = m.org_id AND d.user_id = m.user_id
     WHERE s.token_hash = wanted_hash;
END
$$;

---------------------------------------------------------------------------------------------------
-- The end of an organization
---------------------------------------------------------------------------------------------------

GRANT SELECT (org_id, control), DELETE ON security_controls TO rollcall_purge;
GRANT SELECT (org_id, user_id), DELETE ON mfa_deadlines TO rollcall_purge;
CREATE POLICY purge ON security_controls TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = security_controls.org_id));
CREATE POLICY purge ON mfa_deadlines TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = mfa_deadlines.org_id));

CREATE OR REPLACE FUNCTION purge_rows(org uuid, as_of timestamptz, at_most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- A table that belongs to organizations goes on this list, before those that it refers to.
    tables CONSTANT text[] := ARRAY[
        ['mails', 'mail_id'], ['invitations', 'invitation_id'], ['audit_events', 'event_id'],
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
-- Who may call, and who owns, the functions
---------------------------------------------------------------------------------------------------

REVOKE ALL ON FUNCTION directory_session(bytea), mfa_deadlines_move_closer(), mfa_next_notice(timestamptz, timestamptz)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory_session(bytea), mfa_next_notice(timestamptz, timestamptz) TO rollcall_app;
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION directory_session(bytea) OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;
