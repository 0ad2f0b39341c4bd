-- What is forgotten of events that were written while a log was off is nothing that is in a tree, is old by this database's clock as well,
-- and waits while its organization is suspended.

-- The service says in audit_unoffered which events are in no tree. Where it stands otherwise among the leaves, that is not believed.
CREATE POLICY forgetting ON audit_leaves FOR SELECT TO rollcall_purge
    USING (current_setting('rollcall.task', true) = 'audit');
ALTER POLICY forgetting ON audit_events
    USING (current_setting('rollcall.task', true) = 'audit'
           AND EXISTS (SELECT FROM audit_unoffered u
                        WHERE u.org_id = audit_events.org_id AND u.event_id = audit_events.event_id)
           AND NOT EXISTS (SELECT FROM audit_leaves l
                            WHERE l.org_id = audit_events.org_id AND l.event_id = audit_events.event_id));

-- Which organizations are suspended. The role that forgets is told, and does not look itself: its policies let it at whatever belongs to
-- an organization that it sees.
CREATE FUNCTION suspended_organizations() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT o.org_id FROM organizations o WHERE o.suspended_at IS NOT NULL);
END
$$;
REVOKE ALL ON FUNCTION suspended_organizations() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION suspended_organizations() TO rollcall_purge;
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION suspended_organizations() OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;

-- Forgets events from before a moment that are in no tree, at most so many at a time; gives back how many. Nothing of the last month goes
-- by this database's clock, whoever asks. What belongs to a suspended organization stays until that is restored (0020), and what belongs
-- to a deleted one (of others it does not know) is left to the purge, which counts it.
CREATE OR REPLACE FUNCTION forget_unoffered_events(before timestamptz, at_most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    until CONSTANT timestamptz := LEAST(before, now() - interval '30 days');
    suspended CONSTANT uuid[] := suspended_organizations();
    forgotten bigint;
BEGIN
    WITH old AS MATERIALIZED (
        SELECT u.org_id, u.event_id FROM audit_unoffered u
         WHERE u.occurred_at < until AND u.org_id <> ALL (suspended)
           AND NOT EXISTS (SELECT FROM organizations o WHERE o.org_id = u.org_id)
           AND NOT EXISTS (SELECT FROM audit_leaves l WHERE l.org_id = u.org_id AND l.event_id = u.event_id)
         ORDER BY u.occurred_at LIMIT at_most),
    events AS (
        DELETE FROM audit_events e USING old WHERE e.org_id = old.org_id AND e.event_id = old.event_id),
    places AS (
        DELETE FROM audit_unoffered u USING old WHERE u.org_id = old.org_id AND u.event_id = old.event_id RETURNING 1)
    SELECT count(*) INTO forgotten FROM places;
    RETURN forgotten;
END
$$;
