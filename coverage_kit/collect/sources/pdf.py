"""Read a PDF as one page: its text in paragraphs, with headings by the size of their letters."""

import html
import io
import logging
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from math import ceil, hypot
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coverage_kit.collect.page_try import PageError, try_page
from coverage_kit.collect.rows import PageRows
from coverage_kit.collect.sources.pages import (
    PART,
    document_page,
    fill_page,
    needs_extra,
    with_cure,
)
from coverage_kit.collect.unread import UnreadItems

if TYPE_CHECKING:
    from pypdf import PdfReader

# Bounds of one file (assumed): a book of 1,000 pages takes about a minute.
_MAX_BYTES = 100_000_000
_MAX_PAGES = 2_000
# Of a damaged file every object is looked for: 100,000 take three seconds (measured).
_MAX_OBJECTS = 500_000
_MAX_SECONDS = 120.0
# Letters larger than those of the text by this share are a heading, where the line is short
# (assumed).
_HEADING_RATIO = 1.15
_MAX_HEADING_WORDS = 20
# A size of more of the letters is that of text, beside notes in small print (assumed).
_MAX_HEADING_SHARE = 0.3
# Lines at the top and bottom of a page that may be its header and footer.
_N_EDGE_LINES = 2
# The share of a page's height in which these are, from each end (assumed).
_MARGIN_SHARE = 0.12
# Gaps larger than a line's usual step by this share end a paragraph (assumed).
_GAP_RATIO = 1.3
# Steps of more than this many sizes are those of text with double spacing (assumed).
_DOUBLE_SPACED = 1.75
# Dashes and quotes of all kinds are meant.
# ruff: noqa: RUF001
_BULLET = re.compile(r"^[•▪◦‣●○■□·∙➢✓–*-](?:\s+|$)")
_SENTENCE_END = re.compile(r"[.!?:;。！？][\"'”’)\]]*$")
_NUMBER = re.compile(r"\d+")
_BROKEN_WORD = re.compile(r"(\w+)[-\u00ad\u2010]$")
_FIRST_WORD = re.compile(r"^(\w+)")
_HYPHENATED = re.compile(r"\w+-\w+")
_LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
)
# Titles that programs write instead of the author.
_NO_TITLE = re.compile(
    r"^(?:microsoft \w+ - .*|untitled.*|document\d*"
    r"|.*\.(?:docx?|indd|pptx?|xlsx?|odt|tex|dvi|pdf))?$",
    re.IGNORECASE,
)

logger = logging.getLogger(__name__)
# What is wrong with a file is the status of its page.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class _Line:
    """One line of a page: its words, the place of its start in points, and the letters' size.

    `is_in_margin` says that it is near the top or bottom of the page.
    """

    text: str
    page: int
    x: float
    y: float
    size: float
    is_in_margin: bool = False


class _TimeUpError(PageError):
    """The file takes longer than a file may."""


def read_pdf(path: Path, base: str, unread: UnreadItems) -> list[PageRows]:
    """Return the one page of a PDF, whose status says why it has no text.

    Pages that are pictures are counted where others have text. Nothing else of the file, such as
    attachments, is read.
    """
    page = document_page(path, base)
    try:
        import pypdf  # noqa: F401, PLC0415
    except ImportError:
        return [needs_extra(page, "pdf")]
    return [try_page(page.location, lambda: _read(path, page, unread), page.with_status)]


def _read(path: Path, page: PageRows, unread: UnreadItems) -> PageRows:
    from pypdf import PdfReader  # noqa: PLC0415
    from pypdf.errors import DependencyError, PdfReadError  # noqa: PLC0415

    if path.stat().st_size > _MAX_BYTES:
        return page.with_status("too large")
    content = path.read_bytes()
    if b"%PDF-" not in content[:1024]:
        return page.with_status("unreadable: no PDF")
    if content.count(b" obj") > _MAX_OBJECTS:
        return page.with_status("too large")
    try:
        reader = PdfReader(io.BytesIO(content))
        is_locked = reader.is_encrypted and not reader.decrypt("")
        return (
            with_cure(page, "password", "Save it without a password.")
            if is_locked
            else _read_pages(reader, path, page, unread)
        )
    except DependencyError:
        cure = "Save it without encryption, or install the package cryptography."
        return with_cure(page, "encrypted", cure)
    except PdfReadError:
        return with_cure(page, "unreadable: a damaged PDF", "Export it again.")


