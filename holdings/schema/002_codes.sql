-- Codes that change, volumes that merge and split. Times are whole seconds UTC. One module owns the SQL of each table.

-- holdings/records.py: 1 = the record's pages went to other records by merge or split, and it bears its code no more.
ALTER TABLE record ADD COLUMN ended INTEGER NOT NULL DEFAULT 0;

-- holdings/lineage.py: a former code as it was printed; '' where only its match key is known.
ALTER TABLE former_code ADD COLUMN printed TEXT NOT NULL DEFAULT '';
CREATE INDEX former_code_record ON former_code(record);

-- holdings/lineage.py: codes of catalogue rows that were changed before there was a record; `became` is what the row bears now.
CREATE TABLE former_row(
    match_key TEXT PRIMARY KEY,
    became    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX former_row_became ON former_row(became);

-- holdings/lineage.py: how records follow from one another (DA/T 46-2009 M86-M88). kind: format.md §6.3. other: id of the other record of the same writer.
CREATE TABLE relation(
    record INTEGER NOT NULL REFERENCES record,
    kind   INTEGER NOT NULL,
    other  BLOB NOT NULL,
    code   TEXT NOT NULL,
    note   TEXT NOT NULL,
    PRIMARY KEY(record, kind, other)
) STRICT, WITHOUT ROWID;
