-- no-transaction
-- All other attempts that are over.
CREATE INDEX CONCURRENTLY IF NOT EXISTS attempts_of_others ON attempts (whole_at) WHERE NOT of_account AND known_until IS NULL;
