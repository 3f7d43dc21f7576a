"""Split pages into passages.

A passage holds the words under one heading, or a run of whole sentences where these are many. It is
no longer than what an encoder reads.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from coverage_kit.collect.copies import best_copy, text_key
from coverage_kit.collect.pieces import Limit, Piece, Ruler, cut_paragraph, split_paragraph
from coverage_kit.contracts import TokenCounter, fence_code
from coverage_kit.tables import PASSAGES, Pages, Passages, checked
from coverage_kit.text.length import count_words
from coverage_kit.text.sections import Section, read_sections

# What the bundled encoder reads of a text: 256 tokens, of which two open and close it.
_MAX_TOKENS = 254
# Under very long headings a fourth of what an encoder reads is left for words (assumed).
_LEAST_SHARE = 4
# A passage of fewer words says too little to be compared (assumed).
_TINY_WORDS = 5
# A text on more than this share of the pages of a site, and on more than so many pages, is common
# and counts once. Smaller sites than _MIN_PAGES have no common texts, because two pages may well
# share a passage there. The numbers are assumed.
_COMMON_SHARE = 0.3
_COMMON_PAGES = 3
_MIN_PAGES = 5
# A text of fewer words says what it says only with its heading: "Yes, we do." under two questions
# are two answers (assumed).
_SHORT_WORDS = 20

logger = logging.getLogger(__name__)


@dataclass
class _Room:
    """What still fits in a passage: words and tokens of prose, and words of code."""

    prose: Limit
    code: Limit

    def holds(self, piece: Piece) -> bool:
        """Return whether a piece fits."""
        return (self.code if piece.is_code else self.prose).holds(piece.size)

    def take(self, piece: Piece) -> None:
        """Take the size of a piece from the room."""
        if piece.is_code:
            self.code = self.code.without(piece.size)
        else:
            self.prose = self.prose.without(piece.size)


@checked
def split_pages(
    pages: Pages,
    max_words: int = 180,
    count_tokens: TokenCounter | None = None,
    max_tokens: int = _MAX_TOKENS,
) -> Passages:
    """Return the passages of the pages whose status is 'ok', in reading order.

    A text on more than 30% of the pages of a site, and on more than three pages, is a passage of
    one of these pages only (`best_copy`); this holds for sites of five pages or more.

    Args:
        pages: the pages of all sites.
        max_words: the most words of a passage, its code left out (`count_words`).
        count_tokens: counts what the encoder reads of texts; without it, tokens are an estimate by
            script (`estimate_tokens`).
        max_tokens: the most tokens of a passage with its headings, its code left out; by default
            those that the bundled encoder reads.
    """
    ruler = Ruler(count_tokens)
    limit = Limit(max_words, max_tokens)
    usable = pages[(pages["status"] == "ok") & pages["text"].notna()]
    rows = [row for page in usable.to_dict("records") for row in _page_rows(page, limit, ruler)]
    n_pages = {str(site): n for site, n in usable["site"].value_counts().items()}
    passages = _without_common_copies(rows, n_pages)
    # Numbered after copies are left out, so that the positions of a page have no gaps.
    positions: Counter[str] = Counter()
    for row in passages:
        row["position"] = positions[row["page_id"]]
        row["passage_id"] = f"{row['page_id']}#{row['position']}"
        positions[row["page_id"]] += 1
    return PASSAGES.table(passages)


def split_text(text: str, title: str = "", max_words: int = 180) -> list[tuple[str, str]]:
    r"""Return (heading path, words) of each passage of a page's Markdown, in order.

    Each passage has at most max_words words, its code left out, and is no longer than what the
    bundled encoder reads, by an estimate.

    >>> split_text("# Tea\n\n## Green\n\nSteep it. Drink it.", "Tea", max_words=2)
    [('Tea > Green', 'Steep it.'), ('Tea > Green', 'Drink it.')]
    """
    passages = _split_page(text, title, Limit(max_words, _MAX_TOKENS), Ruler(None))
    return [(section.path, _join(pieces)) for section, pieces in passages]


def _split_page(
    text: str, title: str, limit: Limit, ruler: Ruler
) -> Iterator[tuple[Section, list[Piece]]]:
    """Yield the pieces of each passage of a page's Markdown, with its section."""
    sections = [section for section in read_sections(text, title) if section.paragraphs]
    # Counted together, since an encoder's tokenizer is fastest with many texts at once.
    ruler.measure(f"{section.path}. " for section in sections if section.path)
    paragraphs = (paragraph for section in sections for paragraph in section.paragraphs)
    ruler.measure(words.strip() for words, is_code in paragraphs if not is_code)
    for section in sections:
        n_path_tokens = ruler.size(f"{section.path}. ").tokens if section.path else 0
        n_tokens = max(limit.tokens - n_path_tokens, limit.tokens // _LEAST_SHARE, 1)
        for pieces in _pack(section, Limit(limit.words, n_tokens), ruler):
            yield section, pieces
    ruler.forget()


def _page_rows(page: dict[Any, Any], limit: Limit, ruler: Ruler) -> Iterator[dict[str, Any]]:
    title = page["title"] if isinstance(page["title"], str) else ""
    for section, pieces in _split_page(page["text"], title, limit, ruler):
        yield {
            "passage_id": "",
            "page_id": page["page_id"],
            "site": page["site"],
            "position": 0,
            "heading_path": section.path,
            "text": _join(pieces),
            "n_words": count_words(_join_words(pieces)),
            "anchor": section.anchor or None,
        }


def _without_common_copies(
    rows: list[dict[str, Any]], n_pages: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Return the passages in order, with one copy of each text that many pages of a site share.

    One copy stays, because the site does say it: without it its topic would be a false gap.

    Args:
        rows: the passages of all sites.
        n_pages: by site, the number of its pages.
    """
    copies: dict[tuple[str, str], list[dict[str, Any]]] = {}
    page_words: Counter[str] = Counter()
    for row in rows:
        copies.setdefault((row["site"], _copy_key(row)), []).append(row)
        page_words[row["page_id"]] += row["n_words"]
    left_out: set[int] = set()
    for (site, _), same in copies.items():
        if _is_common(len({row["page_id"] for row in same}), n_pages[site]):
            best = best_copy(same, page_words)
            left_out |= {id(row) for index, row in enumerate(same) if index != best}
    if left_out:
        logger.info(
            "%d copies of texts that many pages of a site share are left out", len(left_out)
        )
    return [row for row in rows if id(row) not in left_out]


def _copy_key(row: Mapping[str, Any]) -> str:
    """Return what copies of a passage share: its text, and of a short text the heading above it.

    A page's title is no such heading: a note stays the same note on every page.
    """
    _, is_below, heading = row["heading_path"].rpartition(" > ")
    is_answer = bool(is_below) and row["n_words"] < _SHORT_WORDS
    return text_key(f"{heading}\n{row['text']}" if is_answer else row["text"])


def _is_common(n_holders: int, n_pages: int) -> bool:
    return n_pages >= _MIN_PAGES and n_holders > max(_COMMON_PAGES, _COMMON_SHARE * n_pages)


def _pack(section: Section, limit: Limit, ruler: Ruler) -> list[list[Piece]]:
    """Return the pieces of a section by passage: they are added to a passage while they fit.

    Code goes with the words before it. Where a passage is tiny, the next paragraph is cut so that a
    piece of it fits.
    """
    passages: list[list[Piece]] = []
    room = _Room(limit, limit)
    for number, (text, is_code) in enumerate(section.paragraphs):
        pieces = split_paragraph(text, limit, ruler, number if is_code else None)
        is_tiny = bool(passages) and _count(passages[-1]) < _TINY_WORDS
        if is_tiny and len(pieces) == 1 and not is_code and not room.holds(pieces[0]):
            pieces = list(cut_paragraph(pieces[0], limit, ruler))
        for piece in pieces:
            if not passages or not room.holds(piece):
                passages.append([])
                room = _Room(limit, limit)
            passages[-1].append(piece)
            room.take(piece)
    _feed_last(passages, limit)
    return passages


def _join(pieces: list[Piece]) -> str:
    """Return the words of a passage, with its blocks of code between fences."""
    texts: list[str] = []
    for block, group in groupby(pieces, key=lambda piece: piece.block):
        run = list(group)
        words = _join_words(run)
        texts += [run[0].joint if texts else "", words if block is None else fence_code(words)]
    return "".join(texts)


def _join_words(pieces: list[Piece]) -> str:
    return "".join(
        f"{piece.joint if index else ''}{piece.text}" for index, piece in enumerate(pieces)
    )


def _feed_last(passages: list[list[Piece]], limit: Limit) -> None:
    """Fill a tiny last passage with pieces from the end of the passage before it.

    This stops before either passage would be tiny or too long.
    """
    while len(passages) > 1 and _count(passages[-1]) < _TINY_WORDS:
        *remaining, piece = passages[-2]
        room = _Room(limit, limit)
        for other in passages[-1]:
            room.take(other)
        if _count(remaining) < _TINY_WORDS or not room.holds(piece):
            return
        passages[-1].insert(0, passages[-2].pop())


def _count(pieces: list[Piece]) -> int:
    return sum(piece.size.words for piece in pieces)
