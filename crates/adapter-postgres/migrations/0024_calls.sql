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
-- What was said
---------------------------------------------------------------------------------------------------

CREATE TABLE transcripts (
    org_id    uuid        NOT NULL,
    call_id   uuid        NOT NULL,
    -- Who said what, from when to when: masked, if it was to be.
    segments  jsonb       NOT NULL CHECK (jsonb_typeof(segments) = 'array'),
    -- How long that is, so that many can be read without reading too much.
    bytes     integer     NOT NULL CHECK (bytes >= 0),
    -- How many were masked of each kind; nothing where it was stored as it came.
    phones    bigint CHECK (phones >= 0),
    emails    bigint CHECK (emails >= 0),
    cards     bigint CHECK (cards >= 0),
    stored_at timestamptz NOT NULL,
    version   integer     NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, call_id),
    FOREIGN KEY (org_id, call_id) REFERENCES calls (org_id, call_id) ON DELETE CASCADE,
    CHECK (num_nulls(phones, emails, cards) IN (0, 3))
);

GRANT SELECT, INSERT ON transcripts TO rollcall_app;
GRANT UPDATE (segments, bytes, phones, emails, cards, stored_at, version) ON transcripts TO rollcall_app;
ALTER TABLE transcripts ENABLE ROW LEVEL SECURITY;
ALTER TABLE transcripts FORCE  ROW LEVEL SECURITY;
CREATE POLICY own_organization ON transcripts TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);

---------------------------------------------------------------------------------------------------
-- Keys for media that go from end to end
---------------------------------------------------------------------------------------------------

-- The base key of a call at this moment; those before are not kept, and none is of a call that is over.
CREATE TABLE media_keys (
    org_id      uuid        NOT NULL,
    call_id     uuid        NOT NULL,
    generation  integer     NOT NULL CHECK (generation > 0),
    step        smallint    NOT NULL CHECK (step BETWEEN 0 AND 255),
    next_sender integer     NOT NULL CHECK (next_sender BETWEEN 0 AND 65536),
    -- Sealed by the keyring, for this call and this step alone.
    base_key    bytea       NOT NULL,
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (org_id, call_id),
    FOREIGN KEY (org_id, call_id) REFERENCES calls (org_id, call_id) ON DELETE CASCADE
);

-- Who has got a key to take part in a call, and what it took: it stays when they go, for then there must be another key.
CREATE TABLE media_key_holders (
    org_id     uuid        NOT NULL,
    call_id    uuid        NOT NULL,
    generation integer     NOT NULL,
    sender     integer     NOT NULL CHECK (sender BETWEEN 0 AND 65535),
    user_id    uuid,
    key_id     uuid,
    permission text        NOT NULL,
    issued_at  timestamptz NOT NULL,
    PRIMARY KEY (org_id, call_id, generation, sender),
    FOREIGN KEY (org_id, call_id) REFERENCES calls (org_id, call_id) ON DELETE CASCADE,
    CHECK (num_nonnulls(user_id, key_id) = 1)
);

GRANT SELECT, INSERT, DELETE ON media_keys TO rollcall_app;
GRANT UPDATE (generation, step, next_sender, base_key, expires_at) ON media_keys TO rollcall_app;
GRANT SELECT, INSERT ON media_key_holders TO rollcall_app;
ALTER TABLE media_keys        ENABLE ROW LEVEL SECURITY;
ALTER TABLE media_keys        FORCE  ROW LEVEL SECURITY;
ALTER TABLE media_key_holders ENABLE ROW LEVEL SECURITY;
ALTER TABLE media_key_holders FORCE  ROW LEVEL SECURITY;
CREATE POLICY own_organization ON media_keys TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY own_organization ON media_key_holders TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);

-- Live grants are signed by keys of their own.
ALTER TABLE signing_keys DROP CONSTRAINT signing_keys_purpose_check;
ALTER TABLE signing_keys ADD CONSTRAINT signing_keys_purpose_check
    CHECK (purpose IN ('access_token', 'audit_checkpoint', 'live_grant'));

---------------------------------------------------------------------------------------------------
-- The end of an organization
---------------------------------------------------------------------------------------------------

GRANT SELECT (org_id, call_id), DELETE ON calls TO rollcall_purge;
CREATE POLICY purge ON calls TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = calls.org_id));

CREATE OR REPLACE FUNCTION purge_rows(org uuid, as_of timestamptz, at_most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- A table that belongs to organizations goes on this list, before those that it refers to. What opens a key goes with it, and so
    -- does whatever belongs to a call.
    tables CONSTANT text[] := ARRAY[
        ['mails', 'mail_id'], ['invitations', 'invitation_id'], ['api_keys', 'key_id'], ['plan_changes', 'change_id'],
        ['calls', 'call_id'], ['audit_queue', 'written'], ['audit_checkpoints', 'size'], ['audit_deliveries', 'delivery_id'],
        ['audit_witnesses', 'org_id'], ['audit_sketches', 'stretch'], ['audit_retention', 'org_id'], ['audit_leaves', 'idx'], ['audit_tiles', 'tile'],
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
