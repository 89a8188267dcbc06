-- What the vault has opened, in holdings.db (encrypted). hub/opened.py owns the SQL of all these tables.

-- The name under which holdings knows a log's records: the node's name, told apart when two logs bear the same.
CREATE TABLE vault_writer (
    log_id BLOB PRIMARY KEY,
    writer TEXT NOT NULL UNIQUE
) STRICT;

-- How far each log is folded; moves in the transaction of the fold (DESIGN §4).
CREATE TABLE vault_cursor (
    log_id BLOB    PRIMARY KEY,
    seq    INTEGER NOT NULL,
    hash   BLOB    NOT NULL                    -- entry_hash at seq
) STRICT, WITHOUT ROWID;

-- What the fold of a delta found: its R4 can be made again from this, byte for byte.
CREATE TABLE vault_fold (
    log_id       BLOB    NOT NULL,
    seq          INTEGER NOT NULL,
    hash         BLOB    NOT NULL,
    wall         INTEGER NOT NULL,
    opened       INTEGER NOT NULL,
    exceptions   BLOB    NOT NULL,             -- CBOR [* [item id, version, code]]
    leaf_root_ok INTEGER NOT NULL,
    PRIMARY KEY (log_id, seq)
) STRICT, WITHOUT ROWID;

-- Each version of each record: the delta that brought it, and why it is an exception ('' = it is none).
CREATE TABLE vault_version (
    log_id  BLOB    NOT NULL,
    item    BLOB    NOT NULL,
    version INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    code    TEXT    NOT NULL,
    PRIMARY KEY (log_id, item, version)
) STRICT, WITHOUT ROWID;

-- The files of a version, in order.
CREATE TABLE vault_page (
    log_id   BLOB    NOT NULL,
    item     BLOB    NOT NULL,
    version  INTEGER NOT NULL,
    position INTEGER NOT NULL,
    name     TEXT    NOT NULL,
    sha256   BLOB    NOT NULL,
    PRIMARY KEY (log_id, item, version, position)
) STRICT, WITHOUT ROWID;

-- The bytes of a record's files, once each however many versions list them: with these file keys and no others the vault opens them.
CREATE TABLE vault_part (
    log_id     BLOB    NOT NULL,
    item       BLOB    NOT NULL,
    sha256     BLOB    NOT NULL,
    size       INTEGER NOT NULL,
    transform  INTEGER NOT NULL,
    segments   BLOB    NOT NULL,               -- CBOR [* [file key, pack, offset, length]]
    media_type TEXT    NOT NULL,
    pages      INTEGER NOT NULL,
    code       TEXT    NOT NULL,               -- '' = opened, digest equal, decodes
    PRIMARY KEY (log_id, item, sha256)
) STRICT, WITHOUT ROWID;

-- Derived data (format.md §6.3, kind 2): never the record.
CREATE TABLE vault_text (
    log_id  BLOB    NOT NULL,
    item    BLOB    NOT NULL,                  -- the record's id
    sha256  BLOB    NOT NULL,                  -- of the part
    engine  TEXT    NOT NULL,
    version INTEGER NOT NULL,                  -- of the record, as the engine saw it
    value   TEXT    NOT NULL,
    PRIMARY KEY (log_id, item, sha256, engine)
) STRICT, WITHOUT ROWID;

-- Versions whose file keys were dropped, by whom and why.
CREATE TABLE vault_destruction (
    log_id  BLOB    NOT NULL,
    item    BLOB    NOT NULL,
    version INTEGER NOT NULL,
    wall    INTEGER NOT NULL,
    persons TEXT    NOT NULL,
    reason  TEXT    NOT NULL,
    PRIMARY KEY (log_id, item, version)
) STRICT, WITHOUT ROWID;
