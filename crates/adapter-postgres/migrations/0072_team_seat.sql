-- What decides what somebody may do in the organization of the scope: asked for by services beside Rollcall, many times a second.
--
-- As the service itself it took three statements, whose policies the database goes through for each table of each: ten for
-- organizations, some of which look at the team again. As with `team_page`, the caller cannot name the organization; in 0071 it is said
-- why one table comes after the other. Everything is named in full.
CREATE TYPE found_seat AS (role text, status text, org_suspended boolean, mfa_overdue boolean);
CREATE FUNCTION team_seat(wanted_user uuid) RETURNS SETOF found_seat
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 AS $$
DECLARE
    setting pg_catalog.text := pg_catalog.current_setting('rollcall.org_id', true);
    org pg_catalog.uuid;
    answer public.found_seat;
    has_mfa pg_catalog.bool;
    deadline pg_catalog.timestamptz;
BEGIN
    -- Where nothing was said of an organization, nobody sits anywhere.
    IF setting OPERATOR(pg_catalog.<>) '' THEN
        org := setting;
    END IF;
    SELECT m.role INTO answer.role
      FROM public.members m WHERE m.org_id OPERATOR(pg_catalog.=) org AND m.user_id OPERATOR(pg_catalog.=) wanted_user;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT o.suspended_at IS NOT NULL INTO answer.org_suspended
      FROM public.organizations o WHERE o.org_id OPERATOR(pg_catalog.=) org AND o.deleted_at IS NULL;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT u.status, u.mfa_enabled INTO answer.status, has_mfa
      FROM public.users u WHERE u.user_id OPERATOR(pg_catalog.=) wanted_user;
    answer.mfa_overdue := false;
    IF NOT has_mfa THEN
        PERFORM FROM public.security_controls c
          WHERE c.org_id OPERATOR(pg_catalog.=) org AND c.control OPERATOR(pg_catalog.=) 'mfa_required' AND c.enabled;
        IF FOUND THEN
            SELECT d.deadline_at INTO deadline
              FROM public.mfa_deadlines d
             WHERE d.org_id OPERATOR(pg_catalog.=) org AND d.user_id OPERATOR(pg_catalog.=) wanted_user;
            -- Whoever has no deadline where one is asked for is late.
            answer.mfa_overdue := deadline IS NULL OR deadline OPERATOR(pg_catalog.<=) pg_catalog.now();
        END IF;
    END IF;
    RETURN NEXT answer;
END
$$;

REVOKE ALL ON FUNCTION team_seat(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION team_seat(uuid) TO rollcall_app;
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION team_seat(uuid) OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;
