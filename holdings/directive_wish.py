"""Directives that tell or ask: corrections proposed, results of opening reviews, requests of other archives' readers, notices (format.md §17). Pure."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

from msgspec import Struct

from crypto import cbor
from holdings.directive_entry import Subject
from holdings.directive_text import NAME_MAX, NOTE_MAX, Word, at_most, date_of, person_of, seconds_of, text_of, word_of
from holdings.errors import DirectiveUnreadable

RECORDS_MAX: Final = 256
CHANGES_MAX: Final = 64
PERSONS_MAX: Final = 100
CODES_MAX: Final = 50
"""Codes of a request that travel with its answer; more are in the register of the hub."""


class OpeningResult(IntEnum):
    """What an opening review came to."""

    OPEN = 1
    CONTROLLED = 2
    DEFERRED = 3

    @property
    def label(self) -> str:
        """开放, 控制 or 延期开放."""
        return ("开放", "控制", "延期开放")[self.value - 1]


class ReadingResult(IntEnum):
    """How another archive's request was answered."""

    GRANTED = 1
    DECLINED = 2
    NOTHING_FOUND = 3

    @property
    def label(self) -> str:
        """同意提供, 不予提供 or 查无结果."""
        return ("同意提供", "不予提供", "查无结果")[self.value - 1]


class Correction(Struct, frozen=True):
    """修改建议: what the hub would have an element of a record say; the holder decides."""

    record: bytes
    version: int
    changes: tuple[tuple[str, str], ...]
    reason: str
    word: Word

    def to_map(self) -> dict[int, Any]:
        """The map of format.md §17."""
        changes = [_change(name, value) for name, value in at_most(self.changes, CHANGES_MAX, 1)]
        return {1: self.record, 2: self.version, 3: changes, 4: text_of(self.reason), **self.word.to_map()}

    @classmethod
    def from_map(cls, f: dict[int, Any]) -> Correction:
        """From the map; CryptoError or DirectiveUnreadable."""
        f = cbor.take_map(f, {1: cbor.ID16, 2: int, 3: list, 4: str, 5: str, 6: int}, name="correction")
        pairs = [
            cbor.take_list(one, [str, str]) for one in cbor.take_array(f[3], list, at_least=1, at_most=CHANGES_MAX)
        ]
        changes = tuple((name, value) for name, value in (_change(*pair) for pair in pairs))
        return cls(f[1], Subject.from_list([f[1], f[2], 0]).version, changes, text_of(f[4]), word_of(f))


class Opening(Struct, frozen=True):
    """开放审核结果 for records that the city holds; `until` a date or empty."""

    result: OpeningResult
    until: str
    ground: str
    word: Word
    records: tuple[bytes, ...]

    def to_map(self) -> dict[int, Any]:
        """The map of format.md §17."""
        return {
            1: int(self.result),
            3: date_of(self.until),
            4: text_of(self.ground),
            **self.word.to_map(),
            7: list(at_most(self.records, RECORDS_MAX, 1)),
        }

    @classmethod
    def from_map(cls, f: dict[int, Any]) -> Opening:
        """From the map; CryptoError or DirectiveUnreadable."""
        f = cbor.take_map(f, {1: int, 3: str, 4: str, 5: str, 6: int, 7: list}, name="opening")
        records = cbor.take_array(f[7], cbor.ID16, at_least=1, at_most=RECORDS_MAX)
        return cls(OpeningResult(f[1]), date_of(f[3]), text_of(f[4]), word_of(f), tuple(records))


class ReadingAsked(Struct, frozen=True):
    """查档协查: another archive's reader asks for what this node holds; `applicant` as masked as the asking archive shows it."""

    request: bytes
    archive: str
    applicant: str
    sought: str
    word: Word
    records: tuple[bytes, ...] = ()
    until: str = ""

    def to_map(self) -> dict[int, Any]:
        """The map of format.md §17."""
        said = {
            1: self.request,
            2: text_of(self.archive, NAME_MAX),
            3: text_of(self.applicant, NAME_MAX),
            4: text_of(self.sought),
            **self.word.to_map(),
        }
        return {
            **said,
            7: list(at_most(self.records, RECORDS_MAX)),
            **({9: date_of(self.until)} if self.until else {}),
        }

    @classmethod
    def from_map(cls, f: dict[int, Any]) -> ReadingAsked:
        """From the map; CryptoError or DirectiveUnreadable."""
        f = cbor.take_map(
            f, {1: cbor.ID16, 2: str, 3: str, 4: str, 5: str, 6: int, 7: list}, {9: str}, name="reading-asked"
        )
        records = tuple(cbor.take_array(f[7], cbor.ID16, at_most=RECORDS_MAX))
        return cls(
            f[1],
            text_of(f[2], NAME_MAX),
            text_of(f[3], NAME_MAX),
            text_of(f[4]),
            word_of(f),
            records,
            date_of(f.get(9, "")),
        )


