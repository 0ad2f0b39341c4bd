-- Human agents: who can take a call now, and the calls that wait for one.
--
-- Times are the service's, as everywhere; no client's clock is asked. Locks are taken in one order: the call or the membership, the agent,
-- then what waits and sessions.

CREATE TABLE human_agents (
    org_id            uuid        NOT NULL,
    user_id           uuid        NOT NULL,
    -- What they chose, or what was chosen in their place, and why. That somebody is busy follows from the calls they hold.
    chosen            text        NOT NULL CHECK (chosen IN ('available', 'away', 'offline')),
    cause             text        NOT NULL CHECK (cause IN ('chosen', 'forced', 'heartbeat_missed', 'no_answer', 'signed_out', 'removed',
                                                            'role_changed', 'suspended', 'mfa_deadline', 'calls')),
    -- Counts choices of people: what was decided automatically before the last of them is void.
    generation        bigint      NOT NULL,
    note              text CHECK (char_length(note) BETWEEN 1 AND 200),
    -- What was written down last, and since when it is so.
    shown             text        NOT NULL CHECK (shown IN ('available', 'busy', 'away', 'offline')),
    since             timestamptz NOT NULL,
    capacity          smallint    NOT NULL CHECK (capacity BETWEEN 1 AND 50),
    skills            text[]      NOT NULL CHECK (cardinality(skills) <= 50),
    -- Without another heartbeat they are gone from then on.
    alive_until       timestamptz NOT NULL,
    last_heartbeat_at timestamptz,
    idle_since        timestamptz NOT NULL,
    version           integer     NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, user_id),
    FOREIGN KEY (org_id, user_id) REFERENCES members (org_id, user_id) ON DELETE CASCADE
    -- Heartbeats rewrite rows all the time; no index holds what they change.
) WITH (fillfactor = 60);
CREATE INDEX human_agents_in      ON human_agents (org_id) WHERE chosen <> 'offline';
CREATE INDEX human_agents_account ON human_agents (user_id);

-- Who was what from when on. It outlives the membership: yesterday stays what it was. It refers to nothing, like the audit log: whoever
-- writes it holds an agent, and must not wait for an organization that is held against its agents.
CREATE TABLE availability_changes (
    org_id  uuid        NOT NULL,
    user_id uuid        NOT NULL,
    at      timestamptz NOT NULL,
    version integer     NOT NULL,
    status  text        NOT NULL CHECK (status IN ('available', 'busy', 'away', 'offline')),
    cause   text        NOT NULL,
    PRIMARY KEY (org_id, user_id, at, version)
);

CREATE TABLE escalation_settings (
    org_id             uuid    NOT NULL PRIMARY KEY REFERENCES organizations ON DELETE CASCADE,
    wait_limit_seconds integer NOT NULL CHECK (wait_limit_seconds BETWEEN 10 AND 86400),
    offer_seconds      integer NOT NULL CHECK (offer_seconds BETWEEN 5 AND 300),
    lease_seconds      integer NOT NULL CHECK (lease_seconds BETWEEN 10 AND 3600),
    automatic          boolean NOT NULL,
    version            integer NOT NULL
);

CREATE TABLE escalations (
    org_id        uuid        NOT NULL,
    escalation_id uuid        NOT NULL,
    call_id       uuid        NOT NULL,
    reason        text        NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 500),
    priority      smallint    NOT NULL CHECK (priority BETWEEN 0 AND 9),
    skills        text[]      NOT NULL CHECK (cardinality(skills) <= 50),
    status        text        NOT NULL CHECK (status IN ('waiting', 'offered', 'claimed', 'resolved', 'abandoned', 'unanswered', 'callback')),
    -- Whether the caller is to be called back: given back, it waits for that.
    callback      boolean     NOT NULL DEFAULT false,
    -- Who holds it, or held it last; and until when they do.
    agent         uuid,
    expires_at    timestamptz,
    -- The agent's generation when it was offered.
    offered_to    bigint,
    lease_hash    bytea CHECK (octet_length(lease_hash) = 32),
    -- Counts leases: whoever acts by a lower number acts too late.
    fence         bigint      NOT NULL DEFAULT 0,
    claimed_at    timestamptz,
    waits_until   timestamptz NOT NULL,
    created_at    timestamptz NOT NULL,
    ended_at      timestamptz,
    version       integer     NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, escalation_id),
    FOREIGN KEY (org_id, call_id) REFERENCES calls (org_id, call_id) ON DELETE CASCADE,
    CHECK ((status IN ('offered', 'claimed')) = (expires_at IS NOT NULL)),
    CHECK (status NOT IN ('offered', 'claimed') OR agent IS NOT NULL),
    CHECK ((status = 'claimed') = (lease_hash IS NOT NULL)),
    CHECK ((status = 'offered') = (offered_to IS NOT NULL))
) WITH (fillfactor = 80);
-- A call waits once at a time.
CREATE UNIQUE INDEX escalations_open_unique ON escalations (org_id, call_id) WHERE status IN ('waiting', 'offered', 'claimed', 'callback');
CREATE INDEX escalations_call   ON escalations (org_id, call_id);
CREATE INDEX escalations_queue  ON escalations (org_id, priority DESC, created_at, escalation_id) WHERE status = 'waiting';
CREATE INDEX escalations_held   ON escalations (org_id, agent) WHERE status IN ('offered', 'claimed');
CREATE INDEX escalations_latest ON escalations (org_id, created_at DESC, escalation_id DESC);