def _read_pages(reader: "PdfReader", path: Path, page: PageRows, unread: UnreadItems) -> PageRows:
    lines: list[_Line] = []
    n_pages = len(reader.pages)
    n_images = n_left = n_broken = 0
    deadline = time.monotonic() + _MAX_SECONDS
    for number in range(n_pages):
        if number >= _MAX_PAGES or time.monotonic() > deadline:
            n_left = n_pages - number
            break
        try:
            found, has_images = _read_lines(reader.pages[number], number + 1, deadline)
        except (MemoryError, _TimeUpError):
            n_left = n_pages - number
            break
        # Each page of a damaged file has its own fault.
        except Exception:
            logger.debug("%r: page %d", path, number + 1, exc_info=True)
            n_broken += 1
            continue
        lines += found
        n_images += has_images and not found
    if not lines:
        return _without_text(page, n_images, n_broken, n_left)
    for n_items, reason, cure in (
        (n_images, "pages of a PDF that are only pictures", "Recognise their text (OCR)."),
        (n_broken, "damaged pages of a PDF", "Export it again."),
        (n_left, "pages of a PDF beyond the time or number that is read", "Split the file."),
    ):
        if n_items:
            unread.add(PART, reason, str(path), cure=cure, n_items=n_items)
    return _fill(reader, lines, path, page)


def _without_text(page: PageRows, n_images: int, n_broken: int, n_left: int) -> PageRows:
    if n_images:
        return with_cure(page, "only images", "Recognise its text (OCR), or add its words as HTML.")
    if n_broken or n_left:
        return with_cure(page, "unreadable: a damaged PDF", "Export it again.")
    return page.with_status("no text")


def _read_lines(page: Any, number: int, deadline: float) -> tuple[list[_Line], bool]:
    """Return the lines of a page, and whether it has pictures. Raises _TimeUpError."""
    lines: list[_Line] = []

    def check(*_: object) -> None:
        if time.monotonic() > deadline:
            raise _TimeUpError("it takes too long")

    def add(text: str, outer: list[float], inner: list[float], _: object, size: float) -> None:
        check()
        x = outer[0] * inner[4] + outer[2] * inner[5] + outer[4]
        y = outer[1] * inner[4] + outer[3] * inner[5] + outer[5]
        height = abs(size) * hypot(inner[2], inner[3]) * hypot(outer[2], outer[3])
        parts = text.translate(_LIGATURES).split("\n")
        for index, part in enumerate(parts):
            if part.strip():
                # Where a text holds several lines, the others are below the first.
                lines.append(_Line(part, number, x, y - 1.2 * height * index, height or 1.0))

    page.extract_text(visitor_text=add, visitor_operand_before=check)
    return _mark_margins(_join_fragments(lines), page), _has_images(page)


def _mark_margins(lines: list[_Line], page: Any) -> list[_Line]:
    bottom, top = float(page.mediabox.bottom), float(page.mediabox.top)
    margin = _MARGIN_SHARE * (top - bottom)
    return [
        replace(line, is_in_margin=not bottom + margin <= line.y <= top - margin) for line in lines
    ]


def _has_images(page: Any) -> bool:
    resources = page.get("/Resources")
    objects = resources.get_object().get("/XObject") if resources is not None else None
    # Scanners put a picture into a form at times: any object that is drawn counts.
    return bool(objects.get_object()) if objects is not None else False


def _join_fragments(fragments: list[_Line]) -> list[_Line]:
    """Return the lines that consecutive pieces of text at one height make up."""
    rows: list[list[_Line]] = []
    for fragment in fragments:
        last = rows[-1][-1] if rows else None
        if last is not None and abs(last.y - fragment.y) < 0.5 * max(last.size, fragment.size):
            rows[-1].append(fragment)
        else:
            rows.append([fragment])
    lines = []
    for row in rows:
        text = " ".join("".join(part.text for part in row).split())
        # The size of most letters: a raised figure is small, and a first letter may be large.
        largest = max(row, key=lambda part: len(part.text))
        lines.append(replace(row[0], text=text, size=largest.size, y=largest.y))
    return lines


