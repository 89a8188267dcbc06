"""Transforms: what is chosen by content, what comes back, what is refused (format.md §6.2)."""

import gzip
import io
import random
from collections.abc import Iterator
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms
from sync_material import mutated

from sync import transform
from sync.errors import StoreDamaged
from sync.manifest import Transform
from sync.sandbox import Sandbox

TEXT = "档号,题名,责任者\n".encode() * 400
NOISE = random.Random(1).randbytes(20_000)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Yield a real sandbox."""
    opened = Sandbox(workers=1, memory_mb=2048, seconds=30)
    yield opened
    opened.close()


def page(mode: str = "RGB", size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Return a page with soft tones and some noise, as a scanner makes them."""
    tones = Image.merge("RGB", [Image.radial_gradient("L").resize(size), Image.linear_gradient("L").resize(size), Image.effect_noise(size, 20)])
    return tones.convert(mode)


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    """Return the file of an image."""
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def packed() -> list[tuple[str, bytes]]:
    """Return files whose types are packed already."""
    return [
        ("jpeg", saved(page(), "JPEG")), ("png", saved(page(), "PNG")), ("gif", saved(page("P"), "GIF")), ("webp", saved(page(), "WEBP")),
        ("pdf", b"%PDF-1.7\n" + TEXT), ("xlsx", b"PK\x03\x04" + TEXT), ("gzip", gzip.compress(TEXT)), ("zstd", zstandard.compress(TEXT)),
        ("mp4", b"\0\0\0\x20ftypisom" + TEXT), ("jp2", b"\0\0\0\x0cjP  " + TEXT), ("jxl", b"\xff\x0a" + TEXT), ("flac", b"fLaC" + TEXT),
    ]  # fmt: skip


@pytest.mark.parametrize(("what", "data"), packed(), ids=[what for what, _ in packed()])
def test_packed_types_are_not_tried(what: str, data: bytes) -> None:
    """A type that is packed already is stored, even where its bytes would shrink."""
    assert transform.choose(memoryview(data + TEXT)) is Transform.STORE


@pytest.mark.parametrize(
    ("what", "data", "expected"),
    [
        ("text", TEXT, Transform.ZSTD),
        ("plain TIFF", saved(page("L"), "TIFF"), Transform.ZSTD),
        ("blank TIFF", saved(Image.new("RGB", (200, 200), "white"), "TIFF"), Transform.ZSTD),
        ("BMP of one tone", saved(Image.new("L", (200, 200)), "BMP"), Transform.ZSTD),
        ("noise", NOISE, Transform.STORE),
        ("short text", TEXT[:511], Transform.STORE),
        ("text long enough", TEXT[:512], Transform.ZSTD),
        ("nothing", b"", Transform.STORE),
        ("one byte", b"x", Transform.STORE),
        ("noise, then text", random.Random(2).randbytes(transform.PROBE_BYTES) + TEXT * 10, Transform.STORE),
    ],
)
def test_the_content_decides(what: str, data: bytes, expected: Transform) -> None:
    """What begins compressible is compressed, what does not is stored; no name is asked for."""
    assert transform.choose(memoryview(data)) is expected


@given(st.binary(max_size=300))
def test_any_beginning_is_chosen_for(head: bytes) -> None:
    """Short, odd and hostile beginnings give one of the two answers."""
    assert transform.choose(memoryview(head)) is Transform.STORE
    assert transform.choose(memoryview(head + bytes(70_000))) in {Transform.STORE, Transform.ZSTD}
    assert transform.is_jpeg(head) == (head[:3] == b"\xff\xd8\xff")


