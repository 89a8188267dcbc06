-- When a node that waits for its key last said that its machine is up (format.md §11.7): unsigned, never taken for contact.
CREATE TABLE knock (
    log_id BLOB    PRIMARY KEY,
    wall   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
