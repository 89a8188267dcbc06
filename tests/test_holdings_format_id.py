"""Format identification by PRONOM signature in the sandbox, and the format policy."""

import io
import zipfile
from collections.abc import Iterator

import drawn_pages
import pytest
from PIL import Image

from holdings import format_id
from holdings.errors import MediaUnreadable, SiteDataWrong
from holdings.format_id import FormatId, Unidentified, allowed, excerpt, group_of, identify, identify_paths, policy
from holdings.site_data import SiteData
from sync.sandbox import Sandbox


@pytest.fixture(scope="module")
def formats() -> Iterator[Sandbox]:
    """A sandbox with the address space that the identifier needs."""
    made = Sandbox(workers=1, memory_mb=format_id.MEMORY_MB)
    yield made
    made.close()


def told(sandbox: Sandbox, *files: bytes) -> list[FormatId | Unidentified]:
    """What the files are."""
    return identify([(len(data), lambda offset, length, data=data: data[offset : offset + length]) for data in files], sandbox)


def zipped(**members: bytes) -> bytes:
    """A zip container."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return out.getvalue()


def test_formats_are_told_by_content_alone(formats: Sandbox) -> None:
    """Pictures, documents and text get their PRONOM group; what has no signature gets none, whatever it is called."""
    small = drawn_pages.page(lines=2, size=(800, 600))
    files = [drawn_pages.encoded(small, kind) for kind in ("JPEG", "TIFF", "PNG", "PDF", "JPEG2000")]
    gif = io.BytesIO()
    Image.new("L", (9, 9)).save(gif, "GIF")
    ofd = zipped(**{"OFD.xml": b"<ofd/>", "Doc_0/Document.xml": b"<x/>"})
    found = told(formats, *files, gif.getvalue(), ofd, "正文".encode(), bytes(range(256)) * 9, b"")
    rules = policy()
    groups = [group_of(one.id, rules) if isinstance(one, FormatId) else "?" for one in found]
    assert groups == ["jpeg", "tiff", "png", "pdf", "jpeg2000", "gif", "ofd", "text", "", ""]


def test_a_batch_is_as_long_as_what_was_asked(formats: Sandbox) -> None:
    """More files than one batch come back one for one, in order."""
    jpeg = drawn_pages.encoded(drawn_pages.page(lines=1, size=(300, 200)))
    found = told(formats, *([jpeg, b"text"] * 50))
    assert [bool(isinstance(one, FormatId) and one.id == "x-fmt/111") for one in found] == [False, True] * 50


def test_an_identifier_that_cannot_run_says_so() -> None:
    """Too little memory for the library is 未能检测, no verdict on the file."""
    tight = Sandbox(workers=1, memory_mb=256)
    try:
        (found,) = told(tight, b"text")
    finally:
        tight.close()
    assert isinstance(found, Unidentified)
    assert found.reason


def test_what_cannot_be_read_is_not_called_unknown() -> None:
    """A path that the child cannot open is said so, not taken for a format without a signature."""
    with pytest.raises(MediaUnreadable):
        identify_paths(b'["/proc/1/nothing"]')


def test_only_an_excerpt_of_a_picture_is_given() -> None:
    """A picture gives its beginning and end, a container all of itself."""
    def reader(data: bytes) -> list[bytes]:
        return excerpt(len(data), lambda offset, length: data[offset : offset + length])

    assert sum(map(len, reader(b"\xff\xd8\xff" + bytes(5 << 20)))) == format_id.HEAD + format_id.TAIL
    assert b"".join(reader(b"PK\x03\x04" + bytes(3 << 20))) == b"PK\x03\x04" + bytes(3 << 20)
    assert b"".join(reader(b"short")) == b"short"


@pytest.mark.parametrize(("identifier", "category", "expected"), [
    ("fmt/353", "document", True), ("fmt/43", "photo", True), ("fmt/3", "document", False), ("x-fmt/263", "document", False),
    ("fmt/5", "document", False), ("fmt/9999", "document", None), ("x-jindang/ofd", "document", True), ("fmt/134", "av", True),
    ("fmt/43", "unheard of", True),
])  # fmt: skip
def test_policy_by_category(identifier: str, category: str, expected: bool | None) -> None:
    """A format is allowed, refused, or unknown to the policy, which is a person's to say."""
    assert allowed(identifier, category, policy()) is expected


def test_a_site_may_allow_a_format() -> None:
    """A site's formats.toml lies over the table, and a wrong one is refused."""
    site = SiteData((("formats.toml", '[category.document]\nuse = ["gif"]\nforbidden = []\n'),))
    assert allowed("fmt/3", "document", policy(site)) is True
    with pytest.raises(SiteDataWrong):
        policy(SiteData((("formats.toml", "category = 3"),)))
