-- The index of search: what is looked for, without any text. Derived data, rebuilt from catalogue, records and texts whenever somebody asks.

-- holdings/search_index.py: tokens of rows (rowid: catalogue_row.id) and records (rowid: 2^40 + record.number). Two of a kind: while one is
-- built anew the other serves. A hit is compared with the text itself.
CREATE VIRTUAL TABLE search_index_a USING fts5(tokens, content='', columnsize=0, detail=none, tokenize='ascii');
CREATE VIRTUAL TABLE search_index_b USING fts5(tokens, content='', columnsize=0, detail=none, tokenize='ascii');
-- What is deleted is taken out of the index, not only marked: an erased classified row leaves nothing.
INSERT INTO search_index_a(search_index_a, rank) VALUES ('secure-delete', 1);
INSERT INTO search_index_b(search_index_b, rank) VALUES ('secure-delete', 1);
-- Bytes of tokens that are gathered before they are written: a portion's, so that they are sorted once.
INSERT INTO search_index_a(search_index_a, rank) VALUES ('hashsize', 33554432);
INSERT INTO search_index_b(search_index_b, rank) VALUES ('hashsize', 33554432);

-- holdings/search_index.py: which index serves ('' = none is whole yet), which is being built and how far (ids up to which rows and records are in
-- it), and by what folding each was made (search_fold.version).
CREATE TABLE search_state(
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    serving       TEXT NOT NULL,
    fold          TEXT NOT NULL,
    building      TEXT NOT NULL,
    building_fold TEXT NOT NULL,
    built_rows    INTEGER NOT NULL,
    built_records INTEGER NOT NULL
) STRICT;
INSERT INTO search_state SELECT 1, iif(known, '', 'a'), '', iif(known, 'a', ''), '', 0, 0
    FROM (SELECT EXISTS (SELECT 1 FROM catalogue_row) OR EXISTS (SELECT 1 FROM record) AS known);

-- holdings/search_index.py: days that any row or record ever bore, YYYYMMDD: the way along which hits are walked by date.
CREATE TABLE search_day(day INTEGER PRIMARY KEY) STRICT;

-- holdings/search_records.py: what the index was told of a record that stands. document: JSON (search_document.Document); folded: the texts of its
-- pages, folded, breaks between pages, deflated; NULL without any. record: record.number.
CREATE TABLE search_record(
    record   INTEGER PRIMARY KEY,
    document BLOB NOT NULL,
    folded   BLOB
) STRICT;

DROP TABLE catalogue_title;
