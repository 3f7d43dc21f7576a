"""Pages into passages: a heading's words, cut at sentence ends where they are many."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pandas as pd

from coverage_kit.tables import PASSAGES, Pages, Passages, checked
from coverage_kit.text.sections import Section, read_sections
from coverage_kit.text.sentences import split_sentences

_TINY_WORDS = 5
_BOILERPLATE_SHARE = 0.3
_BOILERPLATE_PAGES = 3
_FEWEST_PAGES = 5


@dataclass(frozen=True)
class _Piece:
    """A piece of text that stays whole, and what stands between it and the piece before it."""

    text: str
    n_words: int
    joint: str


@checked
def split_pages(pages: Pages, max_words: int = 180) -> Passages:
    """Return the passages of the pages whose status is 'ok', in reading order, of at most max_words words each.

    A passage whose words stand on more than 30% of a site's pages (and on more than three, of five
    or more) is boilerplate and left out.
    """
    usable = pages[(pages["status"] == "ok") & pages["text"].notna()]
    rows = [row for page in usable.to_dict("records") for row in _page_rows(page, max_words)]
    common = _boilerplate(rows, usable)
    kept = [row for row in rows if (row["site"], _words_key(row["text"])) not in common]
    positions: Counter[str] = Counter()
    for row in kept:
        row["position"] = positions[row["page_id"]]
        row["passage_id"] = f"{row['page_id']}#{row['position']}"
        positions[row["page_id"]] += 1
    return PASSAGES.table(kept)


def split_text(text: str, title: str = "", max_words: int = 180) -> list[tuple[str, str]]:
    r"""Return (heading path, words) of each passage of a page's Markdown, in order; each has at most max_words words.

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


def _words_key(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _boilerplate(rows: list[dict[str, Any]], pages: pd.DataFrame) -> set[tuple[str, str]]:
    """Return (site, words) of the passages that too many pages of the site share."""
    n_pages = pages["site"].value_counts().to_dict()
    placed = {(row["site"], _words_key(row["text"]), row["page_id"]) for row in rows}
    shared = Counter((site, key) for site, key, _ in placed)
    return {
        (site, key)
        for (site, key), count in shared.items()
        if n_pages[site] >= _FEWEST_PAGES
        and count > max(_BOILERPLATE_PAGES, _BOILERPLATE_SHARE * n_pages[site])
    }


def _pack(section: Section, max_words: int) -> list[str]:
    """Return the section's words as passages: parts are added while they fit; a tiny one takes a piece of the next."""
    passages: list[list[_Piece]] = []
    room = 0
    for text, is_code in section.paragraphs:
        is_tiny = 0 < max_words - room < _TINY_WORDS if passages else False
        most = room if is_tiny and 0 < room < len(text.split()) <= max_words else max_words
        for part in _split_paragraph(text, is_code, most):
            if not passages or part.n_words > room:
                passages.append([])
                room = max_words
            passages[-1].append(part)
            room -= part.n_words
    _feed_last(passages, max_words)
    return [
        "".join(f"{part.joint if place else ''}{part.text}" for place, part in enumerate(p))
        for p in passages
    ]


def _feed_last(passages: list[list[_Piece]], max_words: int) -> None:
    """Move parts from the passage before into a last one that is tiny, as long as neither is left tiny or too long."""
    while len(passages) > 1 and _count(passages[-1]) < _TINY_WORDS:
        *rest, part = passages[-2]
        if _count(rest) < _TINY_WORDS or _count(passages[-1]) + part.n_words > max_words:
            return
        passages[-1].insert(0, passages[-2].pop())


def _count(parts: list[_Piece]) -> int:
    return sum(part.n_words for part in parts)


def _split_paragraph(text: str, is_code: bool, max_words: int) -> list[_Piece]:
    """Return a paragraph whole, else its lines, sentences or, where one is too long, runs of words."""
    if len(text.split()) <= max_words:
        return _parts([text.strip("\n") if is_code else text.strip()], "\n\n")
    parts: list[_Piece] = []
    for line in text.split("\n"):
        sentences = [line] if is_code else split_sentences(line)
        pieces = [piece for sentence in sentences for piece in _cut(sentence, max_words)]
        parts += [
            *_parts(pieces[:1], "\n" if parts else "\n\n"),
            *_parts(pieces[1:], " "),
        ]
    return parts


def _parts(texts: list[str], joint: str) -> list[_Piece]:
    return [_Piece(text, len(text.split()), joint) for text in texts if text.strip()]


def _cut(text: str, max_words: int) -> list[str]:
    words = text.split()
    if len(words) <= max_words:
        return [text.rstrip()]
    return [" ".join(words[start : start + max_words]) for start in range(0, len(words), max_words)]
