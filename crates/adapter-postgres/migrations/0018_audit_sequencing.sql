-- The order of the audit logs: which events are in which log's tree, and where.
--
-- An event is put into the queue in the transaction that writes it, and waits for nobody. One sequencer at a time for each of sixteen
-- shards takes what it sees from the queue, appends it to the trees of its logs, and commits. What an event is to a tree is decided when
-- it is written: its leaf's hash goes with it.

CREATE TABLE audit_queue (
    -- The last four bits of the log's id.
    shard       smallint    NOT NULL CHECK (shard BETWEEN 0 AND 15),
    written     bigint      NOT NULL,
    org_id      uuid        NOT NULL,
    event_id    uuid        NOT NULL,
    occurred_at timestamptz NOT NULL,
    leaf_hash   bytea       NOT NULL CHECK (octet_length(leaf_hash) = 32),
    -- What the event turns the log, if it does.
    turns       text        CHECK (turns IN ('on', 'off')),
    PRIMARY KEY (shard, written)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);

-- Each log's tree. A log without a row is empty; it is off, but for the platform's own.
CREATE TABLE audit_trees (
    org_id  uuid    NOT NULL PRIMARY KEY,
    size    bigint  NOT NULL CHECK (size >= 0),
    root    bytea   NOT NULL CHECK (octet_length(root) = 32),
    -- Whether events go into it, as of the last one that was sequenced.
    offered boolean NOT NULL
);

-- Which event is which leaf.
CREATE TABLE audit_leaves (
    org_id      uuid        NOT NULL,
    idx         bigint      NOT NULL CHECK (idx >= 0),
    event_id    uuid        NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, idx),
    CONSTRAINT audit_leaves_event_unique UNIQUE (org_id, event_id)
);

-- The trees' hashes, as C2SP tlog-tiles has them: 1 to 256 of 32 bytes.
CREATE TABLE audit_tiles (
    org_id uuid     NOT NULL,
    level  smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
    tile   bigint   NOT NULL CHECK (tile >= 0),
    hashes bytea    NOT NULL CHECK (octet_length(hashes) BETWEEN 32 AND 8192 AND octet_length(hashes) % 32 = 0),
    PRIMARY KEY (org_id, level, tile)
);
-- Hashes do not get shorter.
ALTER TABLE audit_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- Events that were written while their log was off: in no tree, and forgotten after a while.
CREATE TABLE audit_unoffered (
    org_id      uuid        NOT NULL,
    event_id    uuid        NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, event_id)
);
CREATE INDEX audit_unoffered_by_time ON audit_unoffered (occurred_at);

---------------------------------------------------------------------------------------------------
-- Into the queue, with the event
---------------------------------------------------------------------------------------------------

-- Runs for every event, so that it names everything in full, as the functions in 0013 do.
CREATE FUNCTION queue_audit_event() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $$
DECLARE
    turns pg_catalog.text;
BEGIN
    IF NEW.action OPERATOR(pg_catalog.=) 'security.control_changed' AND NEW.outcome OPERATOR(pg_catalog.=) 'success' THEN
        SELECT c.change OPERATOR(pg_catalog.->>) 'after' INTO turns
          FROM pg_catalog.jsonb_array_elements(
                   pg_catalog.convert_from(NEW.leaf, 'UTF8')::pg_catalog.jsonb OPERATOR(pg_catalog.->) 'changes') AS c (change)
         WHERE c.change OPERATOR(pg_catalog.->>) 'field' OPERATOR(pg_catalog.=) 'audit_log';
    END IF;
    INSERT INTO public.audit_queue (shard, written, org_id, event_id, occurred_at, leaf_hash, turns)
    VALUES (pg_catalog.get_byte(pg_catalog.uuid_send(NEW.org_id), 15) OPERATOR(pg_catalog.&) 15, NEW.written, NEW.org_id,
            NEW.event_id, NEW.occurred_at,
            pg_catalog.sha256('\x00'::pg_catalog.bytea OPERATOR(pg_catalog.||) NEW.leaf), turns);
    RETURN NULL;
END
$$;
CREATE TRIGGER audit_event_queued AFTER INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION queue_audit_event();

-- What was written before. Nothing is written meanwhile: the trigger has just been made.
ALTER TABLE audit_events NO FORCE ROW LEVEL SECURITY;
INSERT INTO audit_queue (shard, written, org_id, event_id, occurred_at, leaf_hash)
SELECT get_byte(uuid_send(org_id), 15) & 15, written, org_id, event_id, occurred_at, sha256('\x00'::bytea || leaf)
  FROM audit_events;
ALTER TABLE audit_events FORCE ROW LEVEL SECURITY;

---------------------------------------------------------------------------------------------------
-- What is in a tree stays there, whoever asks
---------------------------------------------------------------------------------------------------

CREATE FUNCTION audit_tree_only_grows() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'audit_trees' THEN
        IF NEW.org_id = OLD.org_id AND NEW.size >= OLD.size AND (NEW.size > OLD.size OR NEW.root = OLD.root) THEN
            RETURN NEW;
        END IF;
    ELSIF NEW.org_id = OLD.org_id AND NEW.level = OLD.level AND NEW.tile = OLD.tile
        AND substr(NEW.hashes, 1, octet_length(OLD.hashes)) = OLD.hashes
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_trees_only_grow BEFORE UPDATE ON audit_trees FOR EACH ROW EXECUTE FUNCTION audit_tree_only_grows();
CREATE TRIGGER audit_tiles_only_grow BEFORE UPDATE ON audit_tiles FOR EACH ROW EXECUTE FUNCTION audit_tree_only_grows();
CREATE TRIGGER audit_trees_append_only BEFORE DELETE OR TRUNCATE ON audit_trees
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();
CREATE TRIGGER audit_tiles_append_only BEFORE DELETE OR TRUNCATE ON audit_tiles
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();
CREATE TRIGGER audit_leaves_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_leaves
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();
CREATE TRIGGER audit_unoffered_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_unoffered
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();

