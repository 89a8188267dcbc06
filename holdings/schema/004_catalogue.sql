-- The catalogue in portions: rows of several holders, values beside the names of their columns, a title index, imports that go on where they stood.

-- holdings/catalogue_sheets.py: whose rows 保管方; 0 with an empty name is this site itself, the others are nodes of a hub.
CREATE TABLE catalogue_holder(
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO catalogue_holder(id, name) VALUES (0, '');

-- holdings/catalogue_sheets.py: a catalogue sheet 目录表 as it was imported last. A sheet of the same name in the same delivery replaces it.
-- under_way: its import has committed some portions and not all; its rows are held until then.
CREATE TABLE catalogue_sheet(
    id              INTEGER PRIMARY KEY,
    holder          INTEGER NOT NULL REFERENCES catalogue_holder,
    delivery        TEXT NOT NULL REFERENCES delivery(name),
    name            TEXT NOT NULL,
    digest          BLOB NOT NULL,
    has_mark_column INTEGER NOT NULL,
    imported        INTEGER NOT NULL,
    under_way       INTEGER NOT NULL DEFAULT 0,
    UNIQUE(holder, delivery, name)
) STRICT;

-- holdings/catalogue_sheets.py: what a sheet that does not own a row said of it at its last import (the owner's word is the row itself). row: catalogue_row.id.
CREATE TABLE catalogue_said(
    sheet  INTEGER NOT NULL REFERENCES catalogue_sheet,
    row    INTEGER NOT NULL,
    number INTEGER NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY(sheet, row)
) STRICT, WITHOUT ROWID;
CREATE INDEX catalogue_said_row ON catalogue_said(row);

-- holdings/catalogue_rows.py: names of columns, a JSON array, in the order of the values of the rows that name it.
CREATE TABLE catalogue_columns(
    id    INTEGER PRIMARY KEY,
    names TEXT NOT NULL UNIQUE
) STRICT;

-- holdings/catalogue_rows.py: the catalogue, one row for each code of each holder. elements: JSON array of values beside catalogue_columns, null: blank,
-- 0: stands in the column of its own. digest: what the row says, empty when not known. state: 0 stands, 1 gone, 2 duplicate 重号. linked: 已挂接.
CREATE TABLE catalogue_row(
    id             INTEGER PRIMARY KEY,
    match_key      TEXT NOT NULL,
    holder         INTEGER NOT NULL,
    reference_code TEXT NOT NULL,
    ordering       TEXT NOT NULL,
    level          INTEGER NOT NULL,
    volume_key     TEXT,
    title          TEXT NOT NULL,
    date           TEXT NOT NULL,
    columns        INTEGER NOT NULL,
    elements       TEXT NOT NULL,
    digest         BLOB NOT NULL,
    sheet          INTEGER NOT NULL,
    tab            TEXT NOT NULL,
    number         INTEGER NOT NULL,
    state          INTEGER NOT NULL,
    linked         INTEGER NOT NULL,
    changed        INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX catalogue_row_key ON catalogue_row(match_key, holder);
CREATE INDEX catalogue_row_ordering ON catalogue_row(ordering);
CREATE INDEX catalogue_row_sheet ON catalogue_row(sheet);
CREATE INDEX catalogue_row_doubtful ON catalogue_row(sheet, state) WHERE state <> 0;

-- holdings/catalogue_moves.py: codes that rows had before they were renumbered: a sheet that still says the old code speaks of this row.
CREATE TABLE catalogue_former(
    match_key TEXT NOT NULL,
    holder    INTEGER NOT NULL,
    row       INTEGER NOT NULL,
    PRIMARY KEY(match_key, holder)
) STRICT, WITHOUT ROWID;
CREATE INDEX catalogue_former_row ON catalogue_former(row);

-- holdings/catalogue_titles.py: pairs of characters of each title; rowid: catalogue_row.id. Holds no text: a hit is compared with the title.
CREATE VIRTUAL TABLE catalogue_title USING fts5(pairs, content='', columnsize=0, detail=none, tokenize='ascii');
-- What is deleted is taken out of the index, not only marked: an erased classified row leaves nothing.
INSERT INTO catalogue_title(catalogue_title, rank) VALUES ('secure-delete', 1);
-- Bytes of pairs that are gathered before they are written: a portion's, so that they are sorted once.
INSERT INTO catalogue_title(catalogue_title, rank) VALUES ('hashsize', 16777216);

-- holdings/catalogue_marks.py: where an open site met a classified (1) or unreadable (2) mark. Nothing else of such a row is ever stored.
CREATE TABLE catalogue_mark(
    sheet      INTEGER NOT NULL REFERENCES catalogue_sheet,
    match_key  TEXT NOT NULL,
    holder     INTEGER NOT NULL,
    tab        TEXT NOT NULL,
    number     INTEGER NOT NULL,
    volume_key TEXT,
    kind       INTEGER NOT NULL,
    PRIMARY KEY(sheet, match_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX catalogue_mark_key ON catalogue_mark(match_key);
CREATE INDEX catalogue_mark_volume ON catalogue_mark(volume_key) WHERE volume_key IS NOT NULL;

-- holdings/catalogue_runs.py: an import that has committed some portions. source: what the bytes are known by; taken: rows of the reader that are done;
-- figures: JSON of what it did so far; first_row: rows from this id on are its own.
CREATE TABLE catalogue_run(
    sheet     INTEGER PRIMARY KEY REFERENCES catalogue_sheet,
    source    BLOB NOT NULL,
    taken     INTEGER NOT NULL,
    figures   TEXT NOT NULL,
    first_row INTEGER NOT NULL,
    began     INTEGER NOT NULL
) STRICT;

-- holdings/catalogue_runs.py: rows that an unfinished import has met (seen) and found contradicted (doubtful): one bit for each id, 65,536 ids a chunk.
CREATE TABLE catalogue_seen(
    sheet    INTEGER NOT NULL REFERENCES catalogue_sheet,
    chunk    INTEGER NOT NULL,
    seen     BLOB NOT NULL,
    doubtful BLOB NOT NULL,
    PRIMARY KEY(sheet, chunk)
) STRICT, WITHOUT ROWID;

-- holdings/catalogue_runs.py: refusals that an unfinished import has come to, as JSON, at most 10,000 a sheet.
CREATE TABLE catalogue_told(
    id      INTEGER PRIMARY KEY,
    sheet   INTEGER NOT NULL REFERENCES catalogue_sheet,
    refusal TEXT NOT NULL
) STRICT;
CREATE INDEX catalogue_told_sheet ON catalogue_told(sheet);

-- holdings/sheet_memory.py: answers and agreed repairs for sheets of one kind (contractor and names of columns). profile: JSON.
CREATE TABLE sheet_memory(
    key     TEXT PRIMARY KEY,
    profile TEXT NOT NULL,
    changed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What was imported before moves over: values as the JSON object they were, digest unknown, titles not yet in the index (the first import of their sheet brings them).
INSERT INTO catalogue_sheet SELECT id, 0, delivery, name, digest, has_mark_column, imported, 0 FROM sheet;
INSERT INTO catalogue_row
    SELECT id, match_key, 0, reference_code, ordering, level, volume_key, title, date, 0, elements, x'', sheet, '', number, state, linked, changed FROM catalogue;
INSERT INTO catalogue_said
    SELECT r.sheet, c.id, r.number, r.digest FROM sheet_row r JOIN catalogue c ON c.match_key = r.match_key WHERE c.sheet <> r.sheet;
INSERT INTO catalogue_mark SELECT sheet, match_key, 0, '', number, volume_key, kind FROM classified_mark;
DROP TABLE sheet_row;
DROP TABLE catalogue;
DROP TABLE classified_mark;
DROP TABLE sheet;
