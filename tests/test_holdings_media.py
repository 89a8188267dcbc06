"""What files are, by their content: probes that never raise, decoders that refuse with a sentence."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfWriter

from holdings import media
from holdings.errors import MediaUnreadable
from holdings.findings import FindingCode
from holdings.media import Probe, probe
from holdings.media_pages import UNKNOWN_PAGES, count_pages, decode_image


def reader(data: bytes) -> Callable[[int, int], bytes]:
    """`read_at` over bytes, which refuses offsets that no file has."""

    def read_at(offset: int, length: int) -> bytes:
        assert offset >= 0
        assert 0 < length <= 64 << 20
        return data[offset : offset + length]

    return read_at


def look(name: str, data: bytes) -> Probe:
    """Probe bytes under a name."""
    return probe(name, len(data), reader(data))


def picture(form: str, size: tuple[int, int] = (60, 40), mode: str = "L", **options: object) -> bytes:
    """A small image with some texture."""
    out = io.BytesIO()
    image = Image.effect_noise(size, 60).convert(mode)
    image.save(out, form, **options)
    return out.getvalue()


def tiff_pages(count: int) -> bytes:
    """A TIFF of several bitonal pages."""
    out = io.BytesIO()
    pages = [Image.new("1", (64, 32 + n)) for n in range(count)]
    pages[0].save(out, "TIFF", compression="group4", save_all=True, append_images=pages[1:])
    return out.getvalue()


def pdf(pages: int) -> bytes:
    """A PDF of blank pages."""
    writer, out = PdfWriter(), io.BytesIO()
    for _ in range(pages):
        writer.add_blank_page(100, 100)
    writer.write(out)
    return out.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    """A container of deflated members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members.items():
            z.writestr(name, data)
    return out.getvalue()


def ofd(pages: int) -> bytes:
    """An OFD as the corpus generator writes it."""
    listed = "".join(f'<ofd:Page ID="{n}" BaseLoc="Pages/Page_{n}/Content.xml"/>' for n in range(pages))
    document = f'<ofd:Document xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Pages>{listed}</ofd:Pages></ofd:Document>'
    return zipped({"OFD.xml": b"<ofd:OFD/>", "Doc_0/Document.xml": document.encode(), "Doc_0/Pages/Page_0/Content.xml": b"<ofd:Page/>"})


def docx() -> bytes:
    """The parts of a docx that tell it."""
    return zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>"})


def bomb() -> bytes:
    """A container that expands a thousandfold."""
    return zipped({"OFD.xml": bytes(80 << 20)})


