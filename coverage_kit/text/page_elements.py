"""What an element of an HTML page is for readers: a heading, a part of the page, an anchor.

Sites are read from lxml's tree (collect/blocks.py), and changed in a tree with positions
(report/source/html_blocks.py). Both trees answer the same questions here.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Any, Protocol

from coverage_kit.text.length import count_words
from coverage_kit.text.page_markup import INLINE, NOISE_CLASSES, READER_CLASSES, SKIPPED

# The level of each heading tag: 2 for "h2".
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
# An anchor that can be written into a heading of Markdown: no spaces and no braces. No real one is
# longer (assumed).
_ANCHOR = re.compile(r"[^\s{}]{1,200}")
# Elements that wrap a heading with its section, so that their id leads to the heading, too.
_WRAPPERS = frozenset({"section", "article", "div", "header", "hgroup", "details", "summary", "li"})
# A heading is within so many wrappers of its section at most (assumed).
_MAX_WRAPPERS = 3
# Attributes of a button that opens a section of the page.
_OPENERS = ("aria-expanded", "aria-controls", "data-bs-toggle")
# Elements whose words lead to the text after them, and the classes of such elements.
_LEADS = frozenset({"dt", "summary", "caption", "legend", "button"})
_LEAD_CLASSES = frozenset(
    {"admonition-title", "callout-title", "alert-heading", "custom-block-title"}
)
# What a table for layout holds and a table of data without headings of columns does not.
_IN_LAYOUT = frozenset({"pre", "ul", "ol", "dl", "h1", "h2", "h3", "h4"})
# Marks of a table of data: without them, lists and headings in its cells make it a layout.
_DATA_MARKS = frozenset({"th", "thead", "caption"})
# A cell of more words is a text rather than a value (assumed).
_MAX_CELL_WORDS = 80
# A cell that spans rows or columns is repeated where it is a label, not where it is a text
# (assumed), and no more often than a real table needs (assumed).
_MAX_LABEL_WORDS = 12
_MAX_SPAN = 20
_MAX_REPEATED = 10_000
# The value of `data-hidden` where a cell lacks it.
_SHOWN = "shown"
# Containers of code that may name its language.
_CODE_HOLDERS = frozenset({"div", "figure", "pre", "td", "tr", "tbody", "table", "span", "code"})
# A class that names the language of code: "language-bash", "highlight-source-shell".
_LANGUAGE_CLASS = re.compile(
    r"(?:language|lang|highlight-source|highlight|brush)[-:]\s*([\w+#.]{1,20})"
)
_NO_LANGUAGES = frozenset({"default", "none", "source", "text", "plaintext", "toolbar", "wrapper"})
_MAX_HOLDERS = 5
# Stands for a line break in a run of text; it is a space for str.split.
LINE_BREAK = "\x1d"
# Stands between items of a list until they are joined, and between lines of code that are blocks.
_ITEM = "\x1e"
_BREAK = "\x1f"
# Where lines are blocks and the source breaks them, too, one break is enough.
_LINES = re.compile("(?:\n?\x1f)+\n?")
# So many elements within a heading are searched for an anchor (assumed).
_MAX_INNER = 30


class Element(Protocol):
    """An element of either tree: what both have in common.

    `text` is the text before the first child, `tail` the text behind the element's own end.
    """

    @property
    def tag(self) -> Any:
        """The name of the element, in lower case; no text for a comment."""

    @property
    def text(self) -> Any:
        """The text before the first child, or None."""

    @property
    def tail(self) -> Any:
        """The text behind the element, or None."""

    def get(self, name: str, default: str = "") -> Any:
        """Return an attribute."""

    def getparent(self) -> Any:
        """Return the element around this element, or None."""

    def getprevious(self) -> Any:
        """Return the element before this element in the same parent, or None."""

    def iter(self) -> Any:
        """Yield the element and the elements in it, in reading order."""

    def itertext(self) -> Any:
        """Yield the texts in the element, in reading order."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the children."""


