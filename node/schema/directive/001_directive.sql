-- node/directive_store.py: directives of the hub to this node (format.md §17), each with what became of it. seq, hash: of its entry in the hub's log; wall: when the hub
-- signed it, taken: when it came, decided: when its last word was said (seconds UTC). result: holdings.directive_entry.Result, 0 = waits behind one that is not
-- known. body: as opened, empty when it cannot be. person, text: who decided, and what was said.
CREATE TABLE directive (
    dseq     INTEGER PRIMARY KEY,
    seq      INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    kind     INTEGER NOT NULL,
    critical INTEGER NOT NULL,
    wall     INTEGER NOT NULL,
    taken    INTEGER NOT NULL,
    result   INTEGER NOT NULL,
    decided  INTEGER,
    body     BLOB    NOT NULL,
    person   TEXT    NOT NULL DEFAULT '',
    text     TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX directive_result ON directive (result, dseq);
-- node/city_verdicts.py: what the hub said of records: taken or given back, one row a record and directive. scope: of the finding that a return makes.
CREATE TABLE city_verdict (
    record   BLOB    NOT NULL CHECK (length(record) = 16),
    dseq     INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    handover INTEGER NOT NULL,
    round    INTEGER NOT NULL,
    due      TEXT    NOT NULL,
    delivery TEXT    NOT NULL,
    faults   TEXT    NOT NULL,
    note     TEXT    NOT NULL,
    person   TEXT    NOT NULL,
    time     INTEGER NOT NULL,
    scope    TEXT    NOT NULL,
    PRIMARY KEY (record, dseq)
) STRICT, WITHOUT ROWID;
-- node/city_verdicts.py: records whose last word from the hub is a return of the version that is still current; kept in the transactions that change it.
CREATE TABLE city_returned (
    record BLOB PRIMARY KEY CHECK (length(record) = 16),
    dseq   INTEGER NOT NULL,
    mended INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
