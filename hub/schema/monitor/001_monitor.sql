-- What the monitor 运行监控 remembers beside what nodes and log say, in people.db (encrypted): figures by day, alarms that stand, planned outages.

-- How each node stood at the end of a day as people here count it; the last look of a day stays. Kept for 92 days.
-- log_id of no bytes: the sums over all nodes.
CREATE TABLE node_day (
    log_id        BLOB    NOT NULL,
    day           TEXT    NOT NULL,                -- YYYY-MM-DD
    records       INTEGER NOT NULL,                -- opened by the vault, totals
    pages         INTEGER NOT NULL,
    bytes_stored  INTEGER NOT NULL,                -- receipted, total
    deltas        INTEGER NOT NULL,                -- stored with R1, total
    waiting_bytes INTEGER NOT NULL,
    waiting_pages INTEGER,
    quarantined   INTEGER NOT NULL,
    free_bytes    INTEGER,
    last_contact  INTEGER,
    PRIMARY KEY (log_id, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX node_day_by_day ON node_day (day);

-- The hub itself by day; `returned` and `accepted` are totals of decisions of the reception.
CREATE TABLE hub_day (
    day        TEXT    PRIMARY KEY,
    free_bytes INTEGER NOT NULL,
    returned   INTEGER NOT NULL,
    accepted   INTEGER NOT NULL,
    kept_ok    INTEGER NOT NULL,                   -- records of the periodic check CQ that passed, and that did not
    kept_bad   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Something that wants a person: opened when it was first seen, closed when it is gone (standing) or taken note of (events).
CREATE TABLE alarm_case (
    number       INTEGER PRIMARY KEY,
    kind         TEXT    NOT NULL,                 -- hub.alarm.AlarmKind
    subject      TEXT    NOT NULL,                 -- log_id in hexadecimal, 'hub', or what tells it apart
    name         TEXT    NOT NULL,                 -- the node's name when it was opened
    facts        TEXT    NOT NULL,                 -- JSON object: the values of the sentence
    opened       INTEGER NOT NULL,
    seen         INTEGER NOT NULL,
    closed       INTEGER,
    under        INTEGER,                          -- the case that rolls this one up
    acknowledged INTEGER,
    by           TEXT    NOT NULL DEFAULT '',
    silent_until INTEGER NOT NULL DEFAULT 0,
    told         INTEGER NOT NULL DEFAULT 0        -- 1: the channels were given it, 2: its end as well
) STRICT;
CREATE UNIQUE INDEX alarm_case_open ON alarm_case (kind, subject) WHERE closed IS NULL;
CREATE INDEX alarm_case_closed ON alarm_case (closed);

CREATE TABLE alarm_note (
    number INTEGER PRIMARY KEY,
    alarm  INTEGER NOT NULL REFERENCES alarm_case(number) ON DELETE CASCADE,
    wall   INTEGER NOT NULL,
    by     TEXT    NOT NULL,
    text   TEXT    NOT NULL
) STRICT;
CREATE INDEX alarm_note_by_alarm ON alarm_note (alarm);

-- What waits to be brought to a channel; gone when it was taken, or given up.
CREATE TABLE alarm_message (
    number  INTEGER PRIMARY KEY,
    channel TEXT    NOT NULL,
    alarms  TEXT    NOT NULL,                      -- JSON array of numbers
    ended   INTEGER NOT NULL,                      -- 1: tells that they ended
    made    INTEGER NOT NULL,
    tries   INTEGER NOT NULL DEFAULT 0,
    due     INTEGER NOT NULL
) STRICT;

-- A planned outage 停机报备 of one node (subject = log_id in hexadecimal), or of all ('*'); what it covers raises no alarm.
CREATE TABLE outage (
    number  INTEGER PRIMARY KEY,
    subject TEXT    NOT NULL,
    begins  INTEGER NOT NULL,
    ends    INTEGER NOT NULL,
    reason  TEXT    NOT NULL,
    by      TEXT    NOT NULL,
    ended   INTEGER                                -- ended earlier than planned
) STRICT;
CREATE INDEX outage_by_end ON outage (ends);

CREATE TABLE monitor_value (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
