-- Logs and receipts: node and hub keep the same tables. Entries are stored byte for byte and never changed or deleted.
CREATE TABLE log (
    log_id     BLOB PRIMARY KEY CHECK (length(log_id) = 32),
    role       INTEGER NOT NULL,               -- sync.entry.Role
    name       TEXT    NOT NULL,
    site_class INTEGER NOT NULL,               -- sync.entry.SiteClass
    public_key BLOB    NOT NULL,
    recipient  BLOB    NOT NULL,
    head_seq   INTEGER NOT NULL,
    head_hash  BLOB    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('ACTIVE', 'FROZEN', 'REVOKED'))
) STRICT;

CREATE TABLE entry (
    log_id BLOB    NOT NULL REFERENCES log,
    seq    INTEGER NOT NULL,
    hash   BLOB    NOT NULL,
    kind   INTEGER NOT NULL,
    signed BLOB    NOT NULL,
    PRIMARY KEY (log_id, seq)
) STRICT, WITHOUT ROWID;

-- The second face of a fork (format.md §7): proof against whoever signed both.
CREATE TABLE fork_entry (
    log_id BLOB    NOT NULL,
    seq    INTEGER NOT NULL,
    hash   BLOB    NOT NULL,
    signed BLOB    NOT NULL,
    wall   INTEGER NOT NULL,
    PRIMARY KEY (log_id, seq, hash)
) STRICT;

-- number: dense per node log from 1, the receipts cursor of hello.
CREATE TABLE receipt (
    log_id BLOB    NOT NULL,
    number INTEGER NOT NULL,
    grade  INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    signed BLOB    NOT NULL,
    PRIMARY KEY (log_id, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX receipt_by_entry ON receipt (log_id, seq, grade);
