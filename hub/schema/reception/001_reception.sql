-- Reception 接收: what nodes brought, as archivists judge it; in holdings.db (encrypted). Times are whole seconds UTC. One module owns the SQL of each table.

-- hub/reception_store.py: a delivery of a node. came: when its first record was opened here. rounds: concluded ones.
CREATE TABLE reception (
    id       INTEGER PRIMARY KEY,
    writer   TEXT    NOT NULL,
    delivery TEXT    NOT NULL,
    came     INTEGER NOT NULL,
    rounds   INTEGER NOT NULL DEFAULT 0,
    UNIQUE (writer, delivery)
) STRICT;

-- hub/reception_store.py: its records in their current version. number: record.number. standing: holdings.reception.Standing. fonds, secrecy: who may see it.
-- since: when this version came.
CREATE TABLE reception_item (
    number    INTEGER PRIMARY KEY,
    reception INTEGER NOT NULL REFERENCES reception(id),
    record    BLOB    NOT NULL,
    version   INTEGER NOT NULL,
    standing  INTEGER NOT NULL,
    ordering  TEXT    NOT NULL,
    fonds     TEXT    NOT NULL,
    secrecy   INTEGER NOT NULL,
    pages     INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    since     INTEGER NOT NULL
) STRICT;
CREATE INDEX reception_item_order ON reception_item (reception, ordering, number);
CREATE INDEX reception_item_standing ON reception_item (reception, standing, since);

-- hub/reception_store.py: counts that people see, apart for what decides who may see them; kept in the transactions that change them.
CREATE TABLE reception_count (
    reception INTEGER NOT NULL REFERENCES reception(id),
    fonds     TEXT    NOT NULL,
    secrecy   INTEGER NOT NULL,
    standing  INTEGER NOT NULL,
    records   INTEGER NOT NULL,
    pages     INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    PRIMARY KEY (reception, fonds, secrecy, standing)
) STRICT, WITHOUT ROWID;

-- hub/reception_store.py: how far each log is taken in.
CREATE TABLE reception_cursor (
    log_id BLOB    PRIMARY KEY,
    seq    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- hub/reception_verdicts.py: what was said of a record. round 0: a draft, which may change; others stay for ever. reasons: JSON [[code, [[first, last], ...]], ...].
CREATE TABLE reception_verdict (
    number    INTEGER NOT NULL,
    reception INTEGER NOT NULL REFERENCES reception(id),
    round     INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    accepted  INTEGER NOT NULL,
    reasons   TEXT    NOT NULL,
    remark    TEXT    NOT NULL,
    account   TEXT    NOT NULL,
    person    TEXT    NOT NULL,
    time      INTEGER NOT NULL,
    PRIMARY KEY (number, reception, round)
) STRICT, WITHOUT ROWID;
CREATE INDEX reception_verdict_round ON reception_verdict (reception, round, number);

-- hub/reception_verdicts.py: concluded rounds. handover: 1 report, 2 transfer. due: day of mending, '' where nothing was returned.
CREATE TABLE reception_round (
    reception INTEGER NOT NULL REFERENCES reception(id),
    round     INTEGER NOT NULL,
    handover  INTEGER NOT NULL,
    accepted  INTEGER NOT NULL,
    returned  INTEGER NOT NULL,
    due       TEXT    NOT NULL,
    remark    TEXT    NOT NULL,
    account   TEXT    NOT NULL,
    person    TEXT    NOT NULL,
    time      INTEGER NOT NULL,
    PRIMARY KEY (reception, round)
) STRICT, WITHOUT ROWID;

-- hub/reception_papers.py: numbered papers; facts: JSON of what stands on it, as it was when the round was concluded.
CREATE TABLE reception_paper (
    kind      TEXT    NOT NULL,
    year      INTEGER NOT NULL,
    serial    INTEGER NOT NULL,
    reception INTEGER NOT NULL REFERENCES reception(id),
    round     INTEGER NOT NULL,
    facts     TEXT    NOT NULL,
    PRIMARY KEY (kind, year, serial),
    UNIQUE (reception, round, kind)
) STRICT, WITHOUT ROWID;

-- hub/reception_outbox.py: directives of a concluded round on their way into the hub's log. body: as sealed there. mark: by which the log knows this wish again.
-- dseq: NULL until it stands in the log; fault: why it does not yet.
CREATE TABLE reception_outbox (
    id        INTEGER PRIMARY KEY,
    reception INTEGER NOT NULL REFERENCES reception(id),
    round     INTEGER NOT NULL,
    log_id    BLOB    NOT NULL,
    kind      INTEGER NOT NULL,
    body      BLOB    NOT NULL,
    mark      BLOB    NOT NULL UNIQUE CHECK (length(mark) = 16),
    dseq      INTEGER,
    fault     TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX reception_outbox_waiting ON reception_outbox (id) WHERE dseq IS NULL;
CREATE INDEX reception_outbox_round ON reception_outbox (reception, round);