class ReceivedRequest(Struct, frozen=True):
    """A request as it was entered at the hub for the archive where the person came: what that archive's own register needs. `document` its kind by its
    code, `masked` its number; `codes` what was asked for; `holder` who was asked; `time` seconds UTC."""

    serial: str
    applicant: str
    document: str
    masked: str
    unit: str
    persons: int
    purpose: str
    subject: str
    holder: str
    codes: tuple[str, ...]
    time: int
    by: str

    def to_list(self) -> list[Any]:
        """The array of format.md §17."""
        if not 1 <= self.persons <= PERSONS_MAX:
            raise DirectiveUnreadable(f"人次应在 1 到 {PERSONS_MAX} 之间（format.md §17）")
        texts = [self.serial, self.applicant, self.document, self.masked, self.unit]
        codes = [text_of(one, NAME_MAX) for one in at_most(self.codes, CODES_MAX)]
        said = [self.persons, text_of(self.purpose, NAME_MAX), text_of(self.subject, NOTE_MAX), text_of(self.holder, NAME_MAX), codes]
        return [*(text_of(one, NAME_MAX) for one in texts), *said, seconds_of(self.time), person_of(self.by)]

    @classmethod
    def from_list(cls, value: list[Any]) -> ReceivedRequest:
        """From the array; CryptoError or DirectiveUnreadable."""
        f = cbor.take_list(value, [str, str, str, str, str, int, str, str, str, list, int, str], name="received")
        codes = tuple(text_of(one, NAME_MAX) for one in cbor.take_array(f[9], str, at_most=CODES_MAX))
        made = cls(f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8], codes, seconds_of(f[10]), f[11])
        made.to_list()  # within the bounds of who writes it
        return made


class ReadingAnswer(Struct, frozen=True):
    """协查答复: what the archive that was asked says; `received` the request itself, for the register of the archive that asks."""

    request: bytes
    result: ReadingResult
    text: str
    word: Word
    until: str = ""
    received: ReceivedRequest | None = None

    def to_map(self) -> dict[int, Any]:
        """The map of format.md §17."""
        said: dict[int, Any] = {1: self.request, 2: int(self.result), 4: text_of(self.text), **self.word.to_map()}
        said |= {9: date_of(self.until)} if self.until else {}
        return {**said, 10: self.received.to_list()} if self.received is not None else said

    @classmethod
    def from_map(cls, f: dict[int, Any]) -> ReadingAnswer:
        """From the map; CryptoError or DirectiveUnreadable."""
        f = cbor.take_map(f, {1: cbor.ID16, 2: int, 4: str, 5: str, 6: int}, {9: str, 10: list}, name="reading-answer")
        received = ReceivedRequest.from_list(f[10]) if 10 in f else None
        return cls(f[1], ReadingResult(f[2]), text_of(f[4]), word_of(f), date_of(f.get(9, "")), received)


class Notice(Struct, frozen=True):
    """通知: something for people to read."""

    subject: str
    text: str
    word: Word

    def to_map(self) -> dict[int, Any]:
        """The map of format.md §17."""
        return {2: text_of(self.subject, NAME_MAX), 4: text_of(self.text), **self.word.to_map()}

    @classmethod
    def from_map(cls, f: dict[int, Any]) -> Notice:
        """From the map; CryptoError or DirectiveUnreadable."""
        f = cbor.take_map(f, {2: str, 4: str, 5: str, 6: int}, name="notice")
        return cls(text_of(f[2], NAME_MAX), text_of(f[4]), word_of(f))


def _change(name: str, value: str) -> tuple[str, str]:
    if not name:
        raise DirectiveUnreadable("修改建议没有写明著录项目（format.md §17）")
    return text_of(name, NAME_MAX), text_of(value, 4 * NOTE_MAX)
