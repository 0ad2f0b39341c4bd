-- A page of the team, which is asked for more often than anything else that is read.
--
-- Members are seen under two policies, one or the other. Where a plan is kept for any organization, the planner thinks that hardly
-- anybody passes either, and would rather sort the whole team than walk the index for a page. This function asks for what the first of
-- the policies lets through and nothing else: the organization of the scope, which its caller cannot name.
CREATE FUNCTION team_page(after_joined_at timestamptz, after_user uuid, most bigint)
RETURNS TABLE (user_id uuid, role text, email text, name text, status text, mfa_enabled boolean, joined_at timestamptz,
               last_seen_at timestamptz, version integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    org uuid := NULLIF(current_setting('rollcall.org_id', true), '')::uuid;
BEGIN
    RETURN QUERY
    SELECT m.user_id, m.role, u.email, u.name, u.status, u.mfa_enabled, m.joined_at, m.last_seen_at, m.version + u.version
      FROM (SELECT * FROM members
             WHERE org_id = org AND (joined_at, user_id) > (after_joined_at, after_user)
             ORDER BY joined_at, user_id
             LIMIT most) m
      JOIN users u ON u.user_id = m.user_id
     ORDER BY m.joined_at, m.user_id;
END
$$;

REVOKE ALL ON FUNCTION team_page(timestamptz, uuid, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION team_page(timestamptz, uuid, bigint) TO rollcall_app;
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION team_page(timestamptz, uuid, bigint) OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;