@given(st.binary(max_size=2000), st.integers(0, 40))
def test_zstd_comes_back(source: bytes, times: int) -> None:
    """Whatever is compressed is smaller and comes back; what would not shrink is stored as it is."""
    data = source * times
    made = transform.compress(memoryview(data))
    if made.transform is Transform.ZSTD:
        assert len(made.data) < len(data)
    else:
        assert made.data == data
    assert transform.restore(bytes(made.data), made.transform, len(data), None) == data
    frame = transform.compress_always(memoryview(data))
    assert zstandard.frame_content_size(frame) == len(data)
    assert transform.restore(frame, Transform.ZSTD, len(data), None) == data


@pytest.mark.parametrize("kind", ["grey noise", "text", "flat", "text behind noise"])
def test_the_light_way_costs_a_hundredth_at_most(kind: str) -> None:
    """Whichever way a large segment is compressed, it comes back, and is hardly larger than by level 1."""
    chance, size = random.Random(31), 1 << 20
    noise = bytes(max(0, min(255, int(chance.gauss(210, 6)))) for _ in range(size))
    words = [f"{chance.randrange(1 << 20):x}" for _ in range(500)]
    text = " ".join(chance.choice(words) for _ in range(size // 4)).encode()[:size]
    data = {"grey noise": noise, "text": text, "flat": bytes(size), "text behind noise": noise[: size // 4] + text}[kind]
    frame = transform.compress_always(memoryview(data))
    assert transform.restore(frame, Transform.ZSTD, len(data), None) == data
    assert len(frame) <= 1.02 * len(zstandard.ZstdCompressor(level=transform.ZSTD_LEVEL).compress(data))


def test_the_size_must_be_what_the_part_says() -> None:
    """A segment that restores to another length is damage, for every transform that needs no sandbox."""
    frame = transform.compress_always(memoryview(TEXT))
    for data, how in ((TEXT, Transform.STORE), (frame, Transform.ZSTD)):
        for size in (0, len(TEXT) - 1, len(TEXT) + 1, 1 << 40):
            with pytest.raises(StoreDamaged):
                transform.restore(data, how, size, None)


def bombs() -> list[tuple[str, bytes]]:
    """Return frames that a segment may not be."""
    good = transform.compress_always(memoryview(TEXT))
    skippable = b"\x50\x2a\x4d\x18\x04\0\0\0skip"
    return [
        ("cut", good[:-1]), ("empty", b""), ("short", good[:3]), ("extra byte", good + b"\0"), ("two frames", good + good),
        ("skippable first", skippable + good), ("skippable after", good + skippable),
        ("no content size", zstandard.ZstdCompressor(write_content_size=False).compress(TEXT)),
        ("other bytes", zstandard.ZstdCompressor(write_content_size=True).compress(bytes(len(TEXT) + 1))),
        ("bomb", zstandard.ZstdCompressor(write_content_size=True).compress(bytes(64 << 20))),
        ("text", TEXT),
    ]  # fmt: skip


@pytest.mark.parametrize(("what", "frame"), bombs(), ids=[what for what, _ in bombs()])
def test_other_frames_are_damage(what: str, frame: bytes) -> None:
    """Only one whole frame that declares the segment's size is restored."""
    with pytest.raises(StoreDamaged):
        transform.restore(frame, Transform.ZSTD, len(TEXT), None)


@pytest.mark.fuzz
@given(st.integers(0, 5000), st.binary(max_size=200) | mutated(transform.compress_always(memoryview(TEXT))))
def test_any_frame_restores_or_is_damage(size: int, frame: bytes) -> None:
    """Arbitrary and changed frames raise StoreDamaged alone, or give exactly the size asked for."""
    for asked in (size, len(TEXT)):
        try:
            plain = transform.restore(frame, Transform.ZSTD, asked, None)
        except StoreDamaged:
            continue
        assert len(plain) == asked


SCANS = {
    "colour": saved(page(), "JPEG", quality=85),
    "4:4:4": saved(page(), "JPEG", quality=92, subsampling=0),
    "grey": saved(page("L"), "JPEG", quality=80),
    "progressive": saved(page(), "JPEG", quality=85, progressive=True),
    "odd size": saved(page(size=(317, 241)), "JPEG", quality=75),
    "low quality": saved(page(), "JPEG", quality=10),
    "comment": saved(page(), "JPEG", quality=85, comment="扫描于天津"),
    "resolution and profile": saved(page(), "JPEG", quality=85, dpi=(300, 300), icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()),
    "optimised": saved(page(), "JPEG", quality=85, optimize=True),
    "restart markers": saved(page(), "JPEG", quality=85, restart_marker_rows=2),
}


@pytest.mark.parametrize("what", SCANS)
def test_jpegs_come_back_bit_for_bit(sandbox: Sandbox, what: str) -> None:
    """A scan travels smaller as JPEG XL, names its engine, and is restored to the same bytes."""
    source = SCANS[what]
    made = transform.transcode(memoryview(source), sandbox)
    assert made.transform is Transform.JXL_JPEG
    assert len(made.data) < len(source)
    assert "jxl" in made.engine.lower() or made.engine[0].isdigit()
    assert transform.restore(bytes(made.data), made.transform, len(source), sandbox) == source


@pytest.mark.parametrize(
    ("what", "source"),
    [("CMYK", saved(page("CMYK"), "JPEG")), ("broken profile", saved(page(), "JPEG", icc_profile=bytes(256))),
     ("truncated", SCANS["colour"][:-3000]), ("header alone", SCANS["colour"][:3]), ("empty", b""),
     ("PNG", saved(page(), "PNG")), ("JPEG mark before noise", b"\xff\xd8\xff" + NOISE), ("one pixel", saved(page(size=(1, 1)), "JPEG"))],
)  # fmt: skip
def test_what_jpeg_xl_cannot_carry_is_stored(sandbox: Sandbox, what: str, source: bytes) -> None:
    """A file that libjxl refuses or that would not shrink travels as it is, and the sandbox goes on working."""
    made = transform.transcode(memoryview(source), sandbox)
    assert (made.transform, bytes(made.data), made.engine) == (Transform.STORE, source, "")
    assert transform.transcode(memoryview(SCANS["grey"]), sandbox).transform is Transform.JXL_JPEG


def test_bytes_after_the_image_are_kept(sandbox: Sandbox) -> None:
    """A JPEG with something after its end comes back with it, however it travelled."""
    source = SCANS["colour"] + NOISE[:777]
    made = transform.transcode(memoryview(source), sandbox)
    assert transform.restore(bytes(made.data), made.transform, len(source), sandbox) == source


def test_a_damaged_codestream_is_damage(sandbox: Sandbox) -> None:
    """Another size, cut or changed codestream, or none at all, is never taken for the page; without a sandbox nothing is tried."""
    source = SCANS["colour"]
    made = bytes(transform.transcode(memoryview(source), sandbox).data)
    for size in (len(source) - 1, len(source) + 1, 0):
        with pytest.raises(StoreDamaged):
            transform.restore(made, Transform.JXL_JPEG, size, sandbox)
    for bad in (made[:-1], made[: len(made) // 2], b"", NOISE, source):
        with pytest.raises(StoreDamaged):
            transform.restore(bad, Transform.JXL_JPEG, len(source), sandbox)
    with pytest.raises(StoreDamaged, match="沙箱"):
        transform.restore(made, Transform.JXL_JPEG, len(source), None)


@pytest.mark.fuzz
@given(st.data())
def test_any_codestream_restores_or_is_damage(sandbox: Sandbox, data: st.DataObject) -> None:
    """Changed codestreams raise StoreDamaged alone, or give exactly the size asked for, and kill no program."""
    source = SCANS["grey"]
    changed = data.draw(mutated(bytes(transform.transcode(memoryview(source), sandbox).data)))
    try:
        plain = transform.restore(changed, Transform.JXL_JPEG, len(source), sandbox)
    except StoreDamaged:
        return
    assert len(plain) == len(source)
