-- Uses of API keys are written down in a time that grows with how many keys there are, and not with its square.
--
-- What is brought along travels with the rows that are locked: two lists that are joined anywhere else are compared each with each, as the
-- planner takes either to be short.

-- As in 0040.
CREATE OR REPLACE FUNCTION directory_api_keys_counted(used_keys uuid[], used_days date[], used_calls bigint[]) RETURNS SETOF uuid
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH used AS (
        SELECT u.key_id, array_agg(u.day) AS days, array_agg(u.calls) AS calls
          FROM unnest(used_keys, used_days, used_calls) AS u (key_id, day, calls) GROUP BY u.key_id),
    free AS MATERIALIZED (
        SELECT f.key_id, used.days, used.calls FROM used JOIN api_keys f ON f.key_id = used.key_id
         ORDER BY f.key_id FOR UPDATE OF f SKIP LOCKED),
    added AS (
        UPDATE api_keys k SET calls_by_day = (
            SELECT jsonb_object_agg(kept.day, kept.calls)
              FROM (SELECT d.day, sum(d.calls)::bigint AS calls
                      FROM (SELECT e.key::date AS day, e.value::bigint AS calls FROM jsonb_each_text(k.calls_by_day) e
                            UNION ALL
                            SELECT u.day, u.calls FROM unnest(free.days, free.calls) AS u (day, calls)) d
                     GROUP BY d.day ORDER BY d.day DESC LIMIT 31) kept)
          FROM free WHERE k.key_id = free.key_id
        RETURNING k.key_id)
    SELECT busy.key_id FROM api_keys busy WHERE busy.key_id = ANY (used_keys)
    EXCEPT
    SELECT added.key_id FROM added
$$;

-- As in 0011.
CREATE OR REPLACE FUNCTION directory_api_keys_used(used_keys uuid[], used_at timestamptz[], used_ips text[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH used AS (
        SELECT u.key_id, u.at, u.ip FROM unnest(used_keys, used_at, used_ips) AS u (key_id, at, ip)),
    free AS MATERIALIZED (
        SELECT f.key_id, used.at, used.ip FROM used JOIN api_keys f ON f.key_id = used.key_id
         WHERE f.last_used_at IS NULL OR f.last_used_at < used.at
         ORDER BY f.key_id FOR UPDATE OF f SKIP LOCKED)
    UPDATE api_keys k SET last_used_at = free.at, last_used_ip = free.ip::inet
      FROM free WHERE k.key_id = free.key_id
$$;

-- As in 0023.
CREATE OR REPLACE FUNCTION directory_api_keys_moved(old_hashes bytea[], new_hashes bytea[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH moving AS (
        SELECT m.old_hash, m.new_hash FROM unnest(old_hashes, new_hashes) AS m (old_hash, new_hash)),
    free AS MATERIALIZED (
        SELECT f.secret_hash, moving.new_hash FROM moving JOIN api_key_secrets f ON f.secret_hash = moving.old_hash
         ORDER BY f.secret_hash FOR UPDATE OF f SKIP LOCKED)
    UPDATE api_key_secrets s SET secret_hash = free.new_hash
      FROM free WHERE s.secret_hash = free.secret_hash
$$;
