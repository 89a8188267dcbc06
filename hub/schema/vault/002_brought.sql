-- hub/opened.py: what a delta brought, without looking at all that its log ever brought.
CREATE INDEX vault_version_seq ON vault_version (log_id, seq);
