-- Recordings of calls: what opens them and what belongs to them. Their audio lies elsewhere, sealed.

-- A key of each organization, wrapped by the keyring, whose key's id is in front. Without it nothing of the organization's
-- recordings can be opened any more.
CREATE TABLE organization_keys (
    org_id  uuid        NOT NULL PRIMARY KEY REFERENCES organizations ON DELETE CASCADE,
    wrapped bytea       NOT NULL,
    made_at timestamptz NOT NULL
);

CREATE TABLE recordings (
    org_id       uuid    NOT NULL,
    recording_id uuid    NOT NULL,
    call_id      uuid    NOT NULL,
    -- An upload is not seen by anybody before it is whole.
    state        text    NOT NULL CHECK (state IN ('upload', 'kept')),
    -- Whether another request may go on with the upload.
    resumable    boolean NOT NULL,
    -- The recording's key, wrapped by the organization's.
    wrapped_key  bytea   NOT NULL,
    -- What it consists of, sealed by its key: the kind of audio, the length, the digest, the names of the segments.
    manifest     bytea   NOT NULL,
    length       bigint CHECK (length > 0),
    kept_at      timestamptz,
    -- Until when an upload is waited for.
    expires_at   timestamptz,
    version      integer NOT NULL,
    PRIMARY KEY (org_id, recording_id),
    FOREIGN KEY (org_id, call_id) REFERENCES calls (org_id, call_id) ON DELETE CASCADE,
    CHECK ((state = 'kept') = (length IS NOT NULL)),
    CHECK ((state = 'kept') = (kept_at IS NOT NULL)),
    CHECK ((state = 'upload') = (expires_at IS NOT NULL))
);
-- A call has one recording, and one upload that can be gone on with.
CREATE UNIQUE INDEX recordings_kept_unique      ON recordings (org_id, call_id) WHERE state = 'kept';
CREATE UNIQUE INDEX recordings_resumable_unique ON recordings (org_id, call_id) WHERE state = 'upload' AND resumable;
CREATE INDEX recordings_call     ON recordings (org_id, call_id);
CREATE INDEX recordings_expiring ON recordings (expires_at) WHERE state = 'upload';
CREATE INDEX recordings_oldest   ON recordings (kept_at) WHERE state = 'kept';

GRANT SELECT, INSERT ON organization_keys TO rollcall_app;
GRANT UPDATE (wrapped) ON organization_keys TO rollcall_app;
GRANT SELECT, INSERT, DELETE ON recordings TO rollcall_app;
GRANT UPDATE (state, manifest, length, kept_at, expires_at, version) ON recordings TO rollcall_app;
ALTER TABLE organization_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE organization_keys FORCE  ROW LEVEL SECURITY;
ALTER TABLE recordings        ENABLE ROW LEVEL SECURITY;
ALTER TABLE recordings        FORCE  ROW LEVEL SECURITY;
CREATE POLICY own_organization ON organization_keys TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
CREATE POLICY own_organization ON recordings TO rollcall_app
    USING (org_id = NULLIF(current_setting('rollcall.org_id', true), '')::uuid);
-- Whoever tidies up finds what is over, whosever it is, and ends uploads; recordings end in their own organization, with an event.
CREATE POLICY task_finds ON recordings FOR SELECT TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'recordings');
CREATE POLICY task_ends_uploads ON recordings FOR DELETE TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'recordings' AND state = 'upload');
CREATE POLICY recordings ON organizations FOR SELECT TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'recordings');
CREATE POLICY task_finds ON organization_keys FOR SELECT TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'recordings');
CREATE POLICY task_rewraps ON organization_keys FOR UPDATE TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'recordings');

---------------------------------------------------------------------------------------------------
-- Whatever removes the row of a recording leaves a note of what is to be removed where its audio lies. It outlives the organization
---------------------------------------------------------------------------------------------------

CREATE TABLE recording_remains (
    org_id       uuid        NOT NULL,
    recording_id uuid        NOT NULL,
    due_at       timestamptz NOT NULL,
    -- How often everything was removed. What was being written when the row went may have come after the first time.
    removed      smallint    NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, recording_id)
);
CREATE INDEX recording_remains_due ON recording_remains (due_at);

GRANT SELECT, DELETE ON recording_remains TO rollcall_app;
GRANT UPDATE (due_at, removed) ON recording_remains TO rollcall_app;
GRANT SELECT, INSERT ON recording_remains TO rollcall_directory;
ALTER TABLE recording_remains ENABLE ROW LEVEL SECURITY;
ALTER TABLE recording_remains FORCE  ROW LEVEL SECURITY;
CREATE POLICY task ON recording_remains TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'recordings');
CREATE POLICY directory ON recording_remains TO rollcall_directory USING (true);

CREATE FUNCTION note_recording_remains() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO recording_remains (org_id, recording_id, due_at)
    VALUES (OLD.org_id, OLD.recording_id, '-infinity') ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION note_recording_remains() FROM PUBLIC;
CREATE TRIGGER recording_remains AFTER DELETE ON recordings
    FOR EACH ROW EXECUTE FUNCTION note_recording_remains();
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION note_recording_remains() OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;

---------------------------------------------------------------------------------------------------
-- The end of an organization
---------------------------------------------------------------------------------------------------

GRANT SELECT (org_id, recording_id), DELETE ON recordings TO rollcall_purge;
GRANT SELECT (org_id), DELETE ON organization_keys TO rollcall_purge;
CREATE POLICY purge ON recordings TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = recordings.org_id));
CREATE POLICY purge ON organization_keys TO rollcall_purge
    USING (EXISTS (SELECT FROM organizations o WHERE o.org_id = organization_keys.org_id));

CREATE OR REPLACE FUNCTION purge_rows(org uuid, as_of timestamptz, at_most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- A table that belongs to organizations goes on this list, before those that it refers to. What opens a key goes with it.
    tables CONSTANT text[] := ARRAY[
        ['mails', 'mail_id'], ['invitations', 'invitation_id'], ['api_keys', 'key_id'], ['plan_changes', 'change_id'],
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
