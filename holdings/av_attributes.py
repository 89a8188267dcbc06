"""What a sheet says of a recording against what its file is (电子属性一致性, DA/T 70-2018 GD-1-10); pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from holdings.av_probe import AvProperties
from holdings.av_time import read_time
from holdings.category import FileRule, TapeRule
from holdings.findings import FindingCode
from holdings.metadata import Violation

SLACK_MS: Final = 2_000  # a sheet's length is rounded, and a player's counter begins late
MINUTES_SLACK_MS: Final = 60_000  # lengths in whole minutes


def differences(said: Mapping[str, str], found: AvProperties, rule: TapeRule) -> list[Violation]:
    """Where the row of a file that is one item differs from it: its length (both numbers), and a file cut short.

    A row without a length, or with one that does not read, has nothing to differ.
    """
    result = []
    length = read_time(said.get(rule.length, ""), rule.rate)
    if length is not None and found.duration_ms is not None:
        wanted = length.milliseconds(rule.rate)
        slack = MINUTES_SLACK_MS if wanted % 60_000 == 0 else SLACK_MS
        if abs(wanted - found.duration_ms) > slack:
            detail = f"“{rule.length}”：目录写 {wanted // 1000} 秒，文件是 {found.duration_ms // 1000} 秒"
            result.append(Violation(rule.length, FindingCode.METADATA_DOUBTFUL, detail))
    if found.truncated:
        result.append(Violation("文件名", FindingCode.TRUNCATED, "文件不完整，缺少结尾"))
    return result


def purpose(name: str, files: FileRule) -> str:
    """存档件, 利用件 or blank, by the extension of a file's name (case does not count)."""
    kind = name.rpartition(".")[2].lower()
    return "存档件" if kind in files.preservation else "利用件" if kind in files.access else ""
