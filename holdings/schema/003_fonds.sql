-- holdings/fonds.py: the fonds register 全宗名册, one row for each fonds of a writer ('' = this site). key: match key of the 全宗号. Physical holdings are declared:
-- volumes 卷, items 件, millimetres of shelf. planned, catalogued, scanned, open: as the register says, in `unit`. key_fonds: 重点全宗, 0 or 1.
CREATE TABLE fonds(
    writer      TEXT NOT NULL,
    key         TEXT NOT NULL,
    code        TEXT NOT NULL,
    ordering    TEXT NOT NULL,
    name        TEXT NOT NULL,
    former      TEXT NOT NULL,
    history     TEXT NOT NULL,
    years       TEXT NOT NULL,
    volumes     INTEGER,
    items       INTEGER,
    millimetres INTEGER,
    key_fonds   INTEGER NOT NULL,
    planned     INTEGER,
    catalogued  INTEGER,
    scanned     INTEGER,
    open        INTEGER,
    remark      TEXT NOT NULL,
    changed     INTEGER NOT NULL,
    PRIMARY KEY(writer, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX fonds_ordering ON fonds(writer, ordering);

-- holdings/fonds.py: the district of a fonds' archive, from a day on (YYYY-MM-DD, '' = from the beginning); a fonds may change its district.
CREATE TABLE fonds_district(
    writer TEXT NOT NULL,
    key    TEXT NOT NULL,
    since  TEXT NOT NULL,
    code   TEXT NOT NULL,
    PRIMARY KEY(writer, key, since)
) STRICT, WITHOUT ROWID;

-- holdings/fonds_tally.py: what this database holds of each fonds, kept in the transactions that change it; of fonds that nobody has registered too.
CREATE TABLE fonds_tally(
    writer TEXT NOT NULL,
    key    TEXT NOT NULL,
    name   TEXT NOT NULL,
    value  INTEGER NOT NULL,
    PRIMARY KEY(writer, key, name)
) STRICT, WITHOUT ROWID;

-- What was held before there were counters, by the same rule as holdings/fonds_tally.py: the part before the first of at least two hyphens, up to two letters and
-- four digits. (Which of it is open stands in bodies, where no statement can look.)
INSERT INTO fonds_tally
    SELECT writer, prefix, name, count(*) FROM (
        SELECT writer, match_key, substr(match_key, 1, instr(match_key, '-') - 1) AS prefix, 'scanned' AS name FROM record WHERE ended = 0
        UNION ALL
        SELECT '', match_key, substr(match_key, 1, instr(match_key, '-') - 1), 'catalogued' FROM catalogue
    )
    WHERE length(match_key) - length(replace(match_key, '-', '')) >= 2
      AND length(ltrim(prefix, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ')) BETWEEN 1 AND 4
      AND length(prefix) - length(ltrim(prefix, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ')) <= 2
      AND ltrim(prefix, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') NOT GLOB '*[^0-9]*'
    GROUP BY 1, 2, 3;
