-- holdings/check_round.py: the round of a periodic check that is under way or was the last. times: whole seconds UTC; ended NULL: under way.
CREATE TABLE check_round(
    stage TEXT NOT NULL PRIMARY KEY,
    began INTEGER NOT NULL,
    ended INTEGER
) STRICT, WITHOUT ROWID;
