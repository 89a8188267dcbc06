"""Marked records that are not for everybody are planted at a hub; every byte that a lesser reader can get is looked through for the marks.

The routes, pages and API alike, come from the tables of the program: a route that is added later is asked here without anybody thinking of it.
"""

import io
import itertools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from people_door import Browser, Door, Page, open_door
from pypdf import PdfReader
from reading_room_at_hub import Written, bring, colour, numbers, reader, written

from holdings.statistic import Figure
from hub.account import Role
from hub.api_operations import OPERATIONS
from hub.api_token import Scope
from hub.web_table import ROUTES

MARK = "密函"
TITLE = f"玉兰{MARK}甲"
CODE = "YL·MH-0007"
PLANTED = Written(f"J099-{CODE}", TITLE, "控制", {f"玉兰{MARK}戊.jpg": colour(9)}, {"责任者": f"玉兰{MARK}乙", "主题词": f"玉兰{MARK}丙", "人名": f"玉兰{MARK}丁"})
ASKED = ("玉兰", "J099", "责任者:玉兰", "同音:玉兰", "玉兰* OR 校舍")
PICTURES = ("image/jpeg", "image/png")
TIMES = {"{figure}": tuple(one.value for one in (Figure.SCANNED_ITEMS, Figure.FONDS)), "{form}": ("xlsx", "pdf")}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Two districts: what one brought is open, what the other brought is not."""
    with open_door(tmp_path_factory.mktemp("leaks") / "hub") as made:
        bring(made, "和平区", written()[:1])
        bring(made, "河东区", [PLANTED])
        made.team.people.parts()
        yield made


def readable(page: Page) -> str:
    """Everything that can be read in an answer: text as it stands, what is escaped, and what lies in workbooks and PDFs."""
    said = [page.body.decode("utf-8", "replace"), str(page.headers)]
    said += [unquote(one) for one in said]
    said.append(re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), said[0]))
    if page.body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(page.body)) as book:
            said += [book.read(name).decode("utf-8", "replace") for name in book.namelist()]
    if page.body[:4] == b"%PDF":
        said += [one.extract_text() for one in PdfReader(io.BytesIO(page.body)).pages]
    return "\n".join(said)


def is_picture(page: Page) -> bool:
    """Is it a picture of a page?"""
    return page.headers.get("content-type", "").startswith(PICTURES)


def addresses(door: Door) -> list[str]:
    """Every route that is asked for by an address, its parts filled with the planted record and what hangs on it, and every way of searching."""
    number = numbers(door)[TITLE]
    log_id = door.hub.nodes[-1].log_id.hex()
    values = {
        "{log_id}": (log_id,), "{number}": (str(number), "1"), "{record}": (str(number), "2"), "{page}": ("1",), "{zoom}": ("0",), "{x}": ("0",),
        "{y}": ("0",), "{round}": ("1",), "{name}": ("target", "婚姻"), "{tag}": ("zh-CN",), "{digest}": ("0",), **TIMES,
    }  # fmt: skip
    made = []
    for route in ROUTES:
        if route.method == "GET" and not route.live and not route.path.startswith(("/static", "/language", "/theme")):
            names = re.findall(r"\{\w+\}", route.path)
            pieces = re.split(r"\{\w+\}", route.path)
            for some in itertools.product(*(values.get(name, ("1",)) for name in names)):
                made += ["".join(itertools.chain(*itertools.zip_longest(pieces, some, fillvalue="")))]
    for query in ASKED:
        made += [f"/search?q={query}", f"/search/suggest?q={query}", f"/search/export?q={query}", f"/search/export?q={query}&format=xlsx"]
        made += [f"/search/facets?q={query}", f"/search?q={query}&mode=both&sort=date&facets=1"]
    made += [f"/records/{number}?q=玉兰", "/search?opening=控制&facets=1", "/search?fonds=J099", "/requests?q=玉兰", "/requests?name=玉兰", "/statistics?year=2023"]
    return [quote(one, safe="/?&=.%") for one in dict.fromkeys(made)]


READERS = {
    "far": (Role.ARCHIVIST, {"holders": ("和平区",)}), "agency": (Role.AGENCY, {}),
    "own": (Role.AGENCY, {"fonds": ("J023",)}), "sys": (Role.SYSTEM, {}), "aud": (Role.AUDIT, {}),
}  # fmt: skip


def asked(door: Door, browser: Browser, paths: list[str], **headers: str) -> Iterator[tuple[str, Page]]:
    """Each address and its answer, redirects not followed."""
    for path in paths:
        door.hub.clock.skip += 1
        yield path, browser.ask("GET", path, **headers)


def test_the_marks_can_be_found(door: Door) -> None:
    """Who works with that district meets the marks in title, elements, suggestion, table and picture: what is looked for below is there to be found."""
    answers = asked(door, reader(door, "whole", Role.ARCHIVIST), addresses(door))
    met = {path for path, page in answers if MARK in readable(page) or is_picture(page)}
    number = numbers(door)[TITLE]
    for part in ("/search?q=", "/search/export?q=", "/search/suggest?q=", f"/records/{number}", f"/records/{number}/pages/1", f"/records/{number}/pages/1/image"):
        assert any(path.startswith(part) for path in met), part


@pytest.mark.parametrize("name", [*READERS, "nobody"])
def test_no_byte_of_what_is_not_open_reaches_a_lesser_reader(door: Door, name: str) -> None:
    """Every page, table, paper, picture and suggestion, over every route: no title, element, file name or code of the planted record, and no picture of it."""
    if name == "nobody":
        browser = door.browser()
    else:
        role, rights = READERS[name]
        browser = reader(door, name, role, **rights)  # type: ignore[arg-type]
    faults = []
    for path, page in asked(door, browser, addresses(door)):
        said = readable(page)
        # The auditor's journal names codes: who read what is what it is for.
        if MARK in said or (CODE in said and not path.startswith("/journal")):
            faults.append(f"{path}: {page.status}")
        if is_picture(page) and str(numbers(door)[TITLE]) in path:
            faults.append(f"{path}: a picture")
        assert page.status < 500, path
    assert not faults


def test_a_row_without_images_has_its_page(door: Door) -> None:
    """A row of the catalogue that no record stands for is shown with its description to who may see it, and to nobody else."""
    home = door.hub.hub.home
    text = f"档号\t题名\t密级\nJ099-YL·MH-0099\t{TITLE}目\t\n".encode()
    list(door.hub.hub.desk.stream("catalogue_import", files=[str(_sheet(home.path, text))], holder="河东区"))
    page = reader(door, "whole", Role.ARCHIVIST).get(quote(f"/search?q={TITLE}目", safe="/?&=."))
    (address,) = set(re.findall(r'href="(/records/\d+)', page.text))
    assert reader(door, "whole", Role.ARCHIVIST).get(address).says(f"{TITLE}目")
    assert reader(door, "far", Role.ARCHIVIST, holders=("和平区",)).ask("GET", address).status == 404


def _sheet(folder: Path, data: bytes) -> Path:
    path = folder.parent / "目录.tsv"
    path.write_bytes(data)
    return path


def test_nor_does_a_program_get_it(door: Door) -> None:
    """The API with a token of every scope, over every operation that is a GET, tells who finds what is open alone nothing of it."""
    browser = reader(door, "prog", Role.AGENCY)
    browser.get("/me/tokens")
    body = "&".join([f"form-token={browser.page.token}", "name=t", "days=9", *(f"scope={scope.value}" for scope in Scope)])
    key = re.search(r"jda_[a-z2-7]{32}", browser.ask("POST", "/me/tokens", body.encode(), Content_Type="application/x-www-form-urlencoded").text)
    assert key
    number, paths = numbers(door)[TITLE], []
    for operation in OPERATIONS:
        if operation.method == "GET":
            path = re.sub(r"\{page\}|\{number\}", "1", re.sub(r"\{id\}", str(number), operation.path))
            paths += [path, *(quote(f"{path}?q={query}", safe="/?&=.%") for query in ASKED)]
    met = 0
    for path, page in asked(door, Browser(door.address), paths, Authorization=f"Bearer {key[0]}"):
        assert MARK not in readable(page), path
        assert CODE not in readable(page), path
        assert not is_picture(page), path
        met += page.status == 200
    assert met, "no operation answered: nothing was tried"
