-- How often API keys are used, by day, for the picture that people see of a key.

-- Of the last days alone: from the day, by UTC, to how many requests let the key in.
ALTER TABLE api_keys ADD COLUMN calls_by_day jsonb NOT NULL DEFAULT '{}';
GRANT UPDATE (calls_by_day) ON api_keys TO rollcall_directory;

-- Adds up, and gives back the keys that somebody else is changing: their counts are brought along the next time. A key that there is no more
-- counts nothing.
CREATE FUNCTION directory_api_keys_counted(used_keys uuid[], used_days date[], used_calls bigint[]) RETURNS SETOF uuid
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH used AS (
        SELECT u.key_id, u.day, u.calls FROM unnest(used_keys, used_days, used_calls) AS u (key_id, day, calls)),
    free AS MATERIALIZED (
        SELECT f.key_id FROM api_keys f WHERE f.key_id = ANY (used_keys) ORDER BY f.key_id FOR UPDATE OF f SKIP LOCKED),
    added AS (
        UPDATE api_keys k SET calls_by_day = (
            SELECT jsonb_object_agg(kept.day, kept.calls)
              FROM (SELECT d.day, sum(d.calls)::bigint AS calls
                      FROM (SELECT e.key::date AS day, e.value::bigint AS calls FROM jsonb_each_text(k.calls_by_day) e
                            UNION ALL
                            SELECT used.day, used.calls FROM used WHERE used.key_id = k.key_id) d
                     GROUP BY d.day ORDER BY d.day DESC LIMIT 31) kept)
          FROM free WHERE k.key_id = free.key_id
        RETURNING k.key_id)
    SELECT busy.key_id FROM api_keys busy
     WHERE busy.key_id = ANY (used_keys) AND NOT EXISTS (SELECT FROM added WHERE added.key_id = busy.key_id)
$$;

GRANT CREATE ON SCHEMA public TO rollcall_directory;
ALTER FUNCTION directory_api_keys_counted(uuid[], date[], bigint[]) OWNER TO rollcall_directory;
REVOKE CREATE ON SCHEMA public FROM rollcall_directory;
REVOKE ALL ON FUNCTION directory_api_keys_counted(uuid[], date[], bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory_api_keys_counted(uuid[], date[], bigint[]) TO rollcall_app;
