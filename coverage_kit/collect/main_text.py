"""Which blocks of a page are its main content: those whose words trafilatura keeps, with the headings above them."""

import logging
import re
from itertools import islice, pairwise

import trafilatura
from lxml.html import HtmlElement

from coverage_kit.collect.blocks import TextBlock

_SHINGLE_WORDS = 5
_KEPT_SHARE = 0.5
_FEWEST_WORDS = 40
_MOST_GAP_WORDS = 60
_MOST_ELEMENTS = 50_000  # beyond them trafilatura takes minutes
_WORD = re.compile(r"\w+")

# Both log what they dislike about a page as errors; here that is a page's status, not an error of
# the program.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


def main_blocks(blocks: list[TextBlock], tree: HtmlElement) -> list[TextBlock]:
    """Return the blocks of the main content, in order.

    A block stays when half of its runs of five words stand in trafilatura's text (a shorter one:
    when it is one of its lines); a heading when text below it stays, because trafilatura alone
    loses two headings of five. Where trafilatura finds too little to judge by, all blocks stay but
    those of asides.
    """
    text = _main_text(tree) if sum(1 for _ in tree.iter()) <= _MOST_ELEMENTS else ""
    lines = [_WORD.findall(line.lower()) for line in text.splitlines()]
    words = [word for line in lines for word in line]
    kept = _matching(blocks, words, {" ".join(line) for line in lines})
    n_kept = sum(_n_words(block) for block, keep in zip(blocks, kept, strict=True) if keep)
    if len(words) < _FEWEST_WORDS or n_kept < len(words) / 2:
        return all_blocks(blocks)
    return _with_headings(blocks, _with_leads(blocks, _with_gaps(blocks, kept)))


def all_blocks(blocks: list[TextBlock]) -> list[TextBlock]:
    """Return all blocks but those of asides, and but headings with nothing below them."""
    return _with_headings(
        blocks,
        [not block.is_aside and block.kind != "heading" for block in blocks],
    )


def _main_text(tree: HtmlElement) -> str:
    text = trafilatura.extract(
        tree,
        output_format="txt",
        favor_recall=True,
        include_comments=False,
        include_tables=True,
        deduplicate=False,
    )
    return text or ""


def _n_words(block: TextBlock) -> int:
    return len(_words(block))


def _words(block: TextBlock) -> list[str]:
    return _WORD.findall(block.text.lower())


def _matching(blocks: list[TextBlock], words: list[str], lines: set[str]) -> list[bool]:
    shingles = set(_shingles(words))
    return [
        block.kind != "heading" and _is_match(_words(block), shingles, lines) for block in blocks
    ]


def _is_match(words: list[str], shingles: set[tuple[str, ...]], lines: set[str]) -> bool:
    if len(words) < _SHINGLE_WORDS:
        return " ".join(words) in lines
    own = _shingles(words)
    return sum(shingle in shingles for shingle in own) >= _KEPT_SHARE * len(own)


def _shingles(words: list[str]) -> list[tuple[str, ...]]:
    return [
        tuple(words[start : start + _SHINGLE_WORDS])
        for start in range(len(words) - _SHINGLE_WORDS + 1)
    ]


def _with_gaps(blocks: list[TextBlock], kept: list[bool]) -> list[bool]:
    """Keep also short runs of dropped blocks that are no links and stand between kept ones, or between h1 and those."""
    result = list(kept)
    places = [place for place, keep in enumerate(kept) if keep]
    tops = (
        place
        for place, block in enumerate(blocks[: places[0]])
        if block.kind == "heading" and block.level == 1
    )
    for before, after in pairwise([*islice(tops, 1), *places]):
        gap = [
            p
            for p in range(before + 1, after)
            if blocks[p].kind != "heading" and not blocks[p].is_aside
        ]
        n_words = sum(_n_words(blocks[p]) for p in gap)
        n_linked = sum(blocks[p].n_linked_words for p in gap)
        if n_words <= _MOST_GAP_WORDS and 2 * n_linked < n_words:
            for place in gap:
                result[place] = True
    return result


def _with_leads(blocks: list[TextBlock], kept: list[bool]) -> list[bool]:
    """Keep a term, summary, caption or accordion button when what it leads to is kept."""
    result = list(kept)
    for place in range(len(blocks) - 2, -1, -1):
        if blocks[place].kind == "lead" and result[place + 1]:
            result[place] = True
    return result


def _with_headings(blocks: list[TextBlock], kept: list[bool]) -> list[TextBlock]:
    """Return the kept blocks and each heading with kept text before the next heading of its level or a higher one."""
    result: list[TextBlock] = []
    has_text = dict.fromkeys(
        range(1, 7), False
    )  # for a heading of this level, were it to stand here
    for block, keep in zip(reversed(blocks), reversed(kept), strict=True):
        if block.kind != "heading":
            has_text = dict.fromkeys(has_text, True) if keep else has_text
        elif has_text[block.level]:
            result.append(block)
            has_text.update(dict.fromkeys(range(block.level, 7), False))
        if keep:
            result.append(block)
    return result[::-1]
