-- holdings/custody_store.py: acts about the custody of records (format.md §18), whether they had an effect or not: who holds a record is their fold. Nothing
-- confidential. log_id: whose record; by_log: who signed the act; to_log: to whom it was let go, of release and grant; seq: in the log of by_log; wall: seconds UTC.
CREATE TABLE custody_act (
    log_id  BLOB    NOT NULL,
    record  BLOB    NOT NULL CHECK (length(record) = 16),
    turn    INTEGER NOT NULL,
    by_log  BLOB    NOT NULL,
    kind    INTEGER NOT NULL,
    version INTEGER NOT NULL,
    to_log  BLOB,
    seq     INTEGER NOT NULL,
    wall    INTEGER NOT NULL,
    PRIMARY KEY (log_id, record, turn, by_log, seq)
) STRICT, WITHOUT ROWID;
-- holdings/custody_store.py: records of a log in each state that is not "with its first writer", kept in the transactions that change them.
CREATE TABLE custody_count (
    log_id  BLOB    NOT NULL,
    state   TEXT    NOT NULL,
    records INTEGER NOT NULL,
    PRIMARY KEY (log_id, state)
) STRICT, WITHOUT ROWID;
