-- Figures of the yearly statistics. holdings/statistics_tally.py owns the SQL of all these tables.

-- By how much each figure moved in a month (YYYY-MM, where the archives are); kept in the transactions that change what is counted. archive: a node's name, '' =
-- this site. detail: match key of a fonds, or the purpose of a use. secrecy: 0 to 3, so that who may not know of a record does not count it.
CREATE TABLE statistic(
    figure  TEXT    NOT NULL,
    archive TEXT    NOT NULL,
    month   TEXT    NOT NULL,
    detail  TEXT    NOT NULL,
    secrecy INTEGER NOT NULL,
    value   INTEGER NOT NULL,
    PRIMARY KEY(figure, archive, month, detail, secrecy)
) STRICT, WITHOUT ROWID;

-- What persons entered; the newest of (archive, year, figure) counts, NULL takes it back.
CREATE TABLE statistic_entry(
    number  INTEGER PRIMARY KEY,
    archive TEXT    NOT NULL,
    year    INTEGER NOT NULL,
    figure  TEXT    NOT NULL,
    value   INTEGER,
    person  TEXT    NOT NULL,
    wall    INTEGER NOT NULL,
    note    TEXT    NOT NULL
) STRICT;
CREATE INDEX statistic_entry_year ON statistic_entry(year, number);

-- Years that were frozen: their figures stand for ever, and no movement falls into them any more.
CREATE TABLE statistic_year(
    year   INTEGER PRIMARY KEY,
    wall   INTEGER NOT NULL,
    person TEXT    NOT NULL,
    digest BLOB    NOT NULL CHECK (length(digest) = 32)
) STRICT;
CREATE TABLE statistic_frozen(
    year    INTEGER NOT NULL REFERENCES statistic_year,
    figure  TEXT    NOT NULL,
    archive TEXT    NOT NULL,
    value   INTEGER NOT NULL,
    PRIMARY KEY(year, figure, archive)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER statistic_frozen_is_not_changed BEFORE UPDATE ON statistic_frozen BEGIN SELECT RAISE(ABORT, 'a frozen year is not changed'); END;
CREATE TRIGGER statistic_frozen_is_not_removed BEFORE DELETE ON statistic_frozen BEGIN SELECT RAISE(ABORT, 'a frozen year is not removed'); END;

-- What was held before there were figures counts as there from the beginning, as far as statements can see it (opening and 密级 stand in bodies).
INSERT INTO statistic
    SELECT figure, archive, '0000-00', CASE WHEN plain THEN prefix ELSE '' END, 0, count(*) FROM (
        SELECT figure, archive, prefix,
            length(match_key) - length(replace(match_key, '-', '')) >= 2
            AND length(ltrim(prefix, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ')) BETWEEN 1 AND 4
            AND length(prefix) - length(ltrim(prefix, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ')) <= 2
            AND ltrim(prefix, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') NOT GLOB '*[^0-9]*' AS plain
        FROM (
            SELECT CASE c.level WHEN 3 THEN 'rows_volume' ELSE 'rows_item' END AS figure, h.name AS archive, c.match_key AS match_key,
                substr(c.match_key, 1, instr(c.match_key, '-') - 1) AS prefix
            FROM catalogue_row c JOIN catalogue_holder h ON h.id = c.holder WHERE c.level >= 3
            UNION ALL
            SELECT CASE level WHEN 3 THEN 'scanned_volumes' ELSE 'scanned_items' END, writer, match_key, substr(match_key, 1, instr(match_key, '-') - 1)
            FROM record WHERE ended = 0
        )
    ) GROUP BY 1, 2, 4;
INSERT INTO statistic SELECT 'scanned_pages', writer, '0000-00', '', 0, sum(pages) FROM record WHERE ended = 0 GROUP BY writer HAVING sum(pages) > 0;
INSERT INTO statistic SELECT 'scanned_bytes', writer, '0000-00', '', 0, sum(bytes) FROM record WHERE ended = 0 GROUP BY writer HAVING sum(bytes) > 0;
INSERT INTO statistic SELECT 'fonds', writer, '0000-00', key, 0, 1 FROM fonds;
INSERT INTO statistic SELECT 'volumes', writer, '0000-00', key, 0, volumes FROM fonds WHERE volumes > 0;
INSERT INTO statistic SELECT 'items', writer, '0000-00', key, 0, items FROM fonds WHERE items > 0;
