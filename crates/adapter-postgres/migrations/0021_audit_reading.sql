-- Reading the audit logs, what goes from them with time, and who witnesses them.

---------------------------------------------------------------------------------------------------
-- Sketches: what is surely not in a stretch of a log
---------------------------------------------------------------------------------------------------

-- A row for every 512 events of a tree. What has no sketch (yet, or any more) is read through by whoever searches.
CREATE TABLE audit_sketches (
    org_id  uuid   NOT NULL,
    stretch bigint NOT NULL CHECK (stretch >= 0),
    -- A Bloom filter of 32,000 bits,
    sketch  bytea  CHECK (octet_length(sketch) = 4000),
    -- and the times between which the events happened.
    oldest  timestamptz,
    newest  timestamptz,
    PRIMARY KEY (org_id, stretch),
    CHECK ((sketch IS NULL) = (oldest IS NULL) AND (sketch IS NULL) = (newest IS NULL))
) WITH (fillfactor = 100);
-- Two of them fill a page, and they are read one after the other: elsewhere they would have to be fetched one by one.
ALTER TABLE audit_sketches ALTER COLUMN sketch SET STORAGE PLAIN;
CREATE INDEX audit_sketches_to_make ON audit_sketches (org_id, stretch) WHERE sketch IS NULL;

GRANT SELECT ON audit_sketches TO rollcall_app;
GRANT UPDATE (sketch, oldest, newest) ON audit_sketches TO rollcall_app;
GRANT SELECT, INSERT ON audit_sketches TO rollcall_directory;
GRANT UPDATE (sketch, oldest, newest) ON audit_sketches TO rollcall_directory;
GRANT SELECT (org_id, stretch), UPDATE (sketch, oldest, newest), DELETE ON audit_sketches TO rollcall_purge;
ALTER TABLE audit_sketches ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_sketches FORCE  ROW LEVEL SECURITY;
CREATE POLICY own_organization ON audit_sketches FOR SELECT TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY task ON audit_sketches TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'audit_sketches');
CREATE POLICY directory ON audit_sketches TO rollcall_directory USING (true);

