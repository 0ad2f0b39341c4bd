-- Counts the choices that have followed each other, so that what an attempt at one tells of its receiver is not noted of another, whatever
-- becomes of the secret meanwhile.

ALTER TABLE subscribers ADD COLUMN version integer NOT NULL DEFAULT 1;
GRANT UPDATE (version) ON subscribers TO rollcall_app;
