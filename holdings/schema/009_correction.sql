-- holdings/correction.py: elements of catalogue rows that a person mended 修改著录. old: what the sheet says, value: what is right.
CREATE TABLE correction(
    match_key TEXT NOT NULL,
    element   TEXT NOT NULL,
    old       TEXT NOT NULL,
    value     TEXT NOT NULL,
    person    TEXT NOT NULL,
    reason    TEXT NOT NULL,
    time      INTEGER NOT NULL,
    PRIMARY KEY(match_key, element)
) STRICT, WITHOUT ROWID;
