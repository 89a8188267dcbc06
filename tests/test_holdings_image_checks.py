"""Image checks (DA/T 31-2017) on pages drawn here: every fault under its own rule, nothing on clean pages, in every format."""

import io
import random
from dataclasses import dataclass

import drawn_pages
import image_faults
import msgspec
import numpy as np
import pytest
from PIL import Image

from holdings import media
from holdings.check import Verdict
from holdings.errors import MediaUnreadable
from holdings.image_checks import Fault, Judged, Measures, judge, read_measures, rules_of
from holdings.image_ink import black_border, find_ink, measure_skew
from holdings.image_measure import measure_file
from holdings.image_twins import alike, likeness
from holdings.site_data import SiteData

RULES = rules_of()


def measured(data: bytes, media_type: str = "") -> Measures:
    """Measures of the first page."""
    kind = media_type or (media.TIFF if data[:2] in (b"II", b"MM") else media.JPEG)
    page = read_measures(measure_file(data, f"{kind};0;10"))[0]
    assert page is not None
    return page


def verdicts(data: bytes, media_type: str = "") -> dict[Fault, Judged]:
    """What the shipped limits make of the first page."""
    return {one.fault: one for one in judge(measured(data, media_type), RULES)}


def hits(found: dict[Fault, Judged]) -> set[str]:
    """Faults that fail or need a person."""
    return {fault.value for fault, one in found.items() if one.verdict in (Verdict.FAILED, Verdict.PERSON)}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("kind", "media_type"), [
    ("JPEG", media.JPEG), ("G4", media.TIFF), ("TIFF", media.TIFF), ("PNG", media.PNG), ("PDF", media.PDF), ("JPEG2000", media.JP2),
])  # fmt: skip
def test_a_clean_page_is_found_clean_in_every_format(kind: str, media_type: str, seed: int) -> None:
    """No limit fires on a clean page, whatever it is stored as; lines and marks are seen."""
    data = drawn_pages.encoded(drawn_pages.page(seed, lines=12 + 4 * seed), kind)
    found = verdicts(data, media_type)
    assert hits(found) == set()
    assert found[Fault.UPSIDE_DOWN].verdict is Verdict.PASSED


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("bilevel", [False, True])
@pytest.mark.parametrize("kind", [k for k in image_faults.FAULTS if k != "truncated"])
def test_every_fault_is_found_under_its_rule(kind: str, bilevel: bool, seed: int) -> None:
    """A fault put into a clean page is found under the rule it breaks."""
    clean = drawn_pages.page(seed)
    image = clean.point(lambda v: 255 if v > 150 else 0, "1") if bilevel else clean
    data = image_faults.FAULTS[kind](image, random.Random(seed))
    assert kind.partition("/")[0] in hits(verdicts(data))


@pytest.mark.parametrize("share", [0.1, 0.4, 0.8, 0.99])
def test_a_cut_file_does_not_decode(share: float) -> None:
    """A picture without its end is unreadable, never a page with measures."""
    data = drawn_pages.encoded(drawn_pages.page())
    with pytest.raises(MediaUnreadable):
        measure_file(data[: int(len(data) * share)], f"{media.JPEG};0;10")


def test_multi_page_files_give_every_page_in_portions() -> None:
    """A TIFF and a PDF of several pages give as many measures, and any part of them by number."""
    images = [drawn_pages.page(seed, lines=8) for seed in range(3)]
    images[1] = images[1].rotate(180)
    for kind, media_type in (("TIFF", media.TIFF), ("PDF", media.PDF)):
        out = io.BytesIO()
        images[0].save(out, kind, save_all=True, append_images=images[1:], **({"resolution": 200} if kind == "PDF" else {"dpi": (200, 200)}))
        whole = read_measures(measure_file(out.getvalue(), f"{media_type};0;10"))
        assert [one is not None and one.low > one.high for one in whole] == [True, False, True]
        assert read_measures(measure_file(out.getvalue(), f"{media_type};1;1")) == whole[1:2]


def test_a_pdf_page_that_is_no_scan_has_no_measures() -> None:
    """A page of text in a PDF is no picture: it is said to be none, not to be clean."""
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(595, 842))
    canvas.drawString(72, 700, "text")
    canvas.showPage()
    canvas.save()
    assert read_measures(measure_file(out.getvalue(), f"{media.PDF};0;10")) == [None]


@dataclass(frozen=True)
class Case:
    """Measures and the verdict that a limit must give."""

    name: str
    fault: Fault
    verdict: Verdict
    changes: dict[str, object]


