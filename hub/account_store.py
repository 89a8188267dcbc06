"""The tables of accounts, their codes and past passwords (people.db). All SQL about them; callers own the transaction."""

from __future__ import annotations

import json
from typing import Any, Final

import apsw

from holdings.access import Secrecy
from hub.account import OFFICERS, Account, Rights, Role, State

ROOM: Final = "hub:people"
PASSWORDS_KEPT: Final = 5
"""Past passwords that an account may not take again."""
_FIELDS: Final = (
    "number, name, person, role, unit, holders, fonds, level, state, password_set, start_until, failures, barred_until, totp IS NOT NULL,"
    " created, created_by, last_in, last_address"
)


def _account(row: tuple[Any, ...]) -> Account:
    rights = Rights(row[4], tuple(json.loads(row[5])), tuple(json.loads(row[6])), Secrecy(row[7]))
    return Account(
        row[0], row[1], row[2], Role(row[3]), rights, State(row[8]), row[9], row[10], row[11], row[12], has_totp=bool(row[13]), created=row[14],
        created_by=row[15], last_in=row[16], last_address=row[17],
    )  # fmt: skip


def add(connection: apsw.Connection, account: Account, password: str) -> int:
    """A new account with its encoded password; its number. The name must be free (ConstraintError otherwise)."""
    row = connection.execute(
        "INSERT INTO account(name, person, role, unit, level, state, password, password_set, start_until, created, created_by)"
        " VALUES (?, ?, ?, '', 0, ?, ?, ?, ?, ?, ?) RETURNING number",
        (
            account.name, account.person, account.role.value, account.state.value, password, account.password_set, account.start_until,
            account.created, account.created_by,
        ),
    ).fetchone()  # fmt: skip
    assert row is not None
    set_rights(connection, int(row[0]), account.rights)
    return int(row[0])


def find(connection: apsw.Connection, name: str) -> Account | None:
    """The account of that folded name."""
    row = connection.execute(f"SELECT {_FIELDS} FROM account WHERE name = ?", (name,)).fetchone()
    return _account(row) if row else None


def get(connection: apsw.Connection, number: int) -> Account | None:
    """The account of that number."""
    row = connection.execute(f"SELECT {_FIELDS} FROM account WHERE number = ?", (number,)).fetchone()
    return _account(row) if row else None


def accounts(connection: apsw.Connection) -> list[Account]:
    """All accounts by name, closed ones last."""
    return [
        _account(row)
        for row in connection.execute(f"SELECT {_FIELDS} FROM account ORDER BY state = 'closed', name LIMIT 5000")
    ]


def officer_called(connection: apsw.Connection, person: str) -> Account | None:
    """An officer's account of that person that is not closed."""
    roles = ", ".join(f"'{role.value}'" for role in OFFICERS)
    row = connection.execute(
        f"SELECT {_FIELDS} FROM account WHERE person = ? AND state <> 'closed' AND role IN ({roles}) ORDER BY number LIMIT 1",
        (person,),
    ).fetchone()
    return _account(row) if row else None


def active_of(connection: apsw.Connection, role: Role) -> int:
    """How many active accounts have that role."""
    row = connection.execute(
        "SELECT count(*) FROM account WHERE role = ? AND state = 'active'", (role.value,)
    ).fetchone()
    return int(row[0]) if row else 0


def set_state(connection: apsw.Connection, number: int, state: State) -> None:
    """Change how an account is; its failures are forgotten."""
    connection.execute(
        "UPDATE account SET state = ?, failures = 0, barred_until = 0 WHERE number = ?", (state.value, number)
    )


def set_rights(connection: apsw.Connection, number: int, rights: Rights) -> None:
    """The rights of an account."""
    holders, fonds = json.dumps(rights.holders, ensure_ascii=False), json.dumps(rights.fonds, ensure_ascii=False)
    connection.execute(
        "UPDATE account SET unit = ?, holders = ?, fonds = ?, level = ? WHERE number = ?",
        (rights.unit, holders, fonds, int(rights.level), number),
    )


