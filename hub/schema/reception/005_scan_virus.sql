-- hub/signed_scans.py: what the virus scan said when a file was attached. virus: holdings.check.Verdict (1: untested). virus_said: why, or by which signatures.
ALTER TABLE signed_scan ADD COLUMN virus INTEGER NOT NULL DEFAULT 1;
ALTER TABLE signed_scan ADD COLUMN virus_said TEXT NOT NULL DEFAULT '';
