-- What happens in organizations, told live to whoever may know it.
--
-- A commit numbers what it tells in the last statement of its transaction, under a lock on the organization's head, which it holds until
-- it is over: so numbers become visible in their order and without a gap, and whoever has read up to one has missed nothing before it.

-- Neither table refers to `organizations`: checking that would lock the organization's row after the head, and whoever changes an
-- organization locks them the other way round. What is left of an organization goes with its purge.
CREATE TABLE stream_heads (
    org_id uuid   NOT NULL PRIMARY KEY,
    -- The number of what was told last.
    last   bigint NOT NULL CHECK (last > 0)
);

CREATE TABLE stream_events (
    org_id      uuid        NOT NULL,
    sequence    bigint      NOT NULL CHECK (sequence > 0),
    event_id    uuid        NOT NULL,
    action      text        NOT NULL,
    -- What whoever is told must hold at that moment.
    permission  text        NOT NULL,
    -- What is told. Nothing in it identifies a person.
    data        jsonb       NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, sequence)
);
-- What was told is kept for an hour, and of each organization no more than the last so many.
CREATE INDEX stream_events_by_time ON stream_events (occurred_at);

GRANT SELECT, INSERT ON stream_heads TO rollcall_app;
GRANT UPDATE (last) ON stream_heads TO rollcall_app;
GRANT SELECT, INSERT, DELETE ON stream_events TO rollcall_app;
ALTER TABLE stream_heads  ENABLE ROW LEVEL SECURITY;
ALTER TABLE stream_heads  FORCE  ROW LEVEL SECURITY;
ALTER TABLE stream_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE stream_events FORCE  ROW LEVEL SECURITY;
CREATE POLICY own_organization ON stream_heads TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY own_organization ON stream_events TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
-- A node that has heard of nothing for a while asks where there is something new; whoever forgets finds what is old. What is told is
-- read in its own organization.
CREATE POLICY task_finds ON stream_heads FOR SELECT TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'stream');
CREATE POLICY task_finds ON stream_events FOR SELECT TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'stream');
CREATE POLICY task_forgets ON stream_events FOR DELETE TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'stream');

-- Every node hears of it with the commit.
CREATE FUNCTION stream_told() RETURNS trigger
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('rollcall_stream', NEW.org_id::text);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION stream_told() FROM PUBLIC;
CREATE TRIGGER stream_told AFTER INSERT OR UPDATE ON stream_heads
    FOR EACH ROW EXECUTE FUNCTION stream_told();

---------------------------------------------------------------------------------------------------
-- The end of an organization
---------------------------------------------------------------------------------------------------

GRANT SELECT (org_id), DELETE ON stream_heads TO rollcall_purge;
GRANT SELECT (org_id, sequence), DELETE ON stream_events TO rollcall_purge;
CREATE POLICY purge ON stream_heads TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = stream_heads.org_id));
CREATE POLICY purge ON stream_events TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = stream_events.org_id));

-- The tables of 0025 and those above: what a migration between the two has put on the list stands here too.
CREATE OR REPLACE FUNCTION purge_rows(org uuid, as_of timestamptz, at_most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- A table that belongs to organizations goes on this list, before those that it refers to. What opens a key goes with it.
    tables CONSTANT text[] := ARRAY[
        ['mails', 'mail_id'], ['invitations', 'invitation_id'], ['api_keys', 'key_id'], ['plan_changes', 'change_id'],
        ['stream_events', 'sequence'], ['stream_heads', 'org_id'],
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
