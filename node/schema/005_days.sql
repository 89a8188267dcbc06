-- node/days.py: how the node stood at the end of each local day (the newest look so far on the present one). What today brought and how long the disk
-- lasts is the difference of two days.
CREATE TABLE day_figure(
    day          TEXT PRIMARY KEY,
    records      INTEGER NOT NULL,
    pages        INTEGER NOT NULL,
    bytes_stored INTEGER NOT NULL,
    bytes_sent   INTEGER NOT NULL DEFAULT 0,
    free_bytes   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- node/nights.py: conversations with the hub, the newest last; equal failures that follow one another are one line with a count. fault: empty when it succeeded.
CREATE TABLE conversation(
    id        INTEGER PRIMARY KEY,
    began     INTEGER NOT NULL,
    ended     INTEGER NOT NULL,
    tries     INTEGER NOT NULL DEFAULT 1,
    bytes     INTEGER NOT NULL,
    receipted INTEGER NOT NULL,
    opened    INTEGER NOT NULL,
    fault     TEXT NOT NULL
) STRICT;
