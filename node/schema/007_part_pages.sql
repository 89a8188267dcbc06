-- node/part_pages.py: how many pages a file of many pages (PDF, TIFF, OFD) has, by the digest of its bytes; 0: it could not be counted.
CREATE TABLE part_pages(
    sha256 BLOB PRIMARY KEY,
    pages  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
