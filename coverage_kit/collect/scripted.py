"""Find the text of a page that shows only once scripts have run.

Most readers of answer engines never see such text.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from lxml.html import HtmlElement

from coverage_kit.collect.blocks import plain_text
from coverage_kit.collect.structured import visible_text
from coverage_kit.text.length import count_words
from coverage_kit.text.page_elements import heading_level

# Ids of the empty elements that common frameworks fill by script.
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
# A page with fewer visible words may be a shell for scripts (assumed).
_FEW_WORDS = 50
# Shorter texts are labels rather than content (assumed).
_MIN_WORDS = 25
# Shorter strings are labels and messages of the script (assumed).
_MIN_STRING_WORDS = 10
# A notice such as "Please enable JavaScript" or "JavaScript is required".
_ASKS = re.compile(
    r"(?:enable|turn on|activate|requires?|needs?|need|switch on)\W+(?:\w+\W+){0,4}?java ?script"
    r"|java ?script\W+(?:\w+\W+){0,4}?(?:disabled|required|enabled?|turned|needed|off)",
    re.IGNORECASE,
)
# A placeholder such as "Loading…" or "Please wait".
_WAITS = re.compile(
    r"(?:loading|please wait|fetching)(?: [\w\u2019']+){0,5} ?(?:\.{2,3}|…)?",
    re.IGNORECASE,
)
# Marks of template languages, such as "{{ title }}" or "<%= title %>".
_PLACEHOLDER = re.compile(r"\{\{|\$\{|<%|\[\[|\{%")
# A string literal of JavaScript with 40 to 20,000 characters, in any of the three quotes.
_STRING = re.compile(
    r"`((?:[^`\\]|\\.){40,20000})`|\"((?:[^\"\\\n]|\\.){40,20000})\"|'((?:[^'\\\n]|\\.){40,20000})'"
)
# Classes and ids of menus, notices and other furniture of a page.
_CHROME = re.compile(
    r"cookie|consent|modal|popup|pop-up|menu|nav\b|navbar|toast|overlay|tooltip|dropdown|banner"
    r"|search|newsletter|sr-only|visually-hidden|dialog|lightbox|carousel|slide|captcha|honeypot",
    re.IGNORECASE,
)
# Words of notices and errors, which scripts hold without being content.
_OTHER_TEXT = re.compile(
    r"cookie|consent|privacy|browser|copyright|license|licence|error|failed|captcha",
    re.IGNORECASE,
)
# Elements that show something without words.
_VISIBLE_TAGS = (
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
    """One text that waits for scripts.

    `text` is what the page holds of it, `waits_for` says what it waits for, and `element` is the
    element that holds it.
    """

    text: str
    waits_for: str
    element: HtmlElement


def find_scripted(tree: HtmlElement, main_text: str) -> Iterator[Scripted]:
    """Yield the texts of a page that show only once scripts have run.

    `main_text` is the main content of the page as it was read.
    """
    body = tree.find("body")
    if body is None:
        return
    visible_words = " ".join(visible_text(body).split())
    is_scripted = any(script.get("src") or (script.text or "").strip() for script in _scripts(tree))
    n_words = count_words(visible_words)
    if n_words < _FEW_WORDS and is_scripted:
        yield from _shells(body, visible_words)
    for element in body.iter("noscript"):
        text = plain_text(element)
        if _ASKS.search(text) and (_is_in_main(element) or n_words < _FEW_WORDS):
            yield Scripted(
                text,
                "the page asks readers without scripts to turn them on",
                element,
            )
    yield from _templates(body)
    yield from _strings(body, visible_words)
    yield from _hidden(body, main_text)
    if is_scripted:
        yield from _waiting(body)
        yield from _empty_elements(body)


def _scripts(tree: HtmlElement) -> Iterator[HtmlElement]:
    """Yield the scripts that run, without the data in script tags."""
    for script in tree.iter("script"):
        kind = (script.get("type") or "").lower()
        if not kind or "javascript" in kind or kind == "module":
            yield script


def _shells(body: HtmlElement, visible_words: str) -> Iterator[Scripted]:
    for element in body.iter("div", "main", "section"):
        if (element.get("id") or "").lower() in _ROOTS and not plain_text(element):
            yield Scripted(
                visible_words or "no words at all",
                f"scripts fill the empty element #{element.get('id')}",
                element,
            )
            return


def _templates(body: HtmlElement) -> Iterator[Scripted]:
    for element in body.iter("template"):
        text = " ".join(" ".join(element.itertext()).split())
        if (
            count_words(text) >= _MIN_WORDS
            and not _PLACEHOLDER.search(text)
            and not _is_chrome(element)
        ):
            yield Scripted(
                text,
                "it is in a <template>, which only a script can show",
                element,
            )


def _strings(body: HtmlElement, visible_words: str) -> Iterator[Scripted]:
    """Yield prose in the strings of the page's own scripts that the page does not show."""
    for script in _scripts(body):
        literals = _STRING.finditer(script.text or "")
        texts = [_prose(next(filter(None, literal.groups()))) for literal in literals]
        hidden_texts = [
            text
            for text in texts
            if text and text[:60] not in visible_words and not _OTHER_TEXT.search(text)
        ]
        joined = " ".join(hidden_texts)
        if count_words(joined) >= _MIN_WORDS:
            yield Scripted(joined, "a script writes it into the page", script)


