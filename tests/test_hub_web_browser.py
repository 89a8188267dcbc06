"""The hub's pages in a real Chromium: accessibility, both languages, both themes, old and narrow screens, keyboard alone, without script."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import SHIFT_MAX, chromium, shifted, window
from people_at_hub import MACHINE, PASSWORD
from people_door import Browser, Door, open_door
from PIL import Image
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Response

from hub.account import Rights, Role

PAGES = {
    "/sign-in": "nobody", "/none": "nobody", "/me": "archivist", "/sign-in/password": "archivist", "/sign-in/enrol": "agency", "/accounts": "system",
    "/accounts/qian.8": "security", "/journal": "audit", "/monitor": "system", "/statistics": "archivist", "/statistics/scanned_items": "archivist",
    "/alarms": "system", "/outages": "system", "/monitor/progress": "system", "/requests": "archivist", "/requests/new": "agency", "/topics": "agency",
    "/reception": "archivist", "/me/tokens": "agency",
}  # fmt: skip
WHOLE = ("/sign-in", "/accounts/qian.8", "/monitor", "/statistics")
"""Pages whose dark English face is looked at by every rule; the others by those that colours, words and a narrow screen can break."""
SEEN = {
    "runOnly": [
        "color-contrast",
        "link-in-text-block",
        "link-name",
        "button-name",
        "label",
        "select-name",
        "document-title",
        "html-has-lang",
        "valid-lang",
    ]
}
FACES = [("zh-CN", "light", (1366, 768)), ("en", "dark", (360, 640))]


@pytest.fixture(scope="module")
def door(real_tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A hub with an account that waits."""
    real_tool("chromium")
    with open_door(tmp_path_factory.mktemp("door") / "hub") as made:
        made.hub.node("和平区")
        made.team.people.parts().desk.add(MACHINE, "qian.8", "钱八", Role.AGENCY, Rights("和平区民政局"))
        yield made


@pytest.fixture(scope="module")
def browser(door: Door, real_tool: Callable[[str], str]) -> Iterator[Chromium]:
    """One Chromium; it ends before the hub does, and its connections with it."""
    with chromium(real_tool("chromium")) as made:
        yield made


@pytest.fixture(scope="module")
def people(door: Door) -> dict[str, Browser]:
    """Who is signed in, by role."""
    made = {}
    for role in Role:
        door.hub.clock.skip += 120
        made[role.value] = door.signed_in(f"{role.value}1", role)
    made["nobody"] = door.browser()
    return made


def _weight(answer: Response) -> int:
    """Bytes of an answer; a stream has no end to wait for."""
    return 0 if "event-stream" in answer.headers.get("content-type", "") else len(answer.body())


@pytest.mark.parametrize(("tongue", "theme", "size"), FACES, ids=str)
def test_pages_are_for_everybody(
    browser: Chromium, door: Door, people: dict[str, Browser], tongue: str, theme: str, size: tuple[int, int]
) -> None:
    """axe finds nothing serious, no page scrolls sideways or moves while it loads, nothing is refused by the page's own policy, none is above 200 KB."""
    axe, faults = Axe(), []
    for who in dict.fromkeys(PAGES.values()):
        with window(browser, people[who], tongue=tongue, theme=theme, size=size) as context:
            for path in (path for path, role in PAGES.items() if role == who):
                page = context.new_page()
                said: list[str] = []
                weighed: list[int] = []
                page.on("console", lambda message, said=said: said.append(message.text))
                page.on("response", lambda answer, weighed=weighed: weighed.append(_weight(answer)))
                page.goto(path)
                found = axe.run(page, options=None if theme == "light" or path in WHOLE else SEEN).response[
                    "violations"
                ]
                faults += [
                    f"{path} {one['id']}: {one['nodes'][0]['html']}"
                    for one in found
                    if one["impact"] in ("serious", "critical")
                ]
                faults += [f"{path} {text}" for text in said if "404" not in text]
                if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                    faults.append(f"{path} scrolls sideways")
                if (moved := shifted(page)) >= SHIFT_MAX:
                    faults.append(f"{path} moves by {moved:.2f}")
                assert page.evaluate("document.documentElement.lang") == tongue
                assert sum(weighed) <= 200_000
                page.close()
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("script", [True, False])
def test_work_by_keyboard_alone(browser: Chromium, door: Door, people: dict[str, Browser], script: bool) -> None:
    """Signing in, the skip link, a form and its error work from the keyboard, with script and without."""
    door.hub.clock.skip += 120
    with window(browser, Browser(door.address), script=script) as context:
        page = context.new_page()
        page.goto("/sign-in")
        # Loaded is not focused: on a busy machine the first frame comes later, and what is typed before it goes nowhere.
        page.wait_for_selector("#name:focus")
        page.keyboard.type("archivist1")
        page.keyboard.press("Tab")
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        page.wait_for_selector("[role=alert]")
        page.wait_for_selector("input[type=password]:focus")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("h1:has-text('查档')")
        page.goto("/me")
        page.keyboard.press("Tab")
        assert "跳到正文" in page.inner_text(":focus")
        page.keyboard.press("Enter")
        assert page.url.endswith("#main")


def test_the_monitor_lives(browser: Chromium, door: Door, people: dict[str, Browser]) -> None:
    """A node that speaks for the first time appears on an open page by itself; the page's policy lets nothing else run."""
    with window(browser, people["archivist"]) as context:
        page = context.new_page()
        page.goto("/monitor")
        assert not page.is_visible("text=河西区")
        door.hub.node("河西区")
        page.wait_for_selector("text=河西区")
        assert page.evaluate("document.querySelectorAll('[data-live]').length") == 1
        planted = "() => { const s = document.createElement('script'); s.textContent = 'window.hit = 1'; document.body.append(s); return window.hit }"
        assert page.evaluate(planted) is None


def test_the_qr_code_is_one(browser: Chromium, people: dict[str, Browser]) -> None:
    """What a telephone would read from the screen is the address of the secret beside it."""
    import cv2

    with window(browser, people["agency"], theme="dark") as context:
        page = context.new_page()
        page.goto("/sign-in/enrol")
        picture = Image.open(BytesIO(page.locator("svg.qr").screenshot())).convert("RGB")
        secret = page.inner_text("code").replace(" ", "")
    # OpenCV's reader finds a code at some sizes and not at others; a telephone tries as well.
    sizes = (
        picture.resize((side, side), kind)
        for side in (400, 500, 600, 800, 1000)
        for kind in (Image.Resampling.NEAREST, Image.Resampling.BICUBIC)
    )
    read = next((text for one in sizes if (text := cv2.QRCodeDetector().detectAndDecode(np.asarray(one))[0])), "")
    assert read.startswith("otpauth://totp/")
    assert f"secret={secret}" in read


def test_paper_has_no_buttons(browser: Chromium, people: dict[str, Browser], tmp_path: Path) -> None:
    """Printed, the journal is its table: no menu, no form, black on white."""
    with window(browser, people["audit"], theme="dark") as context:
        page = context.new_page()
        page.goto("/journal")
        page.emulate_media(media="print")
        assert not page.is_visible("header.top")
        assert not page.is_visible("text=筛选")
        assert page.is_visible("table")
        assert page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor") == "rgb(255, 255, 255)"