-- Where a stretch becomes full there is a row for it. (Nobody searches the platform's own log, which is the one without an organization.)
CREATE FUNCTION note_full_stretches() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO audit_sketches (org_id, stretch)
    SELECT NEW.org_id, s.stretch
      FROM generate_series(CASE TG_OP WHEN 'UPDATE' THEN OLD.size / 512 ELSE 0 END, NEW.size / 512 - 1) AS s (stretch);
    RETURN NULL;
END
$$;
CREATE TRIGGER audit_stretches_noted AFTER INSERT ON audit_trees FOR EACH ROW
    WHEN (NEW.size >= 512 AND NEW.org_id <> '00000000-0000-0000-0000-000000000000') EXECUTE FUNCTION note_full_stretches();
CREATE TRIGGER audit_stretches_grown AFTER UPDATE OF size ON audit_trees FOR EACH ROW
    WHEN (NEW.size / 512 > OLD.size / 512 AND NEW.org_id <> '00000000-0000-0000-0000-000000000000') EXECUTE FUNCTION note_full_stretches();
-- Trees that there are already. (The owner of a table is held to its policies, too.)
ALTER TABLE audit_trees NO FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_sketches NO FORCE ROW LEVEL SECURITY;
INSERT INTO audit_sketches (org_id, stretch)
SELECT t.org_id, s.stretch FROM audit_trees t, generate_series(0, t.size / 512 - 1) AS s (stretch)
 WHERE t.org_id <> '00000000-0000-0000-0000-000000000000';
ALTER TABLE audit_trees FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_sketches FORCE ROW LEVEL SECURITY;

-- What is erased of an event is erased from the sketch in the same moment: it is made anew. Whoever is making it at that moment holds
-- the row, and is waited for; whoever makes it afterwards reads what is left.
CREATE FUNCTION forget_sketches() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM audit_sketches s
      WHERE (s.org_id, s.stretch) IN (SELECT l.org_id, l.idx / 512
                                        FROM erased e JOIN audit_leaves l ON l.org_id = e.org_id AND l.event_id = e.event_id)
      ORDER BY s.org_id, s.stretch
        FOR UPDATE;
    UPDATE audit_sketches s SET sketch = NULL, oldest = NULL, newest = NULL
     WHERE (s.org_id, s.stretch) IN (SELECT l.org_id, l.idx / 512
                                       FROM erased e JOIN audit_leaves l ON l.org_id = e.org_id AND l.event_id = e.event_id)
       AND s.sketch IS NOT NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER audit_sketches_forget AFTER UPDATE ON audit_events
    REFERENCING NEW TABLE AS erased FOR EACH STATEMENT EXECUTE FUNCTION forget_sketches();
GRANT SELECT ON audit_leaves TO rollcall_directory;
CREATE POLICY directory ON audit_leaves FOR SELECT TO rollcall_directory USING (true);

---------------------------------------------------------------------------------------------------
-- Retention
---------------------------------------------------------------------------------------------------

-- How far each log has been gone through: of so many events, from the first on, nothing is kept that identifies a person; and so many
-- are gone. Their places and the hashes of their leaves stay for ever.
CREATE TABLE audit_retention (
    org_id  uuid   NOT NULL PRIMARY KEY,
    cleared bigint NOT NULL DEFAULT 0,
    removed bigint NOT NULL DEFAULT 0,
    CHECK (0 <= removed AND removed <= cleared)
);
GRANT SELECT ON audit_retention TO rollcall_app;
GRANT SELECT, INSERT, UPDATE (cleared, removed), DELETE ON audit_retention TO rollcall_purge;
ALTER TABLE audit_retention ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_retention FORCE  ROW LEVEL SECURITY;
CREATE POLICY own_organization ON audit_retention FOR SELECT TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY task ON audit_retention FOR SELECT TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'audit_retention');
CREATE POLICY retention ON audit_retention TO rollcall_purge
    USING (current_setting('rollcall.task', true) = 'audit_retention');

-- Where something is too old.
CREATE POLICY retention_due ON organizations FOR SELECT TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'audit_retention' AND deleted_at IS NULL);
CREATE POLICY retention_due ON audit_leaves FOR SELECT TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'audit_retention');

GRANT SELECT (event_id, occurred_at) ON audit_leaves TO rollcall_purge;
GRANT SELECT (personal), UPDATE (personal) ON audit_events TO rollcall_purge;
CREATE POLICY retention ON audit_leaves FOR SELECT TO rollcall_purge
    USING (current_setting('rollcall.task', true) = 'audit_retention');
CREATE POLICY retention ON audit_events TO rollcall_purge
    USING (current_setting('rollcall.task', true) = 'audit_retention'
           AND EXISTS (SELECT FROM audit_leaves l
                        WHERE l.org_id = audit_events.org_id AND l.event_id = audit_events.event_id));
CREATE POLICY retention ON audit_sketches TO rollcall_purge
    USING (current_setting('rollcall.task', true) = 'audit_retention');

-- What persons are erased by may erase them with time, too.
CREATE OR REPLACE FUNCTION audit_log_only_forgets_persons() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_user IN ('rollcall_directory', 'rollcall_purge')
        AND to_jsonb(NEW) - 'personal' = to_jsonb(OLD) - 'personal'
        AND jsonb_typeof(NEW.personal) = 'object'
        AND NOT EXISTS (SELECT FROM jsonb_each(NEW.personal) p WHERE p.value IS DISTINCT FROM OLD.personal -> p.key)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;

