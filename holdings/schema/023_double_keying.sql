-- holdings/double_keying.py: deliveries whose rows are typed twice 双录, by two persons who do not see one another's.
CREATE TABLE double_delivery(
    delivery TEXT PRIMARY KEY,
    person   TEXT    NOT NULL,
    time     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What one person typed of a row. elements: JSON; '' once the row is stored, so that the day's count of that person stays. At most two of a key have elements.
CREATE TABLE keyed(
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    match_key TEXT    NOT NULL,
    code      TEXT    NOT NULL,
    delivery  TEXT    NOT NULL,
    person    TEXT    NOT NULL,
    time      INTEGER NOT NULL,
    elements  TEXT    NOT NULL
) STRICT;
CREATE INDEX keyed_key ON keyed(match_key);
CREATE INDEX keyed_person ON keyed(person, id);
