-- node/evidence_seen.py: deliveries with evidence 随批次清单. signature: of its files as the walk met them last, empty when they are gone; newest: when a file
-- of the delivery last changed, seconds; verified: what the last verification was made of, so that it is made again only when that is another.
CREATE TABLE evidence_seen(
    delivery  TEXT PRIMARY KEY,
    signature BLOB NOT NULL,
    newest    REAL NOT NULL,
    verified  BLOB NOT NULL DEFAULT x''
) STRICT, WITHOUT ROWID;