def heading_level(element: Element) -> int:
    """Return 1-6 for a heading, otherwise 0."""
    level = _HEADINGS.get(str(element.tag), 0)
    if level or element.get("role", "") != "heading":
        return level
    declared = element.get("aria-level", "2")
    return int(declared) if declared in {"1", "2", "3", "4", "5", "6"} else 2


def has_attribute(element: Element, name: str) -> bool:
    """Return whether an element has an attribute, with or without a value."""
    return bool(element.get(name, "\n") != "\n")


def class_names(element: Element) -> set[str]:
    """Return the classes of an element, in lower case."""
    return set(str(element.get("class", "")).lower().split())


def is_noise(element: Element) -> bool:
    """Return whether an element is a permalink, an edit link or a number of a line."""
    return not NOISE_CLASSES.isdisjoint(class_names(element))


def is_main(element: Element) -> bool:
    """Return whether an element is marked as main content."""
    return element.tag in {"main", "article"} or element.get("role", "") in {"main", "article"}


def holds_main(element: Element) -> bool:
    """Return whether main content is in an element."""
    return any(is_main(inner) for inner in element.iter() if inner is not element)


def opens_section(button: Element) -> bool:
    """Return whether a button opens a section of text and thus serves as its heading."""
    return any(has_attribute(button, name) for name in _OPENERS) or any(
        map(heading_level, button.iter())
    )


def heading_noise(heading: Element) -> set[Any]:
    """Return the elements in a heading that are no words of it, such as permalinks and buttons.

    Where nothing else is in the heading, they are its words.
    """
    noise: set[Any] = set()
    inner = [element for element in heading.iter() if isinstance(element.tag, str)][1:]
    for is_noise_of_heading in (_is_control, _is_permalink):
        more = noise | set(filter(is_noise_of_heading, inner))
        if more != noise and own_text(heading, more).strip(" \t\n¶#§🔗"):
            noise = more
    return noise


def _is_control(element: Element) -> bool:
    return (
        element.tag == "button"
        or element.get("aria-hidden", "") == "true"
        or not READER_CLASSES.isdisjoint(class_names(element))
    )


def _is_permalink(element: Element) -> bool:
    return bool(element.tag == "a" and element.get("href", "").startswith("#"))


def is_lead(element: Element) -> bool:
    """Return whether the words of an element lead to the text after them.

    That is a term, the title of a fold or of a note, a caption, or the button of an accordion.
    """
    return element.tag in _LEADS or not _LEAD_CLASSES.isdisjoint(class_names(element))


def own_text(element: Element, left_out: Collection[Any] = ()) -> str:
    """Return the text of an element, with spaces between its blocks.

    Scripts, line numbers, permalinks and the elements of `left_out` are not part of it.
    """
    pieces: list[str] = []
    _add_text(element, left_out, pieces, {"br": " "}, " ")
    return "".join(pieces)


def ends_in_break(pieces: Iterable[str]) -> bool:
    """Return whether a run of text ends in a line break; `pieces` are its pieces from the last."""
    last = next((piece for piece in pieces if piece == LINE_BREAK or piece.strip()), "")
    return last == LINE_BREAK


def cell_text(cell: Element, left_out: Collection[Any] = ()) -> str:
    """Return the text of a table's cell on one line: items of a list are joined by "; "."""
    pieces: list[str] = []
    _add_text(cell, left_out, pieces, {"br": " ", "li": _ITEM}, " ")
    items = (" ".join(item.split()) for item in "".join(pieces).split(_ITEM))
    return "; ".join(filter(None, items))


def code_text(element: Element, left_out: Collection[Any] = ()) -> str:
    """Return the text of a block of code with its line breaks."""
    pieces: list[str] = []
    _add_text(element, left_out, pieces, {"br": "\n"}, _BREAK)
    return _LINES.sub("\n", "".join(pieces)).strip("\n").rstrip()