def png_bomb(side: int) -> bytes:
    """A PNG whose header declares side × side pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")


def tiff_bomb(side: int) -> bytes:
    """A G4 TIFF whose directory declares side × side pixels."""
    data = b"\xff" * 64
    tags = [(256, 4, side), (257, 4, side), (258, 3, 1), (259, 3, 4), (262, 3, 0), (273, 4, 8), (277, 3, 1), (278, 4, side), (279, 4, len(data))]
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", t, k, 1, v) for t, k, v in tags) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + directory


def big_tiff() -> bytes:
    """A BigTIFF of one uncompressed strip."""
    tags = [(256, 4, 8), (257, 4, 4), (273, 16, 16), (279, 16, 32)]
    directory = struct.pack("<Q", len(tags)) + b"".join(struct.pack("<HHQQ", t, k, 1, v) for t, k, v in tags) + bytes(8)
    return b"II+\0" + struct.pack("<HHQ", 8, 0, 48) + bytes(32) + directory


JPEG_FILE, PNG_FILE, TIFF_FILE = picture("JPEG"), picture("PNG"), picture("TIFF")
EXIF = Image.Exif()
EXIF[270] = "扫描" * 9_000
DNL = JPEG_FILE.replace(b"\xff\xc0\0\x0b\x08\0\x28", b"\xff\xc0\0\x0b\x08\0\0")

WHOLE: list[tuple[str, bytes, str, int | None, int | None, int | None, bool]] = [
    ("0001.jpg", JPEG_FILE, media.JPEG, 60, 40, 1, False),
    ("0001.JPG", picture("JPEG", mode="RGB", progressive=True), media.JPEG, 60, 40, 1, False),
    ("0001.tif", JPEG_FILE, media.JPEG, 60, 40, 1, True),
    ("0001", JPEG_FILE, media.JPEG, 60, 40, 1, False),
    ("尾.jpg", JPEG_FILE + bytes(9_000), media.JPEG, 60, 40, 1, False),
    ("头.jpg", picture("JPEG", exif=EXIF), media.JPEG, 60, 40, 1, False),
    ("进纸.jpg", DNL, media.JPEG, 60, 0, 1, False),
    ("0001.tif", TIFF_FILE, media.TIFF, 60, 40, 1, False),
    ("0001.tiff", tiff_pages(3), media.TIFF, 64, 34, 3, False),
    ("0001.tif", big_tiff(), media.TIFF, 8, 4, 1, False),
    ("0001.png", PNG_FILE, media.PNG, 60, 40, 1, False),
    ("0001.pdf", pdf(2), media.PDF, None, None, None, False),
    ("0001.jpg", pdf(2), media.PDF, None, None, None, True),
    ("0001.ofd", ofd(2), media.OFD, None, None, None, False),
    ("0001.docx", docx(), media.DOCX, None, None, None, False),
    ("0001.docx", ofd(1), media.OFD, None, None, None, True),
    ("a.zip", zipped({"a": b"b"}), media.ZIP, None, None, None, False),
    ("说明.txt", "说明文件：本批共三页。".encode("gb18030"), media.TEXT, None, None, None, False),
    ("MD5.txt", b"0" * 9000, media.TEXT, None, None, None, False),
    ("长.txt", ("字" * 3000).encode(), media.TEXT, None, None, None, False),
    ("0001.jp2", b"\0\0\0\x0cjP  \r\n\x87\n", media.JP2, None, None, 1, False),
]


@pytest.mark.parametrize(("name", "data", "kind", "width", "height", "pages", "differs"), WHOLE, ids=lambda v: v if isinstance(v, str) else "")
def test_whole_files_are_known_by_content(
    name: str, data: bytes, kind: str, width: int | None, height: int | None, pages: int | None, differs: bool
) -> None:
    """Type, size, pages, and whether the extension says otherwise."""
    assert look(name, data) == Probe(kind, width, height, pages, None, differs)


BROKEN: list[tuple[str, bytes, FindingCode]] = [
    ("空.jpg", b"", FindingCode.EMPTY_FILE),
    ("截.jpg", JPEG_FILE[: len(JPEG_FILE) * 3 // 5], FindingCode.TRUNCATED),
    ("截.jpg", JPEG_FILE[:-2], FindingCode.TRUNCATED),
    ("截.jpg", JPEG_FILE[:30], FindingCode.TRUNCATED),
    ("截.jpg", b"\xff\xd8\xff", FindingCode.TRUNCATED),
    ("乱.jpg", b"\xff\xd8\xff\xe0\0\0" + bytes(99), FindingCode.UNREADABLE),
    ("乱.jpg", b"\xff\xd8\xff\xda\0\x02" + b"\xff\xd9" * 9, FindingCode.UNREADABLE),
    ("截.tif", TIFF_FILE[: len(TIFF_FILE) // 2], FindingCode.TRUNCATED),
    ("截.tif", b"II*\0", FindingCode.TRUNCATED),
    ("圈.tif", b"II*\0\x08\0\0\0" + struct.pack("<H", 1) + struct.pack("<HHII", 256, 4, 1, 9) + struct.pack("<I", 8), FindingCode.UNREADABLE),
    ("无.tif", b"II*\0" + bytes(99), FindingCode.UNREADABLE),
    ("截.png", PNG_FILE[:-8], FindingCode.TRUNCATED),
    ("截.png", PNG_FILE[:20], FindingCode.TRUNCATED),
    ("乱.png", PNG_FILE[:8] + bytes(99), FindingCode.UNREADABLE),
    ("截.pdf", pdf(2)[:-20], FindingCode.TRUNCATED),
    ("截.ofd", ofd(2)[:-30], FindingCode.TRUNCATED),
    ("炸.ofd", bomb(), FindingCode.BOMB),
    ("炸.png", png_bomb(40_000), FindingCode.TOO_LARGE),
    ("炸.tif", tiff_bomb(60_000), FindingCode.TOO_LARGE),
    ("谜.bin", bytes(range(256)), FindingCode.TYPE_UNKNOWN),
    ("Thumbs.db", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), FindingCode.TYPE_UNKNOWN),
]


@pytest.mark.parametrize(("name", "data", "problem"), BROKEN, ids=[f"{name}-{n}" for n, (name, _, _) in enumerate(BROKEN)])
def test_broken_files_are_told(name: str, data: bytes, problem: FindingCode) -> None:
    """Empty, cut, damaged and bomb-like files have a problem of the closed list."""
    assert look(name, data).problem is problem


def test_a_file_beyond_the_bound_is_not_read() -> None:
    """Above 1 TiB not a byte is asked for."""
    assert probe("大.tif", (1 << 40) + 1, lambda _offset, _length: pytest.fail("read")).problem is FindingCode.TOO_LARGE


@pytest.mark.fuzz
@given(
    st.one_of(
        st.binary(max_size=400),
        st.builds(lambda head, tail: head + tail, st.sampled_from([b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"%PDF-"]),
                  st.binary(max_size=400)),
    )
)  # fmt: skip
def test_any_bytes_can_be_probed(data: bytes) -> None:
    """No content makes a probe raise or read outside the file."""
    look("a.jpg", data)


@pytest.mark.fuzz
@given(st.sampled_from([JPEG_FILE, TIFF_FILE, PNG_FILE, tiff_pages(2), big_tiff(), ofd(2), pdf(1)]), st.data())
def test_damaged_files_are_answered(whole: bytes, data: st.DataObject) -> None:
    """A few changed bytes, or a cut: the probe answers, the decoders return or refuse with MediaUnreadable."""
    raw = bytearray(whole)
    for _ in range(data.draw(st.integers(0, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(raw[: data.draw(st.integers(1, len(raw)))])
    seen = look("a.jpg", damaged)
    for run in (count_pages, decode_image):
        try:
            assert run(damaged, seen.media_type)
        except MediaUnreadable:
            continue


@pytest.mark.parametrize(
    ("data", "kind", "pages"),
    [(pdf(3), media.PDF, b"3"), (ofd(5), media.OFD, b"5"), (docx(), media.DOCX, UNKNOWN_PAGES), (b"x", media.TEXT, UNKNOWN_PAGES),
     (JPEG_FILE, media.JPEG, UNKNOWN_PAGES)],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_pages_of_documents_are_counted(data: bytes, kind: str, pages: bytes) -> None:
    """PDF by its page tree, OFD by its documents; docx has no pages to count."""
    assert count_pages(data, kind) == pages


@pytest.mark.parametrize(
    ("data", "kind", "pages"),
    [(JPEG_FILE, media.JPEG, b"1"), (picture("JPEG", (3000, 2000), "RGB"), media.JPEG, b"1"),
     (tiff_pages(3), media.TIFF, b"3"), (PNG_FILE, media.PNG, b"1"),
     (pdf(2), media.PDF, b"2"), (ofd(2), media.OFD, b"2"), (docx(), media.DOCX, UNKNOWN_PAGES), (zipped({"a": b"b"}), media.ZIP, UNKNOWN_PAGES),
     (b"anything", media.UNKNOWN, UNKNOWN_PAGES)],
    ids=lambda v: v if isinstance(v, str) else "",
)  # fmt: skip
def test_whole_files_decode(data: bytes, kind: str, pages: bytes) -> None:
    """R4: what is whole is read through to its end."""
    assert decode_image(data, kind) == pages


@pytest.mark.parametrize(
    ("data", "kind"),
    [(JPEG_FILE[:-200], media.JPEG), (picture("JPEG", (3000, 2000), "RGB")[:-9000], media.JPEG), (TIFF_FILE[:-900], media.TIFF), (PNG_FILE[:-99], media.PNG),
     (PNG_FILE, media.JPEG), (pdf(2)[:200], media.PDF), (ofd(2)[:-30], media.OFD), (bomb(), media.OFD), (zipped({"a": b"b"}), media.OFD),
     (docx()[:-5], media.DOCX), (png_bomb(40_000), media.PNG), (tiff_bomb(60_000), media.TIFF), (b"", media.JPEG), (b"", media.PDF)],
    ids=lambda v: v if isinstance(v, str) else "",
)  # fmt: skip
def test_what_does_not_decode_is_refused_with_a_sentence(data: bytes, kind: str) -> None:
    """Cut, damaged, mistyped and bomb-like files are ValueErrors with a Chinese reason."""
    with pytest.raises(MediaUnreadable) as refused:
        decode_image(data, kind)
    assert isinstance(refused.value, ValueError)
    assert any("\u4e00" <= c <= "\u9fff" for c in str(refused.value))


def test_a_member_that_lies_about_its_size_is_refused() -> None:
    """A member may expand to no more than it declares."""
    raw = zipped({"OFD.xml": bytes(1 << 20), "Doc_0/Document.xml": b"<ofd:Page/>"})
    real, said = struct.pack("<I", 1 << 20), struct.pack("<I", 100)
    with pytest.raises(MediaUnreadable):
        decode_image(raw.replace(real, said), media.OFD)


def test_an_encrypted_pdf_is_refused() -> None:
    """A PDF that needs a password is told so."""
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(9, 9)
    writer.encrypt("口令", algorithm="RC4-128")
    writer.write(out)
    with pytest.raises(MediaUnreadable, match="密码"):
        count_pages(out.getvalue(), media.PDF)
