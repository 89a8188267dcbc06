-- holdings/reading_request_store.py: the register 利用登记. applicant, asked: JSON; identity numbers are masked before they come here. times: whole seconds UTC, 0: not yet.
-- holder: whose records ('': this site's own); received_at: where the person came ('': here); origin: what the register of that place calls it.
CREATE TABLE reading_request(
    number      INTEGER PRIMARY KEY,
    serial      TEXT NOT NULL UNIQUE,
    origin      TEXT NOT NULL DEFAULT '',
    applicant   TEXT NOT NULL,
    name        TEXT NOT NULL,
    account     TEXT NOT NULL DEFAULT '',
    purpose     TEXT NOT NULL,
    subject     TEXT NOT NULL,
    asked       TEXT NOT NULL,
    holder      TEXT NOT NULL,
    received_at TEXT NOT NULL,
    received_by TEXT NOT NULL,
    received    INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'refused', 'withdrawn', 'closed')),
    decided_by  TEXT NOT NULL DEFAULT '',
    decided     INTEGER NOT NULL DEFAULT 0,
    reason      TEXT NOT NULL DEFAULT '',
    until       INTEGER NOT NULL DEFAULT 0,
    certificate TEXT NOT NULL DEFAULT '',
    copies      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX reading_request_state ON reading_request(state, number);
CREATE INDEX reading_request_account ON reading_request(account, number) WHERE account <> '';
CREATE INDEX reading_request_received ON reading_request(received);
CREATE UNIQUE INDEX reading_request_origin ON reading_request(origin) WHERE origin <> '';
CREATE UNIQUE INDEX reading_request_certificate ON reading_request(certificate) WHERE certificate <> '';

-- The same: running numbers of a year, of requests ('request') and of certificates 查档证明 ('certificate').
CREATE TABLE reading_serial(
    kind TEXT NOT NULL,
    year INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY(kind, year)
) STRICT, WITHOUT ROWID;
