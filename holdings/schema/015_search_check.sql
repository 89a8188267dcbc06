-- holdings/search_upkeep.py: what was found when the search index was last compared with what it tells of, or built. time: whole seconds UTC. bytes: of the
-- index. faults: JSON array of sentences, empty when it is whole.
CREATE TABLE search_check(
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    time    INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    bytes   INTEGER NOT NULL,
    faults  TEXT    NOT NULL
) STRICT;
