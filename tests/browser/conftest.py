"""A real browser, Debian's chromium: what it complains of, and what it asks of other machines, fails the test."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = shutil.which("chromium")
ARTEFACTS = Path(__file__).parents[2] / ".artefacts"
OURS = re.compile(r"^(file:|data:|blob:|about:|(http|ws)://(127\.0\.0\.1|localhost)[:/])")


@pytest.fixture(
    scope="module"
)  # not of the session: its event loop would be in the way of the notebooks' own
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
    """Open a file or an address; at the end of the test nothing may have been said on the console or asked of another machine.

    Keyword arguments are those of a browser context (viewport, color_scheme), or `within`: a
    context that outlives it, and `noise`: a pattern of console messages that are another program's.
    """
    opened, complaints = [], []

    def open_one(
        place: str | Path, noise: str = "(?!)", within: BrowserContext | None = None, **options
    ) -> Page:
        context = within or browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, **options}
        )
        page = context.new_page()
        opened.append(page if within else context)

        def complain(kind: str, text: str) -> None:
            if not re.search(noise, text):
                complaints.append(f"{kind}: {text}")

        page.on(
            "console", lambda one: one.type in ("error", "warning") and complain(one.type, one.text)
        )
        page.on("pageerror", lambda error: complain("page error", str(error)))
        page.on(
            "request", lambda one: OURS.match(one.url) or complaints.append(f"request: {one.url}")
        )
        page.on(
            "websocket", lambda one: OURS.match(one.url) or complaints.append(f"socket: {one.url}")
        )
        page.goto(place.resolve().as_uri() if isinstance(place, Path) else place)
        return page

    yield open_one
    for one in opened:
        one.close()
    assert complaints == []


@pytest.fixture
def check_accessibility() -> Callable[[Page], None]:
    """Assert that axe-core finds nothing serious or critical on the page as it stands."""

    def check(page: Page) -> None:
        found = Axe().run(page).response["violations"]
        grave = [one for one in found if one["impact"] in ("serious", "critical")]
        assert [
            (one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in grave
        ] == []

    return check


@pytest.fixture
def keep_screenshot() -> Callable[..., Path]:
    """Keep a screenshot among the test's artefacts, for people to look at; returns the file."""

    def keep(page: Page, name: str, **options) -> Path:
        ARTEFACTS.mkdir(exist_ok=True)
        path = ARTEFACTS / f"{name}.png"
        page.screenshot(path=path, **options)
        return path

    return keep
