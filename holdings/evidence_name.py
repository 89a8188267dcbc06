"""Which files of a delivery are evidence about it: lists of digests, 说明文件, 移交清单; by name alone; pure.

Evidence is verified and reported (DA/T 93-2022: 说明文件.TXT beside the catalogue); it is no page and no superfluous
file. Only names outside record folders are asked about: the caller knows where.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from holdings.expression import expression


class EvidenceKind(StrEnum):
    """What a file says about the delivery it came with."""

    CHECKSUMS = "checksums"
    NOTE = "note"
    HANDOVER = "handover"

    @property
    def label(self) -> str:
        """The Chinese word."""
        return {"checksums": "摘要清单", "note": "说明文件", "handover": "移交清单"}[self.value]


_CHECKSUMS: Final = expression(
    r"(?:.*[-_. ])?(?:md5|sha-?1|sha-?256|sha-?512|sm3)(?:sums?|值|清单|列表|校验.*)?(?:[-_. ].*)?"
    r"|(?:.*[-_. ])?(?:checksums?|hash(?:es|list|值)?|fixity)(?:[-_. ].*)?|.*(?:校验码|校验值|校验清单|校验文件|哈希|摘要清单|数字摘要).*"
)
_NOTE: Final = expression(r".*说明文件.*|(?:数据|光盘|移交|批次|载体)说明.*|readme")
_HANDOVER: Final = expression(r".*(?:移交|交接|送交|报送)(?:清单|清册|目录清单|登记表|文据|单).*")
_TEXT: Final = frozenset({"", "txt", "csv", "tsv", "lst", "log", "md"})
_DIGEST: Final = frozenset({"md5", "sha1", "sha256", "sha512", "sm3", "sha"})
_PAPER: Final = frozenset(
    {"txt", "csv", "xls", "xlsx", "et", "ods", "pdf", "doc", "docx", "wps", "ofd", "jpg", "tif", "xml", "htm", "html"}
)


def evidence_kind(name: str) -> EvidenceKind | None:
    """What a file outside record folders is evidence of, None when its name says nothing of the kind."""
    folded = unicodedata.normalize("NFKC", name).lower().strip()
    path = PurePosixPath(folded)
    stem, suffix = path.stem, path.suffix.removeprefix(".")
    if suffix in _DIGEST:
        return EvidenceKind.CHECKSUMS
    if suffix in _TEXT and _CHECKSUMS.fullmatch(stem):
        return EvidenceKind.CHECKSUMS
    if suffix in _PAPER | {""} and _HANDOVER.fullmatch(stem):
        return EvidenceKind.HANDOVER
    if suffix in _PAPER | {""} and _NOTE.fullmatch(stem):
        return EvidenceKind.NOTE
    return None
