-- hub/signed_scans.py: scans of papers that both sides signed and sealed. kind: SignedKind. file: the bytes as they came. void: why it counts no more, '' while it does;
-- nothing is ever deleted.
CREATE TABLE signed_scan (
    id         INTEGER PRIMARY KEY,
    reception  INTEGER NOT NULL REFERENCES reception(id),
    round      INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    media_type TEXT    NOT NULL,
    pages      INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    sha256     BLOB    NOT NULL CHECK (length(sha256) = 32),
    account    TEXT    NOT NULL,
    person     TEXT    NOT NULL,
    time       INTEGER NOT NULL,
    void       TEXT    NOT NULL DEFAULT '',
    voided_by  TEXT    NOT NULL DEFAULT '',
    voided     INTEGER NOT NULL DEFAULT 0,
    file       BLOB    NOT NULL
) STRICT;
CREATE INDEX signed_scan_round ON signed_scan (reception, round, id);
