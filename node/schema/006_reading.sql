-- node/reading_queue.py: parts of sealed records whose pages are read 识读, one row a record and part. position, use: in the version named. state: PartState.
-- next: first page not read yet; pages: how many there are, 0 until known. deaths: how often the engine died at page `next`. reason: why nothing came of it.
CREATE TABLE reading_part(
    id       INTEGER PRIMARY KEY,
    item_id  BLOB    NOT NULL CHECK (length(item_id) = 16),
    sha256   BLOB    NOT NULL CHECK (length(sha256) = 32),
    version  INTEGER NOT NULL,
    position INTEGER NOT NULL,
    use      INTEGER NOT NULL,
    state    INTEGER NOT NULL,
    next     INTEGER NOT NULL DEFAULT 0,
    pages    INTEGER NOT NULL DEFAULT 0,
    deaths   INTEGER NOT NULL DEFAULT 0,
    reason   TEXT    NOT NULL DEFAULT '',
    UNIQUE(item_id, sha256)
) STRICT;
CREATE INDEX reading_part_state ON reading_part(state, id);
CREATE INDEX reading_part_bytes ON reading_part(sha256);

-- node/reading_queue.py: single pages that could not be read: they cost themselves alone.
CREATE TABLE reading_fault(
    part   INTEGER NOT NULL REFERENCES reading_part,
    page   INTEGER NOT NULL,
    reason TEXT    NOT NULL,
    time   INTEGER NOT NULL,
    PRIMARY KEY(part, page)
) STRICT, WITHOUT ROWID;

-- node/reading_queue.py: what was read or corrected and waits for its delta; names rows of page_text and page_facts.
CREATE TABLE reading_outbox(
    id       INTEGER PRIMARY KEY,
    item_id  BLOB    NOT NULL,
    sha256   BLOB    NOT NULL,
    page     INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    time     INTEGER NOT NULL,
    UNIQUE(item_id, sha256, page, revision)
) STRICT;

-- node/reading_queue.py: figures that people see, and cursors; kept in the transactions that change what they count.
CREATE TABLE reading_figure(
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
