"""One change made in one source: where the words are, which splices change them, and why it cannot be done where it cannot."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Protocol, TypeVar

from coverage_kit.report.source.html_page import HtmlPage
from coverage_kit.report.source.markdown_page import MarkdownPage
from coverage_kit.report.source.place import (
    Piece,
    find_heading,
    find_passage,
    heading_above,
    is_path_heading,
    path_keys,
    section_below,
    words_below,
)
from coverage_kit.report.source.units import Unit, read_units
from coverage_kit.report.source.words import (
    CannotPlaceError,
    SourceBlock,
    Splice,
    Word,
    apply_splices,
    words_key,
)

B = TypeVar("B", bound=SourceBlock)
Section = Sequence[tuple[int, str]]
_ITEMS = frozenset({"item", "number"})


class SourcePage(Protocol[B]):
    """A source of either format."""

    source: str
    blocks: list[B]

    def rewrite(self, block: B, unit: Unit) -> list[Splice]:
        """Put a unit's words in the place of a block's."""

    def rewrite_words(self, words: Sequence[Word], text: str, block: B) -> list[Splice]:
        """Put plain text in the place of some of a block's words."""

    def remove(self, blocks: Sequence[B]) -> list[Splice]:
        """Take blocks away."""

    def insert_before(self, block: B, units: Sequence[Unit]) -> list[Splice]:
        """Put units in front of a block."""

    def insert_after(self, block: B, units: Sequence[Unit]) -> list[Splice]:
        """Put units behind a block."""

    def insert_section(self, heading: B | None, last: B, units: list[Unit]) -> list[Splice]:
        """Put a section behind the last block of another."""

    def replace_title(self, before: str, after: str) -> list[Splice]:
        """Put a title in the place of another."""

    def is_beside(self, block: B, other: B) -> bool:
        """Return whether another block stands in the same part of the page."""


def make_change(
    source: str,
    change: Mapping[str, Any],
    section: Section,
    *,
    is_markdown: bool,
) -> str:
    """Return the source with one change made.

    Args:
        source: the page's HTML or Markdown.
        change: a row of the changes table, `before` and `after` as text.
        section: the passages of the section after which a section is inserted, in order, each with
            how much deeper its heading is than the section's.
        is_markdown: whether the source is Markdown.

    Raises CannotPlaceError where the words are not there, or the source cannot bear the change.
    """
    if is_markdown:
        return apply_splices(source, _splices(MarkdownPage(source), change, section))
    return apply_splices(source, _splices(HtmlPage(source), change, section))


def _splices(page: SourcePage[B], change: Mapping[str, Any], section: Section) -> list[Splice]:
    path = path_keys(change["heading_path"])
    action = change["action"]
    before = change["before"]
    after = change["after"]
    if action == "replace_title":
        return page.replace_title(before, _one_line(after))
    if action == "replace_heading":
        heading = find_heading(page.blocks, before, path)
        return page.rewrite_words(heading.words, _one_line(after), heading)
    if action == "replace_passage":
        return _replace(page, find_passage(page.blocks, words_key(before), path), after)
    if action == "remove_section":
        return _remove(page, find_passage(page.blocks, words_key(before), path))
    if action == "insert_section":
        return _insert(page, section, path, after)
    if action == "by_hand":
        raise CannotPlaceError("to be done by hand: no words of a passage are given for it")
    raise CannotPlaceError(f"the action {action} is not known")


def _one_line(text: str) -> str:
    units = read_units(text)
    if not units:
        raise CannotPlaceError("there are no words to put in")
    return units[0].text


def _replace(page: SourcePage[B], pieces: list[Piece[B]], after: str) -> list[Splice]:
    """Change what differs between a passage's blocks and the new ones; blocks with the same words stay untouched."""
    units = read_units(after, {piece.keys for piece in pieces})
    if not units:
        raise CannotPlaceError("there are no words to put in")
    old = [piece.keys for piece in pieces]
    new = [unit.keys for unit in units]
    splices: list[Splice] = []
    for kind, start, end, first, last in SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if kind != "equal":
            anchor = pieces[start - 1] if start else None
            splices += _replace_run(page, pieces[start:end], units[first:last], anchor, pieces[0])
    return splices


