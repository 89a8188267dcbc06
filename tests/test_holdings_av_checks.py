"""Recordings under the four-property checks: cut short is 不通过, whole is for a person's ear, lengths are compared with the description."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from msgspec.structs import replace
from test_holdings_av import wav
from test_holdings_check import by_code, elements, examine, file, material

from crypto.digest import sha256
from holdings import format_id
from holdings.av_probe import HEAD, TAIL, AvProperties, Edges, sample
from holdings.check import Stage, Verdict
from holdings.check_files import Workshop, look
from sync.sandbox import Sandbox


@dataclass(frozen=True)
class Sealed:
    """A file as it was sealed, in pieces."""

    name: str
    data: bytes
    piece: int = 1 << 20

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def sha256(self) -> bytes:
        return sha256(self.data)

    def pieces(self) -> Iterator[bytes]:
        for at in range(0, len(self.data), self.piece):
            yield self.data[at : at + self.piece]


@pytest.fixture(scope="module")
def shop() -> Iterator[Workshop]:
    """A workshop without a virus service."""
    narrow, wide = Sandbox(workers=1), Sandbox(workers=1, memory_mb=format_id.MEMORY_MB)
    yield Workshop(narrow, wide)
    narrow.close()
    wide.close()


def test_a_recording_is_known_and_left_to_a_person(shop: Workshop) -> None:
    """Its properties are facts; that nobody played it is 未能检测 with what to do, never 通过."""
    facts = look(Sealed("V0031-01.wav", wav(3)), shop)
    assert facts.media_type == "audio/wav"
    assert facts.av is not None
    assert (facts.av.duration_ms, facts.av.sample_rate) == (3000, 16_000)
    assert facts.decodes.verdict is Verdict.UNTESTED
    assert "播放抽检" in facts.decodes.detail


def test_a_recording_cut_short_fails(shop: Workshop) -> None:
    """Half a recording is 不通过, though its first bytes are right; what only begins like one is too."""
    whole = wav(3)
    assert look(Sealed("a.wav", whole[: len(whole) // 2]), shop).decodes.verdict is Verdict.FAILED
    assert look(Sealed("b.avi", b"RIFF\x10\0\0\0AVI " + b"\xff" * 300), shop).decodes.verdict is Verdict.FAILED
    assert look(Sealed("c.txt", "一页文字".encode()), shop).av is None


@pytest.mark.parametrize(("said", "verdict"), [("3秒", Verdict.PASSED), ("00:00:09", Verdict.FAILED), ("", Verdict.PASSED)])
def test_the_described_length_is_compared(said: str, verdict: Verdict) -> None:
    """GD-1-10: the length of a recording that is one file is that of its description, both numbers told; several files are not added up."""
    recording = file("a.wav", media_type="audio/wav", av=AvProperties("Wave", 3000, ()), measures=(), group="|audio/wav")
    described = elements(**({"时长": said} if said else {}))
    results = by_code(examine(material(category="sound", files=(recording,), description=described), Stage.ARCHIVING))["GD-1-10"]
    assert {one.verdict for one in results} == {verdict}
    assert all("目录写 9 秒，文件是 3 秒" in one.detail for one in results if one.verdict is Verdict.FAILED)
    two = material(category="sound", files=(recording, replace(recording, name="b.wav")), description=described)
    assert {one.verdict for one in by_code(examine(two, Stage.ARCHIVING))["GD-1-10"]} == {Verdict.PASSED}
    page = material(category="document", files=(recording,), description=described)
    assert {one.verdict for one in by_code(examine(page, Stage.ARCHIVING))["GD-1-10"]} == {Verdict.PASSED}


@pytest.mark.parametrize("size", [0, 5, HEAD, HEAD + TAIL, HEAD + TAIL + 1, HEAD + TAIL + 5_000_000])
@pytest.mark.parametrize("piece", [1 << 20, 7_654_321])
def test_what_passes_in_pieces_is_what_would_be_sampled(size: int, piece: int) -> None:
    """Head and tail kept of a stream are those that reading in place would take."""
    data = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    edges = Edges(size)
    for part in Sealed("x", data, piece).pieces():
        edges.take(part)
    assert edges.data == sample(size, lambda offset, length: data[offset : offset + length])[0]


def test_a_disc_has_what_its_lists_ask_for() -> None:
    """GD-2-7: a folder that is one object is whole by its own lists, and not by pages; a missing part is named."""
    names = {"VIDEO_TS.IFO": 12, "VIDEO_TS.BUP": 12, "VTS_01_0.IFO": 8, "VTS_01_0.BUP": 8, "VTS_01_1.VOB": 1 << 20, "VTS_01_2.VOB": 5}
    parts = tuple(file(f"VIDEO_TS／{name}", size=size, media_type="video/mpeg", measures=(), group="VIDEO_TS|") for name, size in names.items())
    (whole,) = by_code(examine(material(category="video", files=parts), Stage.ARCHIVING))["GD-2-7"]
    assert (whole.verdict, "6 个文件齐全" in whole.detail) == (Verdict.PASSED, True)
    without = tuple(one for one in parts if not one.name.endswith("01_1.VOB"))
    (missing,) = by_code(examine(material(category="video", files=without), Stage.ARCHIVING))["GD-2-7"]
    assert (missing.verdict, missing.where) == (Verdict.FAILED, "VIDEO_TS/VTS_01_1.VOB")
    odd = tuple(replace(one, size=9) if one.name.endswith("01_0.BUP") else one for one in parts)
    assert {one.verdict for one in by_code(examine(material(category="video", files=odd), Stage.ARCHIVING))["GD-2-7"]} == {Verdict.PERSON}
