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
