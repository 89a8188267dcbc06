-- holdings/declared_totals.py: what summary sheets 移交清册 of a delivery declare, sheet by sheet. lines: JSON array of sheet_totals.Declared.
CREATE TABLE declared_total(
    delivery TEXT NOT NULL,
    sheet    TEXT NOT NULL,
    lines    TEXT NOT NULL,
    PRIMARY KEY(delivery, sheet)
) STRICT, WITHOUT ROWID;
