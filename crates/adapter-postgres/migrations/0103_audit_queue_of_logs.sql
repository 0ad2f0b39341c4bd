-- no-transaction
-- What waits of one log, and which logs anything waits of. By the primary key alone, a log that is stopped is in the way of all others of
-- its shard: whoever sequences or reads one of them looks through all that waits of it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_queue_of_logs ON audit_queue (org_id, written);
