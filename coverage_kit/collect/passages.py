"""Split pages into passages.

A passage holds the words under one heading, or a run of whole sentences where these are many.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coverage_kit.collect.copies import best_copy, text_key
from coverage_kit.tables import PASSAGES, Pages, Passages, checked
from coverage_kit.text.sections import Section, read_sections
from coverage_kit.text.sentences import split_sentences

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


@dataclass(frozen=True)
class _Piece:
    """A piece of text that is not split, and the text that joins it to the piece before it."""

    text: str
    n_words: int
    joint: str


@checked
def split_pages(pages: Pages, max_words: int = 180) -> Passages:
    """Return the passages of the pages whose status is 'ok', in reading order.

    Each passage has at most max_words words. A text on more than 30% of the pages of a site, and on
    more than three pages, is a passage of one of these pages only (`best_copy`); this holds for
    sites of five pages or more.
    """
    usable = pages[(pages["status"] == "ok") & pages["text"].notna()]
    rows = [row for page in usable.to_dict("records") for row in _page_rows(page, max_words)]
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

    Each passage has at most max_words words.

    >>> split_text("# Tea\n\n## Green\n\nSteep it. Drink it.", "Tea", max_words=2)
    [('Tea > Green', 'Steep it.'), ('Tea > Green', 'Drink it.')]
    """
    return [
        (section.path, passage)
        for section in read_sections(text, title)
        for passage in _pack(section, max_words)
    ]


def _page_rows(page: dict[Any, Any], max_words: int) -> list[dict[str, Any]]:
    title = page["title"] if isinstance(page["title"], str) else ""
    return [
        {
            "passage_id": "",
            "page_id": page["page_id"],
            "site": page["site"],
            "position": 0,
            "heading_path": path,
            "text": text,
            "n_words": len(text.split()),
        }
        for path, text in split_text(page["text"], title, max_words)
    ]


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


def _pack(section: Section, max_words: int) -> list[str]:
    """Return the words of a section as passages: pieces are added to a passage while they fit.

    Where the room that is left is tiny, the next paragraph is cut so that a piece of it fits.
    """
    passages: list[list[_Piece]] = []
    room = 0
    for text, is_code in section.paragraphs:
        is_tiny = 0 < max_words - room < _TINY_WORDS if passages else False
        max_piece = room if is_tiny and 0 < room < len(text.split()) <= max_words else max_words
        for piece in _split_paragraph(text, is_code, max_piece):
            if not passages or piece.n_words > room:
                passages.append([])
                room = max_words
            passages[-1].append(piece)
            room -= piece.n_words
    _feed_last(passages, max_words)
    return [_join(pieces) for pieces in passages]


def _join(pieces: list[_Piece]) -> str:
    return "".join(
        f"{piece.joint if index else ''}{piece.text}" for index, piece in enumerate(pieces)
    )


def _feed_last(passages: list[list[_Piece]], max_words: int) -> None:
    """Fill a tiny last passage with pieces from the end of the passage before it.

    This stops before either passage would be tiny or too long.
    """
    while len(passages) > 1 and _count(passages[-1]) < _TINY_WORDS:
        *remaining, piece = passages[-2]
        if _count(remaining) < _TINY_WORDS or _count(passages[-1]) + piece.n_words > max_words:
            return
        passages[-1].insert(0, passages[-2].pop())


def _count(pieces: list[_Piece]) -> int:
    return sum(piece.n_words for piece in pieces)


def _split_paragraph(text: str, is_code: bool, max_words: int) -> list[_Piece]:
    """Return a short paragraph whole, or a long one by lines and sentences.

    A sentence that is too long is cut into runs of words.
    """
    if len(text.split()) <= max_words:
        return _pieces([text.strip("\n") if is_code else text.strip()], "\n\n")
    pieces: list[_Piece] = []
    for line in text.split("\n"):
        sentences = [line] if is_code else split_sentences(line)
        runs = [run for sentence in sentences for run in _cut(sentence, max_words)]
        opening = _pieces(runs[:1], "\n" if pieces else "\n\n")
        pieces += [*opening, *_pieces(runs[1:], " ")]
    return pieces


def _pieces(texts: list[str], joint: str) -> list[_Piece]:
    return [_Piece(text, len(text.split()), joint) for text in texts if text.strip()]


def _cut(text: str, max_words: int) -> list[str]:
    words = text.split()
    if len(words) <= max_words:
        return [text.rstrip()]
    return [" ".join(words[start : start + max_words]) for start in range(0, len(words), max_words)]