def password(connection: apsw.Connection, number: int) -> str:
    """The encoded password."""
    row = connection.execute("SELECT password FROM account WHERE number = ?", (number,)).fetchone()
    return str(row[0]) if row else ""


def past_passwords(connection: apsw.Connection, number: int) -> list[str]:
    """The encoded present and past ones, newest first."""
    rows = connection.execute(
        "SELECT password FROM account_password WHERE account = ? ORDER BY since DESC LIMIT ?", (number, PASSWORDS_KEPT)
    )
    return [password(connection, number), *(str(row[0]) for row in rows)]


def set_password(connection: apsw.Connection, number: int, encoded: str, wall: int, start_until: int | None) -> None:
    """A new password; the present one joins the past ones, the oldest beyond five goes."""
    connection.execute(
        "INSERT OR IGNORE INTO account_password SELECT number, password_set, password FROM account WHERE number = ? AND start_until IS NULL",
        (number,),
    )
    connection.execute(
        "DELETE FROM account_password WHERE account = ?1 AND since <= (SELECT since FROM account_password WHERE account = ?1 ORDER BY since DESC LIMIT 1 OFFSET ?2)",
        (number, PASSWORDS_KEPT),
    )
    connection.execute(
        "UPDATE account SET password = ?, password_set = ?, start_until = ?, failures = 0, barred_until = 0 WHERE number = ?",
        (encoded, wall, start_until, number),
    )


def failed(connection: apsw.Connection, number: int, barred_until: int) -> None:
    """One failure more; barred until then (0: not)."""
    connection.execute(
        "UPDATE account SET failures = failures + 1, barred_until = max(barred_until, ?) WHERE number = ?",
        (barred_until, number),
    )


def came_in(connection: apsw.Connection, number: int, wall: int, address: str) -> None:
    """Signed in: failures in a row are over."""
    connection.execute(
        "UPDATE account SET failures = 0, barred_until = 0, last_in = ?, last_address = ? WHERE number = ?",
        (wall, address, number),
    )


# ---------------------------------------------------------------- second factor


def totp(connection: apsw.Connection, number: int) -> tuple[bytes, int] | None:
    """(secret, last used step) of the account's TOTP."""
    row = connection.execute(
        "SELECT totp, totp_step FROM account WHERE number = ? AND totp IS NOT NULL", (number,)
    ).fetchone()
    return (bytes(row[0]), int(row[1])) if row else None


def set_totp(connection: apsw.Connection, number: int, secret: bytes | None, step: int = 0) -> None:
    """A new secret (None: none any more) and the step that was used to prove it."""
    connection.execute("UPDATE account SET totp = ?, totp_step = ? WHERE number = ?", (secret, step, number))


def use_step(connection: apsw.Connection, number: int, step: int) -> bool:
    """Use up a step; False when it, or a later one, was used before."""
    connection.execute("UPDATE account SET totp_step = ?1 WHERE number = ?2 AND totp_step < ?1", (step, number))
    return connection.changes() == 1


def set_codes(connection: apsw.Connection, number: int, hashes: list[bytes]) -> None:
    """New one-time codes in place of all earlier ones."""
    connection.execute("DELETE FROM account_code WHERE account = ?", (number,))
    connection.executemany("INSERT INTO account_code VALUES (?, ?)", [(number, value) for value in hashes])


def codes_left(connection: apsw.Connection, number: int) -> int:
    """How many one-time codes remain."""
    row = connection.execute("SELECT count(*) FROM account_code WHERE account = ?", (number,)).fetchone()
    return int(row[0]) if row else 0


def use_code(connection: apsw.Connection, number: int, value: bytes) -> bool:
    """Use up a one-time code by its hash; False when there is none such."""
    connection.execute("DELETE FROM account_code WHERE account = ? AND hash = ?", (number, value))
    return connection.changes() == 1