def _fill(reader: "PdfReader", lines: list[_Line], path: Path, page: PageRows) -> PageRows:
    body_size = _body_size(lines)
    lines = _without_edges(lines, body_size)
    levels = _heading_levels(lines, body_size)
    declared = _title(reader)
    big = [line for line in lines if line.page == 1 and levels.get(_rounded(line.size))]
    first_big = max(big, key=lambda line: line.size).text if big else ""
    published, modified = (_date(reader, name) for name in ("creation_date", "modification_date"))
    return fill_page(
        page,
        _to_html(lines, levels, body_size),
        title=declared or first_big or path.stem,
        language=_language(reader),
        published=published,
        modified=modified,
    )


def _without_edges(lines: list[_Line], body_size: float) -> list[_Line]:
    """Return the lines without headers and footers.

    Those are edge lines that most pages repeat, and edge lines with the number of the page.
    """
    pages: dict[int, list[_Line]] = {}
    for line in lines:
        pages.setdefault(line.page, []).append(line)
    edges: dict[int, _Line] = {}
    for of_page in pages.values():
        by_height = sorted(of_page, key=lambda line: -line.y)
        chosen = [*by_height[:_N_EDGE_LINES], *by_height[-_N_EDGE_LINES:]]
        edges.update({id(line): line for line in chosen if line.is_in_margin})
    counts = Counter({_edge_key(line): 0 for line in edges.values()})
    counts.update(key for key, _ in {(_edge_key(line), line.page) for line in edges.values()})
    offsets = Counter(
        offset for offset, _ in {(_offset(line, body_size), line.page) for line in edges.values()}
    )
    # Left and right pages may have headers of their own.
    least = max(2, ceil((0.4 if len(pages) > 5 else 0.51) * len(pages)))
    return [
        line
        for line in lines
        if id(line) not in edges
        or (
            counts[_edge_key(line)] < least
            and (_offset(line, body_size) is None or offsets[_offset(line, body_size)] < least)
        )
    ]


def _edge_key(line: _Line) -> tuple[str, float]:
    # The first page may show the words of the header as its title, in larger letters.
    return _NUMBER.sub("#", line.text.casefold()), _rounded(line.size)


def _offset(line: _Line, body_size: float) -> int | None:
    """Return how far the number at the start or end of a short line is from that of its page.

    In large letters it is the number of a chapter, and the result None.
    """
    words = line.text.split()
    number = next((word for word in (words[-1], words[0]) if word.isdecimal()), "")
    is_short = len(words) <= _MAX_HEADING_WORDS and line.size < _HEADING_RATIO * body_size
    return int(number) - line.page if is_short and 0 < len(number) < 6 else None


def _rounded(size: float) -> float:
    return round(2 * size) / 2


def _letters(lines: list[_Line]) -> Counter[float]:
    """Return the number of letters of each size."""
    n_letters: Counter[float] = Counter()
    for line in lines:
        n_letters[_rounded(line.size)] += len(line.text)
    return n_letters


def _body_size(lines: list[_Line]) -> float:
    return _letters(lines).most_common(1)[0][0]


def _heading_levels(lines: list[_Line], body_size: float) -> dict[float, int]:
    """Return by size the level of headings: 1 for the largest if only the title has it."""
    n_letters = _letters(lines)
    most = _MAX_HEADING_SHARE * n_letters.total()
    sizes = Counter(
        _rounded(line.size)
        for line in lines
        if n_letters[_rounded(line.size)] <= most
        and line.size >= _HEADING_RATIO * body_size
        and len(line.text.split()) <= _MAX_HEADING_WORDS
    )
    ordered = sorted(sizes, reverse=True)
    first = 1 if ordered and sizes[ordered[0]] <= 2 else 2
    return {size: min(first + index, 6) for index, size in enumerate(ordered)}


