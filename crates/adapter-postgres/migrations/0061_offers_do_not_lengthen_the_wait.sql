-- An offer that has lapsed leaves the wait as long as it was, as `Escalation::seen_at` has it: past that, nobody was free.
CREATE OR REPLACE FUNCTION escalation_seen(status text, callback boolean, expires_at timestamptz, waits_until timestamptz, as_of timestamptz)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN status IN ('offered', 'claimed') AND expires_at <= as_of AND callback THEN 'callback'
        WHEN status = 'offered' AND expires_at <= as_of AND waits_until <= as_of THEN 'unanswered'
        WHEN status IN ('offered', 'claimed') AND expires_at <= as_of THEN 'waiting'
        WHEN status = 'waiting' AND waits_until <= as_of THEN 'unanswered'
        ELSE status END
$$;
