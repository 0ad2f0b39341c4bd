-- What a purge removes, and in which order: a row for each table that belongs to organizations, where before the whole function stood again.

CREATE TABLE purge_order (
    -- The lower ones first: a table comes before those that it refers to, and what opens a key comes with the key.
    position integer PRIMARY KEY,
    name     text NOT NULL UNIQUE
);

-- A migration that makes such a table adds its row, at a position between two of these, and GRANT SELECT (org_id, ctid), DELETE.
INSERT INTO purge_order (position, name) VALUES
    (10, 'mails'),
    (20, 'invitations'),
    (30, 'api_keys'),
    (40, 'plan_changes'),
    (50, 'stream_events'),
    (60, 'stream_heads'),
    (70, 'escalation_deliveries'),
    (80, 'escalation_webhooks'),
    (90, 'escalations'),
    (100, 'human_agents'),
    (110, 'availability_changes'),
    (120, 'escalation_settings'),
    (130, 'recordings'),
    (140, 'organization_keys'),
    (150, 'calls'),
    (160, 'audit_queue'),
    (170, 'audit_checkpoints'),
    (180, 'audit_deliveries'),
    (190, 'audit_witnesses'),
    (200, 'audit_sketches'),
    (210, 'audit_retention'),
    (220, 'audit_leaves'),
    (230, 'audit_tiles'),
    (240, 'audit_trees'),
    (250, 'audit_unoffered'),
    (260, 'audit_events'),
    (270, 'sessions'),
    (280, 'mfa_deadlines'),
    (290, 'security_controls'),
    (300, 'members');

DO $$
DECLARE
    entry record;
BEGIN
    FOR entry IN SELECT p.name FROM purge_order p LOOP
        EXECUTE format('GRANT SELECT (ctid) ON %I TO rollcall_purge', entry.name);
    END LOOP;
END
$$;

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
    FOR entry IN SELECT p.name FROM purge_order p ORDER BY p.position LOOP
        -- By where they lie: many rows may share whatever tells one person's from another's.
        EXECUTE format('DELETE FROM %1$I WHERE org_id = $1 AND ctid = ANY(ARRAY(SELECT ctid FROM %1$I WHERE org_id = $1 LIMIT $2))',
                       entry.name) USING org, at_most;
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
