-- holdings/text_store.py: what stands on the pages of records, as engines read it and persons corrected it. Derived data, never the record.
-- record: number in table record. sha256, page: the part, and the page in it from 0. revision: 0 an engine's reading, 1, 2 … corrections by a person.
-- engine: name/version, blank for a correction. version: of the record when it was read. confidence: thousandths. current: what a reader sees of this page.
-- live: the part belongs to the current version of the record. body: the page text of format.md §6.5, compressed as it travels.
CREATE TABLE page_text(
    id         INTEGER PRIMARY KEY,
    record     INTEGER NOT NULL REFERENCES record,
    sha256     BLOB    NOT NULL CHECK (length(sha256) = 32),
    page       INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    engine     TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    time       INTEGER NOT NULL,
    person     TEXT    NOT NULL,
    confidence INTEGER NOT NULL,
    current    INTEGER NOT NULL,
    live       INTEGER NOT NULL,
    body       BLOB    NOT NULL,
    UNIQUE(record, sha256, page, revision, engine)
) STRICT;
CREATE INDEX page_text_part ON page_text(sha256, page);
CREATE INDEX page_text_doubt ON page_text(confidence, id) WHERE current = 1 AND live = 1 AND revision = 0;

-- holdings/facts_store.py: technical metadata of a page or a recording, gathered in the same pass. facts: format.md §6.6.
CREATE TABLE page_facts(
    record INTEGER NOT NULL REFERENCES record,
    sha256 BLOB    NOT NULL CHECK (length(sha256) = 32),
    page   INTEGER NOT NULL,
    facts  BLOB    NOT NULL,
    PRIMARY KEY(record, sha256, page)
) STRICT, WITHOUT ROWID;
