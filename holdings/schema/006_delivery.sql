-- holdings/delivery.py: who brought a batch and how it stands. number: as in 第03批. stations: JSON array. state: 0 open, 1 submitted, 2 returned
-- 退回整改, 3 accepted 验收通过, 4 withdrawn 已撤回. round: rounds of acceptance, from 1.
ALTER TABLE delivery ADD COLUMN number INTEGER;
ALTER TABLE delivery ADD COLUMN contractor TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN stations TEXT NOT NULL DEFAULT '[]';
ALTER TABLE delivery ADD COLUMN opened_by TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN received_by TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN received INTEGER;
ALTER TABLE delivery ADD COLUMN state INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN round INTEGER NOT NULL DEFAULT 1;

-- holdings/delivery.py: a review covers rows last changed at `cover` or before; NULL, of a standing default, covers what comes too.
ALTER TABLE clearance ADD COLUMN cover INTEGER;
UPDATE clearance SET cover = time WHERE basis = 1;

-- holdings/delivery_history.py: what was decided about a delivery, append-only. kind: DeliveryAct.
CREATE TABLE delivery_act(
    id       INTEGER PRIMARY KEY,
    delivery INTEGER NOT NULL REFERENCES delivery,
    kind     INTEGER NOT NULL,
    round    INTEGER NOT NULL,
    person   TEXT NOT NULL,
    reason   TEXT NOT NULL,
    time     INTEGER NOT NULL
) STRICT;
CREATE INDEX delivery_act_delivery ON delivery_act(delivery, id);

-- holdings/delivery_brake.py: 批量重处理, declared beforehand: between `begins` and `ends` many changed sources are normal.
CREATE TABLE reprocessing(
    id       INTEGER PRIMARY KEY,
    delivery INTEGER NOT NULL REFERENCES delivery,
    begins   INTEGER NOT NULL,
    ends     INTEGER NOT NULL,
    person   TEXT NOT NULL,
    reason   TEXT NOT NULL,
    declared INTEGER NOT NULL
) STRICT;
CREATE INDEX reprocessing_delivery ON reprocessing(delivery, ends);

-- holdings/delivery_brake.py: sealed sources whose bytes changed, by minute; older than the brake's time are dropped.
CREATE TABLE source_change(
    delivery TEXT NOT NULL,
    minute   INTEGER NOT NULL,
    pages    INTEGER NOT NULL,
    PRIMARY KEY(delivery, minute)
) STRICT, WITHOUT ROWID;

-- holdings/sample_store.py: a drawing of 抽检. unit: 1 pages, 2 records. scope: 1 the whole delivery, 2 what changed since the round before.
CREATE TABLE sample(
    id       INTEGER PRIMARY KEY,
    delivery INTEGER NOT NULL REFERENCES delivery,
    round    INTEGER NOT NULL,
    seed     TEXT NOT NULL,
    unit     INTEGER NOT NULL,
    scope    INTEGER NOT NULL,
    rate     TEXT NOT NULL,
    minimum  INTEGER NOT NULL,
    records  INTEGER NOT NULL,
    pages    INTEGER NOT NULL,
    drawn    INTEGER NOT NULL,
    person   TEXT NOT NULL,
    UNIQUE(delivery, round, seed)
) STRICT;

-- holdings/sample_store.py: the pages of a drawing. verdict: 0 not yet, 1 passed, 2 failed; fault: a code of data/sampling.toml.
CREATE TABLE sample_page(
    sample         INTEGER NOT NULL REFERENCES sample,
    position       INTEGER NOT NULL,
    reference_code TEXT NOT NULL,
    page           TEXT NOT NULL,
    sha256         BLOB NOT NULL,
    verdict        INTEGER NOT NULL DEFAULT 0,
    fault          TEXT NOT NULL DEFAULT '',
    remark         TEXT NOT NULL DEFAULT '',
    person         TEXT NOT NULL DEFAULT '',
    judged         INTEGER,
    PRIMARY KEY(sample, position)
) STRICT, WITHOUT ROWID;

-- holdings/evidence_store.py: what the last verification of a delivery's evidence found (JSON of EvidenceReport).
CREATE TABLE evidence(
    delivery INTEGER PRIMARY KEY REFERENCES delivery,
    verified INTEGER NOT NULL,
    report   TEXT NOT NULL
) STRICT;

-- holdings/workload_store.py: pages of a record's version by size class (JSON object), so that sources need be looked at once.
CREATE TABLE page_size(
    record  BLOB PRIMARY KEY,
    version INTEGER NOT NULL,
    sizes   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- holdings/records.py: records of a delivery, for its report.
CREATE INDEX record_delivery ON record(delivery, number);

-- holdings/workload_store.py: what link sheets 挂接表 say of the work on a record. record_hash: first 16 bytes of SHA-256 of its match key, so that a line
-- about a row that later turns out classified names nothing. persons: JSON object role -> name.
CREATE TABLE work_line(
    delivery    TEXT NOT NULL,
    sheet       TEXT NOT NULL,
    position    INTEGER NOT NULL,
    record_hash BLOB NOT NULL,
    station     TEXT NOT NULL,
    persons     TEXT NOT NULL,
    date        TEXT NOT NULL,
    size_class  TEXT NOT NULL,
    a4          TEXT NOT NULL,
    PRIMARY KEY(delivery, sheet, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX work_line_record ON work_line(record_hash);
