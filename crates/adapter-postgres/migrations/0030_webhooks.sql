-- Where the platform is told what becomes of escalated calls, as it is told live (0027).

CREATE TABLE escalation_webhooks (
    org_id uuid        NOT NULL PRIMARY KEY REFERENCES organizations ON DELETE CASCADE,
    url    text        NOT NULL,
    -- What messages are signed with, sealed.
    secret bytea       NOT NULL,
    set_at timestamptz NOT NULL,
    set_by uuid        REFERENCES users ON DELETE SET NULL
);
CREATE INDEX escalation_webhooks_set_by ON escalation_webhooks (set_by);

-- What is on its way, and what became of what was. A commit queues what it tells with it.
CREATE TABLE escalation_deliveries (
    -- Without a reference to `organizations`: a commit that tells something waits for nobody who changes those (0027).
    org_id      uuid        NOT NULL,
    -- The event.
    delivery_id uuid        NOT NULL,
    action      text        NOT NULL,
    data        jsonb       NOT NULL,
    state       text        NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'failed', 'moot')),
    attempts    integer     NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL,
    -- When it is sent; while somebody is at it, when their lease runs out.
    due_at      timestamptz NOT NULL,
    settled_at  timestamptz,
    last_error  text,
    PRIMARY KEY (org_id, delivery_id),
    CHECK ((state = 'queued') = (settled_at IS NULL))
);
CREATE INDEX escalation_deliveries_of ON escalation_deliveries (org_id, created_at);
CREATE INDEX escalation_deliveries_due ON escalation_deliveries (due_at) WHERE state = 'queued';
CREATE INDEX escalation_deliveries_by_time ON escalation_deliveries (created_at);

GRANT SELECT, INSERT, DELETE ON escalation_webhooks, escalation_deliveries TO rollcall_app;
-- The secret also moves to the newest key of the ring.
GRANT UPDATE (url, secret, set_at, set_by) ON escalation_webhooks TO rollcall_app;
GRANT UPDATE (state, attempts, due_at, settled_at, last_error) ON escalation_deliveries TO rollcall_app;
ALTER TABLE escalation_webhooks   ENABLE ROW LEVEL SECURITY;
ALTER TABLE escalation_webhooks   FORCE  ROW LEVEL SECURITY;
ALTER TABLE escalation_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE escalation_deliveries FORCE  ROW LEVEL SECURITY;
CREATE POLICY own_organization ON escalation_webhooks TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY own_organization ON escalation_deliveries TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
-- Whoever sends checkpoints to webhooks sends these too, and sees nothing of organizations that are deleted (0021).
CREATE POLICY task ON escalation_webhooks TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'witnesses');
CREATE POLICY task ON escalation_deliveries TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'witnesses');

---------------------------------------------------------------------------------------------------
-- The end of an organization
---------------------------------------------------------------------------------------------------

GRANT SELECT (org_id), DELETE ON escalation_webhooks TO rollcall_purge;
GRANT SELECT (org_id, delivery_id), DELETE ON escalation_deliveries TO rollcall_purge;
CREATE POLICY purge ON escalation_webhooks TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = escalation_webhooks.org_id));
CREATE POLICY purge ON escalation_deliveries TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = escalation_deliveries.org_id));

-- The tables of 0026 and 0027 and those above: what a migration in between has put on the list stands here too.
CREATE OR REPLACE FUNCTION purge_rows(org uuid, as_of timestamptz, at_most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- A table that belongs to organizations goes on this list, before those that it refers to. What opens a key goes with it.
    tables CONSTANT text[] := ARRAY[
        ['mails', 'mail_id'], ['invitations', 'invitation_id'], ['api_keys', 'key_id'], ['plan_changes', 'change_id'],
        ['stream_events', 'sequence'], ['stream_heads', 'org_id'], ['escalation_deliveries', 'delivery_id'], ['escalation_webhooks', 'org_id'],
        ['escalations', 'escalation_id'], ['human_agents', 'user_id'], ['availability_changes', 'user_id'], ['escalation_settings', 'org_id'],
        ['recordings', 'recording_id'], ['organization_keys', 'org_id'], ['calls', 'call_id'], ['audit_queue', 'written'],
        ['audit_checkpoints', 'size'], ['audit_deliveries', 'delivery_id'], ['audit_witnesses', 'org_id'], ['audit_sketches', 'stretch'],
        ['audit_retention', 'org_id'], ['audit_leaves', 'idx'], ['audit_tiles', 'tile'], ['audit_trees', 'org_id'], ['audit_unoffered', 'event_id'],
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
