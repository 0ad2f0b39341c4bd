-- What is asked for with nearly every request.
--
-- Functions that run with rights of their own have their search path pinned, so that their caller's does not decide what their names
-- mean. To pin it for one call takes the database longer than to answer it. So the two functions here name everything in full instead,
-- operators and types too: no search path means anything to them. (In them, a name without its schema is a mistake.)

CREATE OR REPLACE FUNCTION directory_session(wanted_hash bytea)
RETURNS TABLE (session_id uuid, authenticated_at timestamptz, last_seen_at timestamptz, expires_at timestamptz,
               user_id uuid, email text, user_name text, locale text, time_zone text, status text,
               user_created_at timestamptz, mfa_enabled boolean, user_version integer,
               org_id uuid, org_name text, slug text, plan text, org_created_at timestamptz,
               org_version integer, role text, mfa_deadline_at timestamptz, mfa_as_of timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.session_id, s.authenticated_at, s.last_seen_at, s.expires_at,
           u.user_id, u.email, u.name, u.locale, u.time_zone, u.status, u.created_at, u.mfa_enabled, u.version,
           o.org_id, o.name, o.slug, o.plan, o.created_at, o.version, m.role,
           -- Whoever has no deadline where one is asked for is late.
           CASE WHEN NOT u.mfa_enabled THEN
               (SELECT COALESCE((SELECT d.deadline_at FROM public.mfa_deadlines d
                                  WHERE d.org_id OPERATOR(pg_catalog.=) m.org_id
                                    AND d.user_id OPERATOR(pg_catalog.=) m.user_id), pg_catalog.now())
                  FROM public.security_controls c
                 WHERE c.org_id OPERATOR(pg_catalog.=) m.org_id AND c.control OPERATOR(pg_catalog.=) 'mfa_required'
                   AND c.enabled)
           END,
           pg_catalog.now()
      FROM public.sessions s
      JOIN public.users u ON u.user_id OPERATOR(pg_catalog.=) s.user_id
      LEFT JOIN public.members m
        ON m.org_id OPERATOR(pg_catalog.=) s.org_id AND m.user_id OPERATOR(pg_catalog.=) s.user_id
      LEFT JOIN public.organizations o ON o.org_id OPERATOR(pg_catalog.=) m.org_id
     WHERE s.token_hash OPERATOR(pg_catalog.=) wanted_hash;
END
$$;
ALTER FUNCTION directory_session(bytea) RESET search_path;

-- A page of the team.
--
-- Members are seen under two policies, one or the other. Where a plan is kept for any organization, the planner thinks that hardly
-- anybody passes either, and would rather sort the whole team than walk the index for a page. This function asks for what the first of
-- the policies lets through and nothing else: the organization of the scope, which its caller cannot name.
CREATE FUNCTION team_page(after_joined_at timestamptz, after_user uuid, most bigint)
RETURNS TABLE (user_id uuid, role text, email text, name text, status text, mfa_enabled boolean, joined_at timestamptz,
               last_seen_at timestamptz, version integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    setting pg_catalog.text := pg_catalog.current_setting('rollcall.org_id', true);
    org pg_catalog.uuid;
BEGIN
    -- Where nothing was said of an organization, nothing is shown.
    IF setting OPERATOR(pg_catalog.<>) '' THEN
        org := setting;
    END IF;
    RETURN QUERY
    SELECT m.user_id, m.role, u.email, u.name, u.status, u.mfa_enabled, m.joined_at, m.last_seen_at,
           m.version OPERATOR(pg_catalog.+) u.version
      FROM (SELECT *
              FROM public.members p
             WHERE p.org_id OPERATOR(pg_catalog.=) org
               AND (p.joined_at, p.user_id) OPERATOR(pg_catalog.>) (after_joined_at, after_user)
             ORDER BY p.joined_at, p.user_id
             LIMIT most) m
      JOIN public.users u ON u.user_id OPERATOR(pg_catalog.=) m.user_id
     ORDER BY m.joined_at, m.user_id;
END
$$;

REVOKE ALL ON FUNCTION team_page(timestamptz, uuid, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION team_page(timestamptz, uuid, bigint) TO rollcall_app;
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION team_page(timestamptz, uuid, bigint) OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;
