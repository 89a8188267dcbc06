"""Verbs about this machine 本机: who it is, how it is set, what may be changed while it runs, a bundle for whoever helps by telephone."""

from __future__ import annotations

import io
import json
import platform
import re
import zipfile
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from msgspec.structs import asdict

from crypto.fingerprint import figures, read_out
from crypto.fingerprint_words import words
from holdings import quarantine
from node import config as configuration
from node import days, nights, report, settings_text, verification
from node.config import NodeConfig
from node.errors import ConfigurationWrong
from node.verbs import Answer, Verbs
from sync import durable

BUNDLE: Final = "诊断包.zip"
NIGHTS_TOLD: Final = 200


class MachineVerbs(Verbs):
    """Show, configure, bundle."""

    def machine_show(self) -> Answer:
        """Fingerprints of the two logs, the settings as they hold, and what runs here."""
        home = self._home
        own, hub = home.identity.log, home.identity.hub
        return {
            "now": self._seconds(), "name": own.name, "class": own.site_class.name.lower(), "log_id": own.log_id.hex(), "head": home.head().seq,
            "hub_name": hub.name, "hub_id": hub.log_id.hex(), "tls_digest": home.identity.tls_digest.hex(),
            "figures": {"own": read_out(own.log_id), "hub": read_out(hub.log_id), "tls": read_out(home.identity.tls_digest)}, "program": report.program(),
            "python": platform.python_version(), "system": platform.platform(), "home": str(home.path),
            "settings": msgspec.to_builtins(home.config), "site_files": [name for name, _text in home.site.files],
        }  # fmt: skip

    def machine_configure(self, cap_mbit: float | None = None, windows: list[str] | None = None) -> Answer:
        """限速 and 传输时段: written to node.toml and held from the next conversation on; what is left out stays.

        A crash before the file is renamed leaves the old settings, one afterwards the new ones.
        """
        given: dict[str, Any] = {}
        if cap_mbit is not None:
            given["cap_mbit"] = float(cap_mbit)
        if windows is not None:
            given["windows"] = tuple(windows)
        try:
            # Not replace(): the checks of the settings are made where one is built.
            wanted = NodeConfig(
                **{**{name: getattr(self._home.config, name) for name in NodeConfig.__struct_fields__}, **given}
            )
        except ValueError as fault:
            raise ConfigurationWrong(str(fault)) from fault
        path = self._home.path / configuration.FILE
        durable.write_file(path, rewritten(path.read_text("utf-8"), wanted, list(given)).encode())
        self._home.config = wanted
        self._wake()
        return {"settings": msgspec.to_builtins(wanted)}

    def machine_judge(self, values: dict[str, str]) -> Answer:
        """What machine_set would refuse of these settings, by field; nothing is changed."""
        return {"refused": settings_text.judge(self._home.config, values)}

    def machine_set(self, values: dict[str, str]) -> Answer:
        """Settings as they are typed (several values parted by ;): written to node.toml and held at once; `restart` names those that need one.

        A crash before the file is renamed leaves the old settings, one afterwards the new ones.
        """
        if refused := settings_text.judge(self._home.config, values):
            raise ConfigurationWrong("；".join(refused.values()))
        wanted, changed = settings_text.applied(self._home.config, values)
        path = self._home.path / configuration.FILE
        durable.write_file(path, rewritten(path.read_text("utf-8"), wanted, changed).encode())
        self._home.config = wanted
        self._wake()
        restart = [name for name in changed if name in settings_text.AT_START]
        return {"settings": msgspec.to_builtins(wanted), "changed": changed, "restart": restart}

    def machine_fingerprint(self, of: Literal["own", "hub", "tls"] = "own") -> Answer:
        """A fingerprint as people compare it: hexadecimal, twelve words in both languages, figures (eight groups of five), and the modules of a QR code."""
        identity = self._home.identity
        value = {"own": identity.log.log_id, "hub": identity.hub.log_id, "tls": identity.tls_digest}[of]
        said = {"words": [one.chinese for one in words(value)], "words_english": [one.english for one in words(value)], "figures": list(figures(value))}
        return {"of": of, "hex": value.hex(), **said, "qr": qr_modules(value.hex().upper())}

    def machine_passphrase(self, old: str, new: str) -> Answer:
        """Another passphrase of this machine's key: the present one is asked again. Copies of the key file in older backups keep theirs."""
        # Here: nobody else needs it.
        from node import relocking

        relocking.change(self._home, old, new)
        return {"changed": True}

    def machine_lock(self) -> Answer:
        """立即锁定: the daemon ends what it does (what is durable stays), forgets its keys, and waits for the passphrase."""
        from node import relocking

        relocking.check_kind(self._home)
        if self._engine.lock is None:
            raise ConfigurationWrong("后台服务没有运行，密钥此刻就是锁着的；请照常使用")
        self._engine.lock()
        return {"locked": True}

    def machine_bundle(self, destination: str) -> Answer:
        """诊断包: status, self-check, settings, counts, the log of nights as JSON in one zip. No titles, no paths of records, no keys."""
        reading = self._home.database.read()
        shown = self.machine_show()
        shown["settings"].pop("watch")
        examined = verification.doctor(self._home, self._clock, resting=self._engine.resting)
        parts = {
            "status.json": report.status(self._home, self._clock),
            "machine.json": {name: value for name, value in shown.items() if name != "home"},
            "doctor.json": [one.to_json() for one in examined],
            "findings.json": {code.slug: count for code, count in quarantine.waiting_by_code(reading)},
            "days.json": [asdict(one) for one in days.newest(reading, days.KEPT_DAYS)],
            "nights.json": [asdict(one) for one in nights.newest(reading, NIGHTS_TOLD)],
        }
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in parts.items():
                archive.writestr(name, json.dumps(content, ensure_ascii=False, indent=1))
        file = Path(destination) / BUNDLE
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            durable.write_file(file, made.getvalue())
        except OSError as fault:
            raise ConfigurationWrong(
                f"{destination} 写不进去：{fault.strerror or fault}。请换一个目标，或检查权限与空间。"
            ) from fault
        return {"file": str(file), "parts": list(parts)}


def qr_modules(text: str) -> list[str]:
    """The QR code of a text as rows of 0 and 1, without its quiet zone."""
    from reportlab.graphics.barcode import qr

    code = qr.QrCodeWidget(text, barLevel="M").qr
    code.make()
    count = code.getModuleCount()
    return ["".join("1" if code.isDark(row, column) else "0" for column in range(count)) for row in range(count)]


def rewritten(text: str, wanted: NodeConfig, fields: list[str]) -> str:
    """node.toml with the lines of these fields replaced, its comments kept; written anew as a whole where it is laid out otherwise; pure."""
    rendered = configuration.render(wanted)
    lines = {line.partition(" =")[0]: line for line in rendered.splitlines() if " = " in line}
    kept = (
        [line for line in text.splitlines() if not re.match(rf"\s*(?:{'|'.join(fields)})\s*=", line)]
        if fields
        else text.splitlines()
    )
    tried = "\n".join([*kept, *(lines[name] for name in fields if name in lines)]) + "\n"
    try:
        return tried if configuration.parse(tried) == wanted else rendered
    except ConfigurationWrong:
        return rendered
