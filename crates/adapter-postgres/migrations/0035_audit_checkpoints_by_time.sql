-- Which name checkpoints were signed under last is asked at every start.
CREATE INDEX audit_checkpoints_by_time ON audit_checkpoints (signed_at);
