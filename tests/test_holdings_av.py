"""Sound and moving pictures: properties of real files through the sandbox, bounds, folders that are one object."""

import io
import random
import struct
import wave
from pathlib import Path

import pytest

from holdings.av_attributes import differences, purpose
from holdings.av_folder import FolderKind, folder_objects
from holdings.av_probe import HEAD, TAIL, AvProperties, ReadAt, Stream, StreamKind, decode, sample
from holdings.category import get
from holdings.errors import MediaUnreadable
from holdings.findings import FindingCode
from sync.errors import SandboxError, SandboxRefused
from sync.sandbox import Sandbox

SOUND = get("sound")


def wav(seconds: int = 2, rate: int = 16_000) -> bytes:
    """A silent recording, one channel, 16 bit."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(2 * rate * seconds))
    return out.getvalue()


def picture(folder: Path, name: str, codec: str) -> bytes:
    """Fifty frames of a moving picture, 64 × 48, 25 a second."""
    cv2 = pytest.importorskip("cv2")
    numpy = pytest.importorskip("numpy")
    path = folder / name
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 25, (64, 48))
    assert writer.isOpened()
    for shade in range(50):
        writer.write(numpy.full((48, 64, 3), shade, dtype=numpy.uint8))
    writer.release()
    return path.read_bytes()


def asked(sandbox: Sandbox, data: bytes, size: int = 0) -> AvProperties:
    """What the sandbox says of a file."""
    return decode(sandbox.call("holdings.av_probe:properties_in_sandbox", data, str(size or len(data))))


def over(data: dict[int, bytes], size: int) -> ReadAt:
    """A reader of a large file of which only some places hold anything."""

    def read_at(offset: int, length: int) -> bytes:
        out = bytearray(max(0, min(length, size - offset)))
        for place, piece in data.items():
            first, last = max(place, offset), min(place + len(piece), offset + len(out))
            if first < last:
                out[first - offset : last - offset] = piece[first - place : last - place]
        return bytes(out)

    return read_at


def test_sound(sandbox: Sandbox) -> None:
    """A WAV file's length, rate, channels and depth are read."""
    found = asked(sandbox, wav())
    assert (found.container, found.duration_ms, found.sample_rate, found.resolution, found.truncated) == ("Wave", 2000, 16_000, None, False)
    assert found.streams == (Stream(StreamKind.AUDIO, "PCM", 2000, sample_rate=16_000, channels=1, bit_depth=16, bit_rate=256_000),)


@pytest.mark.parametrize(("name", "codec", "container"), [("a.avi", "MJPG", "AVI"), ("a.mp4", "mp4v", "MPEG-4")])
def test_moving_pictures(tmp_path: Path, sandbox: Sandbox, name: str, codec: str, container: str) -> None:
    """Container, length, size and rate of a moving picture are read."""
    found = asked(sandbox, picture(tmp_path, name, codec))
    assert (found.container, found.duration_ms, found.resolution) == (container, 2000, (64, 48))
    assert [(one.kind, one.frame_rate) for one in found.streams] == [(StreamKind.VIDEO, 25.0)]


