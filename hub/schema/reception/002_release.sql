-- hub/reception_store.py: how far the releases of each log were heard: what was let go is judged again, though this version was before.
CREATE TABLE reception_release (
    log_id BLOB    PRIMARY KEY,
    seq    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
