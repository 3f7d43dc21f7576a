"""Open pages whose text is missing without scripts in an installed browser (the extra browser).

The browser reaches no network: each request of a page is answered here, by whoever fetches the
pages of the site, or refused.
"""

import html
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING

from coverage_kit.collect.decode import decode_page
from coverage_kit.collect.extract import extract_page
from coverage_kit.collect.fetch import Fetched
from coverage_kit.collect.page_try import try_page
from coverage_kit.collect.scripted import find_scripted
from coverage_kit.collect.structured import parse_html
from coverage_kit.errors import SiteError
from coverage_kit.settings import CrawlSettings
from coverage_kit.text.length import count_words

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright, Route

# Programs that the extra browser can drive, in order of preference.
_PROGRAMS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
)
# A page with fewer words of text may be a shell for scripts (assumed).
_FEW_WORDS = 50
# Seconds for the scripts of a page that make no pause, after which its text counts as it then is.
_IDLE_SECONDS = 5.0
# Requests of a page for which pauses are waited out (assumed).
_PACED_REQUESTS = 10
# Seconds for a page with all that it loads (assumed).
_PAGE_SECONDS = 30.0
# Seconds for the browser to hand out a page: one whose scripts never end hands out none (assumed).
_ANSWER_SECONDS = 5.0
# Headers with which an answer goes on to the browser: its kind, and who may read it.
_PASSED_HEADERS = ("content-type", "access-control-allow-origin", "access-control-allow-headers")
# A proxy at which nobody listens: what is not answered here goes nowhere.
_NO_PROXY = "http://127.0.0.1:9"
_ARGUMENTS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
)
# Shows what the elements that scripts define keep for themselves (open shadow roots) as plain
# content, which the page's source then has.
_OPEN_SHADOWS = """() => {
  const open = root => root.querySelectorAll("*").forEach(element => {
    if (!element.shadowRoot) return;
    open(element.shadowRoot);
    element.insertAdjacentHTML("afterbegin", element.shadowRoot.innerHTML);
  });
  open(document);
  return true;
}"""

# Returns the response to a request of a page, by address and headers; its status says why there is
# none.
Load = Callable[[str, Mapping[str, str]], Fetched]


class RenderError(Exception):
    """A page that the browser could not show; its text says why."""


def needs_browser(fetched: Fetched) -> bool:
    """Return whether the text of a page is missing without scripts."""

    def read() -> bool:
        tree = parse_html(decode_page(fetched.content, fetched.charset))
        text = extract_page(fetched.content, fetched.url, fetched.charset).text
        if tree is None or count_words(text) >= _FEW_WORDS:
            return False
        is_scripted = any(script.get("src") or script.text for script in tree.iter("script"))
        return is_scripted and (not text or next(find_scripted(tree, text), None) is not None)

    return try_page(fetched.url, read, lambda _: False)


