"""Make one change in one source: find its words, and return the splices that change them."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Protocol, TypeVar

from coverage_kit.escaping import for_line
from coverage_kit.report.source.html_page import HtmlPage
from coverage_kit.report.source.markdown_page import MarkdownPage
from coverage_kit.report.source.place import (
    Piece,
    WordsNotFoundError,
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
from coverage_kit.text.markdown.includes import ReadInclude
from coverage_kit.vocabulary import Action

B = TypeVar("B", bound=SourceBlock)
# The passages of a section: how much deeper than the section each passage's heading is, its text.
Section = Sequence[tuple[int, str]]
# So many included files are named in a reason.
_MAX_NAMES = 3
# Units that can replace an item of a list.
_ITEMS = frozenset({"item", "number"})


class SourcePage(Protocol[B]):
    """A source of either format."""

    source: str
    blocks: list[B]

    def rewrite(self, block: B, unit: Unit) -> list[Splice]:
        """Replace a block's words by a unit's."""

    def rewrite_words(self, words: Sequence[Word], text: str, block: B) -> list[Splice]:
        """Replace some of a block's words by plain text."""

    def remove(self, blocks: Sequence[B]) -> list[Splice]:
        """Remove blocks."""

    def insert_before(self, block: B, units: Sequence[Unit]) -> list[Splice]:
        """Insert units before a block."""

    def insert_after(self, block: B, units: Sequence[Unit]) -> list[Splice]:
        """Insert units after a block."""

    def insert_section(self, heading: B | None, last: B, units: list[Unit]) -> list[Splice]:
        """Insert a section after the last block of another section."""

    def replace_title(self, before: str, after: str) -> list[Splice]:
        """Replace a title by another."""

    def is_beside(self, block: B, candidate: B) -> bool:
        """Return whether another block is in the same part of the page."""


def make_change(  # noqa: PLR0913 (what a file is, and what is changed in it)
    source: str,
    change: Mapping[str, Any],
    section: Section,
    read_include: ReadInclude | None = None,
    *,
    is_markdown: bool,
    is_mdx: bool = False,
) -> str:
    """Return the source with one change made.

    Args:
        source: the page's HTML or Markdown.
        change: a row of the changes table, `before` and `after` as text.
        section: the passages, in order, of the section after which a section is inserted: how much
            deeper than the section's heading each passage's heading is, and its text.
        read_include: returns the text of a file that the source includes, by its target.
        is_markdown: whether the source is Markdown.
        is_mdx: whether it is MDX by the name of its file; otherwise its signs decide.

    Raises CannotPlaceError where the words are not in the source, or the source does not allow the
    change.
    """
    if is_markdown:
        page = MarkdownPage(source, read_include, is_mdx=is_mdx)
        try:
            return apply_splices(source, _splices(page, change, section))
        except WordsNotFoundError as error:
            reason = _with_includes(str(error), page)
        # Some generators show words of the front matter above the text.
        page = MarkdownPage(source, read_include, is_mdx=is_mdx, shows_front=True)
        try:
            return apply_splices(source, _splices(page, change, section))
        except WordsNotFoundError:
            raise CannotPlaceError(reason) from None
    return apply_splices(source, _splices(HtmlPage(source), change, section))


def _with_includes(reason: str, page: MarkdownPage) -> str:
    """Return why words are not in a file, with the files that it includes, if there are any."""
    if not page.includes:
        return reason
    names = ", ".join(for_line(target) for target in page.includes[:_MAX_NAMES])
    return f"{reason}; they may be in a file that it includes: {names}"


def _splices(page: SourcePage[B], change: Mapping[str, Any], section: Section) -> list[Splice]:
    # Several edits may change a page, so words are found by comparing them, not by position.
    path = path_keys(change["heading_path"])
    action: Action = change["action"]
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
        raise CannotPlaceError("to be done by hand: the change has no words of a passage")
    raise CannotPlaceError(f"the action {action} is not known")


def _one_line(text: str) -> str:
    """Return the first heading or paragraph of a text as one line."""
    units = read_units(text)
    if not units:
        raise CannotPlaceError("there are no words to put in")
    return units[0].text


def _replace(page: SourcePage[B], pieces: list[Piece[B]], after: str) -> list[Splice]:
    """Change the blocks of a passage that differ; blocks with the same words stay untouched."""
    units = read_units(after, {piece.keys for piece in pieces})
    if not units:
        raise CannotPlaceError("there are no words to put in")
    old = [piece.keys for piece in pieces]
    new = [unit.keys for unit in units]
    splices: list[Splice] = []
    opcodes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for kind, old_start, old_end, new_start, new_end in opcodes:
        if kind == "equal":
            continue
        anchor = pieces[old_start - 1] if old_start else None
        splices += _replace_run(
            page, pieces[old_start:old_end], units[new_start:new_end], anchor, pieces[0]
        )
    return splices