def _to_html(lines: list[_Line], levels: dict[float, int], body_size: float) -> str:
    step = _line_step(lines, body_size)
    hyphenated = {word.casefold() for line in lines for word in _HYPHENATED.findall(line.text)}
    blocks: list[tuple[int, list[_Line]]] = []
    for line in lines:
        is_short = len(line.text.split()) <= _MAX_HEADING_WORDS
        level = levels.get(_rounded(line.size), 0) if is_short else 0
        last = blocks[-1] if blocks else None
        if last is not None and last[0] == level and not _begins(last[1][-1], line, step, level):
            last[1].append(line)
        else:
            blocks.append((level, [line]))
    return "\n".join(_block_html(level, block, hyphenated) for level, block in blocks)


def _line_step(lines: list[_Line], body_size: float) -> float:
    """Return the usual distance of two lines of text, in sizes of their letters."""
    steps = [
        (first.y - second.y) / first.size
        for first, second in pairwise(lines)
        if first.page == second.page and _rounded(first.size) == body_size
    ]
    usual = [step for step in steps if 0.5 < step < 3.5]
    # The steps between paragraphs are the larger ones.
    return sorted(usual)[len(usual) // 4] if usual else 1.2


def _begins(last: _Line, line: _Line, step: float, level: int) -> bool:
    """Return whether a line begins a new block."""
    if _BULLET.match(line.text):
        return True
    is_sentence_over = bool(_SENTENCE_END.search(last.text))
    down = (last.y - line.y) / last.size
    if level:
        return line.page != last.page or not 0 < down < 2
    if line.page != last.page or down <= 0:
        # The next page or column: a sentence goes on.
        return is_sentence_over or not line.text[:1].islower()
    if step > _DOUBLE_SPACED and down <= _GAP_RATIO * step:
        return is_sentence_over and len(last.text) < 0.8 * 80
    is_indented = line.x - last.x > 0.8 * line.size and not _BULLET.match(last.text)
    return down > _GAP_RATIO * step or (is_indented and is_sentence_over)


def _block_html(level: int, lines: list[_Line], hyphenated: set[str]) -> str:
    text = lines[0].text
    for line in lines[1:]:
        text = _joined(text, line.text, hyphenated)
    escaped = html.escape(text, quote=False)
    if level:
        return f'<h{level} id="page={lines[0].page}">{escaped}</h{level}>'
    bullet = _BULLET.match(text)
    if bullet and len(text) > bullet.end():
        return f"<ul><li>{html.escape(text[bullet.end() :], quote=False)}</li></ul>"
    return f"<p>{escaped}</p>"


def _joined(text: str, line: str, hyphenated: set[str]) -> str:
    """Return two lines as one; a word that was divided between them is whole again."""
    start = _BROKEN_WORD.search(text[-60:])
    end = _FIRST_WORD.match(line)
    if start is None or end is None or not line[:1].islower():
        return f"{text} {line}"
    # A word that has its hyphen elsewhere keeps it.
    keeps = f"{start[1]}-{end[1]}".casefold() in hyphenated
    return f"{text[:-1]}-{line}" if keeps else f"{text[:-1]}{line}"


def _safely(read: Callable[[], Any]) -> Any:
    """Return a value of a file's metadata, None where that is damaged."""
    try:
        return read()
    # The parser raises errors of many kinds for damaged values.
    except Exception:
        return None


def _title(reader: "PdfReader") -> str:
    title = _safely(lambda: reader.metadata.title if reader.metadata else None)
    text = " ".join(title.split()) if isinstance(title, str) else ""
    return "" if _NO_TITLE.match(text) else text


def _language(reader: "PdfReader") -> str:
    language = _safely(lambda: str(reader.root_object.get("/Lang") or ""))
    return language if isinstance(language, str) else ""


def _date(reader: "PdfReader", name: str) -> datetime | None:
    moment = _safely(lambda: getattr(reader.metadata, name))
    if not isinstance(moment, datetime) or not 1990 <= moment.year <= 2100:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
