-- What is asked for with nearly every request, one table after the other.
--
-- For each call the database sets up what it is about to run: every step of a plan, every column of every step. Where four tables are
-- joined to find one row, that took longer than finding it. Looked up by their keys, a few columns at a time, they take a quarter less;
-- and what a function gives back is set up for less where it is a type that is known, and not a list of columns. All of it is as it was
-- when the statement began, as the functions are STABLE. That there is one row at the most is said so that a plan for many look-ups at
-- once is kept. Everything is named in full, as in 0013.

-- As in 0020.
CREATE TYPE found_session AS (
    session_id uuid, authenticated_at timestamptz, last_seen_at timestamptz, expires_at timestamptz,
    user_id uuid, email text, user_name text, locale text, time_zone text, status text,
    user_created_at timestamptz, mfa_enabled boolean, user_version integer,
    org_id uuid, org_name text, slug text, plan text, org_created_at timestamptz, org_suspended boolean,
    org_version integer, role text, mfa_deadline_at timestamptz, mfa_as_of timestamptz);
DROP FUNCTION directory_session(bytea);
CREATE FUNCTION directory_session(wanted_hash bytea) RETURNS SETOF found_session
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 AS $$
DECLARE
    answer public.found_session;
    works_in pg_catalog.uuid;
BEGIN
    SELECT s.session_id, s.authenticated_at, s.last_seen_at, s.expires_at, s.user_id, s.org_id
      INTO answer.session_id, answer.authenticated_at, answer.last_seen_at, answer.expires_at, answer.user_id, works_in
      FROM public.sessions s WHERE s.token_hash OPERATOR(pg_catalog.=) wanted_hash;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT u.email, u.name, u.locale, u.time_zone, u.status, u.created_at, u.mfa_enabled, u.version
      INTO answer.email, answer.user_name, answer.locale, answer.time_zone, answer.status, answer.user_created_at,
           answer.mfa_enabled, answer.user_version
      FROM public.users u WHERE u.user_id OPERATOR(pg_catalog.=) answer.user_id;
    SELECT m.org_id, m.role INTO answer.org_id, answer.role
      FROM public.members m
     WHERE m.org_id OPERATOR(pg_catalog.=) works_in AND m.user_id OPERATOR(pg_catalog.=) answer.user_id;
    IF FOUND THEN
        SELECT o.name, o.slug, o.plan, o.created_at, o.suspended_at IS NOT NULL, o.version
          INTO answer.org_name, answer.slug, answer.plan, answer.org_created_at, answer.org_suspended, answer.org_version
          FROM public.organizations o WHERE o.org_id OPERATOR(pg_catalog.=) works_in;
        IF NOT answer.mfa_enabled THEN
            PERFORM FROM public.security_controls c
              WHERE c.org_id OPERATOR(pg_catalog.=) works_in AND c.control OPERATOR(pg_catalog.=) 'mfa_required'
                AND c.enabled;
            IF FOUND THEN
                SELECT d.deadline_at INTO answer.mfa_deadline_at
                  FROM public.mfa_deadlines d
                 WHERE d.org_id OPERATOR(pg_catalog.=) works_in AND d.user_id OPERATOR(pg_catalog.=) answer.user_id;
                -- Whoever has no deadline where one is asked for is late.
                answer.mfa_deadline_at := COALESCE(answer.mfa_deadline_at, pg_catalog.now());
            END IF;
        END IF;
    END IF;
    answer.mfa_as_of := pg_catalog.now();
    RETURN NEXT answer;
END
$$;

-- As in 0036.
CREATE TYPE found_api_key AS (
    key_id uuid, prefix text, name text, scopes text[], created_by uuid, created_at timestamptz,
    expires_at timestamptz, allowed_cidrs text[], rate_requests integer, rate_seconds integer,
    revoked_at timestamptz, version integer, works_until timestamptz, secret_no bigint, ring_key integer,
    org_id uuid, org_name text, slug text, plan text, org_created_at timestamptz, org_suspended boolean,
    org_version integer, audited boolean);
DROP FUNCTION directory_api_key(bytea[]);
CREATE FUNCTION directory_api_key(wanted_hashes bytea[]) RETURNS SETOF found_api_key
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 AS $$
DECLARE
    wanted pg_catalog.bytea;
    answer public.found_api_key;
BEGIN
    FOREACH wanted IN ARRAY wanted_hashes LOOP
        SELECT s.org_id, s.key_id, s.works_until, s.secret_no, pg_catalog.get_byte(s.secret_hash, 0)
          INTO answer.org_id, answer.key_id, answer.works_until, answer.secret_no, answer.ring_key
          FROM public.api_key_secrets s WHERE s.secret_hash OPERATOR(pg_catalog.=) wanted;
        IF FOUND THEN
            SELECT o.name, o.slug, o.plan, o.created_at, o.suspended_at IS NOT NULL, o.version
              INTO answer.org_name, answer.slug, answer.plan, answer.org_created_at, answer.org_suspended, answer.org_version
              FROM public.organizations o
             WHERE o.org_id OPERATOR(pg_catalog.=) answer.org_id AND o.deleted_at IS NULL;
            IF FOUND THEN
                SELECT k.prefix, k.name, k.scopes, k.created_by, k.created_at, k.expires_at,
                       k.allowed_cidrs::pg_catalog.text[], k.rate_requests, k.rate_seconds, k.revoked_at, k.version
                  INTO answer.prefix, answer.name, answer.scopes, answer.created_by, answer.created_at, answer.expires_at,
                       answer.allowed_cidrs, answer.rate_requests, answer.rate_seconds, answer.revoked_at, answer.version
                  FROM public.api_keys k
                 WHERE k.org_id OPERATOR(pg_catalog.=) answer.org_id AND k.key_id OPERATOR(pg_catalog.=) answer.key_id;
                PERFORM FROM public.security_controls c
                  WHERE c.org_id OPERATOR(pg_catalog.=) answer.org_id AND c.control OPERATOR(pg_catalog.=) 'audit_log'
                    AND c.enabled;
                answer.audited := FOUND;
                RETURN NEXT answer;
                RETURN;
            END IF;
        END IF;
    END LOOP;
END
$$;

REVOKE ALL ON FUNCTION directory_session(bytea), directory_api_key(bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory_session(bytea), directory_api_key(bytea[]) TO rollcall_app;
GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION directory_session(bytea) OWNER TO rollcall_directory;
ALTER FUNCTION directory_api_key(bytea[]) OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;