def _prose(string: str) -> str:
    """Return the words of a script's string, or empty text where it is no prose."""
    without_tags = re.sub(r"<[^>]{1,300}>|\\[nrt]", " ", string)
    text = " ".join(without_tags.replace("\\", "").split())
    words = text.split()
    # A plain word, perhaps with an apostrophe or hyphen and a full stop, or a figure; code has few.
    n_plain = sum(
        re.fullmatch(
            r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)?[.,;:!?)]?|[£$€]?\d[\d.,%]*",
            word,
        )
        is not None
        for word in words
    )
    # Four words of five must be plain; in code and templates fewer are (assumed).
    return text if len(words) >= _MIN_STRING_WORDS and n_plain >= 0.8 * len(words) else ""


def _hidden(body: HtmlElement, main_text: str) -> Iterator[Scripted]:
    main_words = " ".join(main_text.split())
    for element in body.iter():
        if (
            not isinstance(element.tag, str)
            or not _is_hidden(element)
            or element.tag in {"template", "script", "noscript"}
            # What is hidden within something hidden is part of its text.
            or any(map(_is_hidden, element.iterancestors()))
        ):
            continue
        text = plain_text(element)
        is_main = _is_in_main(element) or text[:30] in main_words
        if count_words(text) >= _MIN_WORDS and is_main and not _is_chrome(element):
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


def _empty_elements(body: HtmlElement) -> Iterator[Scripted]:
    """Yield headings with nothing below them except an empty element that a script can find."""
    for element in body.iter("div", "section", "ul", "tbody", "table"):
        has_handle = element.get("id") or any(name.startswith("data-") for name in element.attrib)
        previous = element.getprevious()
        if (
            not has_handle
            or previous is None
            or not heading_level(previous)
            or plain_text(element)
            or _holds(element, _VISIBLE_TAGS)
        ):
            continue
        following = element.getnext()
        is_empty = following is None or heading_level(following) > 0 or following.tag == "script"
        if (
            is_empty
            and not (element.tail or "").strip()
            and not _is_in_page_furniture(element)
            and not _is_chrome(element)
        ):
            yield Scripted(
                plain_text(previous),
                f"nothing stands below it but the empty element #{element.get('id') or '?'}",
                element,
            )


def _holds(element: HtmlElement, tags: tuple[str, ...]) -> bool:
    return next(element.iter(*tags), None) is not None


def _is_in_main(element: HtmlElement) -> bool:
    return any(
        ancestor.tag in {"main", "article"} or ancestor.get("role") == "main"
        for ancestor in element.iterancestors()
    )


def _is_in_page_furniture(element: HtmlElement) -> bool:
    return any(
        ancestor.tag in {"nav", "footer", "aside", "form"} for ancestor in element.iterancestors()
    )


def _is_chrome(element: HtmlElement) -> bool:
    """Return whether an element is a menu, a notice or the like, or opens by itself.

    The tags, roles, classes and ids of the element and of its ancestors decide.
    """
    for holder in (element, *element.iterancestors()):
        if holder.tag in {"body", "html", "main", "article"}:
            return False
        if holder.tag in {
            "nav",
            "footer",
            "form",
            "dialog",
            "details",
            "aside",
        } or holder.get("role") in {
            "tabpanel",
            "dialog",
            "menu",
        }:
            return True
        if _CHROME.search(f"{holder.get('class') or ''} {holder.get('id') or ''}"):
            return True
    return False
