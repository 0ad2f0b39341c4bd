-- Which versions of Rollcall this schema serves, so that nodes of the last release go on while those of the next one come.
--
-- The newest migration that a version has to know. A migration that only adds leaves it as it is. One that takes away what the last release asks for
-- comes a release later than the version that no longer asks, and replaces this by its own number.
CREATE FUNCTION oldest_schema_served() RETURNS bigint
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT 48::bigint $$;

GRANT EXECUTE ON FUNCTION oldest_schema_served() TO rollcall_app;
