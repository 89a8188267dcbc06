-- What became of the pages of a record in each new version: the history of a page follows its image. names: JSON of holdings/page_moves.py.
CREATE TABLE page_change (
    item_id BLOB    NOT NULL,
    version INTEGER NOT NULL,
    text    TEXT    NOT NULL,
    names   TEXT    NOT NULL,
    time    INTEGER NOT NULL,
    PRIMARY KEY (item_id, version)
) STRICT, WITHOUT ROWID;

-- Files whose place a page of an override folder 重扫 took, as they were then: when the override is cleared away, the sealed page stays.
CREATE TABLE superseded (
    folder   INTEGER NOT NULL REFERENCES folder,
    place    TEXT    NOT NULL,
    size     INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    inode    INTEGER NOT NULL,
    PRIMARY KEY (folder, place)
) STRICT, WITHOUT ROWID;
