"""A page's file as text and back, in its own encoding; and where a new page's file lies."""

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import unquote

from coverage_kit.report.source.markdown_blocks import FRONT
from coverage_kit.report.source.markdown_page import quote_yaml
from coverage_kit.report.source.units import (
    Unit,
    at_level,
    escape_html,
    read_units,
    write_html,
    write_markdown,
)
from coverage_kit.report.source.words import CannotPlaceError
from coverage_kit.report.texts import safe_url
from coverage_kit.text.page_markup import (
    BOMS,
    INDEX_NAMES,
    MARKDOWN,
    META,
    WEB_NAMES,
    XML,
)

PAGES = frozenset({".html", ".htm"}) | MARKDOWN
_LANGUAGE = re.compile(
    r"<html[^>]*?\slang\s*=\s*[\"']?([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)",
    re.IGNORECASE,
)
_UNSAFE = re.compile(r"[^\w.()~ +-]")
_MOST_PART = 80
_MOST_PARTS = 12


@dataclass(frozen=True)
class SourceFile:
    """A page's file: its text, its encoding and the mark before it."""

    text: str
    encoding: str = "utf-8"
    mark: bytes = b""

    def write(self, text: str) -> "SourceFile":
        """Return the file with another text, whose new lines end as the old ones do."""
        is_windows = "\r\n" in self.text and "\n" not in self.text.replace("\r\n", "")
        return replace(
            self,
            text=text.replace("\r\n", "\n").replace("\n", "\r\n") if is_windows else text,
        )

    def to_bytes(self) -> bytes:
        """Return the file's bytes; what its encoding lacks becomes a character reference, as HTML and Markdown read it."""
        try:
            return self.mark + self.text.encode(self.encoding, "surrogateescape")
        except UnicodeEncodeError:
            parts = (_encode(character, self.encoding) for character in self.text)
            return self.mark + b"".join(parts)


def _encode(character: str, encoding: str) -> bytes:
    handler = "surrogateescape" if "\udc80" <= character <= "\udcff" else "xmlcharrefreplace"
    return character.encode(encoding, handler)


def read_source(content: bytes) -> SourceFile:
    """Return a file's text so that the same bytes can be written again: by its mark, as UTF-8, or as a meta tag says.

    Raises CannotPlaceError for wide encodings without a mark.
    """
    for mark, encoding in BOMS:
        if content.startswith(mark):
            return SourceFile(
                content[len(mark) :].decode(encoding, "surrogatepass"),
                encoding,
                mark,
            )
    if b"\0" in content[:1000]:
        raise CannotPlaceError("the file's encoding is not known")
    try:
        return SourceFile(content.decode("utf-8"))
    except UnicodeDecodeError:
        encoding = _declared(content[:4096])
        return SourceFile(content.decode(encoding, "surrogateescape"), encoding)


def _declared(head: bytes) -> str:
    found = META.search(head) or XML.search(head)
    name = found[1].decode("ascii", "replace").lower() if found is not None else ""
    name = WEB_NAMES.get(name, name)
    try:
        is_usable = (
            name not in {"", "utf-8", "utf8"} and codecs.lookup(name).encode("<a>")[0] == b"<a>"
        )
    except (LookupError, UnicodeError, ValueError):
        is_usable = False
    return name if is_usable else "cp1252"


def place_new_page(page_id: str, known: Sequence[tuple[str, str]]) -> PurePosixPath:
    """Return the file of a new page, beside the site's other pages and of their kind.

    Args:
        page_id: the proposed id: the page's URL without the scheme, or folder/path.
        known: page_id and file (relative, with /) of the pages that are there.

    Raises CannotPlaceError for an id that names no file.

    >>> place_new_page("shop.example/help/tyres", [("shop.example/help/brakes.html", "help/brakes.html")])
    PurePosixPath('help/tyres.html')
    """
    prefix = _find_prefix(known)
    rest = (
        page_id.removeprefix(f"{prefix}/")
        if prefix and page_id.startswith(f"{prefix}/")
        else page_id.partition("/")[2]
    )
    parts = [
        _safe_part(part) for part in unquote(rest.split("?")[0]).split("/") if part not in {"", "."}
    ]
    if not 0 < len(parts) <= _MOST_PARTS or not all(parts):
        raise CannotPlaceError("the new page's id names no file")
    suffixes = Counter(PurePosixPath(file).suffix.lower() for _, file in known)
    suffix = suffixes.most_common(1)[0][0] if suffixes else ".html"
    path = PurePosixPath(*parts)
    return path if path.suffix.lower() == suffix else path.with_name(f"{path.name}{suffix}")


def _find_prefix(known: Sequence[tuple[str, str]]) -> str:
    """Return what most pages' ids have in front of their file's path."""
    prefixes: Counter[str] = Counter()
    for page_id, file in known:
        path = PurePosixPath(file)
        ends = [path.as_posix(), path.with_suffix("").as_posix()]
        ends += (
            [path.parent.as_posix()]
            if path.stem.lower() in INDEX_NAMES and path.parent.name
            else []
        )
        found = next(
            (page_id.removesuffix(f"/{end}") for end in ends if page_id.endswith(f"/{end}")),
            "",
        )
        prefixes[found] += bool(found)
    return max(prefixes, key=lambda one: (prefixes[one], one)) if prefixes else ""


def _safe_part(part: str) -> str:
    """Return one step of a path, without what a file system or a browser could read otherwise."""
    name = _UNSAFE.sub("-", part).strip(". ")[:_MOST_PART]
    return "" if name in {"", "..", "."} else name


def write_new_page(markdown: str, url: str, sibling: str, *, is_markdown: bool) -> tuple[str, str]:
    """Return a new page's title and its source, in the format, language and front matter of a page beside it."""
    units = read_units(markdown)
    title = next((unit.text for unit in units if unit.kind == "heading"), "")
    if not title:
        raise CannotPlaceError("the new page has no title: its words start with '# Title'")
    units = (
        at_level(units, 1) if units[0].kind == "heading" else [Unit("heading", title, 1), *units]
    )
    if is_markdown:
        return title, _new_markdown(title, units, sibling)
    return title, _new_html(title, units, url, sibling)


def _new_markdown(title: str, units: list[Unit], sibling: str) -> str:
    front = FRONT.match(sibling)
    if front is None or front[1] != "---":
        return write_markdown(units) + "\n"
    return f"---\ntitle: {quote_yaml(title)}\n---\n\n{write_markdown(units)}\n"


def _new_html(title: str, units: list[Unit], url: str, sibling: str) -> str:
    language = _LANGUAGE.search(sibling)
    canonical = safe_url(url)
    lines = [
        "<!doctype html>",
        f'<html lang="{language[1]}">' if language is not None else "<html>",
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape_html(title)}</title>",
        *(
            [f'<link rel="canonical" href="{escape_html(canonical, is_value=True)}">']
            if canonical
            else []
        ),
        *("</head>", "<body>", "<main>", "<article>"),
        *write_html(units),
        *("</article>", "</main>", "</body>", "</html>"),
    ]
    return "\n".join(lines) + "\n"
