-- no-transaction
-- Attempts of known devices that are over.
CREATE INDEX CONCURRENTLY IF NOT EXISTS attempts_of_devices ON attempts (known_until, whole_at) WHERE NOT of_account AND known_until IS NOT NULL;
