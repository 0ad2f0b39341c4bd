-- Plans and what they unlock, suspended organizations, and what the platform's staff see.

---------------------------------------------------------------------------------------------------
-- Controls that plans are told apart by, beside the rule about second factors
---------------------------------------------------------------------------------------------------

ALTER TABLE security_controls DROP CONSTRAINT security_controls_control_check;
ALTER TABLE security_controls ADD CONSTRAINT security_controls_control_check
    CHECK (control IN ('call_recording', 'phi_protection', 'end_to_end_encryption', 'audit_log', 'mfa_required'));
-- Only the rule about second factors gives people time.
ALTER TABLE security_controls ALTER COLUMN grace_days DROP NOT NULL;
ALTER TABLE security_controls ADD CONSTRAINT security_controls_grace
    CHECK ((control = 'mfa_required') = (grace_days IS NOT NULL));

-- Whatever may let somebody do less is told to services that remember: a rule about second factors that goes on, another plan, and a
-- suspension.
DROP TRIGGER organization_changed ON security_controls;
CREATE TRIGGER organization_changed AFTER INSERT OR UPDATE OF enabled, grace_days ON security_controls
    FOR EACH ROW WHEN (NEW.enabled AND NEW.control = 'mfa_required') EXECUTE FUNCTION note_revocation('organization.changed');
CREATE TRIGGER organization_plan_changed AFTER UPDATE OF plan ON organizations
    FOR EACH ROW WHEN (OLD.plan <> NEW.plan) EXECUTE FUNCTION note_revocation('organization.changed');

---------------------------------------------------------------------------------------------------
-- Plans
---------------------------------------------------------------------------------------------------

GRANT UPDATE (plan) ON organizations TO rollcall_app;

-- What bills are written from. Nothing of it is changed afterwards.
CREATE TABLE plan_changes (
    org_id      uuid        NOT NULL REFERENCES organizations ON DELETE CASCADE,
    change_id   uuid        NOT NULL,
    plan_before text        NOT NULL CHECK (plan_before IN ('free', 'pro', 'enterprise')),
    plan_after  text        NOT NULL CHECK (plan_after IN ('free', 'pro', 'enterprise')),
    changed_at  timestamptz NOT NULL,
    changed_by  uuid REFERENCES users ON DELETE SET NULL,
    -- Who has agreed: the platform's operator, or whoever collects the money; and what they call it.
    provider    text        NOT NULL,
    reference   text,
    PRIMARY KEY (org_id, change_id),
    CHECK (plan_before <> plan_after)
);
CREATE INDEX plan_changes_changed_by ON plan_changes (changed_by);

GRANT SELECT, INSERT ON plan_changes TO rollcall_app;
ALTER TABLE plan_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE plan_changes FORCE  ROW LEVEL SECURITY;
CREATE POLICY own_organization ON plan_changes TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);

---------------------------------------------------------------------------------------------------
-- Suspended organizations: everything stays, and nobody gets in
---------------------------------------------------------------------------------------------------

ALTER TABLE organizations ADD COLUMN suspended_at timestamptz;
GRANT UPDATE (suspended_at) ON organizations TO rollcall_app;
CREATE TRIGGER organization_suspended AFTER UPDATE OF suspended_at ON organizations
    FOR EACH ROW WHEN (OLD.suspended_at IS NULL AND NEW.suspended_at IS NOT NULL)
    EXECUTE FUNCTION note_revocation('organization.changed');

-- What the platform's staff see of organizations, deleted ones too: nothing of what is in them.
CREATE POLICY operator ON organizations FOR SELECT TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'operator');

