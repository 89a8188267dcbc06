"""Scans of signed papers pass the virus scanner that the site names (hub/virus_scan.py): infected ones are not kept, a silent scanner passes nothing."""

import os
from pathlib import Path

import fake_clamd
import pytest

from holdings.check import Verdict
from holdings.site_data import NO_SITE, SiteData
from hub.errors import ConfigurationWrong
from hub.virus_scan import looked_at

NOW = 1_767_225_600.0
FRESH, STALE = "ClamAV 1.4.2/27500/Wed Dec 31 08:00:00 2025", "ClamAV 1.4.2/27400/Mon Sep 01 08:00:00 2025"


def site(address: str) -> SiteData:
    """A site whose checks.toml names the scanner."""
    return SiteData((("checks.toml", f'virus_scan = "{address}"\n'),))


@pytest.mark.parametrize(("version", "data", "verdict", "why"), [
    (FRESH, b"%PDF", Verdict.PASSED, "1 天前"), (FRESH, b"%PDF" + fake_clamd.VIRUS, Verdict.FAILED, "感染 Eicar"), (STALE, b"%PDF", Verdict.PERSON, "122 天前"),
    (FRESH, b"%PDF" + bytes(2_000), Verdict.UNTESTED, "未能查毒"),
])  # fmt: skip
def test_the_scanner_has_the_word(tmp_path: Path, version: str, data: bytes, verdict: Verdict, why: str) -> None:
    """Clean, infected, old signatures, too large: each its verdict with the reason."""
    with fake_clamd.clamd(tmp_path / "clamd", version, limit=1_000) as address:
        found = looked_at(data, site(address), NOW)
    assert (found.verdict, why in found.detail) == (verdict, True)


def test_without_a_word_of_it_nothing_passes(tmp_path: Path) -> None:
    """No scanner named, one that does not answer: untested, and why; an address that is none is the operator's to change."""
    for given, why in ((NO_SITE, "没有设置"), (site(f"unix:{tmp_path}/nobody"), "未能查毒")):
        found = looked_at(os.urandom(100), given, NOW)
        assert found.verdict is Verdict.UNTESTED and why in found.detail
    with pytest.raises(ConfigurationWrong, match="virus_scan"):
        looked_at(b"", site("clamd:3310"), NOW)
