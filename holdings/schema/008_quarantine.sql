-- holdings/finding_acts.py: what persons did about findings, append-only; the claim on a finding is read from it. kind: see ActKind. time: whole seconds UTC.
CREATE TABLE finding_act(
    id      INTEGER PRIMARY KEY,
    finding INTEGER NOT NULL REFERENCES finding,
    kind    INTEGER NOT NULL,
    person  TEXT NOT NULL,
    time    INTEGER NOT NULL,
    note    TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX finding_act_finding ON finding_act(finding, id);
