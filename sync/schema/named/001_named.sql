-- Objects that accepted entries name (format.md §8): the hub's front takes these and no others.
CREATE TABLE named_object (
    log_id   BLOB    NOT NULL,
    seq      INTEGER NOT NULL,
    position INTEGER NOT NULL,                  -- 0 = manifest, then the packs
    name     BLOB    NOT NULL CHECK (length(name) = 32),
    length   INTEGER NOT NULL,
    stored   INTEGER NOT NULL CHECK (stored IN (0, 1)),
    PRIMARY KEY (log_id, seq, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX named_object_by_name ON named_object (name);
CREATE INDEX named_object_missing ON named_object (log_id, seq) WHERE stored = 0;
