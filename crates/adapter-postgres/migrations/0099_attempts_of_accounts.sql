-- no-transaction
-- Attempts that are over are found by three indexes, whatever else is kept. attempts_over, by which nodes of the last release look for
-- them, leads past all accounts and devices that are remembered for longer, each time anew. This is that of accounts.
CREATE INDEX CONCURRENTLY IF NOT EXISTS attempts_of_accounts ON attempts (whole_at) WHERE of_account;
