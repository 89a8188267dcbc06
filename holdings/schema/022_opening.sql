-- holdings/opening_verdict.py: what an opening review 开放审核 came to for records that this site's copy must obey though its holder is another, or whose holder this hub is.
-- record: record.number. result: 开放, 控制, 延期开放. until: a date or ''. The newest word stands; the directives and the journal have those before.
CREATE TABLE opening_verdict (
    record INTEGER PRIMARY KEY REFERENCES record(number),
    result TEXT    NOT NULL,
    until  TEXT    NOT NULL,
    ground TEXT    NOT NULL,
    person TEXT    NOT NULL,
    time   INTEGER NOT NULL
) STRICT;