CASES = (
    Case("few marks say nothing", Fault.UPSIDE_DOWN, Verdict.UNTESTED, {"low": 3, "high": 3}),
    Case("marks high", Fault.UPSIDE_DOWN, Verdict.FAILED, {"low": 1, "high": 30}),
    Case("marks mostly high", Fault.UPSIDE_DOWN, Verdict.PERSON, {"low": 10, "high": 16}),
    Case("marks even", Fault.UPSIDE_DOWN, Verdict.PASSED, {"low": 10, "high": 10}),
    Case("no marks, ragged left", Fault.UPSIDE_DOWN, Verdict.PERSON, {"low": 0, "high": 1, "lean": -6}),
    Case("no lines", Fault.SKEWED, Verdict.UNTESTED, {"sharpness": 1.2, "skew": 9.0}),
    Case("too little writing to tell", Fault.SKEWED, Verdict.UNTESTED, {"sharpness": 9.0, "skew": 9.0, "marks": 12}),
    Case("slightly skewed", Fault.SKEWED, Verdict.PASSED, {"sharpness": 9.0, "skew": -2.4}),
    Case("doubtfully skewed", Fault.SKEWED, Verdict.PERSON, {"sharpness": 9.0, "skew": -2.6}),
    Case("skewed", Fault.SKEWED, Verdict.FAILED, {"sharpness": 9.0, "skew": -3.0}),
    Case("grey paper", Fault.TOO_DARK, Verdict.PERSON, {"paper": 140}),
    Case("black and white, much black", Fault.TOO_DARK, Verdict.FAILED, {"bits": 1, "ink": 0.5}),
    Case("200 dpi as scanners round it", Fault.RESOLUTION, Verdict.PASSED, {"dpi": 199.9}),
    Case("150 dpi", Fault.RESOLUTION, Verdict.FAILED, {"dpi": 150.0, "width": 1240, "height": 1754}),
    Case("a default of 72 on a large picture", Fault.RESOLUTION, Verdict.PERSON, {"dpi": 72.0}),
    Case("no tag, enough pixels", Fault.RESOLUTION, Verdict.PASSED, {"dpi": 0.0}),
    Case("no tag, few pixels", Fault.RESOLUTION, Verdict.PERSON, {"dpi": 0.0, "width": 800, "height": 1100}),
    Case("text at the edge", Fault.TEXT_CUT, Verdict.PERSON, {"near": 9}),
    Case("a table that goes on", Fault.TEXT_CUT, Verdict.PERSON, {"crossing": 8}),
    Case("too dark to say", Fault.TEXT_CUT, Verdict.UNTESTED, {"paper": 60, "cut": 9}),
    Case("nothing to turn on a blank page", Fault.UPSIDE_DOWN, Verdict.UNTESTED, {"marks": 2, "share": 0.0001}),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_limits_give_four_verdicts(case: Case) -> None:
    """Each limit passes, fails, doubts, or says that it could not look."""
    plain = Measures(1654, 2339, 24, 200.0, 230, 0.08, 700, 0.08, 0.2, 9.0, 0.0, 0, 0, 0, 40, 0, 3)
    found = {one.fault: one.verdict for one in judge(msgspec.structs.replace(plain, **case.changes), RULES)}
    assert found[case.fault] is case.verdict
    assert set(found) == set(Fault)


def test_a_site_may_move_a_limit() -> None:
    """A site's image_rules.toml lies over the shipped one, key by key."""
    strict = rules_of(SiteData((("image_rules.toml", "[skewed]\nfail = 1.0\n"),)))
    assert (strict.skewed.fail, strict.skewed.sharpness, strict.blank) == (1.0, RULES.skewed.sharpness, RULES.blank)


@pytest.mark.parametrize("degrees", [-12.0, -5.0, -1.3, 0.0, 0.6, 4.0, 9.0])
def test_skew_is_measured_to_a_third_of_a_degree(degrees: float) -> None:
    """The angle found is the angle made."""
    turned = drawn_pages.page(3).rotate(degrees, Image.Resampling.BICUBIC, fillcolor=232).resize((827, 1170), Image.Resampling.BOX)
    found = measure_skew(find_ink(np.asarray(turned)))
    assert abs(abs(found.degrees) - abs(degrees)) < 0.34
    assert found.degrees * degrees <= 0.05


def test_borders_are_measured_and_pictures_are_none() -> None:
    """A band is measured to half a millimetre; a page black all over has no border but is dark."""
    grey = np.full((1170, 827), 230, np.uint8)
    assert black_border(grey) == (0.0, None)
    grey[:, :40] = 20
    width, mask = black_border(grey)
    assert abs(width - 40 / 3.937) < 0.6
    assert mask is not None
    assert black_border(np.full((1170, 827), 10, np.uint8)) == (0.0, None)


def twins(one: bytes, other: bytes) -> float:
    """How like two JPEG pages are at their least."""
    return int(likeness(len(one).to_bytes(8, "big") + one + other, f"{media.JPEG};0;{media.JPEG};0")) / 1000


def test_a_sheet_scanned_twice_is_one_page_and_another_number_is_another() -> None:
    """Scanned anew, moved and turned, a sheet is recognised; the same form with another number, or another text, is not."""
    sheet, r = drawn_pages.page(5, number=7), random.Random(1)
    first = drawn_pages.encoded(sheet)
    again = image_faults.rescan(sheet, r)
    numbered, other = drawn_pages.encoded(drawn_pages.page(5, number=2)), drawn_pages.encoded(drawn_pages.page(6, number=7))
    maps = [measured(data).ink_map for data in (first, again, numbered, other)]
    assert {(0, 1), (0, 2)} <= set(alike(maps, RULES.repeated.alike))
    assert twins(first, again) >= RULES.repeated.fail
    assert twins(first, numbered) < RULES.repeated.doubt
    assert twins(first, other) < RULES.repeated.doubt


def test_blank_pages_are_like_nothing() -> None:
    """Two blank pages are no repeated page."""
    empty = drawn_pages.encoded(Image.new("L", drawn_pages.A4, 235))
    assert alike([measured(empty).ink_map] * 2, 0.1) == []


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"II*\0" + bytes(40), b"%PDF-1.4\n%%EOF", b"no picture at all"])
def test_hostile_bytes_are_unreadable_and_nothing_else(data: bytes) -> None:
    """Whatever the bytes are, the only error is MediaUnreadable."""
    for media_type in (media.JPEG, media.TIFF, media.PNG, media.JP2, media.PDF, media.OFD):
        try:
            pages = read_measures(measure_file(data, f"{media_type};0;10"))
        except MediaUnreadable:
            continue
        assert pages == []
