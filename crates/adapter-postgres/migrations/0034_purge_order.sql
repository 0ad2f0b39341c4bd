-- What a purge removes, and in which order: a row for each table that belongs to organizations, where before the whole function stood again.

CREATE TABLE purge_order (
    -- The lower ones first: a table comes before those that it refers to, and what opens a key comes with the key.
    position integer PRIMARY KEY,
    name     text NOT NULL UNIQUE,
    -- The column that tells the rows of an organization apart, or at least some of them from others.
    key      text NOT NULL
);

-- A migration that makes such a table adds its row, at a position between two of these.
INSERT INTO purge_order (position, name, key) VALUES
    (10, 'mails', 'mail_id'),
    (20, 'invitations', 'invitation_id'),
    (30, 'api_keys', 'key_id'),
    (40, 'plan_changes', 'change_id'),
    (50, 'stream_events', 'sequence'),
    (60, 'stream_heads', 'org_id'),
    (70, 'escalation_deliveries', 'delivery_id'),
    (80, 'escalation_webhooks', 'org_id'),
    (90, 'escalations', 'escalation_id'),
    (100, 'human_agents', 'user_id'),
    (110, 'availability_changes', 'user_id'),
    (120, 'escalation_settings', 'org_id'),
    (130, 'recordings', 'recording_id'),
    (140, 'organization_keys', 'org_id'),
    (150, 'calls', 'call_id'),
    (160, 'audit_queue', 'written'),
    (170, 'audit_checkpoints', 'size'),
    (180, 'audit_deliveries', 'delivery_id'),
    (190, 'audit_witnesses', 'org_id'),
    (200, 'audit_sketches', 'stretch'),
    (210, 'audit_retention', 'org_id'),
    (220, 'audit_leaves', 'idx'),
    (230, 'audit_tiles', 'tile'),
    (240, 'audit_trees', 'org_id'),
    (250, 'audit_unoffered', 'event_id'),
    (260, 'audit_events', 'event_id'),
    (270, 'sessions', 'session_id'),
    (280, 'mfa_deadlines', 'user_id'),
    (290, 'security_controls', 'control'),
    (300, 'members', 'user_id');

GRANT SELECT ON purge_order TO rollcall_purge;
ALTER TABLE purge_order ENABLE ROW LEVEL SECURITY;
ALTER TABLE purge_order FORCE  ROW LEVEL SECURITY;
-- It says nothing about anybody; who reads and writes it, the grants say. Migrations go on writing it.
CREATE POLICY purge ON purge_order USING (true);

CREATE OR REPLACE FUNCTION purge_rows(org uuid, as_of timestamptz, at_most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    entry record;
    removed bigint;
BEGIN
    -- One at a time; and whoever wants to undo the deletion waits, and then finds that it has begun.
    PERFORM FROM organizations o WHERE o.org_id = org AND o.purge_at <= as_of FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    FOR entry IN SELECT p.name, p.key FROM purge_order p ORDER BY p.position LOOP
        EXECUTE format('DELETE FROM %1$I WHERE org_id = $1 AND %2$I IN (SELECT %2$I FROM %1$I WHERE org_id = $1 LIMIT $2)',
                       entry.name, entry.key) USING org, at_most;
        GET DIAGNOSTICS removed = ROW_COUNT;
        IF removed > 0 THEN
            UPDATE organizations o
               SET purged = COALESCE(o.purged, '{}')
                            || jsonb_build_object(entry.name, COALESCE((o.purged ->> entry.name)::bigint, 0) + removed)
             WHERE o.org_id = org;
            RETURN removed;
        END IF;
    END LOOP;
    RETURN 0;
END
$$;
