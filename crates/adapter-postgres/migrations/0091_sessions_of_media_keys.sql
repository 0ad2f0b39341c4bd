-- In which session somebody has got a key for media. Whoever stole the session is not the person any more once it is ended, so the key counts as
-- lost then, as that of an API key does whose secret has ended, and whoever comes next gets a new one.
--
-- Nodes of the last release say nothing here, nor do holders from before: those keep theirs as they did. The session may be gone, so nothing
-- refers to it.
ALTER TABLE media_key_holders ADD COLUMN session_id uuid;
