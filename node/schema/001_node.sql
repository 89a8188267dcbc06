-- What a node knows of its scan folders and of its link to the hub. Sources themselves are never touched.
CREATE TABLE folder (
    id        INTEGER PRIMARY KEY,
    path      TEXT    NOT NULL UNIQUE,          -- '<watch folder name>/<relative path>'
    subject   TEXT    NOT NULL,                 -- match key of its name; empty: files beside the records of a delivery
    delivery  TEXT    NOT NULL,
    state     TEXT    NOT NULL CHECK (state IN ('LOOKED', 'HELD', 'SCANNING', 'QUARANTINED', 'SEALED', 'GONE')),
    signature BLOB    NOT NULL,                 -- digest of names, sizes, times and inodes at the last look
    looked_at REAL    NOT NULL,
    epoch     INTEGER NOT NULL,                 -- catalogue epoch of the last judgement
    item_id   BLOB
) STRICT;
CREATE INDEX folder_subject ON folder (subject);
CREATE INDEX folder_state ON folder (state);

-- Files as they were when they were sealed: equal size, time and inode need not be read again.
CREATE TABLE source (
    folder   INTEGER NOT NULL REFERENCES folder,
    name     TEXT    NOT NULL,
    size     INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    inode    INTEGER NOT NULL,
    sha256   BLOB    NOT NULL,
    PRIMARY KEY (folder, name)
) STRICT, WITHOUT ROWID;

-- Catalogue sheets found in deliveries, by what they were at the last import.
CREATE TABLE sheet_file (
    path      TEXT PRIMARY KEY,
    signature BLOB NOT NULL,
    looked_at REAL NOT NULL,
    imported  INTEGER NOT NULL CHECK (imported IN (0, 1))
) STRICT, WITHOUT ROWID;

-- Single values: epoch, hub_id, own_log, tls_digest, nonce, rate_bit_s, last_contact, last_result …
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value ANY
) STRICT, WITHOUT ROWID;
