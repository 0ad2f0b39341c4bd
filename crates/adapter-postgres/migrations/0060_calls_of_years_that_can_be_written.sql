-- A call of a year before year 0, which RFC 3339 has no words for, could be written down by its offset from UTC, and broke every list that it
-- was in. Such a call keeps its place, in the first moment that can be written.
ALTER TABLE calls NO FORCE ROW LEVEL SECURITY;
UPDATE calls
   SET started_at = greatest(started_at, '0001-01-01 00:00:00+00 BC'),
       ended_at = CASE WHEN ended_at IS NOT NULL THEN greatest(ended_at, '0001-01-01 00:00:00+00 BC') END,
       version = version + 1
 WHERE started_at < '0001-01-01 00:00:00+00 BC';
ALTER TABLE calls FORCE ROW LEVEL SECURITY;

ALTER TABLE calls ADD CONSTRAINT calls_started_at_can_be_written CHECK (started_at >= '0001-01-01 00:00:00+00 BC');