-- Takes what is too old out of one log, the oldest first, at most so many events of each kind; gives back of how many it was. Events
-- go in the order of the log: one that is told of late waits for those before it. Nothing goes that happened within a day by the
-- database's own clock, whatever its caller says: no plan keeps events for less.
CREATE FUNCTION retain_audit_events(org uuid, clear_before timestamptz, remove_before timestamptz, at_most integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    youngest CONSTANT timestamptz := now() - interval '1 day';
    cleared_from bigint;
    cleared_to bigint;
    removed_from bigint;
    removed_to bigint;
BEGIN
    INSERT INTO audit_retention (org_id) VALUES (org) ON CONFLICT DO NOTHING;
    -- One at a time.
    SELECT r.cleared, r.removed INTO cleared_from, removed_from
      FROM audit_retention r WHERE r.org_id = org FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    SELECT COALESCE(min(l.idx) FILTER (WHERE l.occurred_at >= LEAST(clear_before, youngest)), max(l.idx) + 1, cleared_from)
      INTO cleared_to
      FROM audit_leaves l WHERE l.org_id = org AND l.idx >= cleared_from AND l.idx < cleared_from + at_most;
    SELECT COALESCE(min(l.idx) FILTER (WHERE l.occurred_at >= LEAST(remove_before, youngest)), max(l.idx) + 1, removed_from)
      INTO removed_to
      FROM audit_leaves l
     WHERE l.org_id = org AND l.idx >= removed_from AND l.idx < LEAST(removed_from + at_most, cleared_to);

    UPDATE audit_events e SET personal = '{}'
      FROM audit_leaves l
     WHERE l.org_id = org AND l.idx >= cleared_from AND l.idx < cleared_to
       AND e.org_id = org AND e.event_id = l.event_id AND e.personal <> '{}';
    DELETE FROM audit_events e USING audit_leaves l
     WHERE l.org_id = org AND l.idx >= removed_from AND l.idx < removed_to
       AND e.org_id = org AND e.event_id = l.event_id;
    -- What is left of a stretch is sketched anew; where nothing is left there is nothing to look for.
    DELETE FROM audit_sketches s WHERE s.org_id = org AND s.stretch < removed_to / 512;
    IF removed_to > removed_from THEN
        UPDATE audit_sketches s SET sketch = NULL, oldest = NULL, newest = NULL
         WHERE s.org_id = org AND s.stretch = removed_to / 512;
    END IF;
    UPDATE audit_retention r SET cleared = cleared_to, removed = removed_to WHERE r.org_id = org;
    RETURN GREATEST(cleared_to - cleared_from, removed_to - removed_from);
END
$$;

---------------------------------------------------------------------------------------------------
-- Witnesses
---------------------------------------------------------------------------------------------------

CREATE TABLE audit_witnesses (
    org_id  uuid        NOT NULL REFERENCES organizations ON DELETE CASCADE,
    kind    text        NOT NULL CHECK (kind IN ('mail', 'webhook')),
    -- A mail address, or a URL.
    address text        NOT NULL,
    -- What a webhook is signed with, sealed.
    secret  bytea,
    set_at  timestamptz NOT NULL,
    set_by  uuid        REFERENCES users ON DELETE SET NULL,
    next_at timestamptz NOT NULL,
    PRIMARY KEY (org_id),
    CHECK ((kind = 'webhook') = (secret IS NOT NULL))
);
CREATE INDEX audit_witnesses_due ON audit_witnesses (next_at);
CREATE INDEX audit_witnesses_set_by ON audit_witnesses (set_by);

-- Checkpoints that are on their way, and what became of those before.
CREATE TABLE audit_deliveries (
    org_id      uuid        NOT NULL REFERENCES organizations ON DELETE CASCADE,
    delivery_id uuid        NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('mail', 'webhook')),
    size        bigint      NOT NULL CHECK (size >= 0),
    note        text        NOT NULL,
    state       text        NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'failed', 'moot')),
    attempts    integer     NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL,
    -- When it is sent to a webhook; while somebody is at it, when their lease runs out. Mail is sent by the outbox.
    due_at      timestamptz NOT NULL,
    settled_at  timestamptz,
    last_error  text,
    PRIMARY KEY (org_id, delivery_id),
    CHECK ((state = 'queued') = (settled_at IS NULL))
);
CREATE INDEX audit_deliveries_of ON audit_deliveries (org_id, created_at);
CREATE INDEX audit_deliveries_due ON audit_deliveries (due_at) WHERE state = 'queued' AND kind = 'webhook';
CREATE INDEX audit_deliveries_by_time ON audit_deliveries (created_at);

