"""Sheets of the fonds register 全宗名册: read in the sandbox, and taken over into the register."""

from __future__ import annotations

import os
from pathlib import Path

import apsw

from holdings import fonds
from holdings.fonds import Imported
from holdings.fonds_sheet import FondsSheet, decode
from node.errors import ConfigurationWrong
from node.home import Home
from sync.errors import SandboxError
from sync.sandbox import Sandbox
from sync.site_class import SiteClass

SHEET_BYTES_MAX = 32 << 20


def read_register(home: Home, sandbox: Sandbox, file: Path) -> FondsSheet:
    """Read a register; SandboxRefused says in Chinese why it cannot be read, ConfigurationWrong that the file cannot."""
    try:
        with open(file, "rb", opener=lambda p, f: os.open(p, f | os.O_NOFOLLOW | os.O_NONBLOCK)) as source:
            data = source.read(SHEET_BYTES_MAX + 1)
    except OSError as fault:
        raise ConfigurationWrong(f"全宗名册 {file} 读不出：{fault.strerror or fault}") from fault
    if len(data) > SHEET_BYTES_MAX:
        raise ConfigurationWrong(f"全宗名册 {file} 超过 {SHEET_BYTES_MAX >> 20} MiB；请核对是否放错了表")
    open_site = home.identity.log.site_class is SiteClass.OPEN
    function = "parse_in_sandbox" if open_site else "parse_in_sandbox_classified"
    extra = f"{file.name.replace(chr(10), ' ')}\n{home.site.only('fonds', 'districts')}"
    return decode(sandbox.call(f"holdings.fonds_sheet:{function}", data, extra))


def register_in(home: Home, sandbox: Sandbox, file: Path) -> FondsSheet | None:
    """The register that a sheet without any row of a catalogue is; None when it is none either."""
    try:
        found = read_register(home, sandbox, file)
    except (SandboxError, ConfigurationWrong):
        return None
    return found if found.rows else None


def take(connection: apsw.Connection, sheet: FondsSheet, now: int) -> Imported:
    """Take a register over; fonds that it does not name stay."""
    return fonds.import_rows(connection, [(row.fonds, row.district) for row in sheet.rows], now)
