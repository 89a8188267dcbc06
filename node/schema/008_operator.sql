-- node/operators.py: who signs in at this node. number: the 工号, folded; never given twice. password: argon2id in its own text form.
CREATE TABLE operator(
    number       TEXT    PRIMARY KEY,
    person       TEXT    NOT NULL,
    role         TEXT    NOT NULL,
    unit         TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    password     TEXT    NOT NULL,
    password_set INTEGER NOT NULL,
    start_until  INTEGER,
    failures     INTEGER NOT NULL DEFAULT 0,
    barred_until INTEGER NOT NULL DEFAULT 0,
    created      INTEGER NOT NULL,
    created_by   TEXT    NOT NULL,
    last_in      INTEGER
) STRICT, WITHOUT ROWID;