GRANT SELECT, INSERT ON human_agents, availability_changes, escalation_settings, escalations TO rollcall_app;
GRANT UPDATE (chosen, cause, generation, note, shown, since, capacity, skills, alive_until, last_heartbeat_at, idle_since, version)
    ON human_agents TO rollcall_app;
GRANT UPDATE (wait_limit_seconds, offer_seconds, lease_seconds, automatic, version) ON escalation_settings TO rollcall_app;
GRANT UPDATE (status, callback, agent, expires_at, offered_to, lease_hash, fence, claimed_at, waits_until, ended_at, version)
    ON escalations TO rollcall_app;

ALTER TABLE human_agents         ENABLE ROW LEVEL SECURITY;
ALTER TABLE human_agents         FORCE  ROW LEVEL SECURITY;
ALTER TABLE availability_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE availability_changes FORCE  ROW LEVEL SECURITY;
ALTER TABLE escalation_settings  ENABLE ROW LEVEL SECURITY;
ALTER TABLE escalation_settings  FORCE  ROW LEVEL SECURITY;
ALTER TABLE escalations          ENABLE ROW LEVEL SECURITY;
ALTER TABLE escalations          FORCE  ROW LEVEL SECURITY;
CREATE POLICY own_organization ON human_agents TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY own_organization ON availability_changes TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY own_organization ON escalation_settings TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY own_organization ON escalations TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
-- Whoever signs out is looked for wherever they are an agent.
CREATE POLICY own_account ON human_agents TO rollcall_app
    USING (user_id = NULLIF(current_setting('rollcall.user_id', true), '')::uuid);

---------------------------------------------------------------------------------------------------
-- Where something is due
---------------------------------------------------------------------------------------------------

GRANT SELECT ON human_agents, escalations, escalation_settings TO rollcall_directory;
CREATE POLICY directory ON human_agents        FOR SELECT TO rollcall_directory USING (true);
CREATE POLICY directory ON escalations         FOR SELECT TO rollcall_directory USING (true);
CREATE POLICY directory ON escalation_settings FOR SELECT TO rollcall_directory USING (true);

-- The organizations where an agent is gone or may not work any more, an offer or a lease has lapsed, a call has waited for too long, or
-- one waits that somebody could be offered; none that is deleted. Only which they are: what is to be done is decided in each.
CREATE FUNCTION directory_agents_due(as_of timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT d.org_id FROM (
          SELECT a.org_id FROM human_agents a WHERE a.chosen <> 'offline' AND a.alive_until <= as_of
           UNION
          SELECT a.org_id FROM human_agents a
            JOIN users u ON u.user_id = a.user_id
            LEFT JOIN security_controls c ON c.org_id = a.org_id AND c.control = 'mfa_required' AND c.enabled
            LEFT JOIN mfa_deadlines d ON d.org_id = a.org_id AND d.user_id = a.user_id
           WHERE a.chosen <> 'offline'
             AND (u.status = 'suspended' OR (c.enabled AND NOT u.mfa_enabled AND COALESCE(d.deadline_at, now()) <= now()))
           UNION
          SELECT e.org_id FROM escalations e WHERE e.status IN ('offered', 'claimed') AND e.expires_at <= as_of
           UNION
          SELECT e.org_id FROM escalations e WHERE e.status = 'waiting' AND e.waits_until <= as_of
           UNION
          SELECT s.org_id FROM escalation_settings s
           WHERE s.automatic
             AND EXISTS (SELECT FROM escalations e WHERE e.org_id = s.org_id AND e.status = 'waiting')
             AND EXISTS (SELECT FROM human_agents a
                          WHERE a.org_id = s.org_id AND a.chosen = 'available' AND a.shown = 'available' AND a.alive_until > as_of)) d
      JOIN organizations o ON o.org_id = d.org_id AND o.deleted_at IS NULL
$$;
REVOKE ALL ON FUNCTION directory_agents_due(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory_agents_due(timestamptz) TO rollcall_app;
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION directory_agents_due(timestamptz) OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;

---------------------------------------------------------------------------------------------------
-- The end of an organization
---------------------------------------------------------------------------------------------------

GRANT SELECT (org_id, escalation_id), DELETE ON escalations TO rollcall_purge;
GRANT SELECT (org_id, user_id), DELETE ON human_agents TO rollcall_purge;
GRANT SELECT (org_id, user_id), DELETE ON availability_changes TO rollcall_purge;
GRANT SELECT (org_id), DELETE ON escalation_settings TO rollcall_purge;
CREATE POLICY purge ON escalations TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = escalations.org_id));
CREATE POLICY purge ON human_agents TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = human_agents.org_id));
CREATE POLICY purge ON availability_changes TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = availability_changes.org_id));
CREATE POLICY purge ON escalation_settings TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = escalation_settings.org_id));

CREATE OR REPLACE FUNCTION purge_rows(org uuid, as_of timestamptz, at_most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- A table that belongs to organizations goes on this list, before those that it refers to. What opens a key goes with it.
    tables CONSTANT text[] := ARRAY[
        ['mails', 'mail_id'], ['invitations', 'invitation_id'], ['api_keys', 'key_id'], ['plan_changes', 'change_id'],
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