def _add_text(
    element: Element,
    left_out: Collection[Any],
    pieces: list[str],
    before: dict[str, str],
    around: str,
) -> None:
    """Add the text of an element: `before` comes before elements by tag, `around` around blocks."""
    pieces.append(element.text or "")
    for child in element:
        is_block = child.tag != "br" and child.tag not in INLINE
        pieces.append(before.get(str(child.tag), around if is_block else ""))
        if child.tag not in SKIPPED and child not in left_out and not is_noise(child):
            _add_text(child, left_out, pieces, before, around)
        pieces.append(around if is_block else "")
        pieces.append(child.tail or "")


def is_code(element: Element) -> bool:
    """Return whether an element is a block of code."""
    if element.tag in {"pre", "listing"}:
        return True
    if element.tag not in {"code", "samp"} or "\n" not in own_text(element).strip():
        return False
    parent = element.getparent()
    is_alone = (
        parent is not None
        and parent.tag in {"div", "figure"}
        and not (parent.text or "").strip()
        and not (element.tail or "").strip()
    )
    return is_alone and bool(code_language(element))


def code_language(element: Element) -> str:
    """Return the language that the classes of a block of code, or of what is around it, name."""
    holders: list[Any] = [child for child in element if child.tag == "code"][:1]
    holder: Any = element
    while len(holders) < _MAX_HOLDERS and holder is not None and holder.tag in _CODE_HOLDERS:
        holders.append(holder)
        holder = holder.getparent()
    names = (name for holder in holders for name in _language_names(holder))
    return next((name for name in names if name not in _NO_LANGUAGES), "")


def _language_names(element: Element) -> Iterator[str]:
    yield from _LANGUAGE_CLASS.findall(element.get("class", ""))
    for name in ("data-lang", "data-language"):
        declared = re.fullmatch(r"[\w+#.-]{1,20}", element.get(name, ""))
        yield from [declared[0]] if declared is not None else []


def is_data_table(table: Element) -> bool:
    """Return whether a table holds data, and is not there to lay out the page.

    A table with another table in it is a layout. So is a table without headings of columns or rows
    that has lists, headings, code or long texts in its cells, or a single cell.
    """
    if table.get("role", "") in {"presentation", "none"}:
        return False
    tags = {str(inner.tag) for inner in table.iter() if inner is not table}
    if "table" in tags:
        return False
    if not _DATA_MARKS.isdisjoint(tags):
        return not {"h1", "h2"} & tags
    cells = [cell for _, cells in table_rows(table) for cell in cells]
    return (
        _IN_LAYOUT.isdisjoint(tags)
        and len(cells) > 1
        and not any(_is_long_text(cell) for cell in cells)
    )


def _is_long_text(cell: Element) -> bool:
    return count_words(own_text(cell)) > _MAX_CELL_WORDS


def table_rows(table: Element) -> list[tuple[Any, list[Any]]]:
    """Return the rows of a table with their cells.

    A label that spans several rows or columns is repeated in each of them. Columns that GitBook
    hides, such as the targets of cards, are left out.
    """
    rows: list[tuple[Any, list[Any]]] = []
    # By column: a cell from a row above, and in how many further rows it is repeated.
    hanging: dict[int, tuple[Any, int]] = {}
    n_cells = 0
    for row in _rows_in(table):
        cells: list[Any] = []
        own_cells = [cell for cell in row if cell.tag in {"td", "th"}]
        next_hanging: dict[int, tuple[Any, int]] = {}
        for cell in own_cells:
            _add_hanging(cells, hanging, next_hanging)
            is_repeated = len(own_cells) > 1 and n_cells < _MAX_REPEATED
            n_rows, n_columns = _spans(cell) if is_repeated else (1, 1)
            for _ in range(n_columns):
                if n_rows > 1:
                    next_hanging[len(cells)] = (cell, n_rows - 1)
                cells.append(cell)
        _add_hanging(cells, hanging, next_hanging)
        rows.append((row, cells))
        n_cells += len(cells)
        hanging = next_hanging
    return _without_hidden_columns(rows)


