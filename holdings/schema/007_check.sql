-- holdings/check_store.py: one run of the checks of one record at one stage. writer '' = this site's own. verdict: 0 passed, 1 untested, 2 person, 3 failed.
-- results: JSON, [[code, verdict, where, detail], ...]. pictures: 1 when pages were measured.
CREATE TABLE check_run(
    id       INTEGER PRIMARY KEY,
    stage    TEXT NOT NULL,
    writer   TEXT NOT NULL,
    record   BLOB NOT NULL,
    version  INTEGER NOT NULL,
    delivery TEXT NOT NULL,
    ref      TEXT NOT NULL,
    verdict  INTEGER NOT NULL,
    pictures INTEGER NOT NULL,
    pages    INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    time     INTEGER NOT NULL,
    results  TEXT NOT NULL
) STRICT;
CREATE INDEX check_run_record ON check_run(writer, record, stage, id);
CREATE INDEX check_run_delivery ON check_run(delivery, stage, id);

-- holdings/check_store.py: how far the log of a writer was checked at a stage.
CREATE TABLE check_cursor(
    stage  TEXT NOT NULL,
    writer TEXT NOT NULL,
    seq    INTEGER NOT NULL,
    PRIMARY KEY(stage, writer)
) STRICT, WITHOUT ROWID;
