"""Lists of digests as contractors write them: md5sum, sha256sum, BSD and OpenSSL lines, `name,hash`, certutil,
Get-FileHash; UTF-8, UTF-16 or GBK, with backslashes and drive letters. Pure; runs in the sandbox.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

from holdings.errors import SheetUnreadable
from holdings.expression import expression
from holdings.table_encoding import plain_text

LIST_MAX: Final = 256 << 20  # bytes; two million lines of 128 B
LINES_MAX: Final = 2_000_000
LINE_MAX: Final = 4_500  # characters; the longest path beside the longest digest
PATH_MAX: Final = 4_096  # characters
BAD_MAX: Final = 100  # lines told of that say nothing


class DigestKind(StrEnum):
    """Algorithms of lists. 64 digits without a word are SHA-256 or SM3: `EITHER` is tried as both."""

    MD5 = "md5"
    SHA1 = "sha1"
    SHA256 = "sha256"
    SM3 = "sm3"
    SHA512 = "sha512"
    EITHER = "sha256/sm3"


_BY_LENGTH: Final = {32: DigestKind.MD5, 40: DigestKind.SHA1, 64: DigestKind.EITHER, 128: DigestKind.SHA512}
_WORD: Final = r"(?P<word>MD5|SHA-?1|SHA-?256|SHA-?512|SM3)"
# Patterns that look at a whole line are anchored and repeat one class of characters each: a hostile line costs its length.
_FIRST: Final = expression(r"\\?([0-9A-Fa-f]{32,128})(?=[ \t*,;|])")
_LAST: Final = expression(r"([0-9A-Fa-f]{32,128})\"?$")
_CALL: Final = expression(rf"{_WORD}[ \t]*\(", re.IGNORECASE)  # BSD, OpenSSL
_NAMED: Final = expression(rf"{_WORD}[ \t]+([0-9A-Fa-f]{{32,128}})(?=[ \t])", re.IGNORECASE)  # Get-FileHash
_WORD_LAST: Final = expression(rf"[ \t,;|:=：\"]{_WORD}$", re.IGNORECASE)
_BETWEEN: Final = ' \t,;|:=：-"'
_PUT_BEFORE: Final = _BETWEEN.replace("-", "")
_CERTUTIL: Final = (
    expression(rf"{_WORD} hash of (?:file )?(?P<name>.+):", re.IGNORECASE),
    expression(rf"{_WORD} *哈希 *[(（]文件 (?P<name>.+)[)）] *[:：]", re.IGNORECASE),
    expression(rf"{_WORD} *的 (?:文件 )?(?P<name>.+?) *的?哈希 *[:：]", re.IGNORECASE),
)
_SPACED: Final = expression(r"(?:[0-9A-Fa-f]{2} ?){16,64}")
_ORDINAL: Final = expression(r"[0-9]{1,9}[ \t]*[,;|\t][ \t]*(?=\S)")
_DRIVE: Final = expression(r"(?:\\\\\?\\)?[A-Za-z]:[\\/]+")


class ListedFile(Struct, frozen=True, gc=False, array_like=True):
    """One line: path with forward slashes, without drive letter; the digest in lower-case hex."""

    path: str
    digest: str
    kind: DigestKind
    line: int


class DigestList(Struct, frozen=True):
    """A list: its files in order; `bad` are numbers of lines that say nothing, at most 100 of `bad_count`."""

    encoding: str
    files: tuple[ListedFile, ...]
    bad: tuple[int, ...] = ()
    bad_count: int = 0


def read_in_sandbox(data: bytes, name: str) -> bytes:
    """Read a list; JSON of DigestList."""
    return msgspec.json.encode(read(data, name))


def decode(data: bytes) -> DigestList:
    """What the sandbox read."""
    return msgspec.json.decode(data, type=DigestList)


def read(data: bytes, name: str = "") -> DigestList:
    """Read a list of digests of at most 256 MiB.

    Blank lines, comments (`#`, `;`, `//`) and a line of column names say nothing and are no fault. SheetUnreadable when
    it is no text, or holds no digest at all.
    """
    if len(data) > LIST_MAX:
        raise SheetUnreadable(f"摘要清单超过 {LIST_MAX >> 20} MiB；请按文件夹拆分")
    plain, encoding, shown = plain_text(data)
    files: list[ListedFile] = []
    bad: list[int] = []
    count = 0
    hint = _hint(name)
    for number, found in _files(plain.decode(encoding, "replace"), hint):
        if found is not None:
            files.append(found)
            continue
        count += 1
        bad += [number] if len(bad) < BAD_MAX else []
    if not files:
        raise SheetUnreadable("清单里没有一行是“摘要 文件名”；请核对是否为 md5sum、sha256sum 等生成的清单")
    return DigestList(shown, tuple(files), tuple(bad), count)


def _files(text: str, hint: DigestKind | None) -> Iterator[tuple[int, ListedFile | None]]:
    """(line number, file) of every line that should name one; None where it does not."""
    pending: tuple[str, str] | None = None
    silent = True  # until the first file: column names and a title stand there
    for number, raw in enumerate(text.splitlines(), 1):
        if number > LINES_MAX:
            raise SheetUnreadable(f"摘要清单超过 {LINES_MAX} 行；请按文件夹拆分")
        line = raw.strip().strip("\ufeff").strip()
        if not line or line.startswith(("#", ";", "//", "---", "===", "CertUtil")):
            continue
        if pending is not None:
            found, pending = _second(line, number, pending, hint), None
        elif len(line) <= LINE_MAX and (head := next((m for form in _CERTUTIL if (m := form.fullmatch(line))), None)):
            pending = (head["name"], head["word"])
            continue
        else:
            found = _one(line, number, hint)
        if found is None and silent:
            continue
        silent = False
        yield number, found


def _one(line: str, number: int, hint: DigestKind | None) -> ListedFile | None:
    """A line that holds both name and digest."""
    if len(line) > LINE_MAX:
        return None
    for text in dict.fromkeys((_ORDINAL.sub("", line, count=1), line)):
        for name, digest, word in _readings(text):
            if len(digest) in _BY_LENGTH and (found := _listed(name, digest, word, number, hint)) is not None:
                return found
    return None


def _readings(line: str) -> Iterator[tuple[str, str, str]]:
    """(name, digest, word of the algorithm) in each notation that a line may be in, the surest first."""
    if match := _FIRST.match(line):  # md5sum; hash,name
        yield line[match.end() :].lstrip(" \t,;|").removeprefix("*"), match[1], ""
    last = _LAST.search(line[-129:])
    before = line[: len(line) - len(last[0])] if last else ""
    if last and (match := _CALL.match(before)):
        name = before[match.end() :].rstrip().removesuffix("=").rstrip()
        if name.endswith(")"):
            yield name[:-1], last[1], match["word"]
    if match := _NAMED.match(line):
        yield line[match.end() :], match[2], match["word"]
    if last and before[-1:] in _PUT_BEFORE and before:  # name,hash; name = hash; name MD5:hash
        name = before.rstrip(_BETWEEN)
        if (named := _WORD_LAST.search(name[-10:])) is not None:
            yield name[: len(name) - len(named[0])].rstrip(_PUT_BEFORE), last[1], named["word"]
        yield before.rstrip(_PUT_BEFORE), last[1], ""


def _second(line: str, number: int, head: tuple[str, str], hint: DigestKind | None) -> ListedFile | None:
    """The digest that certutil writes below the name, on older systems in pairs."""
    digits = line.replace(" ", "")
    if not _SPACED.fullmatch(line) or len(digits) not in _BY_LENGTH:
        return None
    return _listed(head[0], digits, head[1], number, hint)


def _listed(name: str, digest: str, word: str, number: int, hint: DigestKind | None) -> ListedFile | None:
    """One file, None when its name could not be one inside a delivery."""
    path = tidy(name)
    if path is None:
        return None
    kind = _BY_LENGTH[len(digest)]
    if kind is DigestKind.EITHER:
        kind = _hint(word) or hint or kind
        kind = kind if kind in (DigestKind.SHA256, DigestKind.SM3) else DigestKind.EITHER
    return ListedFile(path, digest.lower(), kind, number)


def tidy(name: str) -> str | None:
    """A path as it was written, as one with forward slashes and without drive, `./` and empty parts.

    None for an empty one, one that climbs (`..`), one with control characters, or longer than 4,096 characters.
    """
    text = _DRIVE.sub("", name.strip().strip('"').strip()).replace("\\", "/")
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or len(text) > PATH_MAX or any(ord(c) < 32 or c == "\x7f" for c in text):
        return None
    return "/".join(parts)


def _hint(text: str) -> DigestKind | None:
    """The algorithm that a word or the name of the list says."""
    folded = text.lower().replace("-", "")
    return next(
        (
            kind
            for kind in (DigestKind.SM3, DigestKind.SHA256, DigestKind.SHA512, DigestKind.SHA1, DigestKind.MD5)
            if kind in folded
        ),
        None,
    )
