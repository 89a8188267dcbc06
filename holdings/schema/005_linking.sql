-- holdings/profile_store.py: intake profiles 接收方案 by name; text: what holdings/profile.py renders.
CREATE TABLE intake_profile(
    name  TEXT PRIMARY KEY,
    text  TEXT NOT NULL,
    added INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- holdings/profile_store.py: which profile reads a delivery and, unless they have their own, those below it.
CREATE TABLE profile_use(
    delivery TEXT PRIMARY KEY,
    profile  TEXT NOT NULL REFERENCES intake_profile(name),
    since    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- holdings/link_store.py: lines of link and reel sheets 挂接表: which images of which folder are whose. match_key '': frames that show no record.
CREATE TABLE link_row(
    delivery  TEXT NOT NULL,
    sheet     TEXT NOT NULL,
    position  INTEGER NOT NULL,
    match_key TEXT NOT NULL,
    code      TEXT NOT NULL,
    folder    TEXT NOT NULL,
    first     TEXT NOT NULL,
    last      TEXT NOT NULL,
    PRIMARY KEY(delivery, sheet, position)
) STRICT, WITHOUT ROWID;