def _without_hidden_columns(rows: list[tuple[Any, list[Any]]]) -> list[tuple[Any, list[Any]]]:
    heads = rows[0][1] if rows else []
    hidden = {
        index for index, cell in enumerate(heads) if cell.get("data-hidden", _SHOWN) != _SHOWN
    }
    if not hidden:
        return rows
    return [
        (row, [cell for index, cell in enumerate(cells) if index not in hidden])
        for row, cells in rows
    ]


def _add_hanging(
    cells: list[Any],
    hanging: dict[int, tuple[Any, int]],
    next_hanging: dict[int, tuple[Any, int]],
) -> None:
    """Add the cells from rows above that belong at the next columns."""
    while (column := len(cells)) in hanging:
        cell, n_rows = hanging[column]
        if n_rows > 1:
            next_hanging[column] = (cell, n_rows - 1)
        cells.append(cell)


def _spans(cell: Element) -> tuple[int, int]:
    """Return the numbers of rows and columns in which a cell is repeated."""
    declared = [cell.get(name, "1") for name in ("rowspan", "colspan")]
    if declared == ["1", "1"] or not 0 < _n_words(cell) <= _MAX_LABEL_WORDS:
        return 1, 1
    n_rows, n_columns = (
        int(span) if span.isdecimal() and len(span) < 6 else 1 for span in declared
    )
    # A spanned value is one value; a spanned heading is above several.
    n_columns = n_columns if cell.tag == "th" else 1
    return max(1, min(n_rows, _MAX_SPAN)), max(1, min(n_columns, _MAX_SPAN))


def _n_words(element: Element) -> int:
    return count_words(own_text(element))


def _rows_in(element: Element) -> Iterator[Any]:
    """Yield the rows of a table that are in no other row, whose words they would repeat."""
    for child in element:
        if child.tag == "tr":
            yield child
        else:
            yield from _rows_in(child)


def heading_anchor(heading: Element) -> str:
    """Return the id to which a link to a heading leads, or no text.

    It is the id of the heading, or of an element within it, or the target of the heading's own
    permalink, or the id of the section that begins with the heading, or of an empty anchor before
    it.
    """
    candidates = [*_inner_anchors(heading), *_section_anchors(heading)]
    return next((anchor for anchor in candidates if _ANCHOR.fullmatch(anchor)), "")


def _inner_anchors(heading: Element) -> Iterator[str]:
    yield heading.get("id", "")
    inner = list(islice(heading.iter(), 1, _MAX_INNER))
    for element in inner:
        # The ids of drawings belong to their parts.
        if element.tag in {"a", "span", "button"}:
            yield element.get("id", "") or element.get("name", "")
    for element in inner:
        href = element.get("href", "") if element.tag == "a" else ""
        yield href[1:] if href.startswith("#") else ""


def _section_anchors(heading: Element) -> Iterator[str]:
    element: Any = heading
    for _ in range(_MAX_WRAPPERS):
        before = element.getprevious()
        while before is not None and _is_blank(before):
            if before.tag in {"a", "span"}:
                yield before.get("id", "") or before.get("name", "")
            before = before.getprevious()
        parent = element.getparent()
        is_first = before is None and parent is not None and not (parent.text or "").strip()
        if not is_first or parent.tag not in _WRAPPERS:
            return
        yield parent.get("id", "")
        element = parent


def _is_blank(element: Element) -> bool:
    """Return whether neither the element nor the text behind it has words."""
    words = (text for text in [*islice(element.itertext(), _MAX_INNER), element.tail or ""])
    return not any(text.strip() for text in words) and not heading_level(element)
