-- The people of a hub (people.db, encrypted): who may sign in, how, and who is signed in. The journal stands beside them (holdings/schema/journal).

-- One role for an account, and it never changes: the three officers are kept apart (三员分立). password: argon2id as libsodium writes it.
CREATE TABLE account (
    number       INTEGER PRIMARY KEY,
    name         TEXT    NOT NULL UNIQUE,        -- what is typed at sign-in, folded
    person       TEXT    NOT NULL,
    role         TEXT    NOT NULL CHECK (role IN ('system', 'security', 'audit', 'archivist', 'agency')),
    unit         TEXT    NOT NULL,               -- the person's own, in words
    holders      TEXT    NOT NULL DEFAULT '[]',  -- JSON array: nodes whose records are the account's business
    fonds        TEXT    NOT NULL DEFAULT '[]',  -- JSON array of match keys
    level        INTEGER NOT NULL CHECK (level BETWEEN 0 AND 3),   -- holdings.access.Secrecy
    state        TEXT    NOT NULL CHECK (state IN ('pending', 'active', 'locked', 'closed')),
    password     TEXT    NOT NULL,
    password_set INTEGER NOT NULL,               -- seconds UTC
    start_until  INTEGER,                        -- NULL: the person's own password; else a start password, good for one use until then
    failures     INTEGER NOT NULL DEFAULT 0,     -- in a row
    barred_until INTEGER NOT NULL DEFAULT 0,
    totp         BLOB,                           -- NULL: no such second factor
    totp_step    INTEGER NOT NULL DEFAULT 0,     -- the last step that was used: none is taken twice
    created      INTEGER NOT NULL,
    created_by   TEXT    NOT NULL,
    last_in      INTEGER,
    last_address TEXT    NOT NULL DEFAULT ''
) STRICT;

-- Printed one-time codes; a used one is gone.
CREATE TABLE account_code (
    account INTEGER NOT NULL REFERENCES account(number),
    hash    BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (account, hash)
) STRICT, WITHOUT ROWID;

-- Passwords an account had, so that it does not take one again.
CREATE TABLE account_password (
    account  INTEGER NOT NULL REFERENCES account(number),
    since    INTEGER NOT NULL,
    password TEXT    NOT NULL,
    PRIMARY KEY (account, since, password)
) STRICT, WITHOUT ROWID;

-- Who is signed in. hash: SHA-256 of the cookie's token, which is stored nowhere.
CREATE TABLE session (
    number  INTEGER PRIMARY KEY,
    hash    BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    account INTEGER NOT NULL REFERENCES account(number),
    stage   TEXT    NOT NULL CHECK (stage IN ('factor', 'change', 'enrol', 'full')),
    opened  INTEGER NOT NULL,
    seen    INTEGER NOT NULL,
    address TEXT    NOT NULL,
    agent   TEXT    NOT NULL
) STRICT;
CREATE INDEX session_by_account ON session (account);
