-- When an API key was last used, and how often, is written down by one change of its row, and next to where the row was.
--
-- It was two changes, by two functions, each of which locked the row as well. The functions of before stay for nodes of the last release.

-- A row that is changed stays on its page where there is room, and then no index has to hear of it.
ALTER TABLE api_keys SET (fillfactor = 80);

-- As directory_api_keys_used and directory_api_keys_counted in 0070, together. A key comes once for each of its days, with the same last use.
CREATE FUNCTION directory_api_keys_noted(
    used_keys uuid[], used_at timestamptz[], used_ips text[], used_days date[], used_calls bigint[]) RETURNS SETOF uuid
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH used AS (
        SELECT u.key_id, max(u.at) AS at, max(u.ip)::inet AS ip, array_agg(u.day) AS days, array_agg(u.calls) AS calls
          FROM unnest(used_keys, used_at, used_ips, used_days, used_calls) AS u (key_id, at, ip, day, calls)
         GROUP BY u.key_id),
    free AS MATERIALIZED (
        SELECT f.key_id, used.at, used.ip, used.days, used.calls FROM used JOIN api_keys f ON f.key_id = used.key_id
         ORDER BY f.key_id FOR UPDATE OF f SKIP LOCKED),
    noted AS (
        UPDATE api_keys k
           SET last_used_at = greatest(k.last_used_at, free.at),
               last_used_ip = CASE WHEN k.last_used_at > free.at THEN k.last_used_ip ELSE free.ip END,
               calls_by_day = (
            SELECT jsonb_object_agg(kept.day, kept.calls)
              FROM (SELECT d.day, sum(d.calls)::bigint AS calls
                      FROM (SELECT e.key::date AS day, e.value::bigint AS calls FROM jsonb_each_text(k.calls_by_day) e
                            UNION ALL
                            SELECT u.day, u.calls FROM unnest(free.days, free.calls) AS u (day, calls)) d
                     GROUP BY d.day ORDER BY d.day DESC LIMIT 31) kept)
          FROM free WHERE k.key_id = free.key_id
        RETURNING k.key_id),
    others AS MATERIALIZED (
        SELECT used.key_id FROM used EXCEPT SELECT noted.key_id FROM noted)
    -- Of those the ones that are there: somebody else is changing them.
    SELECT busy.key_id FROM api_keys busy WHERE busy.key_id = ANY (ARRAY(SELECT others.key_id FROM others))
$$;

GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION directory_api_keys_noted(uuid[], timestamptz[], text[], date[], bigint[]) OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;
REVOKE ALL ON FUNCTION directory_api_keys_noted(uuid[], timestamptz[], text[], date[], bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory_api_keys_noted(uuid[], timestamptz[], text[], date[], bigint[]) TO rollcall_app;
