-- The commit that does what a keyed request asks for notes with it that it is done, so that it is not done again whatever becomes of its
-- answer (docs/decisions/0004). Whoever was taken for dead meanwhile commits nothing: their attempt is not the last any more.

ALTER TABLE idempotency_keys
    ADD COLUMN attempt integer NOT NULL DEFAULT 1,
    ADD COLUMN done    boolean NOT NULL DEFAULT false;