---------------------------------------------------------------------------------------------------
-- Who may do what
---------------------------------------------------------------------------------------------------

GRANT INSERT ON audit_queue TO rollcall_directory;
GRANT SELECT, DELETE ON audit_queue TO rollcall_app;
GRANT SELECT, INSERT ON audit_trees, audit_leaves, audit_tiles, audit_unoffered TO rollcall_app;
GRANT UPDATE (size, root, offered) ON audit_trees TO rollcall_app;
GRANT UPDATE (hashes) ON audit_tiles TO rollcall_app;

ALTER TABLE audit_queue     ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_queue     FORCE  ROW LEVEL SECURITY;
ALTER TABLE audit_trees     ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_trees     FORCE  ROW LEVEL SECURITY;
ALTER TABLE audit_leaves    ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_leaves    FORCE  ROW LEVEL SECURITY;
ALTER TABLE audit_tiles     ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_tiles     FORCE  ROW LEVEL SECURITY;
ALTER TABLE audit_unoffered ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_unoffered FORCE  ROW LEVEL SECURITY;

CREATE POLICY directory ON audit_queue TO rollcall_directory USING (true);
CREATE POLICY task ON audit_queue TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'audit');
CREATE POLICY task ON audit_trees TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'audit');
CREATE POLICY task ON audit_leaves TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'audit');
CREATE POLICY task ON audit_tiles TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'audit');
CREATE POLICY task ON audit_unoffered TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'audit');

-- An organization sees its own tree, and changes nothing about it.
CREATE POLICY own_organization ON audit_trees FOR SELECT TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY own_organization ON audit_leaves FOR SELECT TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY own_organization ON audit_tiles FOR SELECT TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);

---------------------------------------------------------------------------------------------------
-- Forgetting what was written while a log was off
---------------------------------------------------------------------------------------------------

GRANT SELECT (org_id, event_id, occurred_at), DELETE ON audit_unoffered TO rollcall_purge;
CREATE POLICY forgetting ON audit_unoffered TO rollcall_purge
    USING (current_setting('rollcall.task', true) = 'audit');
CREATE POLICY forgetting ON audit_events TO rollcall_purge
    USING (current_setting('rollcall.task', true) = 'audit'
           AND EXISTS (SELECT FROM audit_unoffered u
                        WHERE u.org_id = audit_events.org_id AND u.event_id = audit_events.event_id));

-- Forgets events from before a moment that are in no tree, at most so many at a time; gives back how many. Of events that are in a
-- tree it sees nothing. What belongs to a deleted organization (of others it does not know) is left to the purge, which counts it.
CREATE FUNCTION forget_unoffered_events(before timestamptz, at_most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    forgotten bigint;
BEGIN
    WITH old AS MATERIALIZED (
        SELECT u.org_id, u.event_id FROM audit_unoffered u
         WHERE u.occurred_at < before AND NOT EXISTS (SELECT FROM organizations o WHERE o.org_id = u.org_id)
         ORDER BY u.occurred_at LIMIT at_most),
    events AS (
        DELETE FROM audit_events e USING old WHERE e.org_id = old.org_id AND e.event_id = old.event_id),
    places AS (
        DELETE FROM audit_unoffered u USING old WHERE u.org_id = old.org_id AND u.event_id = old.event_id RETURNING 1)
    SELECT count(*) INTO forgotten FROM places;
    RETURN forgotten;
END
$$;

---------------------------------------------------------------------------------------------------
-- The end of an organization
---------------------------------------------------------------------------------------------------

GRANT SELECT (org_id, written), DELETE ON audit_queue TO rollcall_purge;
GRANT SELECT (org_id), DELETE ON audit_trees TO rollcall_purge;
GRANT SELECT (org_id, idx), DELETE ON audit_leaves TO rollcall_purge;
GRANT SELECT (org_id, tile), DELETE ON audit_tiles TO rollcall_purge;
CREATE POLICY purge ON audit_queue TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = audit_queue.org_id));
CREATE POLICY purge ON audit_trees TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = audit_trees.org_id));
CREATE POLICY purge ON audit_leaves TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = audit_leaves.org_id));
CREATE POLICY purge ON audit_tiles TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = audit_tiles.org_id));
CREATE POLICY purge ON audit_unoffered TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = audit_unoffered.org_id));

CREATE OR REPLACE FUNCTION purge_rows(org uuid, as_of timestamptz, at_most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- A table that belongs to organizations goes on this list, before those that it refers to. What opens a key goes with it. What
    -- waits to be sequenced goes before the trees: whoever is sequencing it is waited for, and then there is nothing to sequence.
    tables CONSTANT text[] := ARRAY[
        ['mails', 'mail_id'], ['invitations', 'invitation_id'], ['api_keys', 'key_id'], ['audit_queue', 'written'],
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

---------------------------------------------------------------------------------------------------
-- Who may call, and who owns, the functions
---------------------------------------------------------------------------------------------------

REVOKE ALL ON FUNCTION queue_audit_event(), audit_tree_only_grows(), forget_unoffered_events(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_unoffered_events(timestamptz, integer) TO rollcall_app;
GRANT CREATE ON SCHEMA public TO rollcall_directory, rollcall_purge;
ALTER FUNCTION queue_audit_event() OWNER TO rollcall_directory;
ALTER FUNCTION forget_unoffered_events(timestamptz, integer) OWNER TO rollcall_purge;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory, rollcall_purge;
