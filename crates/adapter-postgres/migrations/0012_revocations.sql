-- What is not good any more, for services beside Rollcall that remember what they were told.
--
-- A change notes what it takes away in its own transaction, whoever makes it. Places in the order in which it is told are
-- given afterwards, one transaction at a time: numbers that transactions take themselves become visible in another order
-- than they are taken, and whoever has read up to one would miss those that come late. What is told stays for an hour.

CREATE TABLE revocations (
    entry        bigint      GENERATED ALWAYS AS IDENTITY,
    kind         text        NOT NULL CHECK (kind IN ('session.ended', 'member.removed', 'member.role_changed',
                                                      'user.suspended', 'user.deleted', 'organization.deleted',
                                                      'user.changed', 'organization.changed', 'api_key.revoked', 'api_key.changed',
                                                      -- The last one, when its time is over: its place is still needed.
                                                      'forgotten')),
    org_id       uuid,
    user_id      uuid,
    session_id   uuid,
    key_id       uuid,
    role         text,
    -- Without a gap, but for what has been forgotten at the beginning.
    position     bigint,
    published_at timestamptz,
    PRIMARY KEY (entry),
    CONSTRAINT revocations_position_unique UNIQUE (position),
    CHECK ((position IS NULL) = (published_at IS NULL))
);
CREATE INDEX revocations_waiting ON revocations (entry) WHERE position IS NULL;
CREATE INDEX revocations_by_time ON revocations (published_at);

GRANT SELECT, DELETE ON revocations TO rollcall_app;
GRANT UPDATE (kind, org_id, user_id, session_id, key_id, role, position, published_at) ON revocations TO rollcall_app;
GRANT INSERT ON revocations TO rollcall_directory;
ALTER TABLE revocations ENABLE ROW LEVEL SECURITY;
ALTER TABLE revocations FORCE  ROW LEVEL SECURITY;
CREATE POLICY task ON revocations TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'revocations');
CREATE POLICY directory ON revocations TO rollcall_directory USING (true);

CREATE FUNCTION note_revocation() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- What has run out, and what is left of a deleted organization, was not good before either.
    IF current_setting('rollcall.task', true) IN ('expiry', 'purge') THEN
        RETURN NULL;
    END IF;
    CASE TG_ARGV[0]
        WHEN 'session.ended' THEN
            INSERT INTO revocations (kind, session_id, user_id, org_id)
            VALUES (TG_ARGV[0], OLD.session_id, OLD.user_id, OLD.org_id);
        WHEN 'member.removed' THEN
            INSERT INTO revocations (kind, user_id, org_id) VALUES (TG_ARGV[0], OLD.user_id, OLD.org_id);
        WHEN 'member.role_changed' THEN
            INSERT INTO revocations (kind, user_id, org_id, role)
            VALUES (TG_ARGV[0], NEW.user_id, NEW.org_id, NEW.role);
        WHEN 'user.suspended', 'user.deleted', 'user.changed' THEN
            INSERT INTO revocations (kind, user_id) VALUES (TG_ARGV[0], OLD.user_id);
        WHEN 'organization.deleted' THEN
            INSERT INTO revocations (kind, org_id) VALUES (TG_ARGV[0], OLD.org_id);
        WHEN 'organization.changed' THEN
            INSERT INTO revocations (kind, org_id) VALUES (TG_ARGV[0], NEW.org_id);
        WHEN 'api_key.revoked', 'api_key.changed' THEN
            INSERT INTO revocations (kind, key_id, org_id) VALUES (TG_ARGV[0], OLD.key_id, OLD.org_id);
    END CASE;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION note_revocation() FROM PUBLIC;

-- Each of these changes is also told by `sessions_changed` (0003) or `api_keys_changed` (0011), which is what wakes those who give places.
CREATE TRIGGER session_ended AFTER DELETE ON sessions
    FOR EACH ROW EXECUTE FUNCTION note_revocation('session.ended');
CREATE TRIGGER member_removed AFTER DELETE ON members
    FOR EACH ROW EXECUTE FUNCTION note_revocation('member.removed');
CREATE TRIGGER member_role_changed AFTER UPDATE OF role ON members
    FOR EACH ROW WHEN (OLD.role <> NEW.role) EXECUTE FUNCTION note_revocation('member.role_changed');
CREATE TRIGGER user_suspended AFTER UPDATE OF status ON users
    FOR EACH ROW WHEN (OLD.status <> 'suspended' AND NEW.status = 'suspended')
    EXECUTE FUNCTION note_revocation('user.suspended');
CREATE TRIGGER user_deleted AFTER DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION note_revocation('user.deleted');
CREATE TRIGGER organization_deleted AFTER UPDATE OF deleted_at ON organizations
    FOR EACH ROW WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL)
    EXECUTE FUNCTION note_revocation('organization.deleted');
-- Whoever has no second factor may be late from now on.
CREATE TRIGGER user_changed AFTER UPDATE OF mfa_enabled ON users
    FOR EACH ROW WHEN (OLD.mfa_enabled AND NOT NEW.mfa_enabled) EXECUTE FUNCTION note_revocation('user.changed');
CREATE TRIGGER organization_changed AFTER INSERT OR UPDATE OF enabled, grace_days ON security_controls
    FOR EACH ROW WHEN (NEW.enabled) EXECUTE FUNCTION note_revocation('organization.changed');
CREATE TRIGGER api_key_revoked AFTER UPDATE OF revoked_at ON api_keys
    FOR EACH ROW WHEN (OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL)
    EXECUTE FUNCTION note_revocation('api_key.revoked');
-- Whatever else may make a key worth less: fewer scopes or networks, an earlier end, another secret.
CREATE TRIGGER api_key_changed AFTER UPDATE OF version ON api_keys
    FOR EACH ROW WHEN (NEW.revoked_at IS NULL) EXECUTE FUNCTION note_revocation('api_key.changed');

GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION note_revocation() OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;
