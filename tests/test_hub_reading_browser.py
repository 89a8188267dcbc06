"""The reading room in a real Chromium: accessibility, suggestions while typing, the viewer with its tiles and marks, and work without script."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import SHIFT_MAX, chromium, shifted, window
from people_door import Browser, Door
from playwright.sync_api import Browser as Chromium
from reading_room_at_hub import numbers, reader

from hub.account import Role

OPEN = "关于修缮校舍的请示"
QUERY = "%E6%A0%A1%E8%88%8D"


@pytest.fixture(scope="module")
def browser(reading_room: Door, real_tool: Callable[[str], str]) -> Iterator[Chromium]:
    """One Chromium; it ends before the hub does."""
    with chromium(real_tool("chromium")) as made:
        yield made


@pytest.fixture(scope="module")
def archivist(reading_room: Door) -> Browser:
    """Who works with the district's records."""
    return reader(reading_room, "look", Role.ARCHIVIST, holders=("和平区",))


@pytest.mark.parametrize(
    ("tongue", "theme", "size"), [("zh-CN", "light", (1366, 768)), ("en", "dark", (360, 640))], ids=str
)
def test_the_reading_room_is_for_everybody(
    reading_room: Door, browser: Chromium, archivist: Browser, tongue: str, theme: str, size: tuple[int, int]
) -> None:
    """axe finds nothing serious, nothing scrolls sideways or moves while it loads, the page's own policy refuses nothing, pages without their images stay below
    200 KB."""
    number, faults = numbers(reading_room)[OPEN], list[str]()
    forms = (f"/records/{number}/proposal", f"/openings/new?record={number}")
    for path in (f"/search?q={QUERY}", f"/records/{number}", f"/records/{number}/pages/2?q={QUERY}", *forms):
        with window(browser, archivist, tongue=tongue, theme=theme, size=size) as context:
            page, said, weighed = context.new_page(), list[str](), list[int]()
            page.on("console", lambda message, said=said: said.append(message.text))
            page.on(
                "response",
                lambda answer, weighed=weighed: weighed.append(
                    0 if "image" in answer.headers.get("content-type", "") else len(answer.body())
                ),
            )
            page.goto(path)
            faults += [
                f"{path} {v['id']}"
                for v in Axe().run(page).response["violations"]
                if v["impact"] in ("serious", "critical")
            ]
            faults += [f"{path} {text}" for text in said if "404" not in text]
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                faults.append(f"{path} scrolls sideways")
            if (moved := shifted(page)) >= SHIFT_MAX:
                faults.append(f"{path} moves by {moved:.2f}")
            assert sum(weighed) <= 200_000, path
    assert not faults


def test_suggestions_come_while_typing(browser: Chromium, archivist: Browser) -> None:
    """What is typed is completed below the field; a suggestion is a link that searches; without script the button does it all."""
    with window(browser, archivist) as context:
        page = context.new_page()
        page.goto("/search")
        page.locator("#q").press_sequentially("校舍图")
        page.wait_for_selector(".suggestions a")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector(".hitlist")
        assert "图纸目录" in page.inner_text(".hitlist")
    with window(browser, archivist, script=False) as context:
        page = context.new_page()
        page.goto("/search")
        page.fill("#q", "校舍图")
        page.click("form[role=search] button")
        assert "图纸目录" in page.inner_text(".hitlist")


def test_the_viewer_shows_tiles_and_marks(reading_room: Door, browser: Chromium, archivist: Browser) -> None:
    """Tiles take the place of the plain picture, the line that matches is framed where it stands; without script the picture stays."""
    address = f"/records/{numbers(reading_room)[OPEN]}/pages/2?q={QUERY}"
    with window(browser, archivist) as context:
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector("#viewer .leaflet-tile-loaded")
        page.wait_for_selector("#viewer > img", state="detached")
        frame, whole = page.locator(".hit-box").bounding_box(), page.locator("#viewer").bounding_box()
        assert frame is not None
        assert whole is not None
        assert whole["y"] < frame["y"] < whole["y"] + whole["height"] / 2
        page.locator(".lines li").nth(2).focus()
        assert page.locator(".here-box").count() == 1
        page.click(".leaflet-control-zoom-in")
        page.locator("#viewer .leaflet-tile-loaded").nth(1).wait_for(state="attached")
    with window(browser, archivist, script=False) as context:
        page = context.new_page()
        page.goto(address)
        assert page.locator("#viewer img").evaluate("one => one.naturalHeight") > 800
