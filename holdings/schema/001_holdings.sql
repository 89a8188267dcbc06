-- Tables of the room holdings, the same at a node and in the vault's holdings.db. Times are whole seconds UTC. One module owns the SQL of each table.

-- holdings/delivery.py: a batch 批次; `folder` is the watch folder it arrives in, NULL at the hub.
CREATE TABLE delivery(
    id     INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE,
    folder TEXT,
    opened INTEGER NOT NULL
) STRICT;

-- holdings/delivery.py: 保密审查, append-only; the newest row of a delivery counts. basis: 1 review, 2 standing default. persons: JSON array.
CREATE TABLE clearance(
    id       INTEGER PRIMARY KEY,
    delivery INTEGER NOT NULL REFERENCES delivery,
    basis    INTEGER NOT NULL,
    persons  TEXT NOT NULL,
    time     INTEGER NOT NULL
) STRICT;
CREATE INDEX clearance_delivery ON clearance(delivery, id);

-- holdings/catalogue.py: a catalogue sheet 目录表 as it was imported last. A sheet of the same name in the same delivery replaces it.
CREATE TABLE sheet(
    id              INTEGER PRIMARY KEY,
    delivery        TEXT NOT NULL REFERENCES delivery(name),
    name            TEXT NOT NULL,
    digest          BLOB NOT NULL,
    has_mark_column INTEGER NOT NULL,
    imported        INTEGER NOT NULL,
    UNIQUE(delivery, name)
) STRICT;

-- holdings/catalogue.py: what each sheet said of each code at its last import; tells added, changed, unchanged and gone apart for each sheet.
CREATE TABLE sheet_row(
    sheet     INTEGER NOT NULL REFERENCES sheet,
    match_key TEXT NOT NULL,
    number    INTEGER NOT NULL,
    digest    BLOB NOT NULL,
    PRIMARY KEY(sheet, match_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX sheet_row_key ON sheet_row(match_key);

-- holdings/catalogue.py: the catalogue, one row for each code. state: 0 stands, 1 gone, 2 duplicate 重号. elements: JSON object. linked: 已挂接.
CREATE TABLE catalogue(
    id             INTEGER PRIMARY KEY,
    match_key      TEXT NOT NULL UNIQUE,
    reference_code TEXT NOT NULL,
    ordering       TEXT NOT NULL,
    level          INTEGER NOT NULL,
    volume_key     TEXT,
    title          TEXT NOT NULL,
    date           TEXT NOT NULL,
    elements       TEXT NOT NULL,
    sheet          INTEGER NOT NULL REFERENCES sheet,
    number         INTEGER NOT NULL,
    state          INTEGER NOT NULL DEFAULT 0,
    linked         INTEGER NOT NULL DEFAULT 0,
    changed        INTEGER NOT NULL
) STRICT;
CREATE INDEX catalogue_ordering ON catalogue(ordering);
CREATE INDEX catalogue_gone ON catalogue(sheet) WHERE state = 1;

-- holdings/catalogue.py: where an open site met a classified (1) or unreadable (2) mark. Nothing else of such a row is ever stored.
CREATE TABLE classified_mark(
    sheet      INTEGER NOT NULL REFERENCES sheet,
    match_key  TEXT NOT NULL,
    number     INTEGER NOT NULL,
    volume_key TEXT,
    kind       INTEGER NOT NULL,
    PRIMARY KEY(sheet, match_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX classified_mark_key ON classified_mark(match_key);
CREATE INDEX classified_mark_volume ON classified_mark(volume_key) WHERE volume_key IS NOT NULL;

-- holdings/records.py: records in their current version. writer: node name, '' for this site's own. id: 16 bytes, unique with its writer.
CREATE TABLE record(
    number         INTEGER PRIMARY KEY,
    writer         TEXT NOT NULL,
    id             BLOB NOT NULL,
    version        INTEGER NOT NULL,
    reference_code TEXT NOT NULL,
    match_key      TEXT NOT NULL,
    ordering       TEXT NOT NULL,
    level          INTEGER NOT NULL,
    title          TEXT NOT NULL,
    date           TEXT NOT NULL,
    delivery       TEXT NOT NULL,
    pages          INTEGER NOT NULL,
    bytes          INTEGER NOT NULL,
    UNIQUE(writer, id)
) STRICT;
CREATE INDEX record_key ON record(match_key);
CREATE INDEX record_ordering ON record(ordering);

-- holdings/records.py: every version with its body (format.md §6.3); parts are listed by sync.
CREATE TABLE record_version(
    record  INTEGER NOT NULL REFERENCES record,
    version INTEGER NOT NULL,
    body    BLOB NOT NULL,
    pages   INTEGER NOT NULL,
    bytes   INTEGER NOT NULL,
    time    INTEGER NOT NULL,
    PRIMARY KEY(record, version)
) STRICT, WITHOUT ROWID;

-- holdings/records.py: codes that a record had before 曾用档号.
CREATE TABLE former_code(
    match_key TEXT NOT NULL,
    record    INTEGER NOT NULL REFERENCES record,
    PRIMARY KEY(match_key, record)
) STRICT, WITHOUT ROWID;

-- holdings/quarantine.py: findings 问题. scope: what is checked as a whole. state: 0 open, 1 set aside, 2 waived, 3 resolved. severity: 3 error, 2 warning, 1 hint.
CREATE TABLE finding(
    id       INTEGER PRIMARY KEY,
    scope    TEXT NOT NULL,
    subject  TEXT NOT NULL,
    path     TEXT NOT NULL,
    code     TEXT NOT NULL,
    ref      TEXT NOT NULL,
    detail   TEXT NOT NULL,
    severity INTEGER NOT NULL,
    state    INTEGER NOT NULL,
    opened   INTEGER NOT NULL,
    closed   INTEGER,
    person   TEXT NOT NULL DEFAULT '',
    reason   TEXT NOT NULL DEFAULT '',
    UNIQUE(path, code)
) STRICT;
CREATE INDEX finding_subject ON finding(subject);
CREATE INDEX finding_scope ON finding(scope);
CREATE INDEX finding_waiting ON finding(id) WHERE state IN (0, 1);

-- holdings/tally.py: counters that people see; writer '' = this site itself.
CREATE TABLE tally(
    writer TEXT NOT NULL,
    name   TEXT NOT NULL,
    value  INTEGER NOT NULL,
    PRIMARY KEY(writer, name)
) STRICT, WITHOUT ROWID;
