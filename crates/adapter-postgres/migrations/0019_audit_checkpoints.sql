-- Checkpoints of audit logs: what was signed of each, kept so that nothing is ever signed that is inconsistent with it.

ALTER TABLE signing_keys DROP CONSTRAINT signing_keys_purpose_check;
ALTER TABLE signing_keys ADD CONSTRAINT signing_keys_purpose_check CHECK (purpose IN ('access_token', 'audit_checkpoint'));

CREATE TABLE audit_checkpoints (
    org_id    uuid        NOT NULL,
    size      bigint      NOT NULL CHECK (size >= 0),
    -- What the log is called in it.
    origin    text        NOT NULL,
    root      bytea       NOT NULL CHECK (octet_length(root) = 32),
    -- The signed note, as it was given out.
    note      text        NOT NULL,
    signed_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, size, origin)
);
CREATE TRIGGER audit_checkpoints_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();

-- The events of some time: which places they have.
CREATE INDEX audit_leaves_by_time ON audit_leaves (org_id, occurred_at, idx);

GRANT SELECT, INSERT ON audit_checkpoints TO rollcall_app;
ALTER TABLE audit_checkpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_checkpoints FORCE  ROW LEVEL SECURITY;
CREATE POLICY task ON audit_checkpoints TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'audit');
CREATE POLICY own_organization ON audit_checkpoints FOR SELECT TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);

GRANT SELECT (org_id, size), DELETE ON audit_checkpoints TO rollcall_purge;
CREATE POLICY purge ON audit_checkpoints TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = audit_checkpoints.org_id));

CREATE OR REPLACE FUNCTION purge_rows(org uuid, as_of timestamptz, at_most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- A table that belongs to organizations goes on this list, before those that it refers to. What opens a key goes with it. What
    -- waits to be sequenced goes before the trees: whoever is sequencing it is waited for, and then there is nothing to sequence.
    tables CONSTANT text[] := ARRAY[
        ['mails', 'mail_id'], ['invitations', 'invitation_id'], ['api_keys', 'key_id'], ['audit_queue', 'written'],
        ['audit_checkpoints', 'size'],
        ['audit_leaves', 'idx'], ['audit_tiles', 'tile'], ['audit_trees', 'org_id'], ['audit_unoffered', 'event_id'],
        ['audit_events', 'event_id'], ['sessions', 'session_id'], ['mfa_deadlines', 'user_id'],
        ['security_controls', 'control'], ['members', 'user_id']];
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
