-- hub/opening_review.py: an opening review 开放审核 as one archivist proposes it and another decides it. result: 开放, 控制, 延期开放. until: a date or ''. stage: Stage.
-- Times in seconds UTC, 0: not yet. What was decided stays; closed again (revoked) is said beside it.
CREATE TABLE opening_review (
    id              INTEGER PRIMARY KEY,
    result          TEXT    NOT NULL,
    until           TEXT    NOT NULL,
    ground          TEXT    NOT NULL,
    account         TEXT    NOT NULL,
    person          TEXT    NOT NULL,
    time            INTEGER NOT NULL,
    stage           INTEGER NOT NULL,
    decided_account TEXT    NOT NULL DEFAULT '',
    decided_by      TEXT    NOT NULL DEFAULT '',
    decided         INTEGER NOT NULL DEFAULT 0,
    remark          TEXT    NOT NULL DEFAULT '',
    revoked_account TEXT    NOT NULL DEFAULT '',
    revoked_by      TEXT    NOT NULL DEFAULT '',
    revoked         INTEGER NOT NULL DEFAULT 0,
    revoke_reason   TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX opening_review_stage ON opening_review (stage, id);

-- hub/opening_review.py: the records it is about. number: record.number. version, before: what they were when it was proposed.
CREATE TABLE opening_reviewed (
    review  INTEGER NOT NULL REFERENCES opening_review(id),
    number  INTEGER NOT NULL REFERENCES record(number),
    version INTEGER NOT NULL,
    before  TEXT    NOT NULL,
    PRIMARY KEY (review, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX opening_reviewed_number ON opening_reviewed (number);