-- Whoever signs in without naming an organization works in the one used last that lets anybody in.
CREATE OR REPLACE FUNCTION directory_credentials(wanted_key text)
RETURNS TABLE (user_id uuid, email text, name text, locale text, time_zone text, status text,
               created_at timestamptz, mfa_enabled boolean, version integer, password_hash text, org_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT u.user_id, u.email, u.name, u.locale, u.time_zone, u.status, u.created_at, u.mfa_enabled, u.version,
           u.password_hash,
           (SELECT m.org_id FROM members m JOIN organizations o ON o.org_id = m.org_id
             WHERE m.user_id = u.user_id AND o.deleted_at IS NULL AND o.suspended_at IS NULL
             ORDER BY COALESCE(m.last_seen_at, m.joined_at) DESC, m.org_id LIMIT 1)
      FROM users u
     WHERE u.email_key = wanted_key;
END
$$;

CREATE OR REPLACE FUNCTION directory_mfa_challenge(wanted_hash bytea)
RETURNS TABLE (challenge_id uuid, user_id uuid, user_version integer, wanted_org_id uuid, wrong_codes smallint,
               expires_at timestamptz, home_org_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.challenge_id, c.user_id, c.user_version, c.wanted_org_id, c.wrong_codes, c.expires_at,
           (SELECT m.org_id FROM members m JOIN organizations o ON o.org_id = m.org_id
             WHERE m.user_id = u.user_id AND o.deleted_at IS NULL AND o.suspended_at IS NULL
             ORDER BY COALESCE(m.last_seen_at, m.joined_at) DESC, m.org_id LIMIT 1)
      FROM mfa_challenges c JOIN users u ON u.user_id = c.user_id
     WHERE c.token_hash = wanted_hash AND u.status = 'active';
END
$$;

CREATE OR REPLACE FUNCTION directory_passkey(wanted_credential bytea)
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
             WHERE m.user_id = u.user_id AND o.deleted_at IS NULL AND o.suspended_at IS NULL
             ORDER BY COALESCE(m.last_seen_at, m.joined_at) DESC, m.org_id LIMIT 1)
      FROM passkeys p JOIN users u ON u.user_id = p.user_id
     WHERE p.credential_id = wanted_credential;
END
$$;

-- These two are asked with nearly every request, and name everything in full (0013, 0017).
DROP FUNCTION directory_session(bytea);
CREATE FUNCTION directory_session(wanted_hash bytea)
RETURNS TABLE (session_id uuid, authenticated_at timestamptz, last_seen_at timestamptz, expires_at timestamptz,
               user_id uuid, email text, user_name text, locale text, time_zone text, status text,
               user_created_at timestamptz, mfa_enabled boolean, user_version integer,
               org_id uuid, org_name text, slug text, plan text, org_created_at timestamptz, org_suspended boolean,
               org_version integer, role text, mfa_deadline_at timestamptz, mfa_as_of timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.session_id, s.authenticated_at, s.last_seen_at, s.expires_at,
           u.user_id, u.email, u.name, u.locale, u.time_zone, u.status, u.created_at, u.mfa_enabled, u.version,
           o.org_id, o.name, o.slug, o.plan, o.created_at, o.suspended_at IS NOT NULL, o.version, m.role,
           -- Whoever has no deadline where one is asked for is late.
           CASE WHEN NOT u.mfa_enabled THEN
               (SELECT COALESCE((SELECT d.deadline_at FROM public.mfa_deadlines d
                                  WHERE d.org_id OPERATOR(pg_catalog.=) m.org_id
                                    AND d.user_id OPERATOR(pg_catalog.=) m.user_id), pg_catalog.now())
                  FROM public.security_controls c
                 WHERE c.org_id OPERATOR(pg_catalog.=) m.org_id AND c.control OPERATOR(pg_catalog.=) 'mfa_required'
                   AND c.enabled)
           END,
           pg_catalog.now()
      FROM public.sessions s
      JOIN public.users u ON u.user_id OPERATOR(pg_catalog.=) s.user_id
      LEFT JOIN public.members m
        ON m.org_id OPERATOR(pg_catalog.=) s.org_id AND m.user_id OPERATOR(pg_catalog.=) s.user_id
      LEFT JOIN public.organizations o ON o.org_id OPERATOR(pg_catalog.=) m.org_id
     WHERE s.token_hash OPERATOR(pg_catalog.=) wanted_hash;
END
$$;

DROP FUNCTION directory_api_key(bytea[]);
CREATE FUNCTION directory_api_key(wanted_hashes bytea[])
RETURNS TABLE (key_id uuid, prefix text, name text, scopes text[], created_by uuid, created_at timestamptz,
               expires_at timestamptz, allowed_cidrs text[], rate_requests integer, rate_seconds integer,
               revoked_at timestamptz, version integer, works_until timestamptz,
               org_id uuid, org_name text, slug text, plan text, org_created_at timestamptz, org_suspended boolean,
               org_version integer, audited boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    wanted pg_catalog.bytea;
BEGIN
    FOREACH wanted IN ARRAY wanted_hashes LOOP
        RETURN QUERY
        SELECT k.key_id, k.prefix, k.name, k.scopes, k.created_by, k.created_at, k.expires_at,
               k.allowed_cidrs::pg_catalog.text[], k.rate_requests, k.rate_seconds, k.revoked_at, k.version, s.works_until,
               o.org_id, o.name, o.slug, o.plan, o.created_at, o.suspended_at IS NOT NULL, o.version,
               -- Whether what it does is kept in the audit log.
               EXISTS (SELECT FROM public.security_controls c
                        WHERE c.org_id OPERATOR(pg_catalog.=) k.org_id AND c.control OPERATOR(pg_catalog.=) 'audit_log'
                          AND c.enabled)
          FROM public.api_key_secrets s
          JOIN public.api_keys k ON k.org_id OPERATOR(pg_catalog.=) s.org_id AND k.key_id OPERATOR(pg_catalog.=) s.key_id
          JOIN public.organizations o ON o.org_id OPERATOR(pg_catalog.=) k.org_id
         WHERE s.secret_hash OPERATOR(pg_catalog.=) wanted AND o.deleted_at IS NULL;
        IF FOUND THEN
            RETURN;
        END IF;
    END LOOP;
END
$$;

---------------------------------------------------------------------------------------------------
-- The end of an organization
---------------------------------------------------------------------------------------------------

GRANT SELECT (org_id, change_id), DELETE ON plan_changes TO rollcall_purge;
CREATE POLICY purge ON plan_changes TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = plan_changes.org_id));

CREATE OR REPLACE FUNCTION purge_rows(org uuid, as_of timestamptz, at_most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- A table that belongs to organizations goes on this list, before those that it refers to. What opens a key goes with it.
    tables CONSTANT text[] := ARRAY[
        ['mails', 'mail_id'], ['invitations', 'invitation_id'], ['api_keys', 'key_id'], ['plan_changes', 'change_id'],
        ['audit_queue', 'written'], ['audit_leaves', 'idx'], ['audit_tiles', 'tile'], ['audit_trees', 'org_id'],
        ['audit_unoffered', 'event_id'], ['audit_events', 'event_id'], ['sessions', 'session_id'],
        ['mfa_deadlines', 'user_id'], ['security_controls', 'control'], ['members', 'user_id']];
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
-- A control that is switched off is told to the Owners
---------------------------------------------------------------------------------------------------

ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check
    CHECK (kind IN ('confirm_signup', 'invitation', 'password_reset', 'password_changed', 'organization_deleted',
                    'email_change', 'email_change_requested', 'email_changed', 'account_deleted', 'failed_sign_ins',
                    'mfa_enabled', 'mfa_disabled', 'recovery_code_used', 'recovery_codes_renewed', 'passkey_added',
                    'passkey_removed', 'mfa_reset', 'mfa_required', 'mfa_reminder', 'api_key_reported',
                    'call_recording_off', 'phi_protection_off', 'end_to_end_encryption_off', 'audit_log_off',
                    'mfa_required_off'));

---------------------------------------------------------------------------------------------------
-- Who may call, and who owns, the functions that were made anew
---------------------------------------------------------------------------------------------------

REVOKE ALL ON FUNCTION directory_session(bytea), directory_api_key(bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory_session(bytea), directory_api_key(bytea[]) TO rollcall_app;
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION directory_session(bytea) OWNER TO rollcall_directory;
ALTER FUNCTION directory_api_key(bytea[]) OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;
