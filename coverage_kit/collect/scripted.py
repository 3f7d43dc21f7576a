"""Text of a page that only shows once scripts have run: what most engines' readers never see."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from lxml.html import HtmlElement

from coverage_kit.collect.blocks import heading_level, plain_text
from coverage_kit.collect.structured import visible_text

_ROOTS = frozenset(
    {
        "root",
        "app",
        "__next",
        "__nuxt",
        "___gatsby",
        "svelte",
        "main-app",
        "react-root",
        "app-root",
        "q-app",
    }
)
_FEW_WORDS = 50  # of a page that is a shell for scripts
_LEAST_WORDS = 25  # of a text that is worth a reader's while
_LEAST_STRING_WORDS = 10
_ASKS = re.compile(
    r"(?:enable|turn on|activate|requires?|needs?|need|switch on)\W+(?:\w+\W+){0,4}?java ?script"
    r"|java ?script\W+(?:\w+\W+){0,4}?(?:disabled|required|enabled?|turned|needed|off)",
    re.IGNORECASE,
)
_WAITS = re.compile(
    r"(?:loading|please wait|fetching)(?: [\w\u2019']+){0,5} ?(?:\.{2,3}|…)?",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"\{\{|\$\{|<%|\[\[|\{%")
_STRING = re.compile(
    r"`((?:[^`\\]|\\.){40,20000})`|\"((?:[^\"\\\n]|\\.){40,20000})\"|'((?:[^'\\\n]|\\.){40,20000})'"
)
_CHROME = re.compile(
    r"cookie|consent|modal|popup|pop-up|menu|nav\b|navbar|toast|overlay|tooltip|dropdown|banner|search|newsletter|sr-only"
    r"|visually-hidden|dialog|lightbox|carousel|slide|captcha|honeypot",
    re.IGNORECASE,
)
_OTHER_TEXT = re.compile(
    r"cookie|consent|privacy|browser|copyright|license|licence|error|failed|captcha",
    re.IGNORECASE,
)
_SHOWN = (
    "img",
    "svg",
    "canvas",
    "video",
    "iframe",
    "form",
    "input",
    "picture",
    "object",
    "audio",
    "button",
)


class Scripted(NamedTuple):
    """One text that waits for scripts: what is seen of it, what it waits for, and the element where it stands."""

    text: str
    waits_for: str
    element: HtmlElement


def find_scripted(tree: HtmlElement, main_text: str) -> Iterator[Scripted]:
    """Yield what of a page shows only once scripts have run; `main_text` is its main content as it was read."""
    body = tree.find("body")
    if body is None:
        return
    shown = " ".join(visible_text(body).split())
    is_scripted = any(script.get("src") or (script.text or "").strip() for script in _scripts(tree))
    n_words = len(shown.split())
    if n_words < _FEW_WORDS and is_scripted:
        yield from _shells(body, shown)
    for element in body.iter("noscript"):
        text = plain_text(element)
        if _ASKS.search(text) and (_is_in_main(element) or n_words < _FEW_WORDS):
            yield Scripted(
                text,
                "the page asks readers without scripts to turn them on",
                element,
            )
    yield from _templates(body)
    yield from _strings(body, shown)
    yield from _hidden(body, main_text)
    if is_scripted:
        yield from _waiting(body)
        yield from _empty_places(body)


def _scripts(tree: HtmlElement) -> Iterator[HtmlElement]:
    """Yield the scripts that run, and not the data in script tags."""
    for script in tree.iter("script"):
        kind = (script.get("type") or "").lower()
        if not kind or "javascript" in kind or kind == "module":
            yield script


def _shells(body: HtmlElement, shown: str) -> Iterator[Scripted]:
    for element in body.iter("div", "main", "section"):
        if (element.get("id") or "").lower() in _ROOTS and not plain_text(element):
            yield Scripted(
                shown or "no words at all",
                f"scripts fill the empty element #{element.get('id')}",
                element,
            )
            return


def _templates(body: HtmlElement) -> Iterator[Scripted]:
    for element in body.iter("template"):
        text = " ".join(" ".join(element.itertext()).split())
        if (
            len(text.split()) >= _LEAST_WORDS
            and not _PLACEHOLDER.search(text)
            and not _is_chrome(element)
        ):
            yield Scripted(
                text,
                "it stands in a <template>, which only a script can show",
                element,
            )


def _strings(body: HtmlElement, shown: str) -> Iterator[Scripted]:
    """Yield prose in the strings of the page's own scripts that the page does not show."""
    for script in _scripts(body):
        found = [
            _prose(next(filter(None, one.groups()))) for one in _STRING.finditer(script.text or "")
        ]
        told = [
            one for one in found if one and one[:60] not in shown and not _OTHER_TEXT.search(one)
        ]
        text = " ".join(told)
        if len(text.split()) >= _LEAST_WORDS:
            yield Scripted(text, "a script writes it into the page", script)