GRANT SELECT, INSERT, DELETE ON audit_witnesses, audit_deliveries TO rollcall_app;
GRANT UPDATE (next_at) ON audit_witnesses TO rollcall_app;
GRANT UPDATE (state, attempts, due_at, settled_at, last_error) ON audit_deliveries TO rollcall_app;
ALTER TABLE audit_witnesses  ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_witnesses  FORCE  ROW LEVEL SECURITY;
ALTER TABLE audit_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_deliveries FORCE  ROW LEVEL SECURITY;
CREATE POLICY own_organization ON audit_witnesses TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY own_organization ON audit_deliveries TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY task ON audit_witnesses TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'witnesses');
CREATE POLICY task ON audit_deliveries TO rollcall_app
    USING (current_setting('rollcall.task', true) IN ('witnesses', 'outbox'));
-- Nothing is sent for an organization that is deleted.
CREATE POLICY witnesses ON organizations FOR SELECT TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'witnesses' AND deleted_at IS NULL);

ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check
    CHECK (kind IN ('confirm_signup', 'invitation', 'password_reset', 'password_changed', 'organization_deleted',
                    'email_change', 'email_change_requested', 'email_changed', 'account_deleted', 'failed_sign_ins',
                    'mfa_enabled', 'mfa_disabled', 'recovery_code_used', 'recovery_codes_renewed', 'passkey_added',
                    'passkey_removed', 'mfa_reset', 'mfa_required', 'mfa_reminder', 'api_key_reported',
                    'call_recording_off', 'phi_protection_off', 'end_to_end_encryption_off', 'audit_log_off',
                    'mfa_required_off', 'audit_checkpoint'));

---------------------------------------------------------------------------------------------------
-- The end of an organization
---------------------------------------------------------------------------------------------------

GRANT SELECT (org_id), DELETE ON audit_witnesses TO rollcall_purge;
GRANT SELECT (org_id, delivery_id), DELETE ON audit_deliveries TO rollcall_purge;
CREATE POLICY purge ON audit_sketches TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = audit_sketches.org_id));
CREATE POLICY purge ON audit_retention TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = audit_retention.org_id));
CREATE POLICY purge ON audit_witnesses TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = audit_witnesses.org_id));
CREATE POLICY purge ON audit_deliveries TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = audit_deliveries.org_id));

CREATE OR REPLACE FUNCTION purge_rows(org uuid, as_of timestamptz, at_most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- A table that belongs to organizations goes on this list, before those that it refers to. What opens a key goes with it. What
    -- waits to be sequenced goes before the trees: whoever is sequencing it is waited for, and then there is nothing to sequence.
    tables CONSTANT text[] := ARRAY[
        ['mails', 'mail_id'], ['invitations', 'invitation_id'], ['api_keys', 'key_id'], ['plan_changes', 'change_id'],
        ['audit_queue', 'written'], ['audit_checkpoints', 'size'],
        ['audit_deliveries', 'delivery_id'], ['audit_witnesses', 'org_id'],
        ['audit_sketches', 'stretch'], ['audit_retention', 'org_id'], ['audit_leaves', 'idx'], ['audit_tiles', 'tile'], ['audit_trees', 'org_id'], ['audit_unoffered', 'event_id'],
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

---------------------------------------------------------------------------------------------------
-- Who may call, and who owns, the functions
---------------------------------------------------------------------------------------------------

REVOKE ALL ON FUNCTION note_full_stretches(), forget_sketches(),
    retain_audit_events(uuid, timestamptz, timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION retain_audit_events(uuid, timestamptz, timestamptz, integer) TO rollcall_app;
GRANT CREATE ON SCHEMA public TO rollcall_directory, rollcall_purge;
ALTER FUNCTION note_full_stretches() OWNER TO rollcall_directory;
ALTER FUNCTION forget_sketches() OWNER TO rollcall_directory;
ALTER FUNCTION retain_audit_events(uuid, timestamptz, timestamptz, integer) OWNER TO rollcall_purge;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory, rollcall_purge;