def _replace_run(
    page: SourcePage[B],
    pieces: list[Piece[B]],
    units: list[Unit],
    anchor: Piece[B] | None,
    first: Piece[B],
) -> list[Splice]:
    """Replace neighbouring pieces by units.

    A unit takes the place of a piece as long as both are of one kind. The units that are left are
    inserted, and the pieces that are left are removed.

    Args:
        page: the source.
        pieces: the pieces.
        units: the units.
        anchor: the piece before them, or None if they begin the passage.
        first: the first piece of the passage.
    """
    splices: list[Splice] = []
    n_paired = 0
    for piece, unit in zip(pieces, units, strict=False):
        if not _is_like(piece, unit):
            break
        if piece.is_whole:
            splices += page.rewrite(piece.block, unit)
        else:
            splices += page.rewrite_words(piece.words, unit.text, piece.block)
        n_paired += 1
    new_units = units[n_paired:]
    old_pieces = pieces[n_paired:]
    if pieces:
        anchor = pieces[-1]
    if new_units and anchor is not None and anchor.is_whole:
        splices += page.insert_after(anchor.block, new_units)
    elif new_units and anchor is None and first.is_whole:
        splices += page.insert_before(first.block, new_units)
    elif new_units:
        splices += _insert_words(page, anchor, first, new_units)
    return splices + _remove_pieces(page, old_pieces)


def _is_like(piece: Piece[B], unit: Unit) -> bool:
    """Return whether a unit can take the place of a piece in its element."""
    if not piece.is_whole:
        return unit.kind != "heading"
    kind = piece.block.kind
    if kind == "item":
        return unit.kind in _ITEMS
    if kind == "row":
        return unit.kind == "row" and unit.text.count(" | ") == piece.block.text.count(" | ")
    return unit.kind in {"text", "row"} and kind != "code"


def _insert_words(
    page: SourcePage[B],
    anchor: Piece[B] | None,
    first: Piece[B],
    units: list[Unit],
) -> list[Splice]:
    """Insert units as words of the paragraph that the passage is a part of."""
    if any(unit.kind == "heading" for unit in units):
        raise CannotPlaceError(
            "a heading would be inside a paragraph, because the passage is only a part of it"
        )
    text = " ".join(unit.text for unit in units)
    # The words themselves stay: rewriting them only shows where they start and end.
    if anchor is not None:
        (splice,) = page.rewrite_words(anchor.words[-1:], "x", anchor.block)
        return [Splice(splice.end, splice.end, " " + _escape(page, anchor, text))]
    (splice,) = page.rewrite_words(first.words[:1], "x", first.block)
    return [Splice(splice.start, splice.start, _escape(page, first, text) + " ")]


def _escape(page: SourcePage[B], piece: Piece[B], text: str) -> str:
    """Return plain text as the source's format writes it in the block of a piece."""
    (splice,) = page.rewrite_words(piece.words[-1:], text, piece.block)
    return splice.new


def _remove_pieces(page: SourcePage[B], pieces: Sequence[Piece[B]]) -> list[Splice]:
    """Remove whole blocks, and of other blocks the words of the passage."""
    splices: list[Splice] = []
    for piece in pieces:
        if not piece.is_whole:
            splices += page.rewrite_words(piece.words, "", piece.block)
    blocks = [piece.block for piece in pieces if piece.is_whole]
    return splices + (page.remove(blocks) if blocks else [])


def _remove(page: SourcePage[B], pieces: list[Piece[B]]) -> list[Splice]:
    """Remove a passage, and its heading where nothing is left under it."""
    cut_pieces = [piece for piece in pieces if not piece.is_whole]
    blocks = [piece.block for piece in pieces if piece.is_whole]
    # An h1 is the title of the page: it stays.
    heading = heading_above(page.blocks, pieces[0].block)
    if heading is not None and not cut_pieces and heading.level > 1:
        remaining = [
            block
            for block in words_below(page.blocks, heading)
            if block not in blocks and page.is_beside(pieces[-1].block, block)
        ]
        blocks = blocks if remaining else [heading, *blocks]
    return _remove_pieces(page, cut_pieces) + (page.remove(blocks) if blocks else [])


def _insert(
    page: SourcePage[B],
    section: Section,
    path: list[tuple[str, ...]],
    after: str,
) -> list[Splice]:
    """Insert a section after the section with these passages.

    Where the words of all of them are gone, it is inserted after the section under the heading.
    """
    units = read_units(after)
    if not units:
        raise CannotPlaceError("there are no words to put in")
    heading, last = _section_end(page, section, path)
    # Blocks that follow in the same part of the page belong to the section, too.
    below = section_below(page.blocks, heading)
    following = below[below.index(last) + 1 :] if last in below else []
    for block in following:
        if not page.is_beside(last, block):
            break
        last = block
    return page.insert_section(heading, last, units)


def _section_end(
    page: SourcePage[B], section: Section, path: list[tuple[str, ...]]
) -> tuple[B | None, B]:
    """Return the heading of a section, and the section's last block that is in the source."""
    heading = None
    last = None
    for depth, text in section:
        try:
            pieces = find_passage(page.blocks, words_key(text), path)
        except CannotPlaceError:
            continue
        if last is None:
            heading = heading_above(page.blocks, pieces[0].block, depth)
        last = pieces[-1].block
    if last is not None:
        return heading, last
    # None of the passages is left: the section's heading shows where it was.
    headings = [
        block for block in page.blocks if is_path_heading(block) and path and block.keys == path[-1]
    ]
    if headings:
        below = section_below(page.blocks, headings[0])
        return headings[0], below[0] if below else headings[0]
    introduction = section_below(page.blocks, None) if len(path) <= 1 else []
    if introduction:
        return None, introduction[0]
    raise CannotPlaceError("neither the section's words nor its heading are in the file")