def test_a_file_cut_short_is_told(sandbox: Sandbox) -> None:
    """Half a recording says that its end is missing, and its length is what is there."""
    whole = wav(4)
    found = asked(sandbox, whole[: len(whole) // 2])
    assert found.truncated
    assert found.duration_ms is not None and 1990 <= found.duration_ms <= 2000
    (only,) = differences({"时长": "00:00:02"}, found, SOUND.tape)  # type: ignore[arg-type]
    assert only.code is FindingCode.TRUNCATED


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_recorder_that_wrote_no_length_cut_nothing(sandbox: Sandbox, size: int) -> None:
    """Recorders write a placeholder and never go back: such a file is whole."""
    data = bytearray(wav())
    struct.pack_into("<I", data, 4, size)
    struct.pack_into("<I", data, 40, size)
    assert not asked(sandbox, bytes(data)).truncated


@pytest.mark.parametrize("data", [b"no recording at all " * 99, b"\xff" * 4096, b"\0", b"%PDF-1.4\n" + b"x" * 999])
def test_what_is_no_recording_is_refused(sandbox: Sandbox, data: bytes) -> None:
    """Other files are refused with a sentence, and the sandbox lives on."""
    with pytest.raises(SandboxRefused, match=r"录音、录像|音视频"):
        asked(sandbox, data)
    assert asked(sandbox, wav(1)).duration_ms == 1000


def test_wrong_sizes_and_foreign_answers_are_refused(sandbox: Sandbox) -> None:
    """An empty file, a size below the data, and bytes that are not our answer are errors of ours, not traces."""
    for data, size in ((b"", "0"), (wav(), "5")):
        with pytest.raises(SandboxRefused):
            sandbox.call("holdings.av_probe:properties_in_sandbox", data, size)
    with pytest.raises(MediaUnreadable):
        decode(b"{")


def test_a_tape_larger_than_memory_travels_as_head_and_tail(tmp_path: Path, sandbox: Sandbox) -> None:
    """3 GB of sound, and a picture whose index lies behind 20 GB: 24 MiB travel, and the length is right."""
    length = 3_000_000_000
    head = b"RIFF" + struct.pack("<I", 36 + length) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 2, 48_000, 192_000, 4, 16)
    head += b"data" + struct.pack("<I", length)
    data, size = sample(len(head) + length, over({0: head}, len(head) + length))
    assert len(data) == HEAD + TAIL
    assert asked(sandbox, data, int(size)).duration_ms == length // 192

    small = picture(tmp_path, "b.mp4", "mp4v")
    at = small.index(b"mdat") - 4
    (box,) = struct.unpack_from(">I", small, at)
    far = 20_000_000_000
    first, last = small[:at] + struct.pack(">I4sQ", 1, b"mdat", far) + small[at + 8 : at + box], small[at + box :]
    data, size = sample(at + far + len(last), over({0: first, at + far: last}, at + far + len(last)))
    found = asked(sandbox, data, int(size))
    assert (found.duration_ms, found.resolution) == (2000, (64, 48))


def test_a_small_file_travels_whole() -> None:
    """Head and tail are only for files that are longer than both."""
    assert sample(5, over({0: b"12345"}, 5)) == (b"12345", "5")


@pytest.mark.fuzz
def test_damaged_recordings_never_break_the_bounds(tmp_path: Path, sandbox: Sandbox) -> None:
    """Flipped bytes: the answer is within bounds or a refusal; the sandbox serves the next file."""
    chance = random.Random(20260701)
    models = [wav(1), picture(tmp_path, "c.avi", "MJPG"), picture(tmp_path, "c.mp4", "mp4v")]
    for _ in range(60):
        data = bytearray(chance.choice(models))
        for _ in range(chance.randint(1, 40)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            found = asked(sandbox, bytes(data[: chance.randint(1, len(data))]))
        except SandboxError:
            continue
        assert len(found.streams) <= 64
        assert len(found.container) <= 64
        assert all(0 <= (one.width or 0) <= 65_535 and 0 <= (one.duration_ms or 0) <= 3_600_000_000 for one in found.streams)


@pytest.mark.parametrize(
    ("said", "duration", "count"),
    [("00:02:00", 121_500, 0), ("00:02:05", 121_500, 1), ("2分钟", 170_000, 0), ("3分5秒", 185_900, 0), ("", 5, 0), ("很长", 5, 0), ("1小时", 3_900_000, 1)],
)
def test_lengths_are_compared_with_the_file(said: str, duration: int, count: int) -> None:
    """The sheet's length may be rounded to seconds or minutes; beyond that both numbers are told."""
    assert SOUND.tape is not None
    found = differences({"时长": said}, AvProperties("Wave", duration, ()), SOUND.tape)
    assert [one.code for one in found] == [FindingCode.METADATA_DOUBTFUL] * count
    assert all(f"文件是 {duration // 1000} 秒" in one.detail for one in found)


def test_files_have_a_purpose() -> None:
    """The original is for keeping, the proxy for listening; others have no purpose here."""
    names = ["a.WAV", "a.mp3", "a.doc", "a"]
    assert [purpose(name, SOUND.files) for name in names] == ["存档件", "利用件", "", ""]


DVD = {
    "V0031/VIDEO_TS/VIDEO_TS.IFO": 12_288, "V0031/VIDEO_TS/VIDEO_TS.BUP": 12_288, "V0031/VIDEO_TS/VTS_01_0.IFO": 8, "V0031/VIDEO_TS/VTS_01_0.BUP": 8,
    "V0031/VIDEO_TS/VTS_01_1.VOB": 1 << 30, "V0031/VIDEO_TS/VTS_01_2.VOB": 5, "V0031/AUDIO_TS/空.txt": 1, "别的/0001.jpg": 1,
}  # fmt: skip


def test_a_disc_is_one_object() -> None:
    """The folder that holds VIDEO_TS is one object with everything in it; other folders are not touched."""
    (only,) = folder_objects(DVD)
    assert (only.kind, only.root, only.missing, only.doubts) == (FolderKind.DVD, "V0031", (), ())
    assert set(only.parts) == {path for path in DVD if path.startswith("V0031/")}
    assert folder_objects({"0001.jpg": 1, "VIDEO_TS": 3}) == []
    assert [one.root for one in folder_objects({"VIDEO_TS/VIDEO_TS.IFO": 1})] == [""]


@pytest.mark.parametrize(
    ("change", "missing", "doubts"),
    [
        ({"V0031/VIDEO_TS/VIDEO_TS.IFO": None}, ("VIDEO_TS/VIDEO_TS.IFO",), 0),
        ({"V0031/VIDEO_TS/VTS_01_0.IFO": None}, ("VIDEO_TS/VTS_01_0.IFO",), 0),
        ({"V0031/VIDEO_TS/VTS_01_1.VOB": None}, ("VIDEO_TS/VTS_01_1.VOB",), 0),
        ({"V0031/VIDEO_TS/VTS_01_5.VOB": 1}, ("VIDEO_TS/VTS_01_3.VOB", "VIDEO_TS/VTS_01_4.VOB"), 0),
        ({"V0031/VIDEO_TS/VTS_01_0.BUP": 9}, (), 1),
        ({"V0031/VIDEO_TS/VTS_01_2.VOB": 0}, (), 1),
    ],
)
def test_what_a_disc_misses(change: dict[str, int | None], missing: tuple[str, ...], doubts: int) -> None:
    """Missing lists and parts, copies that differ, and empty files of a disc are told."""
    sizes = {path: size for path, size in (DVD | change).items() if size is not None}
    (only,) = folder_objects(sizes)
    assert only.missing == missing
    assert len(only.doubts) == doubts


def test_a_camera_card_is_one_object() -> None:
    """BDMV within AVCHD: clips and their descriptions go together."""
    listing = {
        "卡1/PRIVATE/AVCHD/BDMV/INDEX.BDM": 5, "卡1/PRIVATE/AVCHD/BDMV/CLIPINF/00000.CPI": 5, "卡1/PRIVATE/AVCHD/BDMV/CLIPINF/00001.CPI": 5,
        "卡1/PRIVATE/AVCHD/BDMV/STREAM/00000.MTS": 5, "卡1/PRIVATE/AVCHD/BDMV/STREAM/00002.MTS": 5,
    }  # fmt: skip
    (only,) = folder_objects(listing)
    assert (only.kind, only.root) == (FolderKind.BLU_RAY, "卡1/PRIVATE/AVCHD")
    assert only.missing == ("BDMV/STREAM/00001.M2TS",)
    assert len(only.doubts) == 1
    assert "BDMV" in only.kind.label
