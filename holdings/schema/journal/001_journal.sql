-- Who did what (format.md §16). Acts are added, never changed and never removed; the chain of hashes tells when somebody did it past these triggers.
CREATE TABLE journal (
    number  INTEGER PRIMARY KEY,
    wall    INTEGER NOT NULL,
    person  TEXT    NOT NULL,
    role    TEXT    NOT NULL,
    address TEXT    NOT NULL,
    verb    TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    outcome INTEGER NOT NULL CHECK (outcome IN (1, 2, 3)),
    note    TEXT    NOT NULL,
    hash    BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX journal_by_person ON journal (person, number);
CREATE INDEX journal_by_subject ON journal (subject, number);
CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'the journal is not changed'); END;
CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'the journal is not shortened'); END;
