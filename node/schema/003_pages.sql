-- node/page_acts.py: what persons decided about single pages whose files stay where they are. path: as findings name it. kind: see PageActKind.
-- target: match key of the record that a moved page goes to. name: its name there, or of the page. stored: hexadecimal SHA-256 of the image under pages/.
CREATE TABLE page_act(
    path   TEXT PRIMARY KEY,
    kind   INTEGER NOT NULL,
    target TEXT NOT NULL DEFAULT '',
    name   TEXT NOT NULL DEFAULT '',
    stored TEXT NOT NULL DEFAULT '',
    person TEXT NOT NULL,
    time   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
