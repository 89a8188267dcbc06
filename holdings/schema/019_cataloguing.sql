-- holdings/cataloguing.py: rows that a person typed 著录 at the console, newest last; what is taken back goes.
CREATE TABLE catalogued(
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    match_key TEXT NOT NULL,
    delivery  TEXT NOT NULL,
    person    TEXT NOT NULL,
    time      INTEGER NOT NULL
) STRICT;
CREATE INDEX catalogued_by_person ON catalogued(person, id);
