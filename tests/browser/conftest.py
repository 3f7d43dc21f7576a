"""A real browser, Debian's chromium.

Errors and warnings on its console, and requests to other machines, fail the test.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

CHROMIUM = shutil.which("chromium")
ARTEFACTS = Path(__file__).parents[2] / ".artefacts"
# An address on this machine: a file, data in the page, or a local server.
LOCAL = re.compile(r"^(file:|data:|blob:|about:|(http|ws)://(127\.0\.0\.1|localhost)[:/])")


# The scope is not the session, because the event loop would be in the way of the notebooks' own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("no chromium: 'make browser' installs it")
        pytest.skip("no chromium: install Debian's package, or run 'make browser' as root")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a file or an address.

    At the end of the test, the console must be empty and no other machine may have been asked for
    anything. Keyword arguments are those of a browser context (viewport, color_scheme). `within` is
    an existing context that stays open after the test. `noise` is a pattern of console messages
    that come from other programs.
    """
    opened = []
    complaints = []

    def open_address(
        address: str | Path, noise: str = "(?!)", within: BrowserContext | None = None, **options
    ) -> Page:
        context = within or browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, **options}
        )
        page = context.new_page()
        opened.append(page if within else context)

        def complain(kind: str, text: str) -> None:
            if not re.search(noise, text):
                complaints.append(f"{kind}: {text}")

        def read_message(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                complain(message.type, message.text)

        def check_address(kind: str, url: str) -> None:
            if not LOCAL.match(url):
                complaints.append(f"{kind}: {url}")

        page.on("console", read_message)
        page.on("pageerror", lambda error: complain("page error", str(error)))
        page.on("request", lambda request: check_address("request", request.url))
        page.on("websocket", lambda socket: check_address("socket", socket.url))
        page.goto(address.resolve().as_uri() if isinstance(address, Path) else address)
        return page

    yield open_address
    for page_or_context in opened:
        page_or_context.close()
    assert complaints == []


@pytest.fixture
def check_accessibility() -> Callable[[Page], None]:
    """Return a function that asserts that axe-core finds no serious or critical fault on a page."""

    def check(page: Page) -> None:
        grave = [
            (violation["id"], [node["html"][:200] for node in violation["nodes"][:3]])
            for violation in Axe().run(page).response["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
        assert grave == []

    return check


@pytest.fixture
def keep_screenshot() -> Callable[..., Path]:
    """Return a function that keeps a screenshot among the artefacts and returns its path."""

    def keep(page: Page, name: str, **options) -> Path:
        ARTEFACTS.mkdir(exist_ok=True)
        path = ARTEFACTS / f"{name}.png"
        page.screenshot(path=path, **options)
        return path

    return keep