def _prose(string: str) -> str:
    """Return the words of a script's string, empty where it is no prose."""
    text = " ".join(re.sub(r"<[^>]{1,300}>|\\[nrt]", " ", string).replace("\\", "").split())
    words = text.split()
    n_plain = sum(
        re.fullmatch(
            r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)?[.,;:!?)]?|[£$€]?\d[\d.,%]*",
            word,
        )
        is not None
        for word in words
    )
    return text if len(words) >= _LEAST_STRING_WORDS and n_plain >= 0.8 * len(words) else ""


def _hidden(body: HtmlElement, main_text: str) -> Iterator[Scripted]:
    for element in body.iter():
        if (
            not isinstance(element.tag, str)
            or not _is_hidden(element)
            or element.tag in {"template", "script", "noscript"}
        ):
            continue
        text = plain_text(element)
        is_main = _is_in_main(element) or text[:30] in " ".join(main_text.split())
        if len(text.split()) >= _LEAST_WORDS and is_main and not _is_chrome(element):
            yield Scripted(text, "it is hidden until a script shows it", element)


def _is_hidden(element: HtmlElement) -> bool:
    style = (element.get("style") or "").replace(" ", "").lower()
    return (
        "hidden" in element.attrib and element.get("hidden") != "until-found"
    ) or "display:none" in style


def _waiting(body: HtmlElement) -> Iterator[Scripted]:
    for element in body.iter("div", "p", "span", "section"):
        text = " ".join((element.text or "").split())
        if (
            text
            and len(element) == 0
            and _WAITS.fullmatch(text)
            and not _is_chrome(element)
            and not _is_in_page_furniture(element)
        ):
            yield Scripted(text, "a script is to replace this placeholder", element)


def _empty_places(body: HtmlElement) -> Iterator[Scripted]:
    """Yield headings with nothing below them but an empty element that a script can find."""
    for element in body.iter("div", "section", "ul", "tbody", "table"):
        is_named = element.get("id") or any(name.startswith("data-") for name in element.attrib)
        before = element.getprevious()
        if (
            not is_named
            or before is None
            or not heading_level(before)
            or plain_text(element)
            or _holds(element, _SHOWN)
        ):
            continue
        after = element.getnext()
        is_empty = after is None or heading_level(after) > 0 or after.tag == "script"
        if (
            is_empty
            and not (element.tail or "").strip()
            and not _is_in_page_furniture(element)
            and not _is_chrome(element)
        ):
            yield Scripted(
                plain_text(before),
                f"nothing stands below it but the empty element #{element.get('id') or '?'}",
                element,
            )


def _holds(element: HtmlElement, tags: tuple[str, ...]) -> bool:
    return next(element.iter(*tags), None) is not None


def _is_in_main(element: HtmlElement) -> bool:
    return any(
        one.tag in {"main", "article"} or one.get("role") == "main"
        for one in element.iterancestors()
    )


def _is_in_page_furniture(element: HtmlElement) -> bool:
    return any(one.tag in {"nav", "footer", "aside", "form"} for one in element.iterancestors())


def _is_chrome(element: HtmlElement) -> bool:
    """Return whether an element is a menu, a notice or the like, by its name and those of what holds it, or opens by itself."""
    for one in (element, *element.iterancestors()):
        if one.tag in {"body", "html", "main", "article"}:
            return False
        if one.tag in {
            "nav",
            "footer",
            "form",
            "dialog",
            "details",
            "aside",
        } or one.get("role") in {
            "tabpanel",
            "dialog",
            "menu",
        }:
            return True
        if _CHROME.search(f"{one.get('class') or ''} {one.get('id') or ''}"):
            return True
    return False
