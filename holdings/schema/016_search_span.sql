-- holdings/search_index.py: in which years (filed; 0: none) anything was ever filed that bears a date of a year (year; 0: none). By it a search among some
-- years, in the order of dates, passes over the days of all others.
CREATE TABLE search_span(
    year  INTEGER NOT NULL,
    filed INTEGER NOT NULL,
    PRIMARY KEY(year, filed)
) STRICT, WITHOUT ROWID;
-- An index that was filled before this table was there is not told of by it until it is rebuilt: year -1 says so.
INSERT INTO search_span SELECT -1, -1 WHERE EXISTS (SELECT 1 FROM search_day);
