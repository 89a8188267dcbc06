-- hub/directive_store.py: directives to nodes beside the entries of the hub's log that say them (format.md §17). Nothing confidential: bodies stand sealed in the
-- entries. seq, hash: of the entry; stage: Stage; ack: seq in the node's log of the acknowledgement that counts; marks are the hub's own.
CREATE TABLE directive (
    log_id BLOB    NOT NULL,
    dseq   INTEGER NOT NULL,
    seq    INTEGER NOT NULL UNIQUE,
    hash   BLOB    NOT NULL,
    kind   INTEGER NOT NULL,
    mark   BLOB,
    wall   INTEGER NOT NULL,
    stage  INTEGER NOT NULL,
    ack    INTEGER,
    acked  INTEGER,
    PRIMARY KEY (log_id, dseq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX directive_mark ON directive (mark) WHERE mark IS NOT NULL;
CREATE INDEX directive_open ON directive (log_id, stage, seq);
-- hub/directive_store.py: how each node hands over (DESIGN §3); without a row: report.
CREATE TABLE handover (
    log_id BLOB    PRIMARY KEY,
    kind   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
