-- The hub's front: nothing confidential may ever stand here (DESIGN §4), for this database is not encrypted.

-- One-time tokens (format.md §10); the secret itself is never stored.
CREATE TABLE enrolment (
    secret_hash BLOB    PRIMARY KEY CHECK (length(secret_hash) = 32),
    name        TEXT    NOT NULL,
    district    TEXT    NOT NULL,
    expires     INTEGER NOT NULL,
    used_log    BLOB                              -- log_id of the node that consumed it
) STRICT;
CREATE INDEX enrolment_by_log ON enrolment (used_log);

-- What the hub knows of each node beside its log; counters are kept in the transactions that change what they count.
CREATE TABLE node (
    log_id         BLOB    PRIMARY KEY,
    district       TEXT    NOT NULL,
    enrolled       INTEGER NOT NULL,
    nonce          BLOB    NOT NULL CHECK (length(nonce) = 16),  -- the one the next hello must carry
    last_contact   INTEGER,
    report         BLOB,                           -- format.md §11.2, as last received
    deltas         INTEGER NOT NULL DEFAULT 0,
    bytes_stored   INTEGER NOT NULL DEFAULT 0,
    pending_deltas INTEGER NOT NULL DEFAULT 0,
    pending_bytes  INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What a person must look at; each (code, subject) once. entry_seq: where it stands in the hub's own log, NULL while that cannot be written.
CREATE TABLE alarm (
    number    INTEGER PRIMARY KEY,
    wall      INTEGER NOT NULL,
    code      TEXT    NOT NULL,
    subject   TEXT    NOT NULL,
    text      TEXT    NOT NULL,
    entry_seq INTEGER,
    UNIQUE (code, subject)
) STRICT;
