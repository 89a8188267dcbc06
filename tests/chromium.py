"""Debian's Chromium, headless, driven by Playwright: for tests of what people see. Never one that Playwright would download."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from people_door import Browser
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


SHIFT_MAX = 0.1
"""How much of a page may move by itself while it loads: above it people click on the wrong thing."""
_SHIFT = """() => new Promise(done => {
  let sum = 0;
  const add = entries => entries.forEach(one => { sum += one.value; });  // nobody touched the page: opening the window counts as a touch
  const seen = new PerformanceObserver(list => add(list.getEntries()));
  seen.observe({type: 'layout-shift', buffered: true});
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => { add(seen.takeRecords()); done(sum); })));
})"""


def shifted(page: Page) -> float:
    """The sum of the page's layout shifts since it was opened."""
    return float(page.evaluate(_SHIFT))


@contextlib.contextmanager
def chromium(path: str) -> Iterator[Chromium]:
    """The browser, closed at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def window(
    browser: Chromium,
    who: Browser,
    *,
    tongue: str = "zh-CN",
    theme: str = "light",
    size: tuple[int, int] = (1366, 768),
    script: bool = True,
) -> Iterator[BrowserContext]:
    """A window with the cookies of somebody who has signed in."""
    host, port = who.address
    base = f"https://{host}:{port}"
    context = browser.new_context(
        ignore_https_errors=True,
        base_url=base,
        viewport={"width": size[0], "height": size[1]},
        java_script_enabled=script,
        locale=tongue,
    )
    spoken = {**who.jar, "jindang-language": tongue, "jindang-theme": theme}
    context.add_cookies(
        [
            {"name": name, "value": value, "url": base, "secure": True, "sameSite": "Strict"}
            for name, value in spoken.items()
        ]
    )
    try:
        yield context
    finally:
        context.close()