def _replace_run(
    page: SourcePage[B],
    pieces: list[Piece[B]],
    units: list[Unit],
    anchor: Piece[B] | None,
    first: Piece[B],
) -> list[Splice]:
    """Put units in the place of neighbouring pieces: like for like, then what is left over on either side."""
    splices: list[Splice] = []
    n_paired = 0
    for piece, unit in zip(pieces, units, strict=False):
        if not _is_like(piece, unit):
            break
        splices += (
            page.rewrite(piece.block, unit)
            if piece.is_whole
            else page.rewrite_words(piece.words, unit.text, piece.block)
        )
        n_paired += 1
    rest = units[n_paired:]
    gone = pieces[n_paired:]
    anchor = gone[-1] if gone else pieces[-1] if pieces else anchor
    if rest and anchor is not None and anchor.is_whole:
        splices += page.insert_after(anchor.block, rest)
    elif rest and anchor is None and first.is_whole:
        splices += page.insert_before(first.block, rest)
    elif rest:
        splices += _beside_words(page, anchor, first, rest)
    return splices + _take_away(page, gone)


def _is_like(piece: Piece[B], unit: Unit) -> bool:
    """Return whether a unit can stand in a piece's own element."""
    if not piece.is_whole:
        return unit.kind != "heading"
    kind = piece.block.kind
    if kind == "item":
        return unit.kind in _ITEMS
    if kind == "row":
        return unit.kind == "row" and unit.text.count(" | ") == piece.block.text.count(" | ")
    return unit.kind in {"text", "row"} and kind != "code"


def _beside_words(
    page: SourcePage[B],
    anchor: Piece[B] | None,
    first: Piece[B],
    units: list[Unit],
) -> list[Splice]:
    """Put units into the paragraph of which the passage is a part."""
    if any(unit.kind == "heading" for unit in units):
        raise CannotPlaceError(
            "a heading would stand within a paragraph: the passage is a part of one"
        )
    text = " ".join(unit.text for unit in units)
    if anchor is not None:
        (one,) = page.rewrite_words(anchor.words[-1:], "x", anchor.block)
        return [Splice(one.end, one.end, " " + _escaped(page, anchor, text))]
    (one,) = page.rewrite_words(first.words[:1], "x", first.block)
    return [Splice(one.start, one.start, _escaped(page, first, text) + " ")]


def _escaped(page: SourcePage[B], piece: Piece[B], text: str) -> str:
    (one,) = page.rewrite_words(piece.words[-1:], text, piece.block)
    return one.new


def _take_away(page: SourcePage[B], pieces: Sequence[Piece[B]]) -> list[Splice]:
    parts = [
        splice
        for piece in pieces
        if not piece.is_whole
        for splice in page.rewrite_words(piece.words, "", piece.block)
    ]
    whole = [piece.block for piece in pieces if piece.is_whole]
    return parts + (page.remove(whole) if whole else [])


def _remove(page: SourcePage[B], pieces: list[Piece[B]]) -> list[Splice]:
    """Take a passage away, and its heading where nothing is left under it."""
    parts = [piece for piece in pieces if not piece.is_whole]
    whole = [piece.block for piece in pieces if piece.is_whole]
    heading = heading_above(page.blocks, pieces[0].block)
    if heading is not None and not parts and heading.level > 1:
        left = [
            one
            for one in words_below(page.blocks, heading)
            if one not in whole and page.is_beside(pieces[-1].block, one)
        ]
        whole = whole if left else [heading, *whole]
    return _take_away(page, parts) + (page.remove(whole) if whole else [])


def _insert(
    page: SourcePage[B],
    section: Section,
    path: list[tuple[str, ...]],
    after: str,
) -> list[Splice]:
    """Put a section behind the one whose passages are named; where their words are gone, behind that of the heading."""
    units = read_units(after)
    if not units:
        raise CannotPlaceError("there are no words to put in")
    heading, last = _section_end(page, section, path)
    below = section_below(page.blocks, heading)
    for block in below[below.index(last) + 1 :] if last in below else []:
        if not page.is_beside(last, block):
            break
        last = block
    return page.insert_section(heading, last, units)


def _section_end(
    page: SourcePage[B], section: Section, path: list[tuple[str, ...]]
) -> tuple[B | None, B]:
    """Return the heading of a section, and the last block of it that is found."""
    found = None
    for depth, text in section:
        try:
            pieces = find_passage(page.blocks, words_key(text), path)
        except CannotPlaceError:
            continue
        found = (
            found[0] if found else heading_above(page.blocks, pieces[0].block, depth),
            pieces[-1].block,
        )
    if found is not None:
        return found
    headings = [
        block for block in page.blocks if is_path_heading(block) and path and block.keys == path[-1]
    ]
    top = section_below(page.blocks, None) if len(path) <= 1 else []
    if not headings and not top:
        raise CannotPlaceError("neither the section's words nor its heading are in the file")
    below = section_below(page.blocks, headings[0]) if headings else top
    return (headings[0], below[0] if below else headings[0]) if headings else (None, top[0])
