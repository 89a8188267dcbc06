-- Vectors by which records are found by meaning: derived data, made again from titles and page texts whenever a model changes.
-- id: number of the subject in the search index × 4,096, + 0 for its title, + 1 … for passages of its pages.

-- holdings/meaning_store.py: models that vectors are of. stage: 1 finds candidates, 2 puts them in order. current: the one in use.
CREATE TABLE meaning_model(
    id      INTEGER PRIMARY KEY,
    stage   INTEGER NOT NULL,
    name    TEXT NOT NULL,
    version TEXT NOT NULL,
    dims    INTEGER NOT NULL,
    current INTEGER NOT NULL,
    UNIQUE(name, version)
) STRICT;

-- holdings/meaning_store.py: one bit a dimension; what a scan reads, in the order of subjects.
CREATE TABLE meaning_sketch(
    id    INTEGER PRIMARY KEY,
    model INTEGER NOT NULL,
    bits  BLOB NOT NULL
) STRICT;

-- holdings/meaning_store.py: eight bits a dimension, to compare candidates.
CREATE TABLE meaning_vector(
    id     INTEGER PRIMARY KEY,
    model  INTEGER NOT NULL,
    vector BLOB NOT NULL
) STRICT;

-- holdings/meaning_store.py: eight bits a dimension of the model that puts candidates in order; of titles.
CREATE TABLE meaning_order(
    id     INTEGER PRIMARY KEY,
    model  INTEGER NOT NULL,
    vector BLOB NOT NULL
) STRICT;

-- holdings/meaning_store.py: 8,192 subjects each; revision: changes with every sketch of them, so that a copy in memory knows that it is old; sketches: how many.
CREATE TABLE meaning_group(
    id       INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL,
    sketches INTEGER NOT NULL
) STRICT;

-- holdings/meaning_store.py: subjects from first to last whose vectors are to be made, those among them that exist.
CREATE TABLE meaning_wanted(
    stage INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last  INTEGER NOT NULL,
    PRIMARY KEY(stage, first)
) STRICT, WITHOUT ROWID;
INSERT INTO meaning_wanted(stage, first, last) VALUES (1, 1, 1125899906842623);
