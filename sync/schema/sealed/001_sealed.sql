-- What a node has sealed. File keys stand here: this database is encrypted.
-- seq: the delta that names the pack; NULL between the pack's fsync and the delta's signature.
CREATE TABLE pack (
    name   BLOB PRIMARY KEY CHECK (length(name) = 32),
    length INTEGER NOT NULL,
    seq    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX pack_unclaimed ON pack (name) WHERE seq IS NULL;

-- Parts of the current version of every item that a signed delta carries.
CREATE TABLE part (
    item_id   BLOB    NOT NULL CHECK (length(item_id) = 16),
    position  INTEGER NOT NULL,
    name      TEXT    NOT NULL,
    size      INTEGER NOT NULL,
    digests   BLOB    NOT NULL,                 -- CBOR {algorithm: digest}
    transform INTEGER NOT NULL,
    engine    TEXT    NOT NULL,
    segments  BLOB    NOT NULL,                 -- CBOR [[file_key, pack, offset, length]]
    PRIMARY KEY (item_id, position)
) STRICT, WITHOUT ROWID;

-- Parts sealed into durable packs whose delta is not signed yet; a restart takes them up instead of sealing again.
CREATE TABLE pending_part (
    item_id   BLOB    NOT NULL CHECK (length(item_id) = 16),
    sha256    BLOB    NOT NULL,
    name      TEXT    NOT NULL,
    size      INTEGER NOT NULL,
    digests   BLOB    NOT NULL,
    transform INTEGER NOT NULL,
    engine    TEXT    NOT NULL,
    segments  BLOB    NOT NULL,
    PRIMARY KEY (item_id, sha256, name)
) STRICT, WITHOUT ROWID;
