-- hub/api_token.py: tokens by which programs ask in an account's name. hash: SHA-256 of the token, which is stored nowhere. times: seconds UTC.
CREATE TABLE api_token (
    number  INTEGER PRIMARY KEY,
    hash    BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    account INTEGER NOT NULL REFERENCES account(number),
    name    TEXT    NOT NULL,
    scopes  TEXT    NOT NULL,      -- separated by blanks: hub.api_token.Scope
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    revoked INTEGER,
    used    INTEGER
) STRICT;
CREATE INDEX api_token_by_account ON api_token (account);
