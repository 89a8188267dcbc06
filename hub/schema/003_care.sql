-- Care of a hub: what a restored one waits for, and how far the scrub has come. Nothing confidential.

-- hub/restored.py: nodes from which this hub has not heard since it was restored from a backup; until it has from all, it writes nothing into its own log.
CREATE TABLE restored_wait (
    log_id BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- hub/scrub.py: the round under way (finished NULL) and the last ones. at: the last object that was read; bad: objects that were not whole.
CREATE TABLE scrub_round (
    number   INTEGER PRIMARY KEY,
    began    INTEGER NOT NULL,
    finished INTEGER,
    at       BLOB    NOT NULL,
    objects  INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    bad      INTEGER NOT NULL
) STRICT;
