-- Calls: who spoke with whom, when, and what was said. Written by the platform, and read by role.
--
-- Every key begins with the organization, and nothing else is unique: the tables can be split by organization when they have grown too
-- large for one.

CREATE TABLE calls (
    org_id      uuid        NOT NULL REFERENCES organizations ON DELETE CASCADE,
    call_id     uuid        NOT NULL,
    -- What the platform calls it.
    external_id text        NOT NULL CHECK (char_length(external_id) BETWEEN 1 AND 200),
    direction   text        NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    agent_ref   text CHECK (char_length(agent_ref) BETWEEN 1 AND 200),
    started_at  timestamptz NOT NULL,
    ended_at    timestamptz CHECK (ended_at >= started_at),
    from_party  text CHECK (char_length(from_party) BETWEEN 1 AND 255),
    to_party    text CHECK (char_length(to_party) BETWEEN 1 AND 255),
    metadata    jsonb       NOT NULL CHECK (jsonb_typeof(metadata) = 'object'),
    -- A digest of all of this as it was said at first, by a key of the keyring, with that key's id in front: by it a repeat is known.
    made_as     bytea       NOT NULL CHECK (octet_length(made_as) = 33),
    created_at  timestamptz NOT NULL,
    version     integer     NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, call_id),
    CONSTRAINT calls_external_id_unique UNIQUE (org_id, external_id)
);
-- Lists are read in this order, whatever they are narrowed down by.
CREATE INDEX calls_latest    ON calls (org_id, started_at DESC, call_id DESC);
CREATE INDEX calls_direction ON calls (org_id, direction, started_at DESC, call_id DESC);
CREATE INDEX calls_agent     ON calls (org_id, agent_ref, started_at DESC, call_id DESC) WHERE agent_ref IS NOT NULL;
CREATE INDEX calls_from      ON calls (org_id, from_party, started_at DESC, call_id DESC) WHERE from_party IS NOT NULL;
CREATE INDEX calls_to        ON calls (org_id, to_party, started_at DESC, call_id DESC) WHERE to_party IS NOT NULL;

GRANT SELECT, INSERT ON calls TO rollcall_app;
GRANT UPDATE (direction, agent_ref, started_at, ended_at, from_party, to_party, metadata, version) ON calls TO rollcall_app;
ALTER TABLE calls ENABLE ROW LEVEL SECURITY;
ALTER TABLE calls FORCE  ROW LEVEL SECURITY;
CREATE POLICY own_organization ON calls TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);

---------------------------------------------------------------------------------------------------
-- The end of an organization
---------------------------------------------------------------------------------------------------

GRANT SELECT (org_id, call_id), DELETE ON calls TO rollcall_purge;
CREATE POLICY purge ON calls TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = calls.org_id));

CREATE OR REPLACE FUNCTION purge_rows(org uuid, as_of timestamptz, at_most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- A table that belongs to organizations goes on this list, before those that it refers to. What opens a key goes with it.
    tables CONSTANT text[] := ARRAY[
        ['mails', 'mail_id'], ['invitations', 'invitation_id'], ['api_keys', 'key_id'], ['plan_changes', 'change_id'],
        ['calls', 'call_id'], ['audit_queue', 'written'], ['audit_leaves', 'idx'], ['audit_tiles', 'tile'],
        ['audit_trees', 'org_id'], ['audit_unoffered', 'event_id'], ['audit_events', 'event_id'], ['sessions', 'session_id'],
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
