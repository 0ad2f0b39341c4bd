-- As in 0090, but that what is to be forgotten is looked for by its key in the trees, and among deleted organizations, one event after the
-- other (`OFFSET 0`): left to itself the planner may make a table of all leaves of all logs instead, which takes longer than a statement may.
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
           AND NOT EXISTS (SELECT FROM organizations o WHERE o.org_id = u.org_id OFFSET 0)
           AND NOT EXISTS (SELECT FROM audit_leaves l WHERE l.org_id = u.org_id AND l.event_id = u.event_id OFFSET 0)
         ORDER BY u.occurred_at LIMIT at_most),
    events AS (
        DELETE FROM audit_events e USING old WHERE e.org_id = old.org_id AND e.event_id = old.event_id),
    places AS (
        DELETE FROM audit_unoffered u USING old WHERE u.org_id = old.org_id AND u.event_id = old.event_id RETURNING 1)
    SELECT count(*) INTO forgotten FROM places;
    RETURN forgotten;
END
$$;
