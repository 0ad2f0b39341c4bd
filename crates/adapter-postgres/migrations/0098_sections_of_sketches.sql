-- Beside what is in 512 events, what is in each 64 of them: a search reads those 64, and seldom any for nothing.
ALTER TABLE audit_sketches ADD COLUMN sections bytea;
-- A sketch and its sections fill a page, with eight Bloom filters of 4,000 bits.
ALTER TABLE audit_sketches ALTER COLUMN sections SET STORAGE PLAIN;
ALTER TABLE audit_sketches ADD CONSTRAINT audit_sketches_sections_check
    CHECK (sections IS NULL OR (octet_length(sections) = 4000 AND sketch IS NOT NULL)) NOT VALID;
-- What has yet to be sketched, and what was sketched before there were sections. (The table has a row for 512 events: this takes no
-- longer than the changes above keep everybody out.)
CREATE INDEX audit_sketches_without_sections ON audit_sketches (org_id, stretch) WHERE sections IS NULL;
GRANT UPDATE (sections) ON audit_sketches TO rollcall_app;

-- Whatever takes a sketch away takes its sections away as well.
CREATE FUNCTION forget_sections() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.sections := NULL;
    RETURN NEW;
END
$$;
CREATE TRIGGER audit_sections_forget BEFORE UPDATE ON audit_sketches FOR EACH ROW
    WHEN (NEW.sketch IS NULL) EXECUTE FUNCTION forget_sections();
