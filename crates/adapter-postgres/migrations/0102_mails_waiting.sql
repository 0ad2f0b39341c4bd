-- no-transaction
-- Which letter has waited for longest.
CREATE INDEX CONCURRENTLY IF NOT EXISTS mails_waiting ON mails (created_at) WHERE state = 'queued';