class Renderer:
    """A browser without a screen and without a network, in a thread of its own.

    The thread is needed because notebooks run a loop of their own, beside which the browser's
    library does not work. Raises SiteError where the extra or the browser is missing.
    """

    def __init__(self, crawl: CrawlSettings, load: Load) -> None:
        self._crawl = crawl
        self._load = load
        self._program = _find_program(crawl.browser)
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="browser")
        try:
            self._thread.submit(self._open).result()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the browser."""
        self._thread.submit(self._shut).result()
        self._thread.shutdown()

    def render(self, fetched: Fetched) -> bytes:
        """Return the source of a page after its scripts have run, in UTF-8.

        Only scripts and data are loaded for it, each by `load`. Raises RenderError where the
        browser shows no page in time.
        """
        return self._thread.submit(self._render, fetched).result()

    def _open(self) -> None:
        from playwright.sync_api import Error, sync_playwright  # noqa: PLC0415 (an extra)

        try:
            self._playwright = self._playwright or sync_playwright().start()
            self._browser = self._playwright.chromium.launch(
                executable_path=self._program,
                # Chromium has no sandbox for the system's administrator.
                chromium_sandbox=_may_use_sandbox(),
                args=list(_ARGUMENTS),
                proxy={"server": _NO_PROXY, "bypass": "<-loopback>"},
            )
        except Error as error:
            cure = "Start it by hand to see what it lacks, or set crawl.browser to another."
            reason = next(iter(str(error).splitlines()), "an error")
            raise SiteError(self._program, "a browser that starts", reason, cure) from error

    def _shut(self) -> None:
        from playwright.sync_api import Error  # noqa: PLC0415 (an extra)

        with suppress(Error):
            if self._browser is not None:
                self._browser.close()
        if self._playwright is not None:
            self._playwright.stop()

    def _render(self, fetched: Fetched) -> bytes:
        from playwright.sync_api import Error  # noqa: PLC0415 (an extra)

        if self._browser is None or not self._browser.is_connected():
            self._open()
        if self._browser is None:
            raise RenderError("the browser does not start")
        try:
            context = self._browser.new_context(
                service_workers="block",
                accept_downloads=False,
                user_agent=self._crawl.user_agent,
            )
            try:
                page = context.new_page()
                return self._read(page, fetched)
            finally:
                with suppress(Error):
                    context.close()
        except Error as error:
            reason = next(iter(str(error).splitlines()), "an error")
            raise RenderError(reason) from None

    def _read(self, page: "Page", fetched: Fetched) -> bytes:
        from playwright.sync_api import Error  # noqa: PLC0415 (an extra)

        answers = _Answers(fetched, self._load)
        page.on("dialog", lambda dialog: dialog.dismiss())
        page.on("popup", lambda popup: popup.close())
        page.context.route("**/*", answers.answer)
        page.goto(fetched.url, wait_until="commit", timeout=_PAGE_SECONDS * 1e3)
        idle_seconds = _IDLE_SECONDS + _PACED_REQUESTS * self._crawl.delay_seconds
        with suppress(Error):
            page.wait_for_load_state("domcontentloaded", timeout=_PAGE_SECONDS * 1e3)
        with suppress(Error):
            # A page that asks for more again and again is taken as it is.
            page.wait_for_load_state("networkidle", timeout=idle_seconds * 1e3)
        answers.end()
        with suppress(Error):
            page.wait_for_function(_OPEN_SHADOWS, timeout=_ANSWER_SECONDS * 1e3)
        if page.url.startswith("chrome-error:"):
            raise RenderError("it left the page")
        root = page.locator("html")
        language = root.get_attribute("lang", timeout=_ANSWER_SECONDS * 1e3) or ""
        source = root.inner_html(timeout=_ANSWER_SECONDS * 1e3)
        if len(source) > self._crawl.max_page_megabytes * 1e6:
            raise RenderError("too large")
        named = f' lang="{html.escape(language)}"' if language else ""
        return f"<!DOCTYPE html><html{named}>{source}</html>".encode("utf-8", errors="replace")


class _Answers:
    """What the browser is answered while it shows one page."""

    def __init__(self, fetched: Fetched, load: Load) -> None:
        self._fetched = fetched
        self._load = load
        self._is_open = False
        self._end = time.monotonic() + _PAGE_SECONDS

    def end(self) -> None:
        """Refuse whatever the page asks for from now on."""
        self._end = 0.0

    def answer(self, route: "Route") -> None:
        """Answer one request: with the page itself, with what it may load, or not at all."""
        request = route.request
        if request.resource_type == "document":
            # Only the page itself: no frames, and no other page to which a script leads.
            if self._is_open or request.frame.parent_frame is not None:
                # An answer without content leaves the page as it is; a refusal would replace it
                # by the browser's own notice.
                route.fulfill(status=204)
                return
            self._is_open = True
            kind = self._fetched.headers.get("content-type") or "text/html"
            route.fulfill(status=200, content_type=kind, body=self._fetched.content)
        elif request.resource_type == "stylesheet":
            # Scripts may wait for styles, of which the text needs none.
            route.fulfill(status=200, content_type="text/css", body="")
        elif (
            request.resource_type not in {"script", "xhr", "fetch"}
            or request.method != "GET"
            or time.monotonic() > self._end
        ):
            route.abort("blockedbyclient")
        else:
            self._fulfill(route, self._load(request.url, _asked_headers(request.headers)))

    def _fulfill(self, route: "Route", answer: Fetched) -> None:
        status = 200 if answer.status == "ok" else _code_of(answer.status)
        if not status:
            route.abort("blockedbyclient")
            return
        names = [name for name in _PASSED_HEADERS if name in answer.headers]
        headers = {name: answer.headers[name] for name in names}
        route.fulfill(status=status, headers=headers, body=answer.content)


def _code_of(status: str) -> int:
    """Return the code in a status such as "http 404", or 0."""
    name, _, code = status.partition(" ")
    return int(code) if name == "http" and code.isdecimal() else 0


def _asked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a page's own request that go on to the server.

    Cookies and logins stay here: a page gets what any reader gets.
    """
    return {
        name: value
        for name, value in headers.items()
        if (name == "accept" or name.startswith("x-"))
        and len(value) < 1_000
        and value.isascii()
        and value.isprintable()
    }


def _find_program(named: str) -> str:
    if find_spec("playwright") is None:
        cure = 'Install it: pip install "coverage_kit[browser]"'
        raise SiteError("crawl.render", "the extra browser", "no package playwright", cure)
    if named:
        program = shutil.which(named)
        if program is None:
            cure = "Name the program itself, such as /usr/bin/chromium."
            raise SiteError("crawl.browser", "a program", repr(named), cure)
        return program
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        cure = "Install Chromium or Chrome, or name its program in crawl.browser."
        raise SiteError("crawl.render", "an installed Chromium or Chrome", "none", cure)
    return program


def _may_use_sandbox() -> bool:
    # Containers often lack what the sandbox needs, but run as administrator.
    return not (sys.platform.startswith("linux") and os.geteuid() == 0)
