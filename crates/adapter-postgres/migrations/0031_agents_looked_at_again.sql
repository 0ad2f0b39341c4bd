-- Agents and what waits for them: who cannot come, what is seen of a call before it is written down, what is counted, and for how long
-- it is known who was what.

-- What an escalation is at a moment, whether or not anybody has written down yet what time has changed: as `Escalation::seen_at` has it.
CREATE FUNCTION escalation_seen(status text, callback boolean, expires_at timestamptz, waits_until timestamptz, as_of timestamptz)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN status IN ('offered', 'claimed') AND expires_at <= as_of THEN CASE WHEN callback THEN 'callback' ELSE 'waiting' END
        WHEN status = 'waiting' AND waits_until <= as_of THEN 'unanswered'
        ELSE status END
$$;
REVOKE ALL ON FUNCTION escalation_seen(text, boolean, timestamptz, timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION escalation_seen(text, boolean, timestamptz, timestamptz, timestamptz) TO rollcall_app;

-- The organizations where an agent is gone or may not work any more, an offer or a lease has lapsed, a call has waited for too long, or
-- one waits that somebody could be offered; none that is deleted. Only which they are: what is to be done is decided in each. Agents go
-- by this database's clock (`as_of`), sessions by that of the node which asks.
DROP FUNCTION directory_agents_due(timestamptz);
CREATE FUNCTION directory_agents_due(as_of timestamptz, sessions_at timestamptz, used_after timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT d.org_id FROM (
          SELECT a.org_id FROM human_agents a WHERE a.chosen <> 'offline' AND a.alive_until <= as_of
           UNION
          SELECT a.org_id FROM human_agents a
            JOIN users u ON u.user_id = a.user_id
            LEFT JOIN security_controls c ON c.org_id = a.org_id AND c.control = 'mfa_required' AND c.enabled
            LEFT JOIN mfa_deadlines d ON d.org_id = a.org_id AND d.user_id = a.user_id
           WHERE a.chosen <> 'offline'
             AND (u.status = 'suspended' OR (c.enabled AND NOT u.mfa_enabled AND COALESCE(d.deadline_at, now()) <= now())
                  OR NOT EXISTS (SELECT FROM sessions s
                                  WHERE s.org_id = a.org_id AND s.user_id = a.user_id
                                    AND s.expires_at > sessions_at AND s.last_seen_at > used_after))
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
REVOKE ALL ON FUNCTION directory_agents_due(timestamptz, timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory_agents_due(timestamptz, timestamptz, timestamptz) TO rollcall_app;

-- How much waits altogether, since when, and since when something is due that nobody has written down. Of no organization by itself.
CREATE FUNCTION directory_agents_state(as_of timestamptz, OUT waiting bigint, OUT oldest timestamptz, OUT due_since timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT count(*) FILTER (WHERE e.status = 'waiting'),
           min(e.created_at) FILTER (WHERE e.status = 'waiting'),
           LEAST(min(e.expires_at) FILTER (WHERE e.status IN ('offered', 'claimed') AND e.expires_at <= as_of),
                 min(e.waits_until) FILTER (WHERE e.status = 'waiting' AND e.waits_until <= as_of),
                 (SELECT min(a.alive_until) FROM human_agents a JOIN organizations o ON o.org_id = a.org_id AND o.deleted_at IS NULL
                   WHERE a.chosen <> 'offline' AND a.alive_until <= as_of))
      FROM escalations e JOIN organizations o ON o.org_id = e.org_id AND o.deleted_at IS NULL
     WHERE e.status IN ('waiting', 'offered', 'claimed')
$$;
REVOKE ALL ON FUNCTION directory_agents_state(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory_agents_state(timestamptz) TO rollcall_app;

GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION directory_agents_due(timestamptz, timestamptz, timestamptz) OWNER TO rollcall_directory;
ALTER FUNCTION directory_agents_state(timestamptz) OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;

---------------------------------------------------------------------------------------------------
-- For how long it is known who was what
---------------------------------------------------------------------------------------------------

CREATE INDEX availability_changes_by_time ON availability_changes (at, org_id, user_id, version);
GRANT SELECT (at, version) ON availability_changes TO rollcall_purge;
CREATE POLICY retention ON availability_changes TO rollcall_purge
    USING (current_setting('rollcall.task', true) = 'availability');
-- Nothing of a suspended organization goes with time (0020), and a deleted one goes as a whole.
GRANT SELECT (suspended_at) ON organizations TO rollcall_purge;
CREATE POLICY retention ON organizations FOR SELECT TO rollcall_purge
    USING (current_setting('rollcall.task', true) = 'availability' AND deleted_at IS NULL AND suspended_at IS NULL);

-- Forgets who was what before a moment, some at a time; of each agent the last of that stays, which says what they were at that moment.
-- Nothing of the last month goes by this database's clock, whoever asks. The next step goes on behind the last that was forgotten, as what
-- stays would be looked at again with each.
CREATE FUNCTION forget_availability(before timestamptz, at_most integer, INOUT last_at timestamptz, INOUT last_org uuid,
                                    INOUT last_user uuid, INOUT last_version integer, OUT forgotten bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    until timestamptz := LEAST(before, now() - interval '30 days');
BEGIN
    WITH old AS MATERIALIZED (
        SELECT c.at, c.org_id, c.user_id, c.version
          FROM availability_changes c
          JOIN organizations o ON o.org_id = c.org_id AND o.deleted_at IS NULL AND o.suspended_at IS NULL
         WHERE c.at < until
           AND (c.at, c.org_id, c.user_id, c.version)
               > (COALESCE(last_at, '-infinity'), COALESCE(last_org, '00000000-0000-0000-0000-000000000000'),
                  COALESCE(last_user, '00000000-0000-0000-0000-000000000000'), COALESCE(last_version, 0))
           AND EXISTS (SELECT FROM availability_changes l
                        WHERE l.org_id = c.org_id AND l.user_id = c.user_id AND (l.at, l.version) > (c.at, c.version)
                          AND l.at < until)
         ORDER BY c.at, c.org_id, c.user_id, c.version LIMIT at_most),
    gone AS (
        DELETE FROM availability_changes c USING old o
         WHERE c.org_id = o.org_id AND c.user_id = o.user_id AND c.at = o.at AND c.version = o.version
        RETURNING c.at, c.org_id, c.user_id, c.version)
    SELECT g.at, g.org_id, g.user_id, g.version, count(*) OVER () INTO last_at, last_org, last_user, last_version, forgotten
      FROM gone g ORDER BY g.at DESC, g.org_id DESC, g.user_id DESC, g.version DESC LIMIT 1;
    forgotten := COALESCE(forgotten, 0);
END
$$;
REVOKE ALL ON FUNCTION forget_availability(timestamptz, integer, timestamptz, uuid, uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_availability(timestamptz, integer, timestamptz, uuid, uuid, integer) TO rollcall_app;
GRANT CREATE ON SCHEMA public TO rollcall_purge;
ALTER FUNCTION forget_availability(timestamptz, integer, timestamptz, uuid, uuid, integer) OWNER TO rollcall_purge;
REVOKE CREATE ON SCHEMA public FROM rollcall_purge;
