-- What became of the pages of a record in each new version: the history of a page follows its image. names: JSON of holdings/page_moves.py.
CREATE TABLE page_change (
    item_id BLOB    NOT NULL,
    version INTEGER NOT NULL,
    text    TEXT    NOT NULL,
    names   TEXT    NOT NULL,
    time    INTEGER NOT NULL,
    PRIMARY KEY (item_id, version)
) STRICT, WITHOUT ROWID;
